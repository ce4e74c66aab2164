"""Figures of the pages that compare encoders, texts and measures of information."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wig_book.figures.panels import name_lines, panels_by, plot_intervals
from wig_book.figures.picture import BLUE, PALETTE, VERMILLION, WIDTH, in_style, listed, picture
from wig_book.figures.words import AskedPicture, asked
from wig_book.labels import MEASURE_NAMES, STATISTIC_NAMES
from wig_core.plotting import AXIS_LABELS, label_words, plot_density, weights_against_information


@in_style
def information_against_frequency(information: pd.DataFrame, *, label: int = 14) -> AskedPicture:
    """KL(w) against −log P(w) for each word, and against the shuffled control if there is one.

    Args:
        information: one row per word: word, self_information, kl, and for the control count and kl_shuffled.
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
    return asked(figure, alt, information, [(axes, "self_information", "kl")])


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
def corpora_forest(fits: pd.DataFrame, changed: pd.DataFrame, *, x: str = "kl") -> tuple[Figure, str]:
    """Draw the correlation on each corpus of an encoder and of a base before and after; one panel per baseline.

    Args:
        fits, changed: the tables fits and changes of `wig_book.experiments.across_corpora`.
        x: the quantity.
    """
    own = fits[fits["x"] == x]
    corpora = list(dict.fromkeys(own["corpus"]))
    figure, panels = panels_by(own, "baseline", height=1.3 + 0.6 * len(corpora), title="baseline {}")
    for axes, rows in panels:
        same = (changed["baseline"] == rows["baseline"][0]) & (changed["x"] == x)
        moved = changed[same].reset_index(drop=True)
        plot_intervals(axes, rows, "correlation", shift=0.2, fmt="s", color=BLUE, label="encoder in use")
        plot_intervals(axes, moved, "correlation_before", color=VERMILLION, face="white", label="base, before")
        plot_intervals(axes, moved, "correlation_after", shift=-0.2, color=VERMILLION, label="base, after")
        axes.axvline(0, color="black", lw=1, ls=":")
        name_lines(axes, corpora)
        axes.set(xlabel=STATISTIC_NAMES["correlation"])
    panels[0][0].legend()
    names = [f"{row.corpus}, baseline {row.baseline}:" for row in own.itertuples()]
    alt = "Correlation of the weight with the quantity on each corpus, encoder in use"
    return figure, f"{alt}: {listed(names, own['correlation'])}."


@picture
def models_map(fits: pd.DataFrame, changed: pd.DataFrame, *, x: str = "kl") -> tuple[Figure, str]:
    """Draw R² of each encoder on each corpus, and its change from the encoder's base, under the first baseline.

    Args:
        fits, changed: the tables fits and changes of `wig_book.experiments.across_models`; cells without a known base
            stay blank.
        x: the quantity.
    """
    baseline = fits["baseline"].iloc[0]
    own = fits[(fits["baseline"] == baseline) & (fits["x"] == x)]
    encoders, corpora = list(dict.fromkeys(own["encoder"])), list(dict.fromkeys(own["corpus"]))
    shown = {"R²": own.pivot(index="encoder", columns="corpus", values="r2")}
    if len(changed):
        moved = changed[(changed["baseline"] == baseline) & (changed["x"] == x)]
        shown["ΔR², from its base"] = moved.pivot(index="encoder", columns="corpus", values="r2_difference")
    size = (WIDTH, 1.6 + 0.4 * len(encoders))
    figure, panels = plt.subplots(1, len(shown), figsize=size, sharey=True, squeeze=False)
    for axes, (title, table) in zip(panels[0], shown.items(), strict=True):
        style: dict[str, Any] = {"cmap": "rocket_r", "vmin": 0} if title == "R²" else {"cmap": "vlag", "center": 0}
        table = table.reindex(index=encoders, columns=corpora)
        sns.heatmap(table, ax=axes, annot=True, fmt=".2f", cbar=False, linewidths=1, **style)
        axes.set(title=f"{title}  (baseline {baseline})", xlabel="", ylabel="")
        axes.tick_params(axis="x", rotation=30)
        axes.tick_params(axis="y", rotation=0)
    names = [f"{encoder} on {corpus}" for encoder, corpus in own[["encoder", "corpus"]].to_numpy()]
    return figure, f"R² of the weights under the baseline {baseline}: {listed(names, own['r2'])}."


@picture
def quantities_bars(shares: pd.DataFrame) -> tuple[Figure, str]:
    """Draw R² of each quantity alone, and the part that no other quantity has (dark); one panel per kind of fit.

    Args:
        shares: from `wig_book.experiments.rival_measures.explained`.
    """
    figure, panels = panels_by(shares, "kind", height=3)
    for axes, rows in panels:
        errors = [(rows["alone"] - rows["alone_low"]).clip(0), (rows["alone_high"] - rows["alone"]).clip(0)]
        axes.barh(-rows.index, rows["alone"], xerr=errors, color=VERMILLION, alpha=0.4, ecolor="black", capsize=2)
        axes.barh(-rows.index, rows["unique"], color=VERMILLION)
        axes.axvline(rows["together"].iloc[0], color="black", lw=1, ls=":")
        name_lines(axes, [MEASURE_NAMES[name] for name in rows["quantity"]])
        axes.set(xlabel="R²  (dotted: all together)")
    names = [f"{MEASURE_NAMES[name]}, {kind}:" for name, kind in shares[["quantity", "kind"]].to_numpy()]
    return figure, f"R² of the weights on each quantity alone: {listed(names, shares['alone'])}."


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
