"""Pictures: the same bytes every time, the colours of the page, and a text for those who do not see them."""

import re
from collections import Counter
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from wig_book.figures.picture import MANY, STYLE, WIDTH, listed, picture


@picture
def dots(count: int, *, word: str = "a & b") -> tuple[Figure, str]:
    """Draw points."""
    figure, axes = plt.subplots(figsize=(4, 3))
    x = np.linspace(0, 1, count)
    axes.scatter(x, x, c=x)
    axes.errorbar([0.5], [0.5], xerr=[[0.1], [0.2]], fmt="o", markerfacecolor="white", color="black")
    axes.set(title=word, xlabel="x")
    return figure, f'{count} points of "{word}" < 1'


@picture
def panels() -> tuple[Figure, str]:
    """Draw two rows of two panels, with labels at the edges."""
    figure, axes = plt.subplots(2, 2, figsize=(WIDTH, 4), sharex=True, sharey=True)
    for panel in axes.flat:
        panel.plot([0, 1], [0, 1])
    axes[0, 0].set(title="top", ylabel="left")
    axes[0, 1].set(title="right")
    axes[1, 0].set(xlabel="under")
    axes[0, 0].plot([], [], label="line")
    axes[0, 1].errorbar([], [], xerr=[], label="interval")
    figure.legend(loc="outside lower center", ncols=2)
    return figure, "Four panels"


@picture
def close_labels() -> tuple[Figure, str]:
    """Draw two labels that have room in the wide picture alone."""
    figure, axes = plt.subplots(figsize=(WIDTH, 3))
    axes.set(xlim=(0, 1))
    for x, label in ((0.4, "the first label"), (0.6, "the second label")):
        axes.annotate(label, (x, 0.5))
    return figure, "Two labels"


def test_a_picture_is_well_formed_and_says_what_it_shows() -> None:
    [svg] = ElementTree.fromstring(dots(3)._repr_html_())
    assert (svg.get("role"), svg.get("aria-label")) == ("img", '3 points of "a & b" < 1')
    assert svg.get("viewBox") == "0 0 288 216"
    assert [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text") if text.text == "a & b"] == ["a & b"]


def test_a_picture_is_the_same_every_time_and_has_the_colours_of_the_page() -> None:
    first = dots(3)
    assert dots(3) == first
    svg = first.drawings[0].svg
    assert "#000000" not in svg
    assert "#ffffff" not in svg
    assert "currentColor" in svg
    assert not re.search(r"<g id=|<style|Matplotlib|DejaVu", svg)


@pytest.mark.parametrize(("count", "images"), [(MANY, 0), (MANY + 1, 1)])
def test_many_points_are_pixels_and_letters_stay_letters(count: int, images: int) -> None:
    svg = dots(count).drawings[0].svg
    assert svg.count("<image") == images
    assert svg.count("<text") > 3


def test_a_wide_picture_has_a_narrow_one_with_the_labels_on_every_panel() -> None:
    wide, narrow = ElementTree.fromstring(panels()._repr_html_())
    assert [one.get("class") for one in (wide, narrow)] == ["picture wide", "picture narrow"]
    assert wide.get("aria-label") == narrow.get("aria-label") == "Four panels"
    assert (wide.get("viewBox"), narrow.get("viewBox")) == ("0 0 511.2 288", "0 0 273.6 576")
    counts = [Counter(text.text for text in one.iter("{http://www.w3.org/2000/svg}text")) for one in (wide, narrow)]
    assert [[count[label] for label in ("left", "under", "top", "right", "line", "interval")] for count in counts] == [
        [1, 1, 1, 1, 1, 1],
        [2, 2, 2, 2, 1, 1],
    ]
    ids = [set(re.findall(r'(?: id="|url\(#)([^")]+)', drawing.svg)) for drawing in panels().drawings]
    assert ids[0].isdisjoint(ids[1])


def test_labels_that_cover_an_earlier_one_are_left_out_of_the_narrow_picture() -> None:
    wide, narrow = (drawing.svg for drawing in close_labels().drawings)
    assert [("first" in svg, "second" in svg) for svg in (wide, narrow)] == [(True, True), (True, False)]


def test_the_look_ends_with_the_figure() -> None:
    before = dict(plt.rcParams)
    dots(3)
    assert dict(plt.rcParams) == before
    assert before["font.size"] != STYLE["font.size"]
    assert plt.get_fignums() == []


def test_unknown_numbers_are_named() -> None:
    assert listed(["a", "b"], [1 / 3, float("nan")], ".1f") == "a 0.3, b unknown"
