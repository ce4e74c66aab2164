"""Figures of the pages that compare encoders, texts and measures of information."""

from __future__ import annotations

from collections.abc import Iterable

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from wig_book.figures.panels import name_lines, plot_intervals
from wig_book.figures.picture import PALETTE, VERMILLION, WIDTH, in_style, listed, picture
from wig_book.figures.words import AskedPicture, asked
from wig_book.labels import MEASURE_NAMES
from wig_core.plotting import AXIS_LABELS, label_words, plot_density, weights_against_information


@in_style
def information_against_frequency(
    information: pd.DataFrame, sentences: Iterable[str] = (), *, label: int = 14
) -> AskedPicture:
    """KL(w) against −log P(w) for each word, and against the shuffled control if there is one.

    Args:
        information: one row per word: word, self_information, kl, and for the control count and kl_shuffled.
        sentences: those that the words are from; the figure shows some of them when it is asked.
        label: about how many words to name.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 4.4))
    plot_density(axes, information["self_information"], information["kl"])
    if "kl_shuffled" in information:
        control = (
            information.groupby("count")[["self_information", "kl_shuffled"]].mean().sort_values("self_information")
        )
        axes.plot(
            control["self_information"], control["kl_shuffled"], color="black", lw=1.5, label="the same words, shuffled"
        )
        axes.legend(loc="upper left")
    label_words(axes, information["word"], information["self_information"], information["kl"], label)
    axes.set(xlabel=AXIS_LABELS["self_information"], ylabel=AXIS_LABELS["kl"])
    correlation = information["self_information"].corr(information["kl"])
    alt = f"KL(w) of {len(information)} words against −log P(w); they correlate at {correlation:.2f}."
    return asked(figure, alt, information, [(axes, "self_information", "kl")], sentences)


@in_style
def weights_on_information(words: pd.DataFrame, fits: pd.DataFrame, sentences: Iterable[str] = ()) -> AskedPicture:
    """Draw the weights of words against each quantity with the least-squares lines, under the first baseline.

    Args:
        words: baseline, word, weight and the quantities.
        fits: baseline, x, slope and intercept, one row per baseline and quantity.
        sentences: those that the words are from; the figure shows some of them when it is asked.
    """
    baseline = words["baseline"].iloc[0]
    own, lines = words[words["baseline"] == baseline], fits[fits["baseline"] == baseline]
    figure = weights_against_information(own, lines)
    figure.set_size_inches(WIDTH, 3.8)
    names = [MEASURE_NAMES.get(x, x) for x in lines["x"]]
    alt = f"Weights of {len(own)} words against each quantity, with the fitted lines, baseline {baseline};"
    alt = f"{alt} R²: {listed(names, lines['r2'])}; correlation: {listed(names, lines['correlation'])}."
    panels = [(axes, x, "weight") for axes, x in zip(figure.axes, lines["x"], strict=True)]
    return asked(figure, alt, own, panels, sentences)


@picture
def agreement_forest(table: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the agreement with human judgements: one line per weighting, one colour per source.

    Args:
        table: from `wig_book.experiments.weighted_static_vectors.agreements`.
    """
    names, sources = (list(dict.fromkeys(table[column])) for column in ("weighting", "source"))
    figure, axes = plt.subplots(figsize=(WIDTH, 1 + 0.42 * len(names)))
    for i, (source, colour) in enumerate(zip(sources, PALETTE, strict=False)):
        rows = table[table["source"] == source].set_index("weighting").reindex(names).reset_index()
        plot_intervals(axes, rows, "agreement", shift=0.12 - 0.24 * i, color=colour, label=source)
    name_lines(axes, names)
    axes.set(xlabel="rank correlation with human judgements")
    axes.legend()
    lines = [f"{source}, {weighting}:" for source, weighting in table[["source", "weighting"]].to_numpy()]
    return figure, f"Rank correlation with human judgements by weighting: {listed(lines, table['agreement'])}."


@picture
def scaling(growth: pd.DataFrame, costs: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the distinct pairs of words against sentences, measured and extrapolated, and the hours of each work.

    Args:
        growth: sentences, pairs (dots) and pairs_fitted.
        costs: from `wig_book.experiments.scale.costs`; its texts are the vertical lines.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 4.6))
    texts = costs.drop_duplicates("text").set_index("text")["sentences"]
    fitted = growth[["sentences", "pairs_fitted"]].set_axis(["sentences", "pairs"], axis=1)
    law = pd.concat([fitted, costs[["sentences", "pairs"]].dropna()]).sort_values("sentences")
    left.plot(law["sentences"], law["pairs"], color="black", ls="--", lw=1, label="extrapolated")
    left.plot(growth["sentences"], growth["pairs"], "o", color=VERMILLION, label="measured")
    left.set(ylabel="distinct pairs of words")
    left.legend(loc="lower right")
    for (work, encoder), rows in costs.groupby(["work", "encoder"], sort=False):
        right.plot(rows["sentences"], rows["hours"], marker="o", label=", ".join(filter(None, [work, encoder])))
    right.set(ylabel="hours on the machine measured")
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    for axes in (left, right):
        axes.set(xscale="log", yscale="log", xlabel="sentences")
        for text, sentences in texts.items():
            axes.axvline(sentences, color="black", lw=1, ls=":")
            axes.text(
                sentences,
                1.01,
                text,
                transform=axes.get_xaxis_transform(),
                rotation=25,
                rotation_mode="anchor",
                fontsize=8,
            )
    largest = costs[costs["sentences"] == costs["sentences"].max()]
    names = [", ".join(filter(None, row)) for row in largest[["work", "encoder"]].to_numpy()]
    alt = f"Distinct pairs of words and hours of work against sentences. Hours for {largest['text'].iloc[0]}"
    return figure, f"{alt}: {listed(names, largest['hours'], ',.0f')}."
