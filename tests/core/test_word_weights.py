"""Word weights: small cases worked out by hand."""

import numpy as np
import pandas as pd
import pytest
import torch

from wig_core.attribution.contributions import Contributions
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.word_weights import occurrence_weights, reliability, word_weights


def contributions(**vectors: list[float]) -> Contributions:
    return Contributions(
        words=[name.rstrip("_") for name in vectors],
        vectors=torch.tensor(list(vectors.values())),
        embedding=torch.zeros(2),
        baseline_embedding=torch.zeros(2),
        completeness_error=0.0,
        steps=1,
    )


# Lengths 5 and 1 of two words; then 2, 0 and 10 of three, "cat" twice among them.
FIRST = contributions(the=[1.0, 0.0], cat=[3.0, 4.0])
SECOND = contributions(cat=[0.0, -2.0], on=[0.0, 0.0], cat_=[-6.0, 8.0])


def test_occurrences_by_hand() -> None:
    expected = pd.DataFrame(
        {
            "sentence": [0, 0, 1, 1, 1],
            "position": [0, 1, 0, 1, 2],
            "word": ["the", "cat", "cat", "on", "cat"],
            "weight": [2.0, 10.0, 6.0, 0.0, 30.0],  # lengths times the number of words in the sentence
        }
    )
    pd.testing.assert_frame_equal(occurrence_weights([FIRST, SECOND]), expected)


def test_occurrences_without_length_by_hand() -> None:
    table = occurrence_weights([FIRST, SECOND], scale_by_length=False)
    assert table["weight"].tolist() == [1.0, 5.0, 2.0, 0.0, 10.0]


def test_weights_by_hand() -> None:
    # cat: (5·2 + 2·3 + 10·3) / 3 = 46 / 3
    table = word_weights([FIRST, SECOND])
    assert table.index.tolist() == ["cat", "on", "the"]
    assert table.index.name == "word"
    assert table.columns.tolist() == ["weight", "occurrences"]
    assert table["weight"].tolist() == pytest.approx([46 / 3, 0.0, 2.0])
    assert table["occurrences"].tolist() == [3, 1, 1]


def test_weights_without_length_by_hand() -> None:
    table = word_weights([FIRST, SECOND], scale_by_length=False)
    assert table["weight"].tolist() == pytest.approx([17 / 3, 0.0, 1.0])


def test_a_stream_is_read_once() -> None:
    pd.testing.assert_frame_equal(word_weights(iter([FIRST, SECOND])), word_weights([FIRST, SECOND]))


def test_no_sentences() -> None:
    table = word_weights([])
    assert table.empty
    assert table.columns.tolist() == ["weight", "occurrences"]


def test_a_sentence_without_words() -> None:
    empty = Contributions([], torch.zeros(0, 2), torch.zeros(2), torch.zeros(2), 0.0, 1)
    pd.testing.assert_frame_equal(word_weights([empty, FIRST]), word_weights([FIRST]))


def test_real_contributions(bert: SentenceEncoder) -> None:
    explained = integrated_gradients(bert, ["the cat sat", "The CAT!"], steps=4)
    table = word_weights(explained)
    assert table["occurrences"].to_dict() == {"!": 1, "cat": 2, "sat": 1, "the": 2}
    norms = [one.vectors.square().sum(1).sqrt() for one in explained]
    assert table["weight"]["cat"] == pytest.approx(3 * (norms[0][1].item() + norms[1][1].item()) / 2, rel=1e-5)


# ── reliability ──


def noisy(noise: float, *, words: int = 300, occurrences: int = 4) -> pd.DataFrame:
    """Occurrences of words whose true weights have variance 1."""
    generator = np.random.default_rng(0)
    truth = np.repeat(generator.normal(size=words), occurrences)
    names = np.repeat([f"w{i}" for i in range(words)], occurrences)
    return pd.DataFrame({"word": names, "weight": truth + noise * generator.normal(size=len(truth))})


def test_weights_without_noise_are_wholly_reliable() -> None:
    assert reliability(noisy(0)) == pytest.approx(1)


def test_reliability_is_the_share_of_true_variance() -> None:
    assert reliability(noisy(2)) == pytest.approx(1 / (1 + 2**2 / 4), abs=0.06)  # of a mean of four


def test_reliability_needs_words_that_occur_twice() -> None:
    with pytest.raises(InputError, match="fewer than three words occur twice"):
        reliability(noisy(1, words=50, occurrences=1))
