"""Passages: the sentences and paragraphs of a text."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

import regex

from wig_core.errors import needs_extra

_PARAGRAPH = regex.compile(r"(?:^|\n\s*?\n)\s*+(?=\S)")


def sentence_starts(text: str) -> list[int]:
    """Where the sentences of a text begin; spaces before a sentence belong to the one before.

    The segmenter was made for Wikipedia in many languages and is used with the rules of English.

    Raises:
        InputError: the extra `data` is not installed.

    Example:
        >>> sentence_starts("Dr. Smith came. He left at 3.15 p.m. on Monday.")
        [0, 16]
    """
    with needs_extra("data"):
        from sentencex import segment
    pieces = segment("en", text)
    ends = accumulate(map(len, pieces))
    begun = [(end - len(piece.lstrip()), piece.lstrip()) for end, piece in zip(ends, pieces, strict=True)]
    starts = [start for start, piece in begun if piece]
    # The full stop of "spp." or the question mark of a title ends no sentence, but a paragraph does.
    inner = {start for start, piece in begun if piece[:1].islower() and not text.endswith("\n\n", 0, start)}
    return [start for start in starts if start not in inner or start == starts[0]]


def paragraph_starts(text: str) -> list[int]:
    """Where the paragraphs of a text begin, between which there is a blank line.

    Example:
        >>> paragraph_starts("One.\\nStill one.\\n\\nTwo.")
        [0, 17]
    """
    return [found.end() for found in _PARAGRAPH.finditer(text)]


STARTS: dict[str, Callable[[str], list[int]]] = {"sentence": sentence_starts, "paragraph": paragraph_starts}
