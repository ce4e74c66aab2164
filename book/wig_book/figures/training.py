"""Figures of the pages on fine-tuning."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from wig_book.figures.panels import plot_band
from wig_book.figures.picture import PALETTE, WIDTH, listed, picture
from wig_book.labels import STATISTIC_NAMES
from wig_core.plotting import AXIS_LABELS


@picture
def fit_along_training(course: pd.DataFrame) -> tuple[Figure, str]:
    """R² and correlation against the step: one curve per baseline, one column per quantity; bands are intervals.

    Args:
        course: from `wig_book.experiments.rows.dynamics`.
    """
    statistics, quantities = ["r2", "correlation"], list(dict.fromkeys(course["x"]))
    shape = (len(statistics), len(quantities))
    figure, panels = plt.subplots(*shape, figsize=(WIDTH, 4.8), sharex=True, sharey="row", squeeze=False)
    for across, statistic in zip(panels, statistics, strict=True):
        for axes, x in zip(across, quantities, strict=True):
            baselines = course[course["x"] == x].groupby("baseline", sort=False)
            for colour, (baseline, rows) in zip(PALETTE, baselines, strict=False):
                plot_band(axes, rows["step"], rows, statistic, color=colour, label=f"baseline {baseline}")
            axes.axhline(0, color="black", lw=1, ls=":")
        across[0].set_ylabel(STATISTIC_NAMES[statistic])
    for top, bottom, x in zip(panels[0], panels[-1], quantities, strict=True):
        top.set_title(AXIS_LABELS[x])
        bottom.set_xlabel("step")
    panels[0, 0].legend()
    of_kl = course[course["x"] == "kl"]
    ends = of_kl[of_kl["step"].isin([of_kl["step"].min(), of_kl["step"].max()])]
    names = [
        f"baseline {baseline}, step {step}:" for baseline, step in zip(ends["baseline"], ends["step"], strict=True)
    ]
    alt = "R² and correlation of the weight with each quantity against the step of training. Correlation with KL(w)"
    return figure, f"{alt}: {listed(names, ends['correlation'])}."


@picture
def state_along_training(course: pd.DataFrame) -> tuple[Figure, str]:
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
    figure, panels = plt.subplots(2, 2, figsize=(WIDTH, 4.2), sharex=True)
    for axes, (name, label) in zip(panels.flat, states.items(), strict=True):
        axes.plot(each["step"], each[name], marker="o", color="black")
        axes.set(title=label)
    for axes in panels[-1]:
        axes.set(xlabel="step")
    changes = [f"{label} {each[name].iloc[0]:.2f} before and" for name, label in states.items()]
    alt = f"Four properties of the encoder against the step, from {each['step'].min()} to {each['step'].max()}"
    return figure, f"{alt}: {listed(changes, [each[name].iloc[-1] for name in states])} after."
