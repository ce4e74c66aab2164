"""One function a kind of figure. They draw what they are given and compute no result."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import gaussian_kde

from wig_core.quantities import NAMES as QUANTITY_NAMES
from wig_core.scale import PowerLaw

NAMES = {
    "kl": "KL(w)  [nats]",
    "self_information": "−log P(w)  [nats]",
    "weight": "weight of the word, mean of ‖c‖·n",
}

STATISTIC_NAMES = {"r2": "R²", "correlation": "correlation with the weight", "slope": "slope"}


def heat_map(occurrences: pd.DataFrame, columns: dict[str, str]) -> str:
    """Sentences as text whose words are shaded by a number, as HTML.

    Args:
        occurrences: one row an occurrence: sentence, position, word, and the columns to shade by.
        columns: a column and the label of its line; each sentence is shown once a column, shaded from the column's
            least to its greatest value. Where the number is missing, the word is left grey.
    """
    lines, margin = [], "opacity:.7;white-space:nowrap;padding-right:1.5em"
    for _, words in occurrences.groupby("sentence", sort=True):
        for column, label in columns.items():
            low, high = occurrences[column].min(), occurrences[column].max()
            pairs = zip(words["word"], words[column], strict=True)
            spans = " ".join(_shaded(word, value, (value - low) / (high - low or 1)) for word, value in pairs)
            lines.append(f'<tr><td style="{margin}">{escape(label)}</td><td>{spans}</td></tr>')
        lines.append('<tr><td colspan="2" style="height:.6em"></td></tr>')
    return f'<table style="line-height:2;text-align:left;border:0">{"".join(lines)}</table>'


def _shaded(word: str, value: float, share: float) -> str:
    if np.isnan(value):
        return f'<span style="opacity:.5" title="too rare to tell">{escape(word)}</span>'
    colour = to_hex(plt.get_cmap("YlOrRd")(0.8 * share))
    style = f"background:{colour};color:#000;border-radius:3px;padding:2px 4px"
    return f'<span style="{style}" title="{value:.3g}">{escape(word)}</span>'


def information_against_frequency(information: pd.DataFrame, *, label: int = 14) -> Figure:
    """KL(w) against −log P(w) for each word, with the shuffled control where it is there."""
    figure, axes = plt.subplots(figsize=(8, 5))
    _density(axes, information["self_information"], information["kl"])
    if "kl_shuffled" in information:
        control = (
            information.groupby("count")[["self_information", "kl_shuffled"]].mean().sort_values("self_information")
        )
        axes.plot(
            control["self_information"], control["kl_shuffled"], color="black", lw=1.5, label="the same words, shuffled"
        )
        axes.legend(frameon=False, loc="upper left")
    _label_words(axes, information["word"], information["self_information"], information["kl"], label)
    axes.set(xlabel=NAMES["self_information"], ylabel=NAMES["kl"])
    return _finished(figure)


def weights_against_information(words: pd.DataFrame, fits: pd.DataFrame, *, label: int = 12) -> Figure:
    """The paper's scatter: the weight of each word against each quantity, with the fitted line and its R².

    Args:
        words: word, weight and the quantities.
        fits: one row a quantity: x, slope, intercept, r2, r2_low, r2_high, n_words.
        label: about how many words to name.
    """
    figure, panels = plt.subplots(1, len(fits), figsize=(5.2 * len(fits), 4.6), sharey=True, squeeze=False)
    for axes, fit in zip(panels[0], fits.itertuples(), strict=True):
        x, y = words[fit.x], words["weight"]
        _density(axes, x, y)
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, fit.intercept + fit.slope * ends, color="crimson", lw=2)
        _label_words(axes, words["word"], x, y, label)
        axes.set(xlabel=NAMES[fit.x], ylabel=NAMES["weight"] if axes is panels[0, 0] else "")
        axes.set_title(f"R² = {fit.r2:.3f}  [{fit.r2_low:.3f}, {fit.r2_high:.3f}],  {fit.n_words} words", fontsize=10)
    return _finished(figure)


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


def change_forest(table: pd.DataFrame, statistic: str, *, x: str = "kl") -> Figure:
    """A statistic before (hollow) and after (filled), a line a setting, a panel a baseline.

    Args:
        table: from `wig_core.change.changes`.
        statistic: "r2", "correlation" or "slope".
        x: the quantity.
    """
    chosen = table[table["x"] == x]
    baselines = list(dict.fromkeys(chosen["baseline"]))
    lines = len(chosen) // len(baselines)
    figure, panels = plt.subplots(
        1, len(baselines), figsize=(4.6 * len(baselines), 1.2 + 0.42 * lines), sharey=True, squeeze=False
    )
    for axes, baseline in zip(panels[0], baselines, strict=True):
        rows = chosen[chosen["baseline"] == baseline].reset_index(drop=True)
        for side, shift, face in (("before", 0.12, "white"), ("after", -0.12, "crimson")):
            middle, low, high = (rows[f"{statistic}_{side}{end}"] for end in ("", "_low", "_high"))
            axes.errorbar(
                middle, -rows.index + shift, xerr=[middle - low, high - middle], fmt="o", color="crimson",
                markerfacecolor=face, capsize=2, label=side,
            )  # fmt: skip
        axes.axvline(0, color="black", lw=1, ls=":")
        names = [" · ".join(row[["objective", "examples", "pooling", "similarity"]]) for _, row in rows.iterrows()]
        axes.set_yticks(-rows.index, names)
        axes.set(title=f"baseline {baseline}", xlabel=STATISTIC_NAMES[statistic])
    panels[0, 0].legend(frameon=False, loc="best")
    return _finished(figure)


def fit_against_sentences(growth: pd.DataFrame) -> Figure:
    """R² against the number of sentences, before and after, a panel a baseline; bands span the draws."""
    grid = sns.relplot(
        growth, x="sentences", y="r2", hue="stage", col="baseline", kind="line", marker="o", errorbar=("pi", 90),
        height=3.6, aspect=1.2,
    )  # fmt: skip
    grid.set(ylabel="R² (KL)", xlabel="sentences whose words are weighed")
    plt.close(grid.figure)
    return grid.figure


def fit_along_training(course: pd.DataFrame) -> Figure:
    """R² and correlation against the step, a line a baseline, a column a quantity; bands are intervals."""
    return _along(course, ["r2", "correlation"], list(dict.fromkeys(course["x"])))


def state_along_training(course: pd.DataFrame) -> Figure:
    """Mean norm, uniformity, alignment and the agreement with people against the step."""
    states = {"norm": "mean norm", "uniformity": "uniformity", "alignment": "alignment", "lee": "agreement with people"}
    each = course.drop_duplicates("step")
    figure, panels = plt.subplots(1, len(states), figsize=(3.1 * len(states), 2.8))
    for axes, (name, label) in zip(panels, states.items(), strict=True):
        axes.plot(each["step"], each[name], marker="o", color="black")
        axes.set(xlabel="step", title=label)
    return _finished(figure)


def reversal(course: pd.DataFrame) -> Figure:
    """Correlation with KL along the way back, then along each way forth, a panel a baseline; bands are intervals."""
    of_kl = course[course["x"] == "kl"]
    back = of_kl.loc[of_kl["stage"] == "masked", "step"].max()
    baselines = list(dict.fromkeys(of_kl["baseline"]))
    figure, panels = plt.subplots(1, len(baselines), figsize=(5.4 * len(baselines), 3.8), sharey=True, squeeze=False)
    for axes, baseline in zip(panels[0], baselines, strict=True):
        rows = of_kl[of_kl["baseline"] == baseline]
        for colour, (stage, way) in zip(sns.color_palette(), rows.groupby("stage", sort=False), strict=False):
            steps = way["step"] + (0 if stage == "masked" else back)
            axes.plot(steps, way["correlation"], marker="o", color=colour, label=stage)
            axes.fill_between(steps, way["correlation_low"], way["correlation_high"], color=colour, alpha=0.15, lw=0)
        axes.axvline(back, color="black", lw=1, ls=":")
        axes.set(
            title=f"baseline {baseline}", xlabel="steps, back and then forth", ylabel=STATISTIC_NAMES["correlation"]
        )
    panels[0, 0].legend(frameon=False)
    return _finished(figure)


def readings_forest(table: pd.DataFrame, *, x: str = "kl") -> Figure:
    """R² before (hollow) and after (filled), correlation likewise, and ΔR²: a line a reading, ordered by R² after.

    Args:
        table: from `wig_core.readings.fits_of_readings`; the default reading is shaded.
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
        axes.set(xlabel=f"{label}, {NAMES[x]}")
    all_axes[0].set_yticks(-rows.index, rows["reading"])
    all_axes[0].legend(frameon=False, fontsize=8)
    return _finished(figure)


