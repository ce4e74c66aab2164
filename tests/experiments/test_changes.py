"""Page 06 with the packaged base: arms, controls, and the check."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from wig_book.experiments.changes import changes, fewer, shuffled
from wig_book.experiments.rows import Findings
from wig_book.figures.study import differences, opening, relative_weights
from wig_core.errors import InputError
from wig_core.text.corpus import SimilarityPairs

FIRST, SECOND = "info-nce glosses 1e-3", "info-nce halves cls"


@pytest.fixture(scope="module")
def parameters() -> dict[str, Any]:
    return {
        "starts": {"wig-base": 2},
        "recipes": {"wig-base": [FIRST, SECOND]},
        "seeds": [3, 4],
        "steps": 2,
        "batch_size": 4,
        "masked_learning_rate": 1e-3,
        "judged": ["lee"],
        "pairs": 30,
        "corpora": ["lee"],
        "source": "lee",
        "baselines": ["mask"],
        "types": 30,
        "occurrences": 1,
        "max_words": 15,
        "min_count": 3,
        "shuffles": 1,
        "max_sentences": 6,
        "limits": {},
        "precision": "float32",
        "bootstrap": 30,
    }


@pytest.fixture
def found(parameters: dict[str, Any]) -> Findings:
    return changes(parameters)


def test_arms_are_compared_with_their_start_and_the_first_with_its_controls(found: Findings) -> None:
    table = found["changes"]
    compared = set(table[["arm", "against"]].itertuples(index=False, name=None))
    assert compared == {
        (FIRST, "start"),
        (SECOND, "start"),
        ("sham", "start"),
        ("masked", "start"),
        (FIRST, "sham"),
        (FIRST, "masked"),
    }
    assert len(table) == 6 * 3 * 2 * 7
    assert (table["seeds"] == 2).all()
    np.testing.assert_allclose(table["r2_difference"], table["r2_after"] - table["r2_before"], atol=1e-12)
    assert (table["r2_difference_low"] <= table["r2_difference"]).all()
    row = table.query("unit == 'single-piece word' and estimand == 'types' and quantity == 'kl' and against == 'sham'")
    name = "r2_difference_wig-base_contrastive_sham_mask_kl"
    assert found.numbers[name] == row["r2_difference"].iloc[0]
    assert "check_wig-base_recipe-2_lee_low" in found.numbers


def test_an_arm_is_checked_against_its_own_pooling(found: Findings) -> None:
    before = found["checks"].groupby("arm")["before"].first()
    assert before["start"] == before[FIRST] == before["sham"] == before["masked"]
    assert before[SECOND] != before[FIRST]
    start = found["checks"].query("arm == 'start'")
    assert (start["before"] == start["after"]).all()


def test_the_figures_say_what_they_show(found: Findings) -> None:
    assert "Relative weight" in relative_weights(found["quantiles"]).alt
    assert "Differences of R²" in differences(found["changes"]).alt
    pad = found["quantiles"].assign(baseline="pad")
    assert "sham" in opening(pad, pad.assign(encoder="one")).alt


def test_a_sham_keeps_every_text_and_breaks_the_pairs() -> None:
    pairs = [(f"left {i}", f"right {i}") for i in range(50)]
    dealt = shuffled(pairs, 0)
    assert [left for left, _ in dealt] == [left for left, _ in pairs]
    assert Counter(right for _, right in dealt) == Counter(right for _, right in pairs)
    assert sum(one == other for one, other in zip(dealt, pairs, strict=True)) < 10
    with pytest.raises(InputError, match="no pairs to deal anew"):
        shuffled([("alone",)], 0)


def test_fewer_pairs_are_evenly_spaced() -> None:
    pairs = SimilarityPairs("p", list("abcde"), list("fghij"), [0, 1, 2, 3, 4])
    assert fewer(pairs, 3).scores == [0, 2, 4]
    assert fewer(pairs, 9) is pairs
