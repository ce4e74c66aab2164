"""Figures of the pages that compare encoders, texts and measures of information."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wig_book.figures.panels import name_lines, plot_intervals
from wig_core.plotting import AXIS_LABELS, finished, label_words, plot_density, weights_against_information


def information_against_frequency(information: pd.DataFrame, *, label: int = 14) -> Figure:
    """KL(w) against −log P(w) for each word, and against the shuffled control if there is one.

    Args:
        information: one row per word: word, self_information, kl, and for the control count and kl_shuffled.
        label: about how many words to name.
    """
    figure, axes = plt.subplots(figsize=(8, 5))
    plot_density(axes, information["self_information"], information["kl"])
    if "kl_shuffled" in information:
        control = (
            information.groupby("count")[["self_information", "kl_shuffled"]].mean().sort_values("self_information")
        )
        axes.plot(
            control["self_information"], control["kl_shuffled"], color="black", lw=1.5, label="the same words, shuffled"
        )
        axes.legend(frameon=False, loc="upper left")
    label_words(axes, information["word"], information["self_information"], information["kl"], label)
    axes.set(xlabel=AXIS_LABELS["self_information"], ylabel=AXIS_LABELS["kl"])
    return finished(figure)


def weights_on_information(words: pd.DataFrame, fits: pd.DataFrame) -> Figure:
    """Draw the weights of words against each quantity with the least-squares lines, under the first baseline.

    Args:
        words: baseline, word, weight and the quantities.
        fits: baseline, x, slope and intercept, one row per baseline and quantity.
    """
    baseline = words["baseline"].iloc[0]
    return weights_against_information(words[words["baseline"] == baseline], fits[fits["baseline"] == baseline])


def agreement_forest(table: pd.DataFrame) -> Figure:
    """Draw the agreement with human judgements: one line per weighting, one colour per source.

    Args:
        table: from `wig_book.experiments.weighted_static_vectors.agreements`.
    """
    names, sources = (list(dict.fromkeys(table[column])) for column in ("weighting", "source"))
    figure, axes = plt.subplots(figsize=(6.4, 1 + 0.42 * len(names)))
    for i, (source, colour) in enumerate(zip(sources, sns.color_palette(), strict=False)):
        rows = table[table["source"] == source].set_index("weighting").reindex(names).reset_index()
        plot_intervals(axes, rows, "agreement", shift=0.12 - 0.24 * i, color=colour, label=source)
    name_lines(axes, names)
    axes.set(xlabel="rank correlation with human judgements")
    axes.legend(frameon=False, fontsize=8)
    return finished(figure)


def scaling(growth: pd.DataFrame, costs: pd.DataFrame) -> Figure:
    """Draw the distinct pairs of words against sentences, measured and extrapolated, and the hours of each work.

    Args:
        growth: sentences, pairs (dots) and pairs_fitted.
        costs: from `wig_book.experiments.scale.costs`; its texts are the vertical lines.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 3.8))
    texts = costs.drop_duplicates("text").set_index("text")["sentences"]
    fitted = growth[["sentences", "pairs_fitted"]].set_axis(["sentences", "pairs"], axis=1)
    law = pd.concat([fitted, costs[["sentences", "pairs"]].dropna()]).sort_values("sentences")
    left.plot(law["sentences"], law["pairs"], color="black", ls="--", lw=1, label="extrapolated")
    left.plot(growth["sentences"], growth["pairs"], "o", color="crimson", label="measured")
    left.set(ylabel="distinct pairs of words")
    left.legend(frameon=False, loc="lower right")
    for (work, encoder), rows in costs.groupby(["work", "encoder"], sort=False):
        right.plot(rows["sentences"], rows["hours"], marker="o", label=", ".join(filter(None, [work, encoder])))
    right.set(ylabel="hours on the machine measured")
    right.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    for axes in (left, right):
        axes.set(xscale="log", yscale="log", xlabel="sentences")
        for text, sentences in texts.items():
            axes.axvline(sentences, color="black", lw=1, ls=":")
            axes.text(sentences, 1.01, text, transform=axes.get_xaxis_transform(), ha="center", fontsize=8)
    return finished(figure)
