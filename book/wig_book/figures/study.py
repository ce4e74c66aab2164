"""The figures of the study: relative weight by information, differences between arms, correlations by reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import cycle, product
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wig_book.figures.panels import name_lines, plot_intervals
from wig_book.figures.picture import BLUE, GREY, PALETTE, VERMILLION, WIDTH, listed, picture
from wig_book.labels import MEASURE_NAMES

SHOWN = ["kl", "idf"]  # measures with a column of panels
DASHES = ("-", "--", ":", "-.")
CONTROLS = {"start": "black", "sham": GREY, "masked": "#bbbbbb"}
BASELINES = {"mask": "[MASK]", "pad": "[PAD]", "zero": "zero vector", "unk": "[UNK]"}
COLOURS = {"mask": BLUE, "pad": VERMILLION}
MARKERS = {"word": "s", "single-piece word": "o", "subword": "^"}


@picture
def relative_weights(quantiles: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the weight of words by fifth of information, relative to the mean: a panel per baseline and measure.

    Args:
        quantiles: from `wig_book.experiments.levels.levels`, or from `changes`, where the start is hollow and the
            controls are grey, as are encoders without training.
    """
    series = "arm" if "arm" in quantiles else "encoder"
    table = quantiles[quantiles["quantity"].isin(SHOWN) & (quantiles["baseline"] != "zero")]
    rows = list(table.groupby(["start", "baseline"] if series == "arm" else ["baseline"], sort=False))
    figure, axes = plt.subplots(
        len(rows), len(SHOWN), figsize=(WIDTH, 0.5 + 2.3 * len(rows)), sharey="row", sharex=True, squeeze=False
    )
    looks = _looks(list(dict.fromkeys(table[series])))
    for line, (key, group) in zip(axes, rows, strict=True):
        for panel, measure in zip(line, SHOWN, strict=True):
            _plot_relative(panel, group[group["quantity"] == measure], series, looks)
            panel.set_title(" · ".join([*key[:-1], BASELINES[key[-1]]]))
        line[0].set_ylabel("weight ÷ mean weight")
    for panel, measure in zip(axes[-1], SHOWN, strict=True):
        panel.set_xlabel(f"fifth of {MEASURE_NAMES[measure]}")
    figure.legend(*_once(axes.flat), loc="outside lower center", ncols=3)
    first = table[(table["quantity"] == "kl") & (table["baseline"] == table["baseline"].iloc[0])]
    ends = first.groupby([series], sort=False)["relative"].agg(["first", "last"])
    steep = listed([f"{name}:" for name in ends.index], ends["last"] - ends["first"])
    return figure, f"Relative weight, most informative fifth minus least, by KL under the first baseline: {steep}."


@picture
def opening(changes: pd.DataFrame, levels: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the study in one row: arms from a masked encoder, then encoders as published, by fifth of KL under [PAD].

    Args:
        changes, levels: the tables quantiles of the two pages; of both the first text is drawn, and of changes the
            first start.
    """
    chosen = [
        table[(table["quantity"] == "kl") & (table["baseline"] == "pad") & (table["text"] == table["text"].iloc[0])]
        for table in (changes, levels)
    ]
    arms, encoders = chosen[0][chosen[0]["start"] == chosen[0]["start"].iloc[0]], chosen[1]
    known = arms["arm"].isin(["start", "sham", "masked"])
    arms = arms.assign(arm=arms["arm"].where(known, "contrastive"))
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.4), sharey=True)
    for panel, table, series, title in (
        (axes[0], arms, "arm", "trained from one masked encoder"),
        (axes[1], encoders, "encoder", "as published"),
    ):
        names = list(dict.fromkeys(table[series]))
        _plot_relative(panel, table, series, _looks(names))
        panel.set(title=title, xlabel="fifth of words, by KL(w)")
        panel.legend(fontsize="x-small")
    axes[0].set_ylabel("weight ÷ mean weight")
    ends = arms.groupby("arm", sort=False)["relative"].agg(["first", "last"])
    low, high = (listed([f"{name}:" for name in ends.index], ends[end]) for end in ("first", "last"))
    return figure, f"Relative weight of the least informative fifth of words: {low}; of the most informative: {high}."


def _plot_relative(panel: Axes, table: pd.DataFrame, series: str, looks: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw a line with its band for each series."""
    for name, points in table.groupby(series, sort=False):
        look = looks[str(name)]
        face = "none" if name == "start" else look["color"]
        panel.plot(points["bin"], points["relative"], marker="o", mfc=face, label=str(name), **look)
        ends = (points["relative_low"], points["relative_high"])
        panel.fill_between(points["bin"], *ends, color=look["color"], alpha=0.15, lw=0)
    panel.axhline(1, color="black", lw=0.8, ls=":")
    panel.set_xticks(range(1, 6))


def _looks(names: list[str]) -> dict[str, dict[str, Any]]:
    """A colour for each series, and dashes where the colours come again; controls and untrained encoders are grey."""
    found, others, greys = {}, product(DASHES, PALETTE[:-1]), cycle(DASHES[1:])
    for name in names:
        if name in CONTROLS:
            dashes, color = "-", CONTROLS[name]
        else:
            dashes, color = (next(greys), GREY) if name.startswith("untrained ") else next(others)
        found[name] = {"color": color, "ls": dashes}
    return found


def _once(panels: Iterable[Axes]) -> tuple[list[Artist], list[str]]:
    """The handles and labels of all panels, each label once."""
    found: dict[str, Artist] = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)


