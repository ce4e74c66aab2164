"""Figures of the pages on the theorem."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wig_book.figures.picture import BLUE, WIDTH, listed, picture


@picture
def norms_against_kl(words: pd.DataFrame) -> tuple[Figure, str]:
    """Draw half the squared norm against KL(w), one panel per norm; on the dotted line the theorem is exact.

    Args:
        words: from `wig_book.experiments.theorem.norms_and_kl`.
    """
    grid = sns.relplot(
        words, x="kl", y="value", col="norm", s=8, linewidth=0, color=BLUE, facet_kws={"sharey": False},
    )  # fmt: skip
    grid.figure.set_size_inches(WIDTH, 2.6)
    for axes in grid.axes.flat:
        axes.plot([0, words["kl"].max()], [0, words["kl"].max()], color="black", lw=1, ls=":")
    grid.set_titles("{col_name} norm").set(xlabel="true KL(w)  [nats]", ylabel="½‖w‖²")
    correlations = [rows["kl"].corr(rows["value"]) for _, rows in words.groupby("norm", sort=False)]
    alt = f"Half the squared norm of {words['norm'].value_counts().max()} word vectors against their true KL"
    return grid.figure, f"{alt}; correlations: {listed(grid.col_names, correlations, '.3f')}."


@picture
def fit_against_strength(exact: pd.DataFrame) -> tuple[Figure, str]:
    """Draw R² and slope against how much topics sway words, one column of panels per norm.

    Args:
        exact: from `wig_book.experiments.theorem.closed_and_exact`.
    """
    long = exact.melt(id_vars=["strength", "way", "norm"], value_vars=["r2", "slope"], var_name="statistic")
    grid = sns.relplot(
        long, x="strength", y="value", hue="way", col="norm", row="statistic", kind="line", marker="o",
        facet_kws={"sharey": False, "legend_out": False},
    )  # fmt: skip
    grid.figure.set_size_inches(WIDTH, 4)
    grid.set_titles("{col_name} norm, {row_name}").set(xscale="log", ylabel="")
    for axes in grid.axes[1]:
        axes.axhline(1, color="black", lw=1, ls=":")
        axes.set(yscale="log")
        axes.minorticks_off()
    weakest = exact[exact["strength"] == exact["strength"].min()]
    names = [f"{norm} norm, {way}:" for norm, way in zip(weakest["norm"], weakest["way"], strict=True)]
    alt = f"R² and slope of each norm on the true KL against the strength of topics. R² at {exact['strength'].min():g}"
    return grid.figure, f"{alt}: {listed(names, weakest['r2'], '.3f')}."


@picture
def fit_along_axes(table: pd.DataFrame) -> tuple[Figure, str]:
    """Draw R² of each norm on the true KL along training steps, pairs counted and dimensions, one panel each.

    Args:
        table: from `wig_book.experiments.theorem.along_axes`.
    """
    grid = sns.relplot(
        table, x="value", y="r2", hue="norm", col="axis", kind="line", marker="o",
        facet_kws={"sharex": False, "legend_out": False},
    )  # fmt: skip
    grid.figure.set_size_inches(WIDTH, 2.6)
    grid.set(xscale="log", ylabel="R² on the true KL", xlabel="", ylim=(-0.02, 1.02))
    for axes, name in zip(grid.axes.flat, grid.col_names, strict=True):
        axes.set(xlabel=name, title="")
        axes.minorticks_off()
    last = table.groupby(["axis", "norm"], sort=False)["r2"].last()
    alt = "R² of each norm on the true KL along three axes; at the end of each"
    return grid.figure, f"{alt}: {listed([f'{axis}, {norm} norm:' for axis, norm in last.index], last)}."
