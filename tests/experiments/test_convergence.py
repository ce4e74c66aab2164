"""The page on convergence: speeds and errors by hand, and the passes that it counts."""

import numpy as np
import pandas as pd
import pytest
import torch

from wig_book.experiments.convergence import (
    by_rule,
    by_steps,
    convergence,
    convergence_numbers,
    counted_passes,
    describe_path,
    errors_against,
    largest_share,
    speeds,
    with_usual_nodes,
)
from wig_core.attribution.contributions import Contributions
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.paths import Point, interpolation_paths, values
from wig_core.encoders.encoder import SentenceEncoder

SENTENCES = ["the unbelievable cats don't sit, well", "a cat on the mat"]


def contributions(vectors: list[list[float]], completeness: float = 0.0, estimated: float = 0.1) -> Contributions:
    ones = torch.ones(2)
    words = ["a", "b"][: len(vectors)]
    return Contributions(words, torch.tensor(vectors), ones, 0 * ones, completeness, 5, estimated_error=estimated)


# ── along the path ──


def test_speeds_are_relative_and_of_the_embedding(bert: SentenceEncoder) -> None:
    paths = interpolation_paths(bert, SENTENCES)
    table = speeds(paths, 8)
    assert table.groupby("sentence")["speed"].mean().tolist() == pytest.approx([1, 1])
    assert table["position"][:3].tolist() == [1 / 16, 3 / 16, 5 / 16]
    ends = values([Point(paths[1], torch.full((5,), place)) for place in (0.25, 0.375, 0.5)])
    first, second = ((ends[i + 1] - ends[i]).norm() for i in (0, 1))
    found = table[table["sentence"] == 1]["speed"].tolist()
    assert found[3] / found[2] == pytest.approx(float(second / first), rel=1e-3)


def test_the_share_within_a_part_of_the_path_by_hand() -> None:
    even = pd.Series(np.ones(7))
    assert largest_share(even, part=0.1) == pytest.approx(0.1)
    assert largest_share(even, part=0.5) == pytest.approx(0.5)
    # All the way lies in the second of four cells, and a tenth of the path is two fifths of that cell.
    assert largest_share(pd.Series([0.0, 4.0, 0.0, 0.0]), part=0.1) == pytest.approx(0.4)
    assert largest_share(pd.Series([0.0, 0.0, 0.0, 4.0]), part=0.3) == pytest.approx(1)


def test_a_path_in_three_numbers_by_hand() -> None:
    rows = [(0, 0.25, 0.5), (0, 0.75, 1.5), (1, 0.25, 1.2), (1, 0.75, 0.8), (2, 0.25, 2.0), (2, 0.75, 0.0)]
    found = describe_path(pd.DataFrame(rows, columns=["sentence", "position", "speed"]))
    assert found == pytest.approx({"fastest": 1.5, "at": 0.25, "share": 0.15})


# ── errors and passes ──


def test_errors_by_hand() -> None:
    reference = [contributions([[3.0, 4.0], [0.0, 1.0]]), contributions([[2.0, 0.0]])]
    found = [contributions([[3.0, 4.0], [0.0, 2.0]], 0.2, 0.3), contributions([[0.0, 2.0]], 0.4)]
    errors = errors_against(found, reference)
    assert (errors["weights"], errors["weights_90"]) == (0, pytest.approx(0.8))  # of 0, 1 and 0
    assert errors["vectors"] == pytest.approx((1 / 26**0.5 + 2**0.5) / 2)
    assert (errors["completeness"], errors["completeness_worst"]) == pytest.approx((0.3, 0.4))
    assert errors["estimated"] == 0.3
    assert errors["similarity"] == pytest.approx(np.corrcoef([10, 4, 2], [10, 2, 2])[0, 1])
    assert errors_against(reference, reference)["similarity"] == pytest.approx(1)


def test_passes_are_counted(bert: SentenceEncoder) -> None:
    with counted_passes(bert.model) as sizes:
        bert.encode(SENTENCES)
    bert.encode(SENTENCES)
    assert sum(sizes) == 2
    # A path takes its 2 ends, 9 values on the first grid, and 2 (n − 1) for each of the intervals.
    found, passes = by_steps(bert, SENTENCES[1:], "mask", tolerance=float("inf"), first=3)
    assert found[0].steps == 3
    assert passes >= 2 + 9 + 3 * 2 * 4
    _, more = by_steps(bert, SENTENCES[1:], "mask", tolerance=float("inf"), first=4)
    assert 8 <= more - passes <= 8 + 3  # and the ends of the intervals


