"""Figures of similarities that are taken apart."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from wig_core.plotting import finished


def deletion_of_pairs(curves: pd.DataFrame) -> Figure:
    """How the similarity falls as pairs of units are removed, one line per order.

    Args:
        curves: one row per order and share of the steps: order, share, fall.
    """
    figure, axes = plt.subplots(figsize=(6, 3.6))
    for order, rows in curves.groupby("order", sort=False):
        axes.plot(rows["share"] / 2, rows["fall"], label=order, ls="--" if order == "random" else "-")
    axes.set(xlabel="share of the shorter text removed from both", ylabel="fall of the similarity")
    axes.legend(title="order", frameon=False)
    return finished(figure)
