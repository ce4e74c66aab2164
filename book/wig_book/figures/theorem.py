"""Figures of the pages on the theorem."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wig_book.figures.panels import panels_by
from wig_core.plotting import AXIS_LABELS, finished, label_words


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


def static_norms(norms: pd.DataFrame) -> Figure:
    """Draw half the squared norm of word vectors against KL(w), one panel per norm; grey, on the shuffled corpus.

    Args:
        norms: from `wig_book.experiments.theorem_real_text.static_encoder`, of one step.
    """
    figure, panels = panels_by(norms, "norm", width=4.2, height=3.6, sharey=False)
    for axes, rows in panels:
        axes.scatter(rows["kl_shuffled"], rows["value_shuffled"], s=8, color="0.75", linewidths=0, label="shuffled")
        axes.scatter(rows["kl"], rows["value"], s=8, color="crimson", linewidths=0, label="the corpus")
        label_words(axes, rows["word"], rows["kl"], rows["value"], 8)
        axes.set(xlabel=AXIS_LABELS["kl"])
    panels[0][0].set(ylabel="½‖w‖²")
    panels[0][0].legend(frameon=False, fontsize=8)
    return finished(figure)


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
