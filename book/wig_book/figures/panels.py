"""Parts that several figures share: points with intervals, and curves along training."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wig_book.labels import STATISTIC_NAMES
from wig_core.plotting import AXIS_LABELS, finished


def plot_intervals(
    axes: Axes,
    rows: pd.DataFrame,
    name: str,
    *,
    color: Any,
    label: str,
    low: str = "",
    high: str = "",
    shift: float = 0.0,
    fmt: str = "o",
    face: str | None = None,
) -> None:
    """A column's values with their intervals, a line a row."""
    middle, least, most = rows[name], rows[low or f"{name}_low"], rows[high or f"{name}_high"]
    axes.errorbar(
        middle, -rows.index + shift, xerr=[(middle - least).clip(0), (most - middle).clip(0)], fmt=fmt, color=color,
        markerfacecolor=face or color, capsize=2, ms=5, lw=1, label=label,
    )  # fmt: skip


def along_steps(course: pd.DataFrame, statistics: list[str], quantities: list[str]) -> Figure:
    """Statistics along training with their intervals: one row per statistic, one column per quantity."""
    shape = (len(statistics), len(quantities))
    size = (4.6 * shape[1], 2.9 * shape[0])
    figure, panels = plt.subplots(*shape, figsize=size, sharex=True, sharey="row", squeeze=False)
    for across, statistic in zip(panels, statistics, strict=True):
        for axes, x in zip(across, quantities, strict=True):
            for colour, (baseline, rows) in zip(
                sns.color_palette(), course[course["x"] == x].groupby("baseline", sort=False), strict=False
            ):
                low, high = rows[f"{statistic}_low"], rows[f"{statistic}_high"]
                axes.plot(rows["step"], rows[statistic], marker="o", color=colour, label=f"baseline {baseline}")
                axes.fill_between(rows["step"], low, high, color=colour, alpha=0.15, lw=0)
            axes.axhline(0, color="black", lw=1, ls=":")
            title = AXIS_LABELS[x] if statistic == statistics[0] else ""
            axes.set(title=title, ylabel=STATISTIC_NAMES[statistic], xlabel="step")
    panels[0, 0].legend(frameon=False)
    return finished(figure)