def weightings(words: pd.DataFrame, *, label: int = 10) -> Figure:
    """Two weightings of the same words against each other, coloured by KL(w), a panel a stage.

    Args:
        words: from `wig_core.readings.two_weightings`: stage, word, kl, ig and shap.
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
        figure.colorbar(points, ax=axes, label=NAMES["kl"])
    return _finished(figure)


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
    return _finished(figure)


def perturbations(curves: pd.DataFrame) -> Figure:
    """Deletion and insertion curves, a line an order (mean over sentences), a panel a curve and encoder."""
    grid = sns.relplot(
        curves, x="share", y="distance", hue="order", col="curve", row="encoder", kind="line", errorbar=None,
        height=3.2, aspect=1.3,
    )  # fmt: skip
    grid.set(xlabel="share of words changed", ylabel="distance from the whole sentence")
    plt.close(grid.figure)
    return grid.figure


def norms_against_kl(words: pd.DataFrame) -> Figure:
    """What the theorem sets equal to KL(w) against it, a panel a norm; dotted, where they would be equal.

    Args:
        words: from `wig_core.theory.norms_and_kl`.
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
    """R² and slope of `wig_core.theory.closed_and_exact` against how much topics sway words, a panel a norm."""
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
    """Half the squared norm of a static encoder's vectors against KL(w), a panel a norm; grey, the shuffled corpus.

    Args:
        norms: from `wig_core.real_text.static_encoder`; the last step is drawn.
    """
    last = norms[norms["step"] == norms["step"].max()]
    kinds = list(dict.fromkeys(last["norm"]))
    figure, panels = plt.subplots(1, len(kinds), figsize=(4.2 * len(kinds), 3.6), squeeze=False)
    for axes, kind in zip(panels[0], kinds, strict=True):
        rows = last[last["norm"] == kind].reset_index(drop=True)
        axes.scatter(rows["kl_shuffled"], rows["value_shuffled"], s=8, color="0.75", linewidths=0, label="shuffled")
        axes.scatter(rows["kl"], rows["value"], s=8, color="crimson", linewidths=0, label="the corpus")
        _label_words(axes, rows["word"], rows["kl"], rows["value"], 8)
        axes.set(title=kind, xlabel=NAMES["kl"], ylabel="½‖w‖²" if axes is panels[0, 0] else "")
    panels[0, 0].legend(frameon=False, fontsize=8)
    return _finished(figure)


