"""The figure of the page on parts of speech."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from wig_book.figures.panels import name_lines, panels_by
from wig_book.figures.picture import GREY, VERMILLION, listed, picture


@picture
def weights_of_parts(weights: pd.DataFrame) -> tuple[Figure, str]:
    """The mean weight of each part of speech before (hollow) and after (filled) fine-tuning; one panel per baseline.

    Args:
        weights: one row per baseline, stage and part, with open and weight; closed classes are grey.
    """
    baseline = weights["baseline"].iloc[0]
    first = weights[weights["baseline"] == baseline].pivot(index="part", columns="stage", values="weight")
    order = first.sort_values("after", ascending=False).index.tolist()
    figure, panels = panels_by(weights, "baseline", height=1.2 + 0.25 * len(order), title="baseline {}")
    for axes, rows in panels:
        for row in rows.itertuples():
            colour = VERMILLION if row.open else GREY
            face = "white" if row.stage == "before" else colour
            axes.plot(row.weight, -order.index(row.part), "o", color=colour, markerfacecolor=face, ms=6)
        axes.axvline(1, color="black", lw=1, ls=":")
        name_lines(axes, order)
        axes.set(xlabel="mean weight, all words = 1")
    changes = [f"{part} {first.loc[part, 'before']:.2f} before and" for part in order]
    alt = f"Mean weight of the parts of speech, where all words have 1, baseline {baseline}, before and after"
    return figure, f"{alt} fine-tuning: {listed(changes, first.loc[order, 'after'])}."
