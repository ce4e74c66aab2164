"""Similarities taken apart: what baselines leave, deletion of pairs, and where an encoder and people disagree."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wig_book.experiments.why_similar import (
    areas,
    deletion_curves,
    disagreements,
    explain_disagreements,
    largest_cells,
    largest_pair,
    losses,
    remainders,
    removals,
    similar_sample,
    why_similar,
)
from wig_book.figures.similarity import deletion_of_pairs
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.similarity import explain_similarity
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.corpus import SimilarityPairs

LEFT = ["The cat sat on a mat. It rains.", "a mat", "Rain on the cat. Unbelievable", "well"]
RIGHT = ["A cat sat on the mat. The rain.", "it sat", "The cat. A mat", "known mats, well"]
PAIRS = SimilarityPairs("own", LEFT, RIGHT, [5.0, 1.0, 3.0, 2.0])


def test_what_a_baseline_leaves_is_what_an_explanation_shows(tiny_folders: dict[str, Path]) -> None:
    names = [str(tiny_folders[kind]) for kind in ("bert", "mpnet")]
    table = remainders(names, PAIRS, ["mask", "zero"]).set_index(["encoder", "baseline"])
    assert len(table) == 4
    bert = SentenceEncoder.load(names[0], device="cpu")
    for baseline in ("mask", "zero"):
        explainer = Explainer(baseline=baseline, tolerance=10)
        facts = [explain_similarity(bert, *pair, explainer).facts for pair in zip(LEFT, RIGHT, strict=True)]
        crossed, left_over = (
            np.array([one[name] for one in facts]) for name in ("words with the other baseline", "baselines")
        )
        row = table.loc[(names[0], baseline)]
        assert row["words"] == pytest.approx(np.mean([one["words with words"] for one in facts]), abs=1e-4)
        assert row["remainder"] == pytest.approx((abs(crossed) + abs(left_over)).mean(), abs=1e-4)
        assert row["words"] + row["crossed"] + row["left_over"] == pytest.approx(row["similarity"])


def test_removals_take_each_unit_once() -> None:
    parts = np.array([[5.0, 4.0, 3.0, 0.0], [4.5, 1.0, 2.0, 9.0], [0.0, 0.0, 0.0, 9.0]])
    assert removals(parts, largest_cells).tolist() == [[0, 0], [1, 2]]
    assert removals(parts, losses)[0].tolist() == [1, 0]  # whose row and column hold 21.5 of 37.5
    assert sorted(removals(np.zeros((5, 4)), losses)[:, 1].tolist()) == [0, 1, 2]


@settings(max_examples=20)
@given(seed=st.integers(0, 99), n=st.integers(2, 5), m=st.integers(2, 5))
def test_the_pair_that_is_removed_takes_most(seed: int, n: int, m: int) -> None:
    parts = np.random.default_rng(seed).normal(size=(n + 1, m + 1))
    left = {(i, j): np.delete(np.delete(parts, i, axis=0), j, axis=1).sum() for i in range(n) for j in range(m)}
    assert tuple(removals(parts, losses)[0]) == min(left, key=left.__getitem__)


def test_curves_begin_at_zero_and_end_where_half_is_gone(bert: SentenceEncoder) -> None:
    explainer = Explainer("shap", "mask")
    curves = deletion_curves(bert, PAIRS, explainer, random_orders=3)
    assert set(curves["pair"]) == {0, 1, 2}  # the last has a text of one word
    assert set(curves["order"]) == {"matrix", "largest cells", "shares", "token cosines", "random"}
    assert (curves.loc[curves["share"] == 0, "fall"].abs() < 1e-6).all()
    # By hand: "a mat" and "it sat", of which one pair is replaced.
    shown = explain_similarity(bert, LEFT[1], RIGHT[1], explainer)
    [[row, column]] = removals(shown.parts, losses)[:1]
    masked = [
        " ".join("[MASK]" if i == gone else word for i, word in enumerate(text.split()))
        for text, gone in ((LEFT[1], row), (RIGHT[1], column))
    ]
    after = float(bert.similarity_pairwise(*bert.encode(masked)))
    end = curves.query("pair == 1 and order == 'matrix' and share == 1")["fall"].item()
    assert end == pytest.approx(shown.similarity - after, abs=1e-5)


def test_texts_of_one_sentence_have_no_pairs_of_sentences(bert: SentenceEncoder) -> None:
    pairs = SimilarityPairs("own", ["a cat"], ["a mat"], [1.0])
    with pytest.raises(InputError, match="own: no pair has two sentences in both texts; choose a finer granularity"):
        deletion_curves(bert, pairs, Explainer(granularity="sentence"))


def test_areas_lie_between_the_matrix_and_the_others() -> None:
    grid = [0.0, 0.5, 1.0]
    falls = {"matrix": [0.0, 1.0, 1.0], "random": [0.0, 0.5, 1.0], "shares": [0.0, 1.0, 1.0]}
    rows = [
        (pair, order, x, y * (pair + 1))
        for pair in range(2)
        for order, ys in falls.items()
        for x, y in zip(grid, ys, strict=True)
    ]
    table = areas(pd.DataFrame(rows, columns=["pair", "order", "share", "fall"]), bootstrap=20).set_index("order")
    assert table["area"].to_dict() == {"random": pytest.approx(0.375), "shares": 0}  # the mean of 0.25 and 0.5
    assert table["pairs"].tolist() == [2, 2]
    assert 0.25 <= table.loc["random", "area_low"] <= table.loc["random", "area_high"] <= 0.5


def test_the_greatest_disagreement_comes_first(bert: SentenceEncoder) -> None:
    table = disagreements(bert, PAIRS, 4)
    assert set(table["pair"]) == {0, 1, 2, 3}
    assert table["human_rank"].sort_values().tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    apart = (table["human_rank"] - table["encoder_rank"]).abs()
    assert apart.is_monotonic_decreasing
    assert table.set_index("pair")["score"].to_dict() == dict(enumerate(PAIRS.scores))
    assert len(disagreements(bert, PAIRS, 2)) == 2


def test_the_sample_is_of_the_more_similar_half() -> None:
    assert similar_sample(PAIRS, 9, seed=0) == [0, 2]
    assert len(similar_sample(PAIRS, 1, seed=0)) == 1


def test_the_largest_pair_is_quoted(bert: SentenceEncoder) -> None:
    shown = explain_similarity(bert, "a cat sat", "the cat", Explainer("shap"))
    found = largest_pair(shown)
    assert found["pair_share"] == shown.matrix.max() == shown.matrix[shown.left.index(str(found["pair_left"]))].max()
    assert (found["similarity"], found["pair_right"] in shown.right) == (shown.similarity, True)


def test_the_page(tiny_folders: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    pd.DataFrame({"sentence1": LEFT, "sentence2": RIGHT, "score": PAIRS.scores}).to_csv(file, index=False)
    parameters = {
        "encoder": str(tiny_folders["bert"]), "encoders": [str(tiny_folders["bert"]), str(tiny_folders["mpnet"])],
        "pairs": str(file), "max_pairs": 4, "granularity": "sentence", "baselines": ["mask", "zero"],
        "tolerance": 0.3, "precision": "float32", "random_orders": 2,
        "disagreements": 2, "bootstrap": 20, "seed": 0,
    }  # fmt: skip
    found = why_similar(parameters)
    left = found["remainders"].set_index(["encoder", "baseline"])["remainder"]
    assert len(left) == 4
    assert found.numbers["least"] == left[parameters["encoder"]].idxmin()
    assert {"area_random", "area_shares_low", "area_token_cosines_high"} <= set(found.numbers)
    assert found.numbers["orders"] == 4
    assert (found.numbers["judged"], found.numbers["sampled"]) == (4, 2)
    assert "random" in deletion_of_pairs(found["curves"]).alt
    shown = explain_disagreements(parameters, found)
    assert [one.similarity for one in shown] == pytest.approx(found["disagreements"]["encoder_score"], abs=1e-3)
    assert {one.facts["baseline"] for one in shown} == {found.numbers["least"]}
