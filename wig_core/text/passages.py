"""Passages: the phrases, sentences and paragraphs of a text."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

import regex

from wig_core.errors import needs_extra

_PARAGRAPH = regex.compile(r"(?:^|\n\s*?\n)\s*+(?=\S)")
_PHRASE = regex.compile(
    r"""(?:[,;:،؛–—][\p{Pe}\p{Pf}"']*\s | \p{Pe}\s | [、，；：])\s*+(?=\S) | \s(?=\p{Ps})""", regex.VERBOSE
)


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


def phrase_starts(text: str) -> list[int]:
    """Where the phrases of a text begin: its sentences, cut at the punctuation within them.

    A phrase ends after a comma, semicolon, colon, dash or closing bracket before a space, or a full-width mark without
    one, and before an opening bracket. The rule knows no grammar, so that it holds for every language with such marks.

    Raises:
        InputError: the extra `data` is not installed.

    Example:
        >>> text = "In 1815, after 3,000 days (or more), he left. She stayed."
        >>> [text[start:].split()[0] for start in phrase_starts(text)]
        ['In', 'after', '(or', 'he', 'She']
    """
    return sorted({*sentence_starts(text), *(found.end() for found in _PHRASE.finditer(text.rstrip()))})


def paragraph_starts(text: str) -> list[int]:
    """Where the paragraphs of a text begin, between which there is a blank line.

    Example:
        >>> paragraph_starts("One.\\nStill one.\\n\\nTwo.")
        [0, 17]
    """
    return [found.end() for found in _PARAGRAPH.finditer(text)]


STARTS: dict[str, Callable[[str], list[int]]] = {
    "phrase": phrase_starts,
    "sentence": sentence_starts,
    "paragraph": paragraph_starts,
}
