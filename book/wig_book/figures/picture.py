"""The one look of the figures: colours, sizes, and pictures that carry a text for readers who do not see them.

A picture is drawn twice: for the page, and for a telephone, where panels stand below each other and letters keep their
size. The style sheet of the book shows one of them (`book.css`); everywhere else the first is seen.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, ParamSpec, TypeVar

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.legend import Legend
from matplotlib.text import Annotation

from wig_core.plotting import BLUE, VERMILLION

P = ParamSpec("P")
T = TypeVar("T")
GREEN, PURPLE, ORANGE, GREY = "#009E73", "#CC79A7", "#E69F00", "#888888"
PALETTE = (VERMILLION, BLUE, GREEN, PURPLE, ORANGE, GREY)  # of Okabe and Ito, for every kind of colour vision
DENSITY = LinearSegmentedColormap.from_list("density", [BLUE, VERMILLION])
WIDTH = 7.1  # inches: that of the column of text on a wide window, so that letters keep their size
NARROW = 3.8  # inches: that of the column of text on a telephone
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
class Drawing:
    """A figure as SVG.

    Attributes:
        svg: its content, without the outermost tag.
        size: width and height in points.
    """

    svg: str
    size: tuple[float, float]


@dataclass(frozen=True)
class Picture:
    """A figure as SVG, which a notebook shows as it is; it scales with the page and keeps its ratio.

    Attributes:
        drawings: for the page, and if it is wide for a telephone.
        alt: what the figure shows, in words and numbers.
    """

    drawings: tuple[Drawing, ...]
    alt: str

    @classmethod
    def of(cls, figure: Figure, alt: str) -> Picture:
        """Draw a figure, whose parts keep clear of each other, and close it, so that a notebook shows it once."""
        return cls(tuple(draw_layouts(figure)), alt)

    def _repr_html_(self) -> str:
        tags = [self._tag(drawing, narrow=bool(number)) for number, drawing in enumerate(self.drawings)]
        return f'<div class="picture{"s" * (len(tags) > 1)}">{"".join(tags)}</div>'

    def _tag(self, drawing: Drawing, *, narrow: bool) -> str:
        width, height = drawing.size
        style = f"width:{width:.0f}pt;max-width:100%;height:auto;stroke-linejoin:round{';display:none' * narrow}"
        return (
            f'<svg class="picture {"narrow" if narrow else "wide"}" role="img" aria-label="{escape(self.alt)}" '
            f'viewBox="0 0 {width:g} {height:g}" fill="currentColor" style="{style}" '
            f'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{drawing.svg}</svg>'
        )


def draw_layouts(figure: Figure) -> Iterator[Drawing]:
    """Draw a figure as it is, and then, if it is wide, with its panels below each other; then close it.

    Between the two the figure has the layout of the last one drawn.
    """
    figure.set_layout_engine("constrained")
    for points in (points for axes in figure.axes for points in axes.collections):
        points.set_rasterized(len(np.asarray(points.get_offsets())) > MANY)
    yield _draw(figure)
    if figure.get_figwidth() > 1.1 * NARROW:
        with plt.rc_context(STYLE):
            _stack(figure)
        yield _draw(figure)
    plt.close(figure)


def _draw(figure: Figure) -> Drawing:
    width, height = figure.get_size_inches() * 72
    file = io.StringIO()
    with plt.rc_context(STYLE | {"svg.hashsalt": f"{width}"}):  # a drawing refers to no part of the other, unseen one
        figure.savefig(file, format="svg", metadata=_NO_METADATA)
    svg = _NEEDLESS.sub("", file.getvalue()).replace('<text style="', f'<text style="{_HALO}; ')
    for colour, of_page in _COLOURS.items():
        svg = svg.replace(colour, of_page)
    return Drawing(svg[svg.index("<svg") :].partition(">")[2].rpartition("</svg>")[0], (float(width), float(height)))


def _stack(figure: Figure) -> None:
    """Put the panels below each other, each with the labels that it had in common with its row and its column."""
    placed = {
        (spec.rowspan.start, spec.colspan.start): axes for axes in figure.axes if (spec := axes.get_subplotspec())
    }
    last_row, grid = max(row for row, _ in placed), GridSpec(len(placed), 1, figure=figure)
    for number, ((row, column), axes) in enumerate(placed.items()):
        axes.set_title(axes.get_title() or placed[0, column].get_title())
        axes.set_xlabel(axes.get_xlabel() or placed[last_row, column].get_xlabel())
        axes.set_ylabel(axes.get_ylabel() or placed[row, 0].get_ylabel())
        axes.tick_params(labelleft=True, labelbottom=True)
        axes.set_subplotspec(grid[number])
    figure.set_size_inches(NARROW, figure.get_figheight() * len(placed) / (last_row + 1))
    for legend in [*figure.legends]:
        _legend_in_one_column(figure, legend)
    figure.draw_without_rendering()
    for axes in placed.values():
        _drop_covered([text for text in axes.texts if isinstance(text, Annotation)])


def _legend_in_one_column(figure: Figure, legend: Legend) -> None:
    """Replace a legend of a whole figure."""
    handles: dict[str, Any] = {}
    for axes in figure.axes:
        handles |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    names, size = [text.get_text() for text in legend.get_texts()], legend.get_texts()[0].get_fontsize()
    legend.remove()
    figure.legend([handles[name] for name in names], names, loc="outside lower center", fontsize=size)


def _drop_covered(labels: Iterable[Annotation]) -> None:
    """Remove the labels that cover an earlier one."""
    kept: list[Any] = []
    for label in labels:
        box = label.get_window_extent()
        if box.count_overlaps(kept):
            label.remove()
        else:
            kept.append(box)


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
