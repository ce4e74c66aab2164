"""Figures of the pages on fine-tuning."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wig_book.figures.panels import plot_band
from wig_book.labels import STATISTIC_NAMES
from wig_core.plotting import AXIS_LABELS, finished


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
