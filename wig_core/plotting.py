"""Figures of words: a function per kind of figure, which draws what it is given and computes no result.

The figures need the extra `plot`; `heat_map` makes HTML and needs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wig_core.errors import needs_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

AXIS_LABELS = {
    "kl": "KL(w)  [nats]",
    "self_information": "−log P(w)  [nats]",
    "weight": "weight of the word, mean of ‖c‖·n",
}
BLUE, VERMILLION = "#0072B2", "#D55E00"  # of Okabe and Ito: distinct for every colour vision, on white and on black
_YELLOW_TO_RED = ("ffffcc", "ffeda0", "fed976", "feb24c", "fd8d3c", "fc4e2a", "e31a1c", "bd0026", "800026")


def heat_map(occurrences: pd.DataFrame, columns: dict[str, str]) -> str:
    """Sentences as an HTML table, each word shaded by a number.

    Args:
        occurrences: one row per word occurrence: sentence, position, word, and the columns to shade by. A word whose
            number is NaN is grey.
        columns: maps a column to the label of its line. Each sentence has one line per column, shaded from the least
            to the greatest value of the column.
    """
    lines, margin = [], "opacity:.7;white-space:nowrap;padding-right:1.5em"
    for _, words in occurrences.groupby("sentence", sort=True):
        for column, label in columns.items():
            low, high = occurrences[column].min(), occurrences[column].max()
            pairs = zip(words["word"], words[column], strict=True)
            spans = " ".join(_shaded(word, value, (value - low) / (high - low or 1)) for word, value in pairs)
            lines.append(f'<tr><td style="{margin}">{escape(label)}</td><td>{spans}</td></tr>')
        lines.append('<tr><td colspan="2" style="height:.6em"></td></tr>')
    return f'<table style="line-height:2;text-align:left;border:0">{"".join(lines)}</table>'


def _shaded(word: str, value: float, share: float) -> str:
    if np.isnan(value):
        return f'<span style="font-style:italic" title="too rare">{escape(word)}</span>'
    style = f"background:{_colour(0.7 * share)};color:#000;border-radius:3px;padding:2px 4px"
    return f'<span style="{style}" title="{value:.3g}">{escape(word)}</span>'


def _colour(share: float) -> str:
    """The colour at a share from 0 to 1 of ColorBrewer's YlOrRd, as matplotlib computes it, without matplotlib."""
    anchors = [[int(colour[i : i + 2], 16) for i in (0, 2, 4)] for colour in _YELLOW_TO_RED]
    place, steps = min(int(share * 256), 255) / 255, np.linspace(0, 1, len(anchors))
    return "#" + "".join(f"{round(np.interp(place, steps, channel)):02x}" for channel in zip(*anchors, strict=True))


@needs_extra("plot")
def weights_against_information(words: pd.DataFrame, fits: pd.DataFrame, *, label: int = 12) -> Figure:
    """The paper's scatter: the weight of each word against each quantity, with the fitted line and its R².

    Args:
        words: one row per word: word, weight and the quantities.
        fits: one row per quantity: x, slope, intercept, r2, r2_low, r2_high, n_words.
        label: about how many words to name.
    """
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(fits), figsize=(5.2 * len(fits), 4.6), sharey=True, squeeze=False)
    for axes, fit in zip(panels[0], fits.itertuples(), strict=True):
        x, y = words[fit.x], words["weight"]
        plot_density(axes, x, y)
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, fit.intercept + fit.slope * ends, color="black", lw=1.5)
        label_words(axes, words["word"], x, y, label)
        axes.set(xlabel=AXIS_LABELS.get(fit.x, fit.x), ylabel=AXIS_LABELS["weight"] if axes is panels[0, 0] else "")
        axes.set_title(f"R² = {fit.r2:.3f}  [{fit.r2_low:.3f}, {fit.r2_high:.3f}],  {fit.n_words} words", fontsize=10)
    return finished(figure)


def finished(figure: Figure) -> Figure:
    """The figure without the top and right edges of its boxes, and closed so that a notebook shows it only once."""
    import matplotlib.pyplot as plt

    for axes in figure.axes:
        for side in ("top", "right", "left", "bottom"):
            axes.spines[side].set_visible(side in ("left", "bottom"))
    figure.tight_layout()
    plt.close(figure)
    return figure


def plot_density(axes: Axes, x: pd.Series, y: pd.Series) -> None:
    """Draw points from blue to vermillion by the density of points around them, the densest on top."""
    from matplotlib.colors import LinearSegmentedColormap
    from scipy.stats import gaussian_kde

    points = np.vstack([x, y])
    near = gaussian_kde(points)(points) if len(x) > 10 else np.ones(len(x))
    order = np.argsort(near, kind="stable")
    colours = LinearSegmentedColormap.from_list("density", [BLUE, VERMILLION])
    axes.scatter(points[0, order], points[1, order], c=near[order], cmap=colours, s=12, linewidths=0)


def label_words(axes: Axes, words: Sequence[str], x: pd.Series, y: pd.Series, count: int) -> None:
    """Name the outermost words first, towards the middle, leaving out those whose label would cover another."""
    points = np.column_stack([x, y])
    scaled = (points - points.mean(0)) / (np.ptp(points, axis=0) + 1e-12)
    middle = points[:, 0].min() + np.ptp(points[:, 0]) / 2
    axes.autoscale_view()  # at once: the places of labels depend on it
    placed: list[Bbox] = []
    for index in np.argsort(-np.linalg.norm(scaled, axis=1), kind="stable"):
        if len(placed) == count:
            break
        shift, side = (3, "left") if points[index, 0] <= middle else (-3, "right")
        text = axes.annotate(
            list(words)[index], points[index], xytext=(shift, 3), textcoords="offset points", ha=side, fontsize=8,
            parse_math=False,
        )  # fmt: skip
        box = text.get_window_extent().expanded(1.05, 1.1)
        if box.count_overlaps(placed):
            text.remove()
        else:
            placed.append(box)
