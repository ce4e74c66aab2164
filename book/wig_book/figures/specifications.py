"""Figures of the pages that vary one choice at a time: rules, methods, baselines, targets."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wig_core.plotting import AXIS_LABELS, _label_words, finished


def completeness_against_steps(errors: pd.DataFrame, *, tolerance: float) -> Figure:
    """The median completeness error over sentences against the number of steps, a line a rule, a panel a baseline."""
    grid = sns.relplot(
        errors, x="steps", y="error", hue="rule", style="rule", col="baseline", kind="line", markers=True, dashes=False,
        estimator="median", errorbar=("pi", 50), height=4, aspect=1.15,
    )  # fmt: skip
    grid.set(xscale="log", yscale="log", xlabel="steps (nodes of the rule)", ylabel="relative completeness error")
    steps = sorted(errors["steps"].unique())
    for axes in grid.axes.flat:
        axes.axhline(tolerance, color="black", ls=":", lw=1)
        axes.set_xticks(steps, [str(step) for step in steps])
        axes.minorticks_off()
    plt.close(grid.figure)
    return grid.figure


def specifications_forest(table: pd.DataFrame, *, x: str = "kl") -> Figure:
    """R² before (hollow) and after (filled), correlation likewise, and ΔR²: a line a reading, ordered by R² after.

    Args:
        table: from `wig_book.experiments.specifications.fit_specifications`; the default reading is shaded.
        x: the quantity.
    """
    rows = table[table["x"] == x].sort_values("r2_after", ascending=False, kind="stable", ignore_index=True)
    panels: list[tuple[str, str, list[str]]] = [
        ("r2", "R²", ["before", "after"]),
        ("correlation", "signed correlation", ["before", "after"]),
        ("r2", "ΔR²", ["difference"]),
    ]
    figure, all_axes = plt.subplots(1, 3, figsize=(12, 1.4 + 0.3 * len(rows)), sharey=True)
    for axes, (statistic, label, sides) in zip(all_axes, panels, strict=True):
        for side in sides:
            middle, low, high = (rows[f"{statistic}_{side}{end}"] for end in ("", "_low", "_high"))
            face, shift = ("white", 0.14) if side == "before" else ("crimson", -0.14 if side == "after" else 0)
            axes.errorbar(
                middle, -rows.index + shift, xerr=[(middle - low).clip(0), (high - middle).clip(0)], fmt="o",
                color="crimson", markerfacecolor=face, capsize=2, ms=4, lw=1, label=side,
            )  # fmt: skip
        axes.axvline(0, color="black", lw=1, ls=":")
        for line in rows.index[rows["reading"] == "default"]:
            axes.axhspan(-line - 0.5, -line + 0.5, color="0.9", zorder=0)
        axes.set(xlabel=f"{label}, {AXIS_LABELS[x]}")
    all_axes[0].set_yticks(-rows.index, rows["reading"])
    all_axes[0].legend(frameon=False, fontsize=8)
    return finished(figure)


def weightings(words: pd.DataFrame, *, label: int = 10) -> Figure:
    """Two weightings of the same words against each other, coloured by KL(w), a panel a stage.

    Args:
        words: from `wig_book.experiments.specifications.weights_side_by_side`: stage, word, kl, ig and shap.
        label: how many words to name.
    """
    stages = list(dict.fromkeys(words["stage"]))
    figure, panels = plt.subplots(1, len(stages), figsize=(5 * len(stages), 4.2), squeeze=False)
    for axes, stage in zip(panels[0], stages, strict=True):
        rows = words[words["stage"] == stage].reset_index(drop=True)
        points = axes.scatter(rows["ig"], rows["shap"], c=rows["kl"], cmap="viridis", s=14)
        low, high = rows[["ig", "shap"]].min().min(), rows[["ig", "shap"]].max().max()
        axes.plot([low, high], [low, high], color="black", lw=1, ls=":")
        _label_words(axes, rows["word"], rows["ig"], rows["shap"], label)
        rank = rows[["ig", "shap"]].corr(method="spearman").iloc[0, 1]
        axes.set(title=f"{stage}: rank correlation {rank:.2f}", xlabel="weight, Integrated Gradients", ylabel="SHAP")
        figure.colorbar(points, ax=axes, label=AXIS_LABELS["kl"])
    return finished(figure)


def convergence_of_samples(errors: pd.DataFrame) -> Figure:
    """The error of sampled Shapley values against the number of orders; the dotted line falls with its square root."""
    sampled, winter = errors[errors["permutations"] > 0], errors.loc[errors["permutations"] == 0, "error"]
    figure, axes = plt.subplots(figsize=(5.6, 3.6))
    for _, one in sampled.groupby("sentence"):
        mean = one.groupby("permutations")["error"].mean()
        axes.plot(mean.index, mean, color="0.75", lw=1)
    mean = sampled.groupby("permutations")["error"].mean()
    axes.plot(mean.index, mean, marker="o", color="crimson", label="sampled, mean over sentences")
    axes.plot(
        mean.index, mean.iloc[0] * (mean.index / mean.index[0]) ** -0.5, color="black", ls=":", label="∝ 1/√orders"
    )
    axes.axhline(winter.mean(), color="navy", ls="--", lw=1, label="shap's Winter values, mean")
    axes.set(xscale="log", yscale="log", xlabel="orders drawn", ylabel="relative distance from exact values")
    axes.set_xticks(mean.index, [str(number) for number in mean.index])
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=8)
    return finished(figure)


def perturbations(curves: pd.DataFrame) -> Figure:
    """Deletion and insertion curves, a line an order (mean over sentences), a panel a curve and encoder."""
    grid = sns.relplot(
        curves, x="share", y="distance", hue="order", col="curve", row="encoder", kind="line", errorbar=None,
        height=3.2, aspect=1.3,
    )  # fmt: skip
    grid.set(xlabel="share of words changed", ylabel="distance from the whole sentence")
    plt.close(grid.figure)
    return grid.figure
