"""The figure of the page on parts of speech."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from wig_book.figures.panels import name_lines, panels_by
from wig_core.plotting import finished


def weights_of_parts(weights: pd.DataFrame) -> Figure:
    """The mean weight of each part of speech before (hollow) and after (filled) fine-tuning; one panel per baseline.

    Args:
        weights: one row per baseline, stage and part, with open and weight; closed classes are grey.
    """
    after = weights[(weights["baseline"] == weights["baseline"].iloc[0]) & (weights["stage"] == "after")]
    order = after.sort_values("weight", ascending=False)["part"].tolist()
    figure, panels = panels_by(weights, "baseline", width=4.8, height=1.2 + 0.27 * len(order), title="baseline {}")
    for axes, rows in panels:
        for row in rows.itertuples():
            colour = "crimson" if row.open else "0.5"
            face = "white" if row.stage == "before" else colour
            axes.plot(row.weight, -order.index(row.part), "o", color=colour, markerfacecolor=face, ms=6)
        axes.axvline(1, color="black", lw=1, ls=":")
        name_lines(axes, order)
        axes.set(xlabel="mean weight, all words = 1")
    return finished(figure)
