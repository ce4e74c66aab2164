"""Figures of words that can be asked: which word is this dot, what are its numbers, where does it occur.

Vega, Plotly and Bokeh weigh a megabyte or more in every book. The picture is there already, and what has to be added
are a search box and a mark: a script of two kilobytes, which each figure carries, so that it works in a book opened
from a folder, in Jupyter, and without a network. Without scripts, and on paper, the picture stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wig_book.figures.picture import Drawing, Picture, draw_layouts
from wig_book.labels import MEASURE_NAMES
from wig_core.cache import stable_hash
from wig_core.text.words import words_of

SENTENCES = 2  # shown for a word, at most


@dataclass(frozen=True)
class AskedPicture:
    """A picture with a search box, whose dots are words; a notebook shows it as it is.

    Attributes:
        picture: the static picture.
        content: what the script reads: words, panels (for each SVG a list of panels, and for each of these the place
            of each word in the SVG, or null), facts (numbers as text, by name), sentences (their texts, and for each
            word the numbers of those that have it).
    """

    picture: Picture
    content: dict[str, Any]

    def _repr_html_(self) -> str:
        content = json.dumps(self.content, ensure_ascii=False).replace("<", "\\u003c")
        name = f"words-{stable_hash([content])[:8]}"
        options = "".join(f"<option>{escape(word)}</option>" for word in self.content["words"])
        return (
            f'<div class="asked">{self.picture._repr_html_()}'
            f'<form hidden><label>Find a word: <input list="{name}" autocomplete="off"></label>'
            f'<datalist id="{name}">{options}</datalist> or point at a dot.<br>'
            f'<output style="display:block;min-height:4.5em">&nbsp;</output></form>'
            f'<script type="application/json">{content}</script><script>{_script()}</script></div>'
        )


def asked(
    figure: Figure,
    alt: str,
    words: pd.DataFrame,
    panels: Sequence[tuple[Axes, str, str]],
    sentences: Iterable[str] = (),
) -> AskedPicture:
    """Make the dots of a figure answer with their word, its numbers and its sentences.

    Args:
        figure: drawn with matplotlib, such as by `wig_core.plotting.weights_against_information`.
        alt: what the figure shows, in words and numbers.
        words: one row per word: word, and the columns that panels name; NaN where a panel lacks the word. These
            columns, and `occurrences` if there is one, are the numbers shown.
        panels: axes of the figure, each with the columns that it draws across and upwards.
        sentences: those in which the words occur; up to two are shown for a word.

    Returns:
        An object that a notebook shows.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> words = pd.DataFrame({"word": ["the", "cello"], "kl": [0.1, 2.0], "weight": [5.0, 30.0]})
        >>> figure, axes = plt.subplots()
        >>> dots = axes.scatter(words["kl"], words["weight"])
        >>> made = asked(figure, "Two words.", words, [(axes, "kl", "weight")], ["She plays the cello."])
        >>> made.content["facts"], made.content["sentences"]["of"]
        ({'KL(w)': ['0.1', '2'], 'weight': ['5', '30']}, [[0], [0]])
    """
    drawings, places = [], []
    for drawing in draw_layouts(figure):
        drawings.append(drawing)
        places.append([_places(drawing, axes, words[[x, y]]) for axes, x, y in panels])
    columns = dict.fromkeys(name for _, *pair in panels for name in pair)
    shown = [*columns, *(["occurrences"] if "occurrences" in words else [])]
    facts = {MEASURE_NAMES.get(name, name): [_number(value) for value in words[name]] for name in shown}
    content = {
        "words": words["word"].tolist(),
        "panels": places,
        "facts": facts,
        "sentences": _sentences_of(words["word"].tolist(), sentences),
    }
    return AskedPicture(Picture(tuple(drawings), alt), content)


def _places(drawing: Drawing, axes: Axes, points: pd.DataFrame) -> list[list[float] | None]:
    """Where the drawing, the last of the figure, has the points: points of type from its left and from its top."""
    width, height = drawing.size
    shares = (axes.transData - axes.get_figure(root=True).transFigure).transform(points.to_numpy(float))  # type: ignore[union-attr]
    places = [[round(x * width, 1), round((1 - y) * height, 1)] for x, y in shares.tolist()]
    return [place if known else None for place, known in zip(places, points.notna().all(axis=1), strict=True)]


def _sentences_of(words: Sequence[str], sentences: Iterable[str]) -> dict[str, Any]:
    """The sentences in which words occur, and for each word the places of up to `SENTENCES` of them."""
    of: dict[str, list[int]] = {word: [] for word in words}
    texts: list[str] = []
    for sentence in sentences:
        new = [word for word in dict.fromkeys(words_of(sentence)) if word in of and len(of[word]) < SENTENCES]
        for word in new:
            of[word].append(len(texts))
        texts += [sentence] if new else []
    return {"texts": texts, "of": [of[word] for word in words]}


def _number(value: float) -> str | None:
    if value != value:
        return None
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"


def _script() -> str:
    return resources.files("wig_book.figures").joinpath("words.js").read_text("utf-8")