@picture
def differences(changes: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the differences of R², with the sign of the correlation, between arms and what they are compared with.

    Args:
        changes: from `wig_book.experiments.changes.changes`; words of one subword, types, KL and idf are drawn.
    """
    chosen = (changes["unit"] == "single-piece word") & (changes["estimand"] == "types")
    table = changes[chosen & changes["quantity"].isin(SHOWN)]
    arms = table["arm"].str.replace(" ", "\n", n=1)  # on a telephone a recipe leaves no room for the figure
    table = table.assign(line=table["start"] + "\n" + arms + " − " + table["against"])
    names = list(dict.fromkeys(table["line"]))
    figure, axes = plt.subplots(1, len(SHOWN), figsize=(WIDTH, 1 + 0.45 * len(names)), sharey=True, squeeze=False)
    for panel, measure in zip(axes[0], SHOWN, strict=True):
        for number, (baseline, rows) in enumerate(table[table["quantity"] == measure].groupby("baseline", sort=False)):
            ordered = rows.drop_duplicates("line").set_index("line").reindex(names).reset_index()
            look = {"color": COLOURS.get(str(baseline), GREY), "label": BASELINES[str(baseline)]}
            plot_intervals(panel, ordered, "r2_difference", shift=0.15 - 0.3 * number, **look)
        panel.axvline(0, color="black", lw=0.8, ls=":")
        panel.set(xlabel="ΔR² (with sign)", title=MEASURE_NAMES[measure])
    name_lines(axes[0][0], names)
    figure.legend(*_once(axes.flat), loc="outside lower center", ncols=2)
    shown = table[table["quantity"] == "kl"]
    lines = shown["line"].str.replace("\n", " ") + ", " + shown["baseline"].map(BASELINES) + ":"
    return figure, f"Differences of R² on KL: {listed(lines, shown['r2_difference'], '+.2f')}."


@picture
def levels_by_reading(levels: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the correlation of weight and KL in each reading: a panel per encoder, a line per text and source.

    Args:
        levels: from `wig_book.experiments.levels.levels`; Integrated Gradients is drawn.
    """
    table = levels[(levels["method"] == "ig") & (levels["quantity"] == "kl") & (levels["baseline"] != "zero")]
    own = table["text"] == table["information"]
    table = table.assign(line=table["text"] + ("\nKL of " + table["information"]).mask(own, "\nits own KL"))
    encoders, names = (list(dict.fromkeys(table[column])) for column in ("encoder", "line"))
    figure, axes = plt.subplots(1, len(encoders), figsize=(WIDTH, 1.2 + 0.5 * len(names)), sharey=True, squeeze=False)
    for panel, encoder in zip(axes[0], encoders, strict=True):
        rows = table[table["encoder"] == encoder]
        for (unit, estimand, baseline), points in rows.groupby(["unit", "estimand", "baseline"], sort=False):
            color = COLOURS.get(str(baseline), GREY)
            shift = 0.25 - 0.25 * list(MARKERS).index(str(unit))
            heights = [shift - names.index(one) for one in points["line"]]
            label = f"{BASELINES[str(baseline)]}, {unit}, {estimand}"
            face = color if estimand == "types" else "none"
            panel.plot(points["correlation"], heights, MARKERS[str(unit)], color=color, mfc=face, label=label)
        panel.axvline(0, color="black", lw=0.8, ls=":")
        panel.set(xlabel="correlation", xlim=(-1, 1))
        panel.set_title(encoder.replace("untrained ", "untrained\n"), fontsize="x-small")
    name_lines(axes[0][0], names)
    figure.legend(*_once(axes.flat), loc="outside lower center", ncols=2, fontsize="x-small")
    spread = table.groupby("encoder", sort=False)["correlation"].agg(["min", "max"])
    ends = [f"{name} from {low:.2f} to {high:.2f}" for name, low, high in spread.itertuples()]
    return figure, f"Correlation of weight and KL over all readings: {', '.join(ends)}."