def along_the_laboratory(table: pd.DataFrame) -> Figure:
    """R² of each norm on the true KL along the steps, the pairs counted and the dimensions, a panel each.

    Args:
        table: from `wig_core.theory.along`.
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


def weights_of_parts(weights: pd.DataFrame) -> Figure:
    """The mean weight of each part of speech before (hollow) and after (filled), a panel a baseline; closed classes in
    grey.

    Args:
        weights: from `wig_core.parts_of_speech.weight_by_part`.
    """
    baselines = list(dict.fromkeys(weights["baseline"]))
    after = weights[(weights["baseline"] == baselines[0]) & (weights["stage"] == "after")]
    order = after.sort_values("weight", ascending=False)["part"].tolist()
    height = 1.2 + 0.27 * len(order)
    figure, panels = plt.subplots(1, len(baselines), figsize=(4.8 * len(baselines), height), sharey=True, squeeze=False)
    for axes, baseline in zip(panels[0], baselines, strict=True):
        for row in weights[weights["baseline"] == baseline].itertuples():
            colour = "crimson" if row.open else "0.5"
            face = "white" if row.stage == "before" else colour
            axes.plot(row.weight, -order.index(row.part), "o", color=colour, markerfacecolor=face, ms=6)
        axes.axvline(1, color="black", lw=1, ls=":")
        axes.set_yticks([-i for i in range(len(order))], order)
        axes.set(title=f"baseline {baseline}", xlabel="mean weight, all words = 1")
    return _finished(figure)


def corpora_forest(fits: pd.DataFrame, changed: pd.DataFrame, *, x: str = "kl") -> Figure:
    """The correlation on each corpus, a panel a baseline: an encoder (squares), and a base before and after.

    Args:
        fits, changed: from `wig_core.generality`.
        x: the quantity.
    """
    baselines = list(dict.fromkeys(fits["baseline"]))
    corpora = list(dict.fromkeys(fits["corpus"]))
    size = (4.6 * len(baselines), 1.3 + 0.6 * len(corpora))
    figure, panels = plt.subplots(1, len(baselines), figsize=size, sharey=True, squeeze=False)
    for axes, baseline in zip(panels[0], baselines, strict=True):
        own, moved = (
            table[(table["baseline"] == baseline) & (table["x"] == x)].reset_index(drop=True)
            for table in (fits, changed)
        )
        _points(axes, own, "correlation", shift=0.2, fmt="s", color="navy", label="encoder in use")
        _points(axes, moved, "correlation_before", fmt="o", color="crimson", face="white", label="base, before")
        _points(axes, moved, "correlation_after", shift=-0.2, fmt="o", color="crimson", label="base, after")
        axes.axvline(0, color="black", lw=1, ls=":")
        axes.set_yticks([-i for i in range(len(corpora))], corpora)
        axes.set(title=f"baseline {baseline}", xlabel=STATISTIC_NAMES["correlation"])
    panels[0, 0].legend(frameon=False, fontsize=8)
    return _finished(figure)


def models_map(fits: pd.DataFrame, changed: pd.DataFrame, *, x: str = "kl") -> Figure:
    """R² of each encoder on each corpus, and its change from the encoder's base (blank where none is known), under the
    first baseline.

    Args:
        fits, changed: from `wig_core.analysis.analyse_each`.
        x: the quantity.
    """
    baseline = fits["baseline"].iloc[0]
    own = fits[(fits["baseline"] == baseline) & (fits["x"] == x)]
    encoders, corpora = list(dict.fromkeys(own["encoder"])), list(dict.fromkeys(own["corpus"]))
    shown = {"R²": own.pivot(index="encoder", columns="corpus", values="r2")}
    if "x" in changed:
        moved = changed[(changed["baseline"] == baseline) & (changed["x"] == x)]
        shown["ΔR², from its base"] = moved.pivot(index="encoder", columns="corpus", values="r2_difference")
    size = (3.5 + 1.1 * len(corpora) * len(shown), 1.6 + 0.4 * len(encoders))
    figure, panels = plt.subplots(1, len(shown), figsize=size, sharey=True, squeeze=False)
    for axes, (title, table) in zip(panels[0], shown.items(), strict=True):
        style: dict[str, Any] = {"cmap": "rocket_r", "vmin": 0} if title == "R²" else {"cmap": "vlag", "center": 0}
        table = table.reindex(index=encoders, columns=corpora)
        sns.heatmap(table, ax=axes, annot=True, fmt=".2f", cbar=False, linewidths=1, **style)
        axes.set(title=f"{title}  (baseline {baseline})", xlabel="", ylabel="")
        axes.tick_params(axis="x", rotation=30)
        axes.tick_params(axis="y", rotation=0)
    return _finished(figure)


def quantities_bars(shares: pd.DataFrame) -> Figure:
    """R² of each quantity alone, and the part of it that no other has (dark), a panel a kind of fit.

    Args:
        shares: from `wig_core.quantities.explained`.
    """
    kinds = list(dict.fromkeys(shares["kind"]))
    figure, panels = plt.subplots(1, len(kinds), figsize=(5 * len(kinds), 3), sharey=True, squeeze=False)
    for axes, kind in zip(panels[0], kinds, strict=True):
        rows = shares[shares["kind"] == kind].reset_index(drop=True)
        errors = [(rows["alone"] - rows["alone_low"]).clip(0), (rows["alone_high"] - rows["alone"]).clip(0)]
        axes.barh(-rows.index, rows["alone"], xerr=errors, color="#e8a0a8", capsize=2)
        axes.barh(-rows.index, rows["unique"], color="crimson")
        axes.axvline(rows["together"].iloc[0], color="black", lw=1, ls=":")
        axes.set_yticks(-rows.index, [QUANTITY_NAMES[name] for name in rows["quantity"]])
        axes.set(title=kind, xlabel="R²  (dotted: all together)")
    return _finished(figure)


def agreement_forest(table: pd.DataFrame) -> Figure:
    """Agreement with people, a line a weighting, a colour a source.

    Args:
        table: from `wig_core.static_embeddings.agreements`.
    """
    names, sources = (list(dict.fromkeys(table[column])) for column in ("weighting", "source"))
    figure, axes = plt.subplots(figsize=(6.4, 1 + 0.42 * len(names)))
    for i, (source, colour) in enumerate(zip(sources, sns.color_palette(), strict=False)):
        rows = table[table["source"] == source].set_index("weighting").reindex(names).reset_index()
        _points(axes, rows, "agreement", low="low", high="high", shift=0.12 - 0.24 * i, color=colour, label=source)
    axes.set_yticks([-i for i in range(len(names))], names)
    axes.set(xlabel="rank correlation with people's judgements")
    axes.legend(frameon=False, fontsize=8)
    return _finished(figure)


def scaling(growth: pd.DataFrame, law: PowerLaw, costs: pd.DataFrame) -> Figure:
    """Different pairs of words against sentences, measured (dots) and extrapolated (dashed); and hours a work.

    Args:
        growth, law: of the pairs, from `wig_core.scale.Throughput`.
        costs: from `wig_core.scale.costs`; its texts are the upright lines.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 3.8))
    texts = costs.drop_duplicates("text").set_index("text")["sentences"]
    ends = np.geomspace(growth["sentences"].min(), texts.max(), 2)
    left.plot(ends, [law(end) for end in ends], color="black", ls="--", lw=1, label="extrapolated")
    left.plot(growth["sentences"], growth["pairs"], "o", color="crimson", label="measured")
    left.set(ylabel="different pairs of words")
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
    return _finished(figure)


