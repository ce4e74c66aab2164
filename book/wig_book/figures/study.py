"""The figures of the study: relative weight by information, differences between arms, correlations by reading."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from wig_book.figures.panels import name_lines, plot_intervals
from wig_book.labels import MEASURE_NAMES

SHOWN = ["kl", "idf"]  # measures with a column of panels
GREY = {"sham": "0.6", "masked": "0.4", "start": "0.0"}


def relative_weights(quantiles: pd.DataFrame) -> Figure:
    """Draw the weight of words by fifth of information, relative to the mean: a panel per baseline and measure.

    Args:
        quantiles: from `wig_book.experiments.levels.levels`, or from `changes`, where the start is hollow and the
            controls are grey.
    """
    series = "arm" if "arm" in quantiles else "encoder"
    table = quantiles[quantiles["quantity"].isin(SHOWN) & (quantiles["baseline"] != "zero")]
    rows = list(table.groupby(["start", "baseline"] if series == "arm" else ["baseline"], sort=False))
    figure, axes = plt.subplots(
        len(rows), len(SHOWN), figsize=(4.2 * len(SHOWN), 2.8 * len(rows)), sharey="row", squeeze=False
    )
    for line, (key, group) in zip(axes, rows, strict=True):
        for panel, measure in zip(line, SHOWN, strict=True):
            for number, (name, points) in enumerate(group[group["quantity"] == measure].groupby(series, sort=False)):
                color = GREY.get(str(name), f"C{number}")
                face = "white" if name == "start" else color
                panel.plot(points["bin"], points["relative"], "o-", color=color, mfc=face, ms=5, label=str(name))
                panel.fill_between(
                    points["bin"], points["relative_low"], points["relative_high"], color=color, alpha=0.15, lw=0
                )
            panel.axhline(1, color="black", lw=0.8, ls=":")
            panel.set(xlabel=f"fifth of {MEASURE_NAMES[measure]}", xticks=range(1, 6), title=" · ".join(map(str, key)))
        line[0].set_ylabel("weight ÷ mean weight")
        line[0].legend(fontsize="x-small", frameon=False)
    figure.tight_layout()
    return figure


def differences(changes: pd.DataFrame) -> Figure:
    """Draw the differences of R², with the sign of the correlation, between arms and what they are compared with.

    Args:
        changes: from `wig_book.experiments.changes.changes`; words of one subword, types, KL and article idf are drawn.
    """
    chosen = (changes["unit"] == "single-piece word") & (changes["estimand"] == "types")
    table = changes[chosen & changes["quantity"].isin(SHOWN)]
    table = table.assign(
        line=table[["start", "arm"]].agg(": ".join, axis=1) + " − " + table["against"] + ", " + table["text"]
    )
    names = list(table["line"].unique())
    figure, axes = plt.subplots(1, len(SHOWN), figsize=(9, 1 + 0.35 * len(names)), sharey=True, squeeze=False)
    for panel, measure in zip(axes[0], SHOWN, strict=True):
        for number, (baseline, rows) in enumerate(table[table["quantity"] == measure].groupby("baseline", sort=False)):
            ordered = rows.set_index("line").reindex(names).reset_index()
            plot_intervals(
                panel, ordered, "r2_difference", color=f"C{number}", label=str(baseline), shift=0.15 - 0.3 * number
            )
        panel.axvline(0, color="black", lw=0.8, ls=":")
        panel.set(xlabel="difference of R² (with sign)", title=MEASURE_NAMES[measure])
    name_lines(axes[0][0], names)
    axes[0][0].legend(fontsize="x-small", frameon=False)
    figure.tight_layout()
    return figure


def levels_by_reading(levels: pd.DataFrame) -> Figure:
    """Draw the correlation of weight and KL in each reading: a panel per encoder, a line per text and source.

    Args:
        levels: from `wig_book.experiments.levels.levels`; Integrated Gradients is drawn.
    """
    table = levels[(levels["method"] == "ig") & (levels["quantity"] == "kl")]
    table = table.assign(line=table["text"] + ", KL of " + table["information"])
    encoders, names = list(table["encoder"].unique()), list(table["line"].unique())
    figure, axes = plt.subplots(
        1, len(encoders), figsize=(2.6 * len(encoders) + 1.5, 1 + 0.45 * len(names)), sharey=True, squeeze=False
    )
    markers = {"word": "s", "single-piece word": "o", "subword": "^"}
    for panel, encoder in zip(axes[0], encoders, strict=True):
        rows = table[table["encoder"] == encoder]
        for (unit, estimand, baseline), points in rows.groupby(["unit", "estimand", "baseline"], sort=False):
            color = {"mask": "C0", "pad": "C1"}.get(str(baseline), "C2")
            face = color if estimand == "types" else "white"
            heights = [-names.index(one) + {"word": 0.2, "single-piece word": 0.0, "subword": -0.2}[str(unit)]
                       for one in points["line"]]  # fmt: skip
            label = f"{baseline}, {unit}, {estimand}"
            panel.plot(points["correlation"], heights, markers[str(unit)], color=color, mfc=face, ms=5, label=label)
        panel.axvline(0, color="black", lw=0.8, ls=":")
        panel.set(xlabel="correlation with KL", title=encoder, xlim=(-1, 1))
        panel.title.set_size("small")
    name_lines(axes[0][0], names)
    axes[0][-1].legend(fontsize="xx-small", frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    figure.tight_layout()
    return figure
