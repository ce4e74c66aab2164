"""The unit of analysis: one segmentation into words for every encoder and every corpus.

A sentence is split into *units* by its characters alone, so that all encoders are compared on the same units: words
(letters and digits, with apostrophes inside), numbers with their separators, and single graphemes for all else (a
punctuation mark, an emoji). Marks, joiners, soft hyphens and characters that are not shown never part a word, as in
Unicode's word rule (UAX #29, WB4); only the zero-width space does. Unlike there, a full stop between letters and an
underscore do part words.

Scripts without spaces are not segmented into words, which takes a dictionary: each grapheme is a unit in Chinese and
Japanese (a prolonged sound mark belongs to its kana), Thai, Lao, Khmer, Burmese and their relatives; each syllable is
one in Tibetan.

Subword tokens are then assigned to units by character offsets.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import regex

_HIDDEN = r"\p{Cc}\p{Default_Ignorable_Code_Point}"  # control characters, joiners, soft hyphens, variation selectors
_ATTACHED = rf"[\p{{WB=Extend}}{_HIDDEN}--[\s\x1c-\x1f\u200b]]"  # may follow any character of a word
_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{lb=SA}ーｰ"  # SA: scripts of South East Asia
_LETTER = rf"[\p{{L}}\p{{N}}\p{{M}}\p{{GCB=Prepend}}--[{_SPACELESS}]]"
_UNIT = regex.compile(
    rf"""
    (?! [\s\p{{Cs}}{_HIDDEN}] )
    (?: \p{{N}} [\p{{N}}{_ATTACHED}]* (?: [.,٫٬] {_ATTACHED}* \p{{N}} [\p{{N}}{_ATTACHED}]* )+  # 3.14  1,000
      | (?= [{_SPACELESS}] ) \X [ーｰ{_ATTACHED}]*
      | {_LETTER} [{_LETTER}{_ATTACHED}]*                                                     # words, without hyphens
        (?: ['’] {_ATTACHED}* {_LETTER} [{_LETTER}{_ATTACHED}]* )*                            # don't  rock'n'roll
      | \X                                                                                    # punctuation, emoji
    )""",
    regex.VERBOSE | regex.VERSION1,
)
_WORD = regex.compile(r"[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]")
_HIDDEN_INSIDE = regex.compile(rf"[{_HIDDEN}]+", regex.VERSION1)
_EMOJI = regex.compile(r"[\p{Extended_Pictographic}\p{Regional_Indicator}\u20e3]")


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
    """The form by which words are counted: lower case, composed characters (NFC), straight apostrophes.

    Characters that are not shown (joiners, soft hyphens, control characters) are dropped, except from emoji, which they
    compose. Lower case does not depend on the language; the Turkish İ becomes i, as in the lower-case spelling.

    Example:
        >>> normalise("İstanbul’s"), normalise("co\u00adoperate")
        ("istanbul's", 'cooperate')
    """
    if _HIDDEN_INSIDE.search(text) and not _EMOJI.search(text):
        text = _HIDDEN_INSIDE.sub("", text)
    # str.lower turns İ into i and a dot above. Only decomposed text shows every such dot in the same place.
    lower = unicodedata.normalize("NFD", text).lower().replace("i\u0307", "i")
    return unicodedata.normalize("NFC", lower).replace("’", "'")


def segment(sentence: str) -> list[Unit]:
    """Split a sentence into its units, in order; spaces, and hidden characters outside words, belong to none.

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


def units_of_tokens(units: Sequence[Unit], offsets: Sequence[tuple[int, int]]) -> tuple[list[Unit], list[int]]:
    """The units as a tokenizer reads them, and the unit that each subword token belongs to.

    Units that share a token are merged, because nothing tells their contributions apart: a token over three Chinese
    characters makes one unit of them, and its name is not among the words of a corpus that was counted by `words_of`.
    A unit without a token is left out: the tokenizer has cut the sentence before it, or drops its characters. So each
    unit that is returned owns a token.

    A token that shares no character with a unit (a lone space mark of SentencePiece, a control character) goes with the
    next token, or at the end with the one before. A token with empty offsets stands for the characters between its
    neighbours.

    Args:
        units: the units of the sentence, in order.
        offsets: the characters (start, end) of each token, in the order of the tokens, without special tokens.

    Returns:
        The units that are read, in order; and for each token an index into them, −1 for all tokens if there are none.

    Example:
        >>> units_of_tokens(segment("日本語です"), [(0, 3), (3, 4), (4, 5)])[1]
        [0, 1, 2]
        >>> [unit.text for unit in units_of_tokens(segment("a cat..."), [(0, 1), (2, 5), (5, 8)])[0]]
        ['a', 'cat', '...']
    """
    spans = _spans(offsets)
    touched = _touched(units, spans)
    joined = {index for indices in touched for index in indices[1:]}  # those that share a token with the one before
    read: list[Unit] = []
    for index in sorted({index for indices in touched for index in indices}):
        if index in joined:
            read[-1] = _merged(read[-1], units[index])
        else:
            read.append(units[index])
    owners = [indices[0] if indices else -1 for indices in _touched(read, spans)]
    return read, _filled(_filled(owners[::-1])[::-1])


def _spans(offsets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The characters of each token; for a token with empty offsets those between its neighbours."""
    spans = list(offsets)
    for left, right in pairwise(i for i, (start, end) in enumerate(offsets) if start < end):
        spans[left + 1 : right] = [(offsets[left][1], offsets[right][0])] * (right - left - 1)
    return spans


def _touched(units: Sequence[Unit], spans: Sequence[tuple[int, int]]) -> list[range]:
    """The indices of the units that each token shares a character with."""
    starts, ends = [unit.start for unit in units], [unit.end for unit in units]
    return [range(bisect_right(ends, start), bisect_left(starts, end)) for start, end in spans]


def _merged(one: Unit, other: Unit) -> Unit:
    space = " " if one.end < other.start else ""
    return Unit(one.text + space + other.text, one.start, other.end)


def _filled(owners: Iterable[int]) -> list[int]:
    """Each −1 replaced by the number before it."""

    def latest(last: int, owner: int) -> int:
        return last if owner < 0 else owner

    return list(accumulate(owners, latest))
