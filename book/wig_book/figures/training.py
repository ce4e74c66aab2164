"""Figures of the pages on fine-tuning."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wig_book.figures.panels import name_lines, panels_by, plot_band, plot_before_after
from wig_book.labels import MASKED, STATISTIC_NAMES, setting_names
from wig_core.plotting import AXIS_LABELS, finished


def change_forest(table: pd.DataFrame, statistic: str, *, x: str = "kl") -> Figure:
    """A statistic before (hollow) and after (filled): one line per setting, one panel per baseline.

    Args:
        table: from `wig_book.experiments.rows.changes`.
        statistic: "r2", "correlation" or "slope".
        x: the quantity.
    """
    chosen = table[table["x"] == x]
    lines = len(chosen) // chosen["baseline"].nunique()
    figure, panels = panels_by(chosen, "baseline", width=4.6, height=1.2 + 0.42 * lines, title="baseline {}")
    for axes, rows in panels:
        plot_before_after(axes, rows, statistic)
        name_lines(axes, setting_names(rows, " · "))
        axes.set(xlabel=STATISTIC_NAMES[statistic])
    panels[0][0].legend(frameon=False, loc="best")
    return finished(figure)


def fit_against_sentences(growth: pd.DataFrame) -> Figure:
    """R² against the number of sentences, before and after: one panel per baseline; bands hold 90% of the draws.

    Args:
        growth: from `wig_book.experiments.before_after.by_sentences`.
    """
    grid = sns.relplot(
        growth, x="sentences", y="r2", hue="stage", col="baseline", kind="line", marker="o", errorbar=("pi", 90),
        height=3.6, aspect=1.2,
    )  # fmt: skip
    grid.set(ylabel="R² (KL)", xlabel="sentences whose words are weighed")
    plt.close(grid.figure)
    return grid.figure


def fit_along_training(course: pd.DataFrame) -> Figure:
    """R² and correlation against the step: one curve per baseline, one column per quantity; bands are intervals.

    Args:
        course: from `wig_book.experiments.rows.dynamics`.
    """
    statistics, quantities = ["r2", "correlation"], list(dict.fromkeys(course["x"]))
    size = (4.6 * len(quantities), 2.9 * len(statistics))
    shape = (len(statistics), len(quantities))
    figure, panels = plt.subplots(*shape, figsize=size, sharex=True, sharey="row", squeeze=False)
    for across, statistic in zip(panels, statistics, strict=True):
        for axes, x in zip(across, quantities, strict=True):
            baselines = course[course["x"] == x].groupby("baseline", sort=False)
            for colour, (baseline, rows) in zip(sns.color_palette(), baselines, strict=False):
                plot_band(axes, rows["step"], rows, statistic, color=colour, label=f"baseline {baseline}")
            axes.axhline(0, color="black", lw=1, ls=":")
            axes.set(ylabel=STATISTIC_NAMES[statistic], xlabel="step")
    for axes, x in zip(panels[0], quantities, strict=True):
        axes.set_title(AXIS_LABELS[x])
    panels[0, 0].legend(frameon=False)
    return finished(figure)


def state_along_training(course: pd.DataFrame) -> Figure:
    """Mean norm, uniformity, alignment and the agreement with human judgements against the step.

    Args:
        course: from `wig_book.experiments.rows.dynamics`.
    """
    states = {
        "norm": "mean norm",
        "uniformity": "uniformity",
        "alignment": "alignment",
        "human_correlation": "agreement with humans",
    }
    each = course.drop_duplicates("step")
    figure, panels = plt.subplots(1, len(states), figsize=(3.1 * len(states), 2.8))
    for axes, (name, label) in zip(panels, states.items(), strict=True):
        axes.plot(each["step"], each[name], marker="o", color="black")
        axes.set(xlabel="step", title=label)
    return finished(figure)


def correlation_along_reversal(course: pd.DataFrame) -> Figure:
    """Correlation with KL along masked-language modelling, then along each contrastive training: one panel per
    baseline; bands are intervals.

    Args:
        course: from `wig_book.experiments.reversal.reverse`.
    """
    of_kl = course[course["x"] == "kl"]
    turn = of_kl.loc[of_kl["stage"] == MASKED, "step"].max()
    figure, panels = panels_by(of_kl, "baseline", width=5.4, height=3.8, title="baseline {}")
    for axes, rows in panels:
        for colour, (stage, part) in zip(sns.color_palette(), rows.groupby("stage", sort=False), strict=False):
            steps = part["step"] + (0 if stage == MASKED else turn)
            plot_band(axes, steps, part, "correlation", color=colour, label=stage)
        axes.axvline(turn, color="black", lw=1, ls=":")
        axes.set(xlabel="steps, back and then again", ylabel=STATISTIC_NAMES["correlation"])
    panels[0][0].legend(frameon=False)
    return finished(figure)
