"""Sentences as they are given: the one check of all functions that take several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from wig_core.errors import InputError


def check_sentences(sentences: Iterable[str], *, name: str = "sentences", blank: bool = True) -> list[str]:
    """The sentences as a list: of a list, tuple, array, `Series` or `Corpus`, or of a generator, which is read once.

    Args:
        sentences: any number of strings, in an order.
        name: what the message calls them.
        blank: whether a sentence may be empty or white space.

    Raises:
        InputError: they are a single string, or of a type without an order of strings; one of them is no string, has
            half a surrogate pair, or is blank although it must not be.

    Example:
        >>> check_sentences(("A cat.", None))
        Traceback (most recent call last):
        wig_core.errors.InputError: sentence 1 is None, not text; leave it out, or give a string
    """
    return list(iter_sentences(sentences, name=name, blank=blank))


def iter_sentences(sentences: Iterable[str], *, name: str = "sentences", blank: bool = True) -> Iterator[str]:
    """The sentences one by one, each checked when it is read; arguments and errors as in `check_sentences`."""
    if isinstance(sentences, str):
        raise InputError(f"{name} is a single string; give a list of strings")
    # What follows can be iterated, but over bytes, keys and columns, or in an order that changes.
    if isinstance(sentences, bytes | bytearray | Mapping | set | frozenset | pd.DataFrame):
        raise InputError(f"{name} is of type {type(sentences).__name__}; give a list of strings")
    try:
        stream = iter(sentences)
    except TypeError:
        raise InputError(f"{name} is of type {type(sentences).__name__}; give a list of strings") from None
    for index, sentence in enumerate(stream):
        _check_sentence(sentence, index, blank)
        yield sentence


def _check_sentence(sentence: object, index: int, blank: bool) -> None:
    if not isinstance(sentence, str):
        shown = " ".join(repr(sentence).split())
        raise InputError(f"sentence {index} is {shown:.40}, not text; leave it out, or give a string")
    try:
        sentence.encode()
    except UnicodeEncodeError as error:
        character = f"U+{ord(sentence[error.start]):04X}, position {error.start}"
        raise InputError(f"sentence {index} has a character that is not text ({character}); give it as UTF-8") from None
    if not blank and not sentence.strip():
        raise InputError(f"sentence {index} is blank; leave blank sentences out")