def test_a_rule_costs_a_pass_and_one_more_per_word(bert: SentenceEncoder) -> None:
    found, passes = by_rule(bert, SENTENCES, "mask", "midpoint", 4)
    lengths = [len(one) for one in found]
    assert passes == 4 * (sum(lengths) / 2 + 1)
    assert found == integrated_gradients(bert, SENTENCES, rule="midpoint", steps=4)


# ── the page ──

PARAMETERS = {
    "corpus": "lee",
    "max_sentences": 2,
    "max_words": 8,
    "baseline": "mask",
    "grid": 6,
    "reference": 4,
    "tolerances": [0.3],
    "rules": ["right-riemann", "gauss-legendre"],
    "nodes": [2],
    "usual": 3,
    "tolerance": 0.2,
}


def test_the_page_compares_every_way_on_every_encoder(tiny_folders: dict) -> None:
    names = [str(tiny_folders["bert"]), str(tiny_folders["mpnet"])]
    found = convergence(PARAMETERS | {"encoders": names})
    assert len(found["speed"]) == 2 * 6
    assert found["paths"]["encoder"].tolist() == names
    ways = [(one.rule, one.setting) for one in found["errors"].itertuples() if one.encoder == names[1]]
    rules = [(rule, nodes) for rule in PARAMETERS["rules"] for nodes in (2, 3)]
    assert ways == [("reference", 4), ("default", 0.2), ("steps", 0.3), *rules]
    shown = with_usual_nodes(found["errors"], 3)
    assert shown["rule"].tolist() == ["default", "right-riemann", "gauss-legendre"] * 2
    assert found.numbers == {
        "usual": 3,
        "sentences": 2,
        **convergence_numbers(found["paths"], found["errors"], usual=3),
    }
    assert {found.numbers["even"], found.numbers["uneven"]} == {*names}
    assert found.numbers["pairs"] == 4


def test_numbers_follow_from_the_tables() -> None:
    paths = pd.DataFrame(
        {"encoder": ["rough", "smooth"], "fastest": [300.0, 2.0], "at": [0.1, 0.5], "share": [0.8, 0.2]}
    )
    rows = [
        ("rough", "reference", 8, 0.0, 0.0, 0.01),
        ("rough", "default", 0.1, 0.03, 0.1, 0.2),
        ("rough", "steps", 0.3, 0.04, 0.2, 0.3),
        ("rough", "steps", 0.1, 0.03, 0.1, 0.2),
        ("rough", "right-riemann", 50, 0.4, 0.9, np.nan),
        ("rough", "right-riemann", 100, 0.4, 1.2, np.nan),
        ("smooth", "reference", 8, 0.0, 0.0, 0.001),
        ("smooth", "default", 0.1, 0.01, 0.05, 0.1),
        ("smooth", "steps", 0.3, 0.02, 0.06, 0.1),
        ("smooth", "steps", 0.1, 0.01, 0.05, 0.1),
        ("smooth", "right-riemann", 50, 0.001, 0.02, np.nan),
        ("smooth", "right-riemann", 100, 0.0005, 0.01, np.nan),
    ]
    errors = pd.DataFrame(rows, columns=["encoder", "rule", "setting", "weights", "vectors", "estimated"])
    errors = errors.assign(passes=7.0, similarity=1 - errors["weights"], weights_90=2 * errors["weights"])
    errors = errors.assign(completeness=errors["vectors"], completeness_worst=errors["vectors"] * 2)
    found = convergence_numbers(paths, errors)
    assert (found["uneven"], found["fastest_uneven"], found["at_uneven"]) == ("rough", 300, 0.1)
    assert (found["even"], found["share_even"]) == ("smooth", 0.2)
    assert (found["weights_right_riemann_uneven"], found["weights_right_riemann_even"]) == (0.4, 0.001)
    assert (found["pairs"], found["close"], found["rising"]) == (2, 0, 1)
    assert (found["most_weights"], found["least_similarity"], found["most_completeness"]) == (0.8, 0.6, 1.8)
    assert (found["default_weights"], found["default_estimated"], found["reference_estimated"]) == (0.03, 0.2, 0.01)
    assert (found["finest"], found["finest_weights"], found["finest_vectors"]) == (0.1, 0.03, 0.1)
    assert (found["check_rule"], found["check_nodes"], found["check_vectors"]) == ("right-riemann", 100, 0.01)
