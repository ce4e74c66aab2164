"""The figure of the page on parts of speech."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from wig_core.plotting import finished


def weights_of_parts(weights: pd.DataFrame) -> Figure:
    """The mean weight of each part of speech before (hollow) and after (filled) fine-tuning; one panel per baseline.

    Args:
        weights: one row per baseline, stage and part, with open and weight; closed classes are grey.
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
    return finished(figure)
