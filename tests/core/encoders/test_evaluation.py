"""Norm, uniformity, alignment and the agreement with people, on cases worked out by hand."""

import math

import pytest
import torch

from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.evaluation import alignment, mean_norm, similarity_correlation, uniformity
from wig_core.text.corpus import SimilarityPairs


def test_uniformity_by_hand() -> None:
    corners = torch.tensor([[3.0, 0.0], [0.0, 1.0], [-2.0, 0.0]])  # on the circle: squared distances 2, 4, 2
    assert uniformity(corners) == pytest.approx(math.log((2 * math.exp(-4) + math.exp(-8)) / 3))


def test_alignment_by_hand() -> None:
    left, right = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([[5.0, 0.0], [0.0, 0.5]])
    assert alignment(left, right) == pytest.approx((0 + 2) / 2)


def test_similarity_correlation_is_one_if_people_agree_with_the_encoder(bert: SentenceEncoder) -> None:
    left, right = ["the cat sat", "a mat", "rain", "on it"], ["the cat", "it sat on the mat", "unbelievable", "a cat"]
    scores = bert.similarity_pairwise(bert.encode(left), bert.encode(right)).tolist()
    assert similarity_correlation(bert, SimilarityPairs("own", left, right, scores)) == pytest.approx(1)
    assert similarity_correlation(bert, SimilarityPairs("own", left, right, [-s for s in scores])) == pytest.approx(-1)


def test_the_mean_norm_is_of_vectors_before_normalisation(minilm: SentenceEncoder) -> None:
    assert minilm.encode(["A cat."]).norm().item() == pytest.approx(1)
    assert mean_norm(minilm, ["A cat."]) > 1.5
