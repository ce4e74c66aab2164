"""Figures of the pages on fine-tuning."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from wig_book.figures.panels import name_lines, panels_by, plot_band, plot_before_after
from wig_book.figures.picture import PALETTE, WIDTH, listed, picture
from wig_book.labels import MASKED, MEASURE_NAMES, STATISTIC_NAMES, setting_names
from wig_core.plotting import AXIS_LABELS


@picture
def change_forest(table: pd.DataFrame, statistic: str, *, x: str = "kl") -> tuple[Figure, str]:
    """A statistic before (hollow) and after (filled): one line per setting, one panel per baseline.

    Args:
        table: from `wig_book.experiments.rows.changes`.
        statistic: "r2", "correlation" or "slope".
        x: the quantity.
    """
    chosen = table[table["x"] == x]
    lines = len(chosen) // chosen["baseline"].nunique()
    figure, panels = panels_by(chosen, "baseline", height=1.2 + 0.42 * lines, title="baseline {}")
    for axes, rows in panels:
        plot_before_after(axes, rows, statistic)
        name_lines(axes, setting_names(rows, " · "))
        axes.set(xlabel=STATISTIC_NAMES[statistic])
    panels[0][0].legend()
    names = setting_names(chosen.assign(objective=chosen["baseline"] + " " + chosen["objective"]))
    before = [
        f"{name} {value:.2f} before and" for name, value in zip(names, chosen[f"{statistic}_before"], strict=True)
    ]
    alt = f"{STATISTIC_NAMES[statistic]}, {MEASURE_NAMES[x]}, before and after fine-tuning, by baseline and setting"
    return figure, f"{alt}: {listed(before, chosen[f'{statistic}_after'])}."


@picture
def fit_against_sentences(growth: pd.DataFrame) -> tuple[Figure, str]:
    """R² against the number of sentences, before and after: one panel per baseline; bands hold 90% of the draws.

    Args:
        growth: from `wig_book.experiments.before_after.by_sentences`.
    """
    grid = sns.relplot(
        growth, x="sentences", y="r2", hue="stage", col="baseline", kind="line", marker="o", errorbar=("pi", 90),
        facet_kws={"legend_out": False},
    )  # fmt: skip
    grid.figure.set_size_inches(WIDTH, 3.2)
    grid.set(ylabel="R² (KL)", xlabel="sentences whose words are weighed")
    most = growth[growth["sentences"] == growth["sentences"].max()].groupby(["baseline", "stage"], sort=False)["r2"]
    means = most.mean()
    alt = f"R² for KL(w) against the number of sentences; with {growth['sentences'].max()}"
    return grid.figure, f"{alt}: {listed([' '.join(name) for name in means.index], means)}."


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


@picture
def correlation_along_reversal(course: pd.DataFrame) -> tuple[Figure, str]:
    """Correlation with KL along masked-language modelling, then along each contrastive training: one panel per
    baseline; bands are intervals.

    Args:
        course: from `wig_book.experiments.reversal.reverse`.
    """
    of_kl = course[course["x"] == "kl"]
    turn = of_kl.loc[of_kl["stage"] == MASKED, "step"].max()
    figure, panels = panels_by(of_kl, "baseline", height=3.8, title="baseline {}")
    for axes, rows in panels:
        for colour, (stage, part) in zip(PALETTE, rows.groupby("stage", sort=False), strict=False):
            steps = part["step"] + (0 if stage == MASKED else turn)
            plot_band(axes, steps, part, "correlation", color=colour, label=stage)
        axes.axvline(turn, color="black", lw=1, ls=":")
        axes.set(xlabel="steps, back and then again", ylabel=STATISTIC_NAMES["correlation"])
    panels[0][0].legend()
    last = of_kl.groupby(["baseline", "stage"], sort=False)["correlation"].last()
    alt = "Correlation of the weight with KL(w) along the training; at the end of each stage"
    return figure, f"{alt}: {listed([' '.join(name) for name in last.index], last)}."
