from pathlib import Path

import pandas as pd
import pytest
from repository import ROOT

from wig_book.experiments import reversal
from wig_book.experiments.setup import Setup, example_pairs
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.training.fine_tuning import MaskedLMRecipe, Recipe

RECIPE = Recipe(steps=2, batch_size=8, bf16=False)


def test_the_course_begins_at_the_base_and_comes_back_to_it(bert: SentenceEncoder, setup: Setup) -> None:
    masked = MaskedLMRecipe(corpus="lee", steps=2, tokens_per_batch=200)
    pairs = example_pairs("halves", 20)
    table = reversal.reverse(
        bert.name, masked, {"again": RECIPE}, setup, pairs, masked_at=[0], returns_at=[], bootstrap=10
    )
    assert list(table.groupby("stage", sort=False)["step"].unique().map(list)) == [[0, 2], [0, 2]]
    end = table[(table["stage"] == "masked") & (table["step"] == 2)].drop(columns=["stage", "step"])
    start = table[(table["stage"] == "again") & (table["step"] == 0)].drop(columns=["stage", "step"])
    pd.testing.assert_frame_equal(end.reset_index(drop=True), start.reset_index(drop=True))
    assert table[["norm", "uniformity", "alignment", "human_correlation"]].notna().all(axis=None)


def test_numbers_name_the_best_return() -> None:
    rows = [("masked", 0, 0.4), ("masked", 9, 0.1), ("a", 0, 0.1), ("a", 5, 0.12), ("b", 0, 0.1), ("b", 5, 0.3)]
    table = pd.DataFrame(rows, columns=["stage", "step", "correlation"]).assign(
        baseline="mask", x="kl", r2=0.0, human_correlation=0.0, correlation_low=0.0, correlation_high=0.2
    )
    rise = {"baseline": "pad", "x": "kl", "runs": 3, "correlation_before": 0.1, "correlation_after": 0.3}
    for name in ("correlation", "r2"):
        rise |= {f"{name}_difference{end}": value for end, value in (("", 0.2), ("_low", 0.1), ("_high", 0.4))}
    found = reversal.reversal_numbers(table, pd.DataFrame([rise, {**rise, "x": "self_information"}]))
    assert (found["baseline_0"], found["correlation_difference_0_low"], found["runs"]) == ("pad", 0.1, 3)
    assert "baseline_1" not in found
    assert (found["best"], found["ways"], found["risen"], found["masked_steps"]) == ("b", 2, 1, 9)
    assert [found[f"correlation_{point}"] for point in ("start", "masked", "best")] == [0.4, 0.1, 0.3]


def test_a_folder_without_an_earlier_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no reversal_course\.csv"):
        reversal.load_reversal(str(tmp_path))


def test_a_shipped_run_loads_no_text_and_no_encoder() -> None:
    shipped = str(ROOT / "results/full")
    found = reversal.reversal({"shipped": shipped, "corpus": "no such text", "encoder": "no such encoder"})
    assert found.numbers["best"] == "info-nce glosses 3e-4"
    assert set(found.tables) == {"course", "rise"}
