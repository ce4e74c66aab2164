"""The row format that pages share, on tables written by hand."""

import pandas as pd
import pytest

from wig_book.experiments.rows import (
    Findings,
    cell,
    cells,
    direction,
    dynamics,
    falling,
    fit_numbers,
    of_first_baseline,
    regress_by_baseline,
    rising,
)
from wig_book.experiments.setup import Setup
from wig_core.encoders.encoder import SentenceEncoder

FITS = pd.DataFrame(
    {
        "baseline": ["mask", "mask", "pad"],
        "x": ["kl", "self_information", "kl"],
        "r2": [0.2, 0.3, 0.4],
        "correlation": [0.4, 0.5, -0.6],
        "correlation_low": [0.3, -0.1, -0.7],
        "correlation_high": [0.5, 0.6, -0.5],
        "partial_r2": [0.01, 0.02, 0.03],
    },
    index=[5, 6, 7],
)


def test_findings_give_their_tables_by_name() -> None:
    assert Findings({"words": 3}, {"fits": FITS})["fits"] is FITS


def test_cells_are_named_by_column_and_row() -> None:
    assert cells(FITS[:1], ["r2", "correlation"], "x") == {
        "r2_kl": 0.2,
        "correlation_kl": 0.4,
        "correlation_kl_low": 0.3,
        "correlation_kl_high": 0.5,
    }


def test_cells_without_a_naming_column_are_numbered() -> None:
    assert cells(FITS, ["r2", "x"]) == {
        "r2_0": 0.2,
        "x_0": "kl",
        "r2_1": 0.3,
        "x_1": "self_information",
        "r2_2": 0.4,
        "x_2": "kl",
    }


def test_names_of_cells_have_no_blanks() -> None:
    assert cells(pd.DataFrame({"kind": ["open words"], "r2": [0.1]}), ["r2"], "kind") == {"r2_open_words": 0.1}


def test_cell_takes_one_row_by_its_index() -> None:
    assert cell(FITS, "r2", 6) == {"r2": 0.3}
    assert cell(FITS, "correlation", 7, "least") == {"least": -0.6, "least_low": -0.7, "least_high": -0.5}


def test_intervals_decide_what_rises_and_falls() -> None:
    assert (rising(FITS, "correlation"), falling(FITS, "correlation")) == (1, 1)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [([0], "rises"), ([2], "falls"), ([0, 1], "shows no clear trend"), ([0, 2], "shows no clear trend")],
)
def test_direction_needs_every_interval_on_one_side(rows: list[int], expected: str) -> None:
    assert direction(FITS.iloc[rows]) == expected


def test_the_first_baseline_is_that_of_the_first_row() -> None:
    assert of_first_baseline(FITS)["r2"].to_dict() == {0: 0.2}
    assert of_first_baseline(FITS, "self_information")["r2"].to_dict() == {0: 0.3}
    assert of_first_baseline(FITS, None)["r2"].to_dict() == {0: 0.2, 1: 0.3}


def test_numbers_of_fits_are_those_of_the_first_baseline() -> None:
    words = pd.DataFrame(
        {
            "baseline": ["mask", "mask", "pad", "pad"],
            "word": ["a", "b", "a", "b"],
            "occurrences": [1, 3, 1, 3],
            "sentences": 2,
            "missed": [1, 1, 2, 2],
            "worst_error": [0.1, 0.1, 0.2, 0.2],
        }
    )
    found = fit_numbers(words, FITS)
    assert (found["baseline"], found["words"], found["sentences"], found["share_once"]) == ("mask", 2, 2, 0.5)
    assert (found["missed"], found["worst_error"], found["direction"]) == (3, 0.2, "shows no clear trend")
    assert (found["r2_kl"], found["partial_r2_self_information"], found["correlation_kl_low"]) == (0.2, 0.02, 0.3)


def test_regressions_of_four_words_worked_out_by_hand() -> None:
    # KL: deviations (−2, −1, 0, 3) of KL and (−3.5, −1.5, 0.5, 4.5) of the weight, so slope = 22/14, R² = 22²/(14·35).
    # Given self-information, which has two values, what is left of KL is (−½, ½, −3/2, 3/2) and of the weight
    # (−1, 1, −2, 2): partial R² = 7²/(5·10). Self-information alone: R² = 5²/(1·35).
    words = pd.DataFrame(
        {
            "baseline": "mask",
            "word": ["a", "b", "c", "d"],
            "weight": [1.0, 3.0, 5.0, 9.0],
            "kl": [0.0, 1.0, 2.0, 5.0],
            "self_information": [1.0, 1.0, 2.0, 2.0],
        }
    )
    table = regress_by_baseline(words, bootstrap=10).set_index("x")
    kl = table.loc["kl", ["r2", "slope", "intercept", "partial_r2"]].tolist()
    assert kl == pytest.approx([22**2 / (14 * 35), 22 / 14, 4.5 - 2 * 22 / 14, 49 / 50])
    assert table.loc["self_information", "r2"] == pytest.approx(25 / 35)
    assert table["baseline"].tolist() == ["mask", "mask"]


def test_dynamics_has_a_row_per_step_baseline_and_quantity(bert: SentenceEncoder, setup: Setup) -> None:
    pairs = [("a cat sat", "on the mat"), ("it rains", "again today")]
    table = dynamics({0: bert, 5: bert}, setup, pairs, bootstrap=5)
    assert table.groupby(["step", "baseline", "x"]).size().tolist() == [1] * 8
    first, last = (table[table["step"] == step].drop(columns="step").reset_index(drop=True) for step in (0, 5))
    pd.testing.assert_frame_equal(first, last)
    assert table["norm"].nunique() == 1
