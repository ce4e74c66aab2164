"""Figures of similarities that are taken apart."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from wig_book.figures.picture import GREY, WIDTH, listed, picture


@picture
def deletion_of_pairs(curves: pd.DataFrame) -> tuple[Figure, str]:
    """How the similarity falls as pairs of units are removed, one line per order; the random one is dashed.

    Args:
        curves: one row per order and share of the steps: order, share, fall.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4))
    for order, rows in curves.groupby("order", sort=False):
        style, color = ("--", GREY) if order == "random" else ("-", None)
        axes.plot(rows["share"] / 2, rows["fall"], style, color=color, label=order)
    axes.set(xlabel="share of the shorter text removed from both", ylabel="fall of the similarity")
    axes.legend(title="order")
    means = curves.groupby("order", sort=False)["fall"].mean()
    return figure, f"Fall of the similarity while pairs of units are removed; its mean: {listed(means.index, means)}."
