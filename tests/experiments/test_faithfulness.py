"""Deletion and insertion curves: their ends, a case by hand, and weights that are known to be good."""

import numpy as np
import pandas as pd
import pytest
import torch

from wig_book.experiments.faithfulness import GRID, areas_between, distances, perturbation_curves, presence_mask
from wig_core.attribution.shapley import shapley_values
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

SENTENCES = ["the cat sat on a mat", "rain", "the well-known cats don't sit", "it rains, the mat sits"]


def test_presence_by_hand() -> None:
    order = torch.tensor([1, 0])
    assert presence_mask(order, "deletion").int().tolist() == [[1, 1], [1, 0], [0, 0]]
    assert presence_mask(order, "insertion").int().tolist() == [[0, 0], [0, 1], [1, 1]]


def test_distances_by_hand() -> None:
    deleted = torch.tensor([[0.0], [3.0], [4.0]])
    found = distances(deleted, "deletion")
    assert found[[0, 5, 10, 20]].tolist() == [0, 0.375, 0.75, 1]
    np.testing.assert_allclose(distances(deleted.flip(0), "insertion"), found[::-1])


def test_curves_start_and_end_at_the_whole_sentence_and_at_none(tiny: SentenceEncoder) -> None:
    weights = {"shap": [one.norms for one in shapley_values(tiny, SENTENCES)]}
    curves = perturbation_curves(tiny, SENTENCES, weights, random_orders=2)
    ends = curves[curves["share"].isin([0, 1])].groupby(["curve", "share"])["distance"]
    assert ends.max().round(5).to_dict() == ends.min().round(5).to_dict()
    assert ends.mean().round(5).to_dict() == {
        ("deletion", 0): 0,
        ("deletion", 1): 1,
        ("insertion", 0): 1,
        ("insertion", 1): 0,
    }
    assert set(curves["sentence"]) == {0, 2, 3}  # a single word has no order
    assert len(curves) == 3 * 2 * 2 * len(GRID)


def test_shapley_values_beat_a_random_order_and_their_reverse_does_not(minilm: SentenceEncoder) -> None:
    sentences = ["The committee met in the old castle.", "It was the first of many earthquakes."]
    norms = [one.norms for one in shapley_values(minilm, sentences)]
    curves = perturbation_curves(minilm, sentences, {"shap": norms, "reverse": [-one for one in norms]})
    areas = areas_between(curves).set_index(["order", "curve"])["area"]
    assert (areas["shap"] > 0).all()
    assert (areas["reverse"] < areas["shap"]).all()


def test_an_order_equal_to_random_has_no_area() -> None:
    rows = [
        (sentence, curve, order, share, share)
        for sentence in range(3)
        for curve in ("deletion", "insertion")
        for order in ("weight", "random")
        for share in GRID
    ]
    table = areas_between(pd.DataFrame(rows, columns=["sentence", "curve", "order", "share", "distance"]))
    np.testing.assert_allclose(table[["area", "area_low", "area_high"]], 0)


def test_weights_must_fit(bert: SentenceEncoder) -> None:
    with pytest.raises(InputError, match="weights 'mine' do not fit"):
        perturbation_curves(bert, ["the cat"], {"mine": [torch.ones(3)]})
