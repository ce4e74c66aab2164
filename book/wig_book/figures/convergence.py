"""Figures of the page on convergence: the speed of the embedding along its path, and errors against cost."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from wig_book.figures.panels import panels_by
from wig_core.plotting import finished

ERRORS = {"weights": "error of the weights", "vectors": "error of the vectors", "completeness": "completeness error"}
LEAST = 1e-4  # the end of the axes of errors: what steps leave of completeness, rounding alone, lies far below


def speed_along_path(speed: pd.DataFrame) -> Figure:
    """Draw the speed of the embedding along the path, relative to its mean; one panel per encoder.

    Args:
        speed: one row per encoder and position: encoder, position, median (over sentences) and first (of one sentence).
    """
    figure, panels = panels_by(speed, "encoder", width=4, height=3.2)
    for axes, rows in panels:
        axes.plot(rows["position"], rows["first"], color="0.6", lw=0.8, label="one sentence")
        axes.plot(rows["position"], rows["median"], color="crimson", lw=1.5, label="median over sentences")
        axes.axhline(1, color="black", lw=1, ls=":")
        axes.set(yscale="log", xlabel="position α on the path")
        _plain_ticks(axes.yaxis)
    panels[0][0].set(ylabel="speed, relative to its mean")
    panels[0][0].legend(frameon=False, fontsize=8)
    return finished(figure)


def errors_against_passes(errors: pd.DataFrame, *, usual: int) -> Figure:
    """Draw errors against the number of forward passes: one row per error, one column per encoder.

    Args:
        errors: one row per encoder, rule and setting: encoder, rule, setting, passes, weights, vectors and
            completeness.
        usual: the number of nodes whose points are hollow.
    """
    drawn = errors[errors["rule"] != "reference"]
    encoders, rules = list(dict.fromkeys(drawn["encoder"])), list(dict.fromkeys(drawn["rule"]))
    colours = dict(zip(rules, ["black", "black", *sns.color_palette(n_colors=len(rules))], strict=False))
    figure, grid = plt.subplots(
        len(ERRORS), len(encoders), figsize=(1.2 + 3.6 * len(encoders), 7.2), sharex=True, sharey="row", squeeze=False
    )
    for line, (error, label) in zip(grid, ERRORS.items(), strict=True):
        for axes, encoder in zip(line, encoders, strict=True):
            for rule, rows in drawn[drawn["encoder"] == encoder].groupby("rule", sort=False):
                rows = rows.sort_values("passes")
                hollow = ~rows["rule"].isin(["steps", "default"]) & (rows["setting"] == usual)
                colour = colours[rule]
                style: dict[str, Any] = (
                    {"marker": "*", "ms": 12, "zorder": 3} if rule == "default" else {"marker": "o", "ms": 4}
                )
                axes.plot(rows["passes"], rows[error], color=colour, lw=1, label=rule, **style)
                axes.plot(rows["passes"][hollow], rows[error][hollow], "o", color=colour, mfc="white", ms=7)
        line[0].set(xscale="log", yscale="log", ylabel=label)
        line[0].set_ylim(bottom=LEAST)
    for axes, encoder in zip(grid[0], encoders, strict=True):
        axes.set_title(encoder)
    for axes in grid[-1]:
        axes.set_xlabel("forward passes per sentence")
        _plain_ticks(axes.xaxis)
    grid[0][-1].legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return finished(figure)


def _plain_ticks(axis: Axis) -> None:
    """Label 1, 2 and 5 times the powers of ten on a logarithmic axis, as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
