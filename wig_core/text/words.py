"""The unit of analysis: one segmentation into words for every encoder and every corpus.

A sentence is split into *units* by its characters alone: a word (letters and digits, with apostrophes inside, or a
number with its decimal point), one Han or kana character, or any other single grapheme (a punctuation mark, an
emoji). No tokenizer is involved, so all encoders are compared on the same units. Subword tokens are then assigned to
units by character offsets.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import regex

_UNIT = regex.compile(
    r"""
    \p{N}+ (?: [.,] \p{N}+ )+                                             # 3.14  1,000
  | [\p{Han}\p{Hiragana}\p{Katakana}] \p{M}*                              # scripts without spaces: one per character
  | [\p{L}\p{N}\p{M}--\p{Han}--\p{Hiragana}--\p{Katakana}]+               # words; hyphens part them
    (?: ['’] [\p{L}\p{N}\p{M}--\p{Han}--\p{Hiragana}--\p{Katakana}]+ )*   # don't  rock'n'roll
  | (?! [\s\p{C}] ) \X                                                    # one grapheme: punctuation, emoji
    """,
    regex.VERBOSE | regex.VERSION1,
)
_WORD = regex.compile(r"[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]")


@dataclass(frozen=True, slots=True)
class Unit:
    """A word, number or punctuation mark of a sentence.

    Attributes:
        text: its normalised text.
        start, end: its characters in the sentence, end excluded.
    """

    text: str
    start: int
    end: int


def normalise(text: str) -> str:
    """The form by which words are counted: lower case, composed characters, straight apostrophes."""
    return unicodedata.normalize("NFC", text.lower()).replace("’", "'")


def segment(sentence: str) -> list[Unit]:
    """Split a sentence into its units, in order; spaces and control characters belong to none.

    Example:
        >>> [unit.text for unit in segment("Don't panic: it's 3.14!")]
        ["don't", 'panic', ':', "it's", '3.14', '!']
    """
    return [Unit(normalise(found.group()), *found.span()) for found in _UNIT.finditer(sentence)]


def is_word(unit: str) -> bool:
    """Whether a unit is a word, with a letter, digit or emoji, and not punctuation."""
    return _WORD.search(unit) is not None


def words_of(sentence: str) -> list[str]:
    """The words of a sentence, lower-cased, in order, without punctuation.

    Example:
        >>> words_of("The well-known U.S. tour (1999) 🎸")
        ['the', 'well', 'known', 'u', 's', 'tour', '1999', '🎸']
    """
    return [normalise(text) for text in _UNIT.findall(sentence) if is_word(text)]


def units_of_tokens(units: Sequence[Unit], offsets: Sequence[tuple[int, int]]) -> list[int | None]:
    """The unit that each subword token belongs to.

    A token belongs to the unit with which it shares most characters. A token that shares none (a lone space mark of
    SentencePiece, a control character) is assigned to the next unit, or to the last, so that no contribution is lost.

    Args:
        units: the units of the sentence, in order.
        offsets: the characters (start, end) of each token, in order, without special tokens.

    Returns:
        For each token an index into `units`; None for all tokens if the sentence has no units.
    """
    if not units:
        return [None] * len(offsets)
    owners: list[int | None] = []
    first = 0  # units before this one end before every later token
    for start, end in offsets:
        while first < len(units) - 1 and units[first].end <= start:
            first += 1
        best, most = first, 0
        for index in range(first, len(units)):
            unit = units[index]
            if unit.start >= end:
                break
            shared = min(end, unit.end) - max(start, unit.start)
            if shared > most:
                best, most = index, shared
        owners.append(best)
    return owners
