"""Figures of the pages on the theorem."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure


def norms_against_kl(words: pd.DataFrame) -> Figure:
    """Draw half the squared norm against KL(w), one panel per norm; on the dotted line the theorem is exact.

    Args:
        words: from `wig_book.experiments.theorem.norms_and_kl`.
    """
    grid = sns.relplot(
        words, x="kl", y="value", col="norm", s=12, linewidth=0, color="crimson", height=3.2, aspect=1.1,
        facet_kws={"sharey": False},
    )  # fmt: skip
    for axes in grid.axes.flat:
        axes.plot([0, words["kl"].max()], [0, words["kl"].max()], color="black", lw=1, ls=":")
    grid.set(xlabel="true KL(w)  [nats]", ylabel="½‖w‖²")
    plt.close(grid.figure)
    return grid.figure


def fit_against_strength(exact: pd.DataFrame) -> Figure:
    """Draw R² and slope against how much topics sway words, one column of panels per norm.

    Args:
        exact: from `wig_book.experiments.theorem.closed_and_exact`.
    """
    long = exact.melt(id_vars=["strength", "way", "norm"], value_vars=["r2", "slope"], var_name="statistic")
    grid = sns.relplot(
        long, x="strength", y="value", hue="way", col="norm", row="statistic", kind="line", marker="o", height=2.4,
        aspect=1.4, facet_kws={"sharey": False},
    )  # fmt: skip
    grid.set(xscale="log")
    for axes in grid.axes[1]:
        axes.axhline(1, color="black", lw=1, ls=":")
        axes.set(yscale="log")
    plt.close(grid.figure)
    return grid.figure


def fit_along_axes(table: pd.DataFrame) -> Figure:
    """Draw R² of each norm on the true KL along training steps, pairs counted and dimensions, one panel each.

    Args:
        table: from `wig_book.experiments.theorem.along_axes`.
    """
    grid = sns.relplot(
        table, x="value", y="r2", hue="norm", col="axis", kind="line", marker="o", height=2.8, aspect=1.25,
        facet_kws={"sharex": False},
    )  # fmt: skip
    grid.set(xscale="log", ylabel="R² on the true KL", xlabel="", ylim=(-0.02, 1.02))
    for axes, name in zip(grid.axes.flat, grid.col_names, strict=True):
        axes.set(xlabel=name, title="")
    plt.close(grid.figure)
    return grid.figure
