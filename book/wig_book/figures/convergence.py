"""Figures of the page on convergence: the speed of the embedding along its path, and errors against cost."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from wig_book.figures.panels import panels_by
from wig_book.figures.picture import GREY, PALETTE, WIDTH, listed, picture

ERRORS = {"weights": "error of weights", "vectors": "error of vectors", "completeness": "completeness error"}
LEAST = 1e-4  # the end of the axes of errors: what steps leave of completeness, rounding alone, lies far below


@picture
def speed_along_path(speed: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the speed of the embedding along the path, relative to its mean; one panel per encoder.

    Args:
        speed: one row per encoder and position: encoder, position, median (over sentences) and first (of one sentence).
    """
    figure, panels = panels_by(speed, "encoder", height=2.8)
    for axes, rows in panels:
        axes.plot(rows["position"], rows["first"], color=GREY, lw=0.8, label="one sentence")
        axes.plot(rows["position"], rows["median"], label="median over sentences")
        axes.axhline(1, color="black", lw=1, ls=":")
        axes.set(yscale="log", xlabel="position α on the path")
        _plain_ticks(axes.yaxis)
    panels[0][0].set(ylabel="speed, relative to its mean")
    panels[0][0].legend()
    fastest = speed.groupby("encoder", sort=False)["median"].max()
    alt = "Speed of the embedding along the path, as a multiple of its mean. Its maximum over the path, at the median"
    return figure, f"{alt} over sentences: {listed(fastest.index, fastest, '.1f')}."


@picture
def errors_against_passes(errors: pd.DataFrame, *, usual: int) -> tuple[Figure, str]:
    """Draw errors against the number of forward passes: one row per error, one column per encoder.

    Args:
        errors: one row per encoder, rule and setting: encoder, rule, setting, passes, weights, vectors and
            completeness.
        usual: the number of nodes whose points are hollow.
    """
    drawn = errors[errors["rule"] != "reference"]
    encoders, rules = list(dict.fromkeys(drawn["encoder"])), list(dict.fromkeys(drawn["rule"]))
    colours = dict(zip(rules, ["black", "black", *PALETTE], strict=False))
    figure, grid = plt.subplots(
        len(ERRORS), len(encoders), figsize=(WIDTH, 7.2), sharex=True, sharey="row", squeeze=False
    )
    for line, (error, label) in zip(grid, ERRORS.items(), strict=True):
        for axes, encoder in zip(line, encoders, strict=True):
            for rule, rows in drawn[drawn["encoder"] == encoder].groupby("rule", sort=False):
                rows = rows.sort_values("passes")
                hollow = ~rows["rule"].isin(["steps", "default"]) & (rows["setting"] == usual)
                colour = colours[rule]
                style: dict[str, Any] = (
                    {"marker": "*", "ms": 11, "zorder": 3} if rule == "default" else {"marker": "o", "ms": 4}
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
    handles, labels = grid[0][-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    default = drawn[drawn["rule"] == "default"]
    names = [f"{encoder} with {passes:.0f} passes" for encoder, passes in default[["encoder", "passes"]].to_numpy()]
    alt = "Errors of weights, of vectors and of completeness against forward passes, by rule. Weights with the default"
    return figure, f"{alt}: {listed(names, default['weights'], '.1%')}."


def _plain_ticks(axis: Axis) -> None:
    """Label 1, 2 and 5 times the powers of ten on a logarithmic axis, as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
