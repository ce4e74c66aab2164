"""Figures of the pages that vary how words are weighed: methods, baselines, targets."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wig_book.figures.panels import name_lines, panels_by, plot_intervals
from wig_book.figures.picture import BLUE, DENSITY, GREY, VERMILLION, WIDTH, listed, picture
from wig_book.labels import MEASURE_NAMES, STATISTIC_NAMES
from wig_core.plotting import AXIS_LABELS, label_words

SPECIFICATION_COLUMNS = (  # of a displayed table of specifications; see `wig_book.figures.tables.show`
    "r2_before", "r2_after", "r2_difference", "correlation", "agreement", "completeness_error", "n_words",
)  # fmt: skip


@picture
def specifications_forest(fits: pd.DataFrame, *, x: str = "kl") -> tuple[Figure, str]:
    """R² and correlation before (hollow) and after (filled) fine-tuning, and ΔR², with 95% intervals.

    Args:
        fits: one row per specification and quantity, with the columns of `Change.to_row`: one line per specification,
            ordered by R² after; the default is shaded.
        x: the quantity.
    """
    rows = fits[fits["x"] == x].sort_values("r2_after", ascending=False, kind="stable", ignore_index=True)
    panels = {"r2": STATISTIC_NAMES["r2"], "correlation": "signed correlation", "r2_difference": "ΔR²"}
    figure, all_axes = plt.subplots(1, 3, figsize=(WIDTH, 1.4 + 0.3 * len(rows)), sharey=True)
    for axes, (name, label) in zip(all_axes, panels.items(), strict=True):
        if name in rows:
            plot_intervals(axes, rows, name, color=VERMILLION, label="difference")
        else:
            for side, shift, face in (("before", 0.14, "white"), ("after", -0.14, VERMILLION)):
                plot_intervals(axes, rows, f"{name}_{side}", color=VERMILLION, label=side, shift=shift, face=face)
        axes.axvline(0, color="black", lw=1, ls=":")
        for line in rows.index[rows["specification"] == "default"]:
            axes.axhspan(-line - 0.5, -line + 0.5, color=GREY, alpha=0.2, lw=0, zorder=0)
        axes.set(xlabel=f"{label}, {MEASURE_NAMES[x]}")
    name_lines(all_axes[0], rows["specification"])
    all_axes[0].legend()
    before = [f"{row.specification} {row.r2_before:.2f} before and" for row in rows.itertuples()]
    alt = f"R² of the weights on {MEASURE_NAMES[x]}, signed correlation and ΔR², with 95% intervals, one line per"
    return figure, f"{alt} specification. R²: {listed(before, rows['r2_after'])} after."


@picture
def weights_by_method(words: pd.DataFrame, *, label: int = 10) -> tuple[Figure, str]:
    """The weights of the same words by two methods against each other, coloured by KL(w); one panel per stage.

    Args:
        words: one row per stage and word: stage, word, kl, ig and shap.
        label: how many words to name.
    """
    figure, panels = panels_by(words, "stage", height=4.2, sharey=False)
    ranks = {}
    for axes, rows in panels:
        points = axes.scatter(rows["ig"], rows["shap"], c=rows["kl"], cmap=DENSITY, s=12, linewidths=0)
        low, high = rows[["ig", "shap"]].min().min(), rows[["ig", "shap"]].max().max()
        axes.plot([low, high], [low, high], color="black", lw=1, ls=":")
        label_words(axes, rows["word"], rows["ig"], rows["shap"], label)
        rank = rows["ig"].corr(rows["shap"], method="spearman")
        title = f"{rows['stage'][0]}: rank correlation {rank:.2f}"
        axes.set(title=title, xlabel="weight, Integrated Gradients", ylabel="weight, SHAP")
        ranks[rows["stage"][0]] = rank
    figure.colorbar(points, ax=[axes for axes, _ in panels], label=AXIS_LABELS["kl"])
    alt = f"Weights of {len(panels[0][1])} words by Integrated Gradients against those by SHAP; rank correlation"
    return figure, f"{alt}: {listed(ranks, ranks.values())} fine-tuning."


@picture
def convergence_of_samples(errors: pd.DataFrame) -> tuple[Figure, str]:
    """The error of sampled Shapley values against the number of orders; the dotted line falls with its square root.

    Args:
        errors: one row per sentence, number of permutations and seed, with error; 0 permutations are Winter values.
    """
    sampled, winter = errors[errors["permutations"] > 0], errors.loc[errors["permutations"] == 0, "error"]
    figure, axes = plt.subplots(figsize=(5.6, 3.6))
    for _, one in sampled.groupby("sentence"):
        mean = one.groupby("permutations")["error"].mean()
        axes.plot(mean.index, mean, color=GREY, lw=1)
    mean = sampled.groupby("permutations")["error"].mean()
    axes.plot(mean.index, mean, marker="o", color=VERMILLION, label="sampled, mean over sentences")
    axes.plot(
        mean.index, mean.iloc[0] * (mean.index / mean.index[0]) ** -0.5, color="black", ls=":", label="∝ 1/√orders"
    )
    axes.axhline(winter.mean(), color=BLUE, ls="--", lw=1, label="shap's Winter values, mean")
    axes.set(xscale="log", yscale="log", xlabel="orders drawn", ylabel="relative distance from exact values")
    axes.set_xticks(mean.index, [str(number) for number in mean.index])
    axes.minorticks_off()
    axes.legend()
    alt = "Relative distance of sampled Shapley values from the exact ones against the number of orders"
    return (
        figure,
        f"{alt}: {listed([f'{orders} orders' for orders in mean.index], mean)}; Winter values {winter.mean():.2f}.",
    )


@picture
def deletion_and_insertion(curves: pd.DataFrame) -> tuple[Figure, str]:
    """Deletion and insertion curves: one line per order, one column per curve, one row per encoder.

    Args:
        curves: one row per encoder, curve, order and share, with distance.
    """
    grid = sns.relplot(
        curves, x="share", y="distance", hue="order", col="curve", row="encoder", kind="line", errorbar=None,
        facet_kws={"legend_out": False},
    )  # fmt: skip
    grid.figure.set_size_inches(WIDTH, 2.7 * len(grid.row_names))
    grid.set_titles("{row_name}, {col_name}").set(xlabel="share of words changed", ylabel="distance from the sentence")
    means = curves.groupby(["encoder", "curve", "order"], sort=False)["distance"].mean()
    alt = "Relative distance from the whole sentence's embedding while words are removed or added; its mean"
    return grid.figure, f"{alt}: {listed([' '.join(name) for name in means.index], means)}."
