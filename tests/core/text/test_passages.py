"""Sentences and paragraphs: where they begin."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wig_core.text.passages import STARTS, paragraph_starts, phrase_starts, sentence_starts


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. Smith came. He left.", ["Dr. Smith came. ", "He left."]),
        ("  He said: “No way!”  Then\nleft? Yes.", ["He said: “No way!”  ", "Then\nleft? ", "Yes."]),
        ("Three spp. are known. One is rare.", ["Three spp. are known. ", "One is rare."]),
        ("No full stop\n\nhere a new one", ["No full stop\n\n", "here a new one"]),
        ("今天下雨。明天晴。", ["今天下雨。", "明天晴。"]),
        ("word", ["word"]),
        (" \n", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    starts = sentence_starts(text)
    assert [text[a:b] for a, b in pairwise([*starts, len(text)])] == sentences


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("On a mat, it sat: well. It left", ["On a mat, ", "it sat: ", "well. ", "It left"]),
        ("3,000 cats (or 12:30), all", ["3,000 cats ", "(or 12:30), ", "all"]),
        ("the “mat,” he said – and sat", ["the “mat,” ", "he said – ", "and sat"]),
        ("well-known, ", ["well-known, "]),
        ("今天下雨，明天晴。", ["今天下雨，", "明天晴。"]),
        (" \n", []),
    ],
)
def test_phrases(text: str, phrases: list[str]) -> None:
    starts = phrase_starts(text)
    assert [text[a:b] for a, b in pairwise([*starts, len(text)])] == phrases


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("One.\nStill.\n\nTwo.\n \t\n\n  Three.\n\n", [0, 13, 24]),
        ("\n\n One", [3]),
        ("One", [0]),
        (" \n\n ", []),
        ("a\r\n\r\nb", [0, 5]),
    ],
)
def test_paragraphs(text: str, starts: list[int]) -> None:
    assert paragraph_starts(text) == starts


@given(st.text(alphabet="Aa .!?,(),\n\t。é\u200b\U0001f600", max_size=30), st.sampled_from(list(STARTS)))
def test_starts_are_visible_characters_in_order_from_the_first(text: str, granularity: str) -> None:
    starts = STARTS[granularity](text)
    assert starts == sorted(set(starts))
    assert not any(text[start].isspace() for start in starts)
    assert starts[:1] == [len(text) - len(text.lstrip())] * bool(text.strip())
