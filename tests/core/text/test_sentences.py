"""Sentences as they are given: every container and every item, through every function that takes sentences."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from wig_core.attribution.explainer import Explainer, iter_contributions
from wig_core.attribution.explanation import explain_words
from wig_core.attribution.inputs import tokenize_sentences
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.shapley import shapley_values
from wig_core.attribution.similarity import explain_similarity
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.information.word_information import word_information
from wig_core.text.corpus import Corpus
from wig_core.text.sentences import check_sentences, iter_sentences

SENTENCES = ["the cat", "a mat"]
FAST = Explainer("shap")
Take = Callable[[SentenceEncoder, Any], Any]
ENTRY_POINTS: dict[str, Take] = {
    "check_sentences": lambda _, given: check_sentences(given),
    "encode": lambda encoder, given: encoder.encode(given),
    "tokenize": lambda encoder, given: encoder.tokenize(given),
    "tokenize_sentences": tokenize_sentences,
    "integrated_gradients": lambda encoder, given: integrated_gradients(encoder, given, steps=1),
    "shapley_values": shapley_values,
    "Explainer": FAST.explain,
    "Explainer with cache": lambda encoder, given: FAST.explain(encoder, given, cache=True),
    "explain_words": lambda encoder, given: explain_words(encoder, given, FAST),
    "iter_contributions": lambda encoder, given: list(iter_contributions(encoder, given, FAST, chunk=1)),
    "word_information": lambda _, given: word_information(given, min_count=1),
    "Corpus": lambda _, given: Corpus("mine", given),
}
OF_STRINGS = {"encode"}  # it takes a single string too
BLANK_ALLOWED = {"check_sentences", "encode", "tokenize", "word_information"}


@pytest.fixture(params=ENTRY_POINTS)
def entry(request: pytest.FixtureRequest) -> str:
    """The name of each function that takes sentences."""
    return request.param


def line(entry: str, encoder: SentenceEncoder, given: object) -> str:
    """The one line that is wrong with what is given."""
    with pytest.raises(InputError) as caught:
        ENTRY_POINTS[entry](encoder, given)
    return str(caught.value)


ITEMS = {
    "None": (None, "sentence 1 is None, not text; leave it out, or give a string"),
    "NaN": (float("nan"), "sentence 1 is nan, not text; leave it out, or give a string"),
    "NA": (pd.NA, "sentence 1 is <NA>, not text; leave it out, or give a string"),
    "number": (5, "sentence 1 is 5, not text; leave it out, or give a string"),
    "bytes": (b"a cat", "sentence 1 is b'a cat', not text; leave it out, or give a string"),
    "list": (["a", "cat"], "sentence 1 is ['a', 'cat'], not text; leave it out, or give a string"),
    "array": (np.eye(2), "sentence 1 is array([[1., 0.], [0., 1.]]), not text; leave it out, or give a string"),
    "half a character": (
        "caf\udce9",
        "sentence 1 has a character that is not text (U+DCE9, position 3); give it as UTF-8",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("item", "message"), ITEMS.values(), ids=ITEMS)
def test_an_item_that_is_not_text(bert: SentenceEncoder, entry: str, item: object, message: str) -> None:
    assert line(entry, bert, ["a cat", item]) == message
    assert line(entry, bert, (one for one in ["a cat", item])) == message


def test_a_single_string(bert: SentenceEncoder, entry: str) -> None:
    if entry in OF_STRINGS:
        assert torch.equal(bert.encode("the cat"), bert.encode(["the cat"])[0])
    else:
        what = "corpus" if entry == "word_information" else "sentences"
        assert line(entry, bert, "the cat") == f"{what} is a single string; give a list of strings"


OTHERS = {
    "set": {"the cat"},
    "frozenset": frozenset(SENTENCES),
    "dict": {"the cat": "a mat"},
    "bytes": b"the cat",
    "NoneType": None,
    "int": 3,
    "DataFrame": pd.DataFrame({"text": SENTENCES}),
}


@pytest.mark.parametrize(("kind", "given"), OTHERS.items(), ids=OTHERS)
def test_what_is_not_a_list(bert: SentenceEncoder, entry: str, kind: str, given: object) -> None:
    assert line(entry, bert, given).endswith(f" is of type {kind}; give a list of strings")


@pytest.mark.parametrize("blank", ["", " \t\n", "\u3000"], ids=["empty", "white space", "wide space"])
def test_a_blank_sentence(bert: SentenceEncoder, entry: str, blank: str) -> None:
    if entry in BLANK_ALLOWED:
        ENTRY_POINTS[entry](bert, ["the cat", blank])
    else:
        assert line(entry, bert, ["the cat", blank]) == "sentence 1 is blank; leave blank sentences out"


GIVEN: dict[str, Callable[[], Iterable[str]]] = {
    "tuple": lambda: tuple(SENTENCES),
    "array": lambda: np.array(SENTENCES),
    "array of objects": lambda: np.array(SENTENCES, dtype=object),
    "Series": lambda: pd.Series(SENTENCES, index=[7, 3]),
    "Series of strings": lambda: pd.Series(SENTENCES, dtype="string"),
    "Index": lambda: pd.Index(SENTENCES),
    "generator": lambda: (sentence for sentence in SENTENCES),
    "map": lambda: map(str.strip, SENTENCES),
    "keys": lambda: dict.fromkeys(SENTENCES).keys(),
    "Corpus": lambda: Corpus("mine", SENTENCES),
}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_whatever_holds_strings_in_an_order(bert: SentenceEncoder, entry: str, given: Callable[[], Any]) -> None:
    found, expected = ENTRY_POINTS[entry](bert, given()), ENTRY_POINTS[entry](bert, SENTENCES)
    if isinstance(expected, torch.Tensor):
        assert torch.equal(found, expected)
    elif isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected)
    elif entry in {"tokenize", "tokenize_sentences", "explain_words"}:
        assert repr(found) == repr(expected)
    else:
        assert found == expected


def test_the_two_sentences_of_a_similarity(bert: SentenceEncoder) -> None:
    for left, right, message in [
        ("a", None, "sentence 1 is None"),
        (5, "a", "sentence 0 is 5"),
        ("a", "", "1 is blank"),
    ]:
        with pytest.raises(InputError, match=message):
            explain_similarity(bert, left, right, FAST)


def test_a_stream_is_checked_as_it_is_read() -> None:
    stream = iter_sentences(iter(["a", None]))
    assert next(stream) == "a"
    with pytest.raises(InputError, match="sentence 1 is None"):
        next(stream)


def test_a_corpus_keeps_its_sentences_as_a_list() -> None:
    assert Corpus("mine", pd.Series(SENTENCES)).sentences == SENTENCES