def _points(
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


def _along(course: pd.DataFrame, statistics: list[str], quantities: list[str]) -> Figure:
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
            title = NAMES[x] if statistic == statistics[0] else ""
            axes.set(title=title, ylabel=STATISTIC_NAMES[statistic], xlabel="step")
    panels[0, 0].legend(frameon=False)
    return _finished(figure)


def _finished(figure: Figure) -> Figure:
    """Without its box, and closed, so that a notebook shows it once: where it is returned."""
    sns.despine(figure)
    figure.tight_layout()
    plt.close(figure)
    return figure


def _density(axes: Axes, x: pd.Series, y: pd.Series) -> None:
    """Points coloured by how many others are near, the crowded ones on top."""
    points = np.vstack([x, y])
    near = gaussian_kde(points)(points) if len(x) > 10 else np.ones(len(x))
    order = np.argsort(near, kind="stable")
    axes.scatter(points[0, order], points[1, order], c=near[order], cmap="viridis", s=12, linewidths=0)


def _label_words(axes: Axes, words: Sequence[str], x: pd.Series, y: pd.Series, count: int) -> None:
    """Name words at the rim of the cloud first, leaving out those whose label would cover another."""
    points = np.column_stack([x, y])
    scaled = (points - points.mean(0)) / (np.ptp(points, axis=0) + 1e-12)
    placed: list[NDArray[np.float64]] = []
    for index in np.argsort(-np.linalg.norm(scaled, axis=1), kind="stable"):
        if len(placed) == count:
            break
        if all(abs(scaled[index, 1] - p[1]) > 0.045 or abs(scaled[index, 0] - p[0]) > 0.16 for p in placed):
            placed.append(scaled[index])
            axes.annotate(list(words)[index], points[index], xytext=(3, 3), textcoords="offset points", fontsize=8)
