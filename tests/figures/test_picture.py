"""Pictures: the same bytes every time, the colours of the page, and a text for those who do not see them."""

import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from wig_book.figures.picture import MANY, STYLE, listed, picture


@picture
def dots(count: int, *, word: str = "a & b") -> tuple[Figure, str]:
    """Draw points."""
    figure, axes = plt.subplots(figsize=(4, 3))
    x = np.linspace(0, 1, count)
    axes.scatter(x, x, c=x)
    axes.errorbar([0.5], [0.5], xerr=[[0.1], [0.2]], fmt="o", markerfacecolor="white", color="black")
    axes.set(title=word, xlabel="x")
    return figure, f'{count} points of "{word}" < 1'


def test_a_picture_is_well_formed_and_says_what_it_shows() -> None:
    svg = ElementTree.fromstring(dots(3)._repr_html_())
    assert (svg.get("role"), svg.get("aria-label")) == ("img", '3 points of "a & b" < 1')
    assert svg.get("viewBox") == "0 0 288 216"
    assert [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text") if text.text == "a & b"] == ["a & b"]


def test_a_picture_is_the_same_every_time_and_has_the_colours_of_the_page() -> None:
    first = dots(3)
    assert dots(3) == first
    assert "#000000" not in first.svg
    assert "#ffffff" not in first.svg
    assert "currentColor" in first.svg
    assert not re.search(r"<g id=|<style|Matplotlib|DejaVu", first.svg)


@pytest.mark.parametrize(("count", "images"), [(MANY, 0), (MANY + 1, 1)])
def test_many_points_are_pixels_and_letters_stay_letters(count: int, images: int) -> None:
    svg = dots(count).svg
    assert svg.count("<image") == images
    assert svg.count("<text") > 3


def test_the_look_ends_with_the_figure() -> None:
    before = dict(plt.rcParams)
    dots(3)
    assert dict(plt.rcParams) == before
    assert before["font.size"] != STYLE["font.size"]
    assert plt.get_fignums() == []


def test_unknown_numbers_are_named() -> None:
    assert listed(["a", "b"], [1 / 3, float("nan")], ".1f") == "a 0.3, b unknown"
