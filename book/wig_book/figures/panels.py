"""Parts that figures share: a row of panels, lines of points with intervals, curves with bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wig_book.figures.picture import VERMILLION, WIDTH


def panels_by(
    table: pd.DataFrame, column: str, *, height: float, title: str = "{}", sharey: bool = True
) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
    """Make a figure with a row of panels, one per value of a column.

    Args:
        table: the rows to draw.
        column: whose values, in the order in which they come, name the panels.
        height: of the figure, in inches; panels share its width.
        title: of each panel; {} stands for the value.
        sharey: whether panels share the vertical axis.

    Returns:
        The figure, and each panel with its rows, renumbered from 0.
    """
    groups = [(value, rows.reset_index(drop=True)) for value, rows in table.groupby(column, sort=False)]
    figure, axes = plt.subplots(1, len(groups), figsize=(WIDTH, height), sharey=sharey, squeeze=False)
    for panel, (value, _) in zip(axes[0], groups, strict=True):
        panel.set_title(title.format(value))
    return figure, [(panel, rows) for panel, (_, rows) in zip(axes[0], groups, strict=True)]


def plot_intervals(
    axes: Axes,
    rows: pd.DataFrame,
    name: str,
    *,
    color: Any,
    label: str,
    shift: float = 0.0,
    fmt: str = "o",
    face: str | None = None,
) -> None:
    """Draw a column's values with their intervals, one line per row, downwards.

    Args:
        axes: to draw in.
        rows: numbered 0, 1, …, with the columns `<name>`, `<name>_low` and `<name>_high`.
        name: of the column.
        color, label, fmt: of matplotlib.
        shift: upwards, in lines.
        face: the colour inside a marker; "white" makes it hollow.
    """
    middle, low, high = rows[name], rows[f"{name}_low"], rows[f"{name}_high"]
    axes.errorbar(
        middle, -rows.index + shift, xerr=[(middle - low).clip(0), (high - middle).clip(0)], fmt=fmt, color=color,
        markerfacecolor=face or color, capsize=2, lw=1, label=label,
    )  # fmt: skip


def plot_before_after(axes: Axes, rows: pd.DataFrame, statistic: str) -> None:
    """Draw a statistic before (hollow) and after (filled) with its intervals, one line per row, and a line at zero."""
    plot_intervals(axes, rows, f"{statistic}_before", color=VERMILLION, label="before", shift=0.12, face="white")
    plot_intervals(axes, rows, f"{statistic}_after", color=VERMILLION, label="after", shift=-0.12)
    axes.axvline(0, color="black", lw=1, ls=":")


def name_lines(axes: Axes, names: Sequence[str]) -> None:
    """Name the lines of `plot_intervals` on the vertical axis."""
    axes.set_yticks([-line for line in range(len(names))], names)


def plot_band(axes: Axes, x: pd.Series, rows: pd.DataFrame, name: str, *, color: Any, label: str) -> None:
    """Draw a column against x as a curve, with its interval as a band."""
    axes.plot(x, rows[name], marker="o", color=color, label=label)
    axes.fill_between(x, rows[f"{name}_low"], rows[f"{name}_high"], color=color, alpha=0.15, lw=0)
