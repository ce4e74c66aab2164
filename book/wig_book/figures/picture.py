"""The one look of the figures: colours, sizes, and pictures that carry a text for readers who do not see them."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from typing import Any, ParamSpec, TypeVar

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from wig_core.plotting import BLUE, VERMILLION

P = ParamSpec("P")
T = TypeVar("T")
GREEN, PURPLE, ORANGE, GREY = "#009E73", "#CC79A7", "#E69F00", "#888888"
PALETTE = (VERMILLION, BLUE, GREEN, PURPLE, ORANGE, GREY)  # of Okabe and Ito, for every kind of colour vision
DENSITY = LinearSegmentedColormap.from_list("density", [BLUE, VERMILLION])
WIDTH = 7.1  # inches: that of the column of text on a wide window, so that letters keep their size
MANY = 1500  # points that are drawn as pixels, within the SVG
STYLE: dict[Any, Any] = {
    "axes.facecolor": "none",
    "axes.labelsize": 9.5,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9.5,
    "figure.facecolor": "none",
    "font.size": 9.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.5,
    "savefig.dpi": 200,  # of what is drawn as pixels
    "svg.fonttype": "none",  # letters stay text: they can be searched, and take the font of the page
    "svg.hashsalt": "wig",  # the same figure has the same bytes
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
}
_NO_METADATA = dict.fromkeys(["Creator", "Date", "Format", "Type"])
# What is black or white in a figure takes the colours of the page, in the dark theme of a book or of Jupyter too.
_COLOURS = {
    "#000000": "currentColor",
    "#ffffff": "var(--pst-color-background, var(--jp-layout-color0, #fff))",
}
_HALO = "paint-order: stroke; stroke: #ffffff; stroke-width: 1.5"  # keeps letters readable on points
# Ids that nothing refers to, and fonts, styles and turns by zero degrees that the page has or does not need.
_NEEDLESS = re.compile(r'(?<=<g) id="[^"]*"|font-family:[^;"]*; |<style.*?</style>| transform="rotate\(-0 [^"]*"')


@dataclass(frozen=True)
class Picture:
    """A figure as SVG, which a notebook shows as it is; it scales with the page and keeps its ratio.

    Attributes:
        svg: the content of the SVG, without its outermost tag.
        size: width and height in points.
        alt: what the figure shows, in words and numbers.
    """

    svg: str
    size: tuple[float, float]
    alt: str

    @classmethod
    def of(cls, figure: Figure, alt: str) -> Picture:
        """Draw a figure, whose parts keep clear of each other, and close it, so that a notebook shows it once."""
        figure.set_layout_engine("constrained")
        for points in (points for axes in figure.axes for points in axes.collections):
            points.set_rasterized(len(np.asarray(points.get_offsets())) > MANY)
        width, height = figure.get_size_inches() * 72
        file = io.StringIO()
        with plt.rc_context(STYLE):
            figure.savefig(file, format="svg", metadata=_NO_METADATA)
        plt.close(figure)
        svg = _NEEDLESS.sub("", file.getvalue()).replace('<text style="', f'<text style="{_HALO}; ')
        for colour, of_page in _COLOURS.items():
            svg = svg.replace(colour, of_page)
        return cls(
            svg[svg.index("<svg") :].partition(">")[2].rpartition("</svg>")[0], (float(width), float(height)), alt
        )

    def _repr_html_(self) -> str:
        width, height = self.size
        style = f"width:{width:.0f}pt;max-width:100%;height:auto;stroke-linejoin:round"
        return (
            f'<svg class="picture" role="img" aria-label="{escape(self.alt)}" viewBox="0 0 {width:g} {height:g}" '
            f'fill="currentColor" style="{style}" xmlns="http://www.w3.org/2000/svg" '
            f'xmlns:xlink="http://www.w3.org/1999/xlink">{self.svg}</svg>'
        )


def in_style(draw: Callable[P, T]) -> Callable[P, T]:
    """Make a function draw in the book's look."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **options: P.kwargs) -> T:
        with plt.rc_context(STYLE):
            return draw(*args, **options)

    return drawn


def picture(draw: Callable[P, tuple[Figure, str]]) -> Callable[P, Picture]:
    """Make a function that draws a figure, and says in a text what it shows, return a `Picture` in the book's look."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **options: P.kwargs) -> Picture:
        return Picture.of(*in_style(draw)(*args, **options))

    return drawn


def listed(names: Iterable[object], values: Iterable[float], form: str = ".2f") -> str:
    """Names with their numbers, for the text of a figure.

    Example:
        >>> listed(["mask", "pad"], [0.5, float("nan")])
        'mask 0.50, pad unknown'
    """
    pairs = zip(names, values, strict=True)
    return ", ".join(f"{name} {value:{form}}" if value == value else f"{name} unknown" for name, value in pairs)
