"""Figures of the pages on fine-tuning."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wig_book.figures.panels import along_steps
from wig_book.labels import STATISTIC_NAMES
from wig_core.plotting import finished


def change_forest(table: pd.DataFrame, statistic: str, *, x: str = "kl") -> Figure:
    """A statistic before (hollow) and after (filled), a line a setting, a panel a baseline.

    Args:
        table: from `wig_book.experiments.rows.changes`.
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
    return finished(figure)


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
    return along_steps(course, ["r2", "correlation"], list(dict.fromkeys(course["x"])))


def state_along_training(course: pd.DataFrame) -> Figure:
    """Mean norm, uniformity, alignment and the agreement with people against the step."""
    states = {"norm": "mean norm", "uniformity": "uniformity", "alignment": "alignment", "lee": "agreement with people"}
    each = course.drop_duplicates("step")
    figure, panels = plt.subplots(1, len(states), figsize=(3.1 * len(states), 2.8))
    for axes, (name, label) in zip(panels, states.items(), strict=True):
        axes.plot(each["step"], each[name], marker="o", color="black")
        axes.set(xlabel="step", title=label)
    return finished(figure)


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
    return finished(figure)
