import numpy as np
import pandas as pd
import pytest

from wig_book.experiments.weighted_static_vectors import (
    StaticVectors,
    agreement_numbers,
    agreements,
    words_of_pairs,
)
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.corpus import SimilarityPairs

VECTORS = StaticVectors("toy", np.array([[1.0, 0], [0, 1.0], [1.0, 1.0]]), {"a": 0, "b": 1, "c": 2})
PAIRS = SimilarityPairs("toy", ["a c", "a", "b"], ["a", "b", "c"], [0.9, 0.1, 0.8])


def test_a_weighted_mean_by_hand():
    assert VECTORS.embed(["A b!"]).tolist() == [[0.5, 0.5]]
    assert VECTORS.embed(["a b"], pd.Series({"a": 3.0, "b": 1.0})).tolist() == [[0.75, 0.25]]


def test_a_word_too_rare_to_count_weighs_most():
    assert VECTORS.embed(["a b"], pd.Series({"a": 1.0, "x": 3.0})).tolist() == [[0.25, 0.75]]


def test_a_text_without_known_words():
    with pytest.raises(InputError, match="no word with a vector"):
        VECTORS.embed(["?!"])


def test_agreement_and_gain():
    weightings = {"uniform": None, "kl": pd.Series({"a": 1.0, "b": 1.0, "c": 1.0})}
    table = agreements([VECTORS], [], PAIRS, weightings, bootstrap=20)
    assert table["agreement"].tolist() == [pytest.approx(1), pytest.approx(1)]
    assert table["gain"].tolist() == [0, 0]
    numbers = agreement_numbers(table)
    assert (numbers["source"], numbers["agreement_uniform"], numbers["gain_kl"]) == ("toy", pytest.approx(1), 0)


def test_an_encoder_beside_its_input_embeddings():
    encoder = SentenceEncoder.load("wig-base")
    left, right = ["A cat sleeps.", "The river is wide.", "He sings."], ["A dog sleeps.", "She left.", "They sing."]
    pairs = SimilarityPairs("toy", left, right, [3, 0, 2])
    vectors = StaticVectors.of_input(encoder, words_of_pairs(pairs))
    assert vectors.vectors.shape == (len(words_of_pairs(pairs)), encoder.dimension)
    table = agreements([vectors], [encoder], pairs, {"uniform": None}, bootstrap=5)
    assert table["weighting"].tolist() == ["uniform", "encoder"]
    assert table["gain"].iloc[1] == pytest.approx(table["agreement"].diff().iloc[1])
