"""Measures of information: by hand, and against `word_information`."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wig_book.experiments.quantities import (
    QUANTITIES,
    commonality,
    commonality_table,
    quantities,
    reliabilities,
    smoothed_kl,
)
from wig_core.information.cooccurrence import count_block
from wig_core.information.word_information import word_information
from wig_core.regression import r2_of
from wig_core.text.words import words_of

DOCUMENTS = [["the cat sleeps", "the cat eats"], ["the dog barks"], ["a dog eats the cat"], ["the end"]]
SENTENCES = [one for part in DOCUMENTS for one in part]


def test_kl_and_self_information_are_those_of_the_library() -> None:
    found = quantities(DOCUMENTS, words_of, min_count=1)
    expected = word_information(SENTENCES, min_count=1).loc[found.index]
    for name in ("kl", "self_information", "count"):
        np.testing.assert_allclose(found[name], expected[name], atol=1e-12)
    assert {*found.columns} == {"count", *QUANTITIES}


def test_measures_over_documents_by_hand() -> None:
    found = quantities(DOCUMENTS, words_of, min_count=1)
    assert found.loc["dog", "idf"] == pytest.approx(np.log(2))
    assert found.loc["the", "idf"] == pytest.approx(0)
    assert found.loc["dog", "residual_idf"] == pytest.approx(np.log(2) + np.log(1 - np.exp(-2 / 4)))
    words = np.array([6, 3, 5, 2])  # of each document
    assert found.loc["sleeps", "kl_documents"] == pytest.approx(np.log(16 / 6))
    share = np.array([2, 0, 1, 0]) / 3
    expected = sum(p * np.log(p * 16 / n) for p, n in zip(share, words, strict=True) if p)
    assert found.loc["cat", "kl_documents"] == pytest.approx(expected)


def test_a_smoothed_kl_by_hand() -> None:
    seen, *_ = count_block((0, SENTENCES), tokenize=words_of, shuffles=0, seed=0).seen
    rows = np.arange(len(seen.counts))
    np.testing.assert_allclose(smoothed_kl(seen, rows, prior=0), seen.kl(rows), atol=1e-12)
    background = seen.counts / seen.counts.sum()
    mixed = (seen.pairs.toarray() + 7 * background) / (seen.pairs.toarray().sum(1, keepdims=True) + 7)
    np.testing.assert_allclose(
        smoothed_kl(seen, rows, prior=7), (mixed * np.log(mixed / background)).sum(1), atol=1e-12
    )


def test_documents_that_repeat_are_reliable_and_random_ones_are_not() -> None:
    same = reliabilities(DOCUMENTS * 8, words_of, min_count=2, splits=3)
    assert same["self_information"] > 0.85
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(30)]
    noise = [[" ".join(rng.choice(words, 6))] for _ in range(200)]
    assert reliabilities(noise, words_of, min_count=2, splits=3)["kl"] < 0.6


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_common_parts_sum_to_r2(seed: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(20, columns)), rng.normal(size=20)
    parts = commonality(x, y)
    assert len(parts) == 2**columns - 1
    assert sum(parts.values()) == pytest.approx(r2_of(x, y))
    assert parts[(0,)] == pytest.approx(r2_of(x, y) - r2_of(x[:, 1:], y))


def test_a_table_of_common_parts_names_them() -> None:
    rng = np.random.default_rng(0)
    words = pd.Index([f"w{i}" for i in range(40)], name="word")
    information = pd.DataFrame(rng.normal(size=(40, 2)), words, ["kl", "idf"])
    weights = (information["kl"] + 0.1 * rng.normal(size=40)).rename("weight").to_frame()
    table = commonality_table(weights, information, ["kl", "idf"])
    assert table["quantities"][0] == "kl"
    assert set(table["quantities"]) == {"kl", "idf", "kl + idf"}
