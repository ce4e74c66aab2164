"""What the pages on training call: on the tiny BERT, and their headlines on small tables."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wig_book.build.publish import shipped_table
from wig_book.experiments import before_after, reversal, training_dynamics
from wig_book.experiments.rows import changes, display_changes
from wig_book.experiments.setup import Setup, train_and_weigh
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.training.fine_tuning import MaskedLMRecipe, Recipe

RECIPE = Recipe(steps=2, batch_size=8, bf16=False)


@pytest.fixture(scope="module")
def setup() -> Setup:
    return Setup.of("lee", max_sentences=6, max_words=12, min_count=3, tolerance=0.1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIG_CACHE", str(cache))


def test_before_and_after_are_weighed_on_the_same_words(bert: SentenceEncoder, setup: Setup) -> None:
    recipes = [RECIPE, replace(RECIPE, pooling="cls", similarity="dot")]
    occurrences = train_and_weigh(bert.name, recipes, [0, 1], setup)
    encoders = occurrences.groupby(["pooling", occurrences["seed"].fillna(-1), "baseline"])
    assert len(encoders) == 2 * 3 * 2
    words = [tuple(table["word"]) for _, table in encoders]
    assert len(set(words)) == 1
    table = changes(occurrences, setup, bootstrap=20)
    assert len(table) == 2 * 2 * 2
    assert (table["runs"] == 2).all()
    np.testing.assert_allclose(table["r2_difference"], table["r2_after"] - table["r2_before"], atol=1e-12)
    assert list(display_changes(table).index.names) == ["setting", "baseline", "quantity"]
    growth = before_after.by_sentences(occurrences, recipes[0], setup, sizes=[3, 6], draws=2)
    assert len(growth) == 2 * 2 * 2 * 2
    whole = growth[(growth["sentences"] == 6) & (growth["stage"] == "before") & (growth["baseline"] == "mask")]
    expected = table.loc[(table["baseline"] == "mask") & (table["x"] == "kl"), "r2_before"].iloc[0]
    np.testing.assert_allclose(whole["r2"], expected)


def test_the_course_begins_at_the_base_and_comes_back_to_it(bert: SentenceEncoder, setup: Setup) -> None:
    back = MaskedLMRecipe(corpus="lee", steps=2, tokens_per_batch=200)
    table = reversal.reverse(bert.name, back, {"again": RECIPE}, setup, back_at=[0], forth_at=[], bootstrap=10)
    assert list(table.groupby("stage", sort=False)["step"].unique().map(list)) == [[0, 2], [0, 2]]
    end = table[(table["stage"] == "masked") & (table["step"] == 2)].drop(columns=["stage", "step"])
    start = table[(table["stage"] == "again") & (table["step"] == 0)].drop(columns=["stage", "step"])
    pd.testing.assert_frame_equal(end.reset_index(drop=True), start.reset_index(drop=True))
    assert table[["norm", "uniformity", "alignment", "lee"]].notna().all(axis=None)


def test_weighs_a_sentence_twice(bert: SentenceEncoder, setup: Setup) -> None:
    table = before_after.weigh_before_after(bert.name, RECIPE, ["The cat sat."], setup)
    assert list(table["word"]) == ["the", "cat", "sat", "."]
    assert (table["before"] != table["after"]).any()


def changes_table(differences: list[tuple[float, float, float]]) -> pd.DataFrame:
    rows = []
    for i, (value, low, high) in enumerate(differences):
        for x in ("kl", "self_information"):
            row = {"objective": f"o{i}", "examples": "e", "pooling": "mean", "similarity": "dot", "baseline": "mask"}
            row |= {"x": x, "runs": 3, "r2_before": 0.1, "r2_after": 0.1 + value, "ceiling_after": 0.8}
            row |= {"human_correlation_before": 0.3, "human_correlation_after": 0.3 + value}
            for name in ("r2", "correlation"):
                row |= {f"{name}_difference": value, f"{name}_difference_low": low, f"{name}_difference_high": high}
            after = {"correlation_after": 0.3, "correlation_after_low": low, "correlation_after_high": high}
            rows.append(row | after)
    return pd.DataFrame(rows)


def test_the_headline_counts_what_surely_rose_and_fell() -> None:
    table = changes_table([(0.1, 0.05, 0.2), (-0.2, -0.3, -0.1), (0.05, -0.1, 0.2)])
    found = before_after.changes_headline(table)
    assert (found["settings"], found["risen"], found["fallen"], found["positive"]) == (3, 1, 1, 1)
    assert (found["baseline_last"], found["risen_last"], found["positive_last"]) == ("mask", 1, 1)
    assert found["learned"] == 2
    assert found["best_setting"] == "o0 e mean dot"
    assert found["best_r2"] == pytest.approx(0.1)
    assert (found["setting_1"], found["correlation_1"], found["after_0"]) == ("o1 e mean dot", -0.2, 0.3)


def test_the_headline_of_a_course_finds_where_half_the_way_is_done() -> None:
    steps = pd.DataFrame({"step": [0, 10, 100], "correlation": [0.0, 0.3, 0.4]})
    for name in ("r2", "lee", "norm", "uniformity", "alignment"):
        steps[name] = steps["correlation"]
    found = training_dynamics.dynamics_headline(steps.assign(baseline="mask", x="kl"))
    assert (found["half_step"], found["steps"]) == (10, 100)
    assert (found["correlation_before"], found["correlation_after"]) == (0.0, 0.4)


def test_the_headline_of_a_reversal_names_the_best_way() -> None:
    rows = [("masked", 0, 0.4), ("masked", 9, 0.1), ("a", 0, 0.1), ("a", 5, 0.12), ("b", 0, 0.1), ("b", 5, 0.3)]
    table = pd.DataFrame(rows, columns=["stage", "step", "correlation"]).assign(
        baseline="mask", x="kl", r2=0.0, human_correlation=0.0, correlation_high=0.2
    )
    rise = {"baseline": "pad", "x": "kl", "runs": 3, "correlation_before": 0.1, "correlation_after": 0.3}
    for name in ("correlation", "r2"):
        rise |= {f"{name}_difference{end}": value for end, value in (("", 0.2), ("_low", 0.1), ("_high", 0.4))}
    found = reversal.reversal_headline(table, pd.DataFrame([rise, {**rise, "x": "self_information"}]))
    assert (found["baseline_0"], found["correlation_low_0"], found["runs"]) == ("pad", 0.1, 3)
    assert "baseline_1" not in found
    assert (found["best"], found["ways"], found["risen"], found["masked_steps"]) == ("b", 2, 1, 9)


def test_short_forms_of_recipes() -> None:
    [one, two] = before_after.recipes_of(
        ["info-nce mean dot", "softmax cls cosine relations"], steps=7, learning_rate=1e-4, batch_size=4
    )
    assert one == Recipe("info-nce", None, "mean", "dot", steps=7, learning_rate=1e-4, batch_size=4)
    assert (two.objective, two.examples, two.pooling) == ("softmax", "relations", "cls")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("info-nce", "give objective, pooling"),
        ("nce mean dot", "objective 'nce' is"),
        ("softmax max sine", "'sine' is"),
    ],
)
def test_short_forms_are_refused_in_one_line(setting: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        before_after.recipes_of([setting], steps=1, learning_rate=1e-4, batch_size=4)


def test_a_table_that_was_not_shipped_is_said_to_be_missing(tmp_path: Path) -> None:
    assert "has left `none.csv`" in shipped_table(str(tmp_path), "none").data
    pd.DataFrame({"a": [1]}).to_csv(tmp_path / "one.csv", index=False)
    assert shipped_table(str(tmp_path), "one")["a"].tolist() == [1]
    with pytest.raises(InputError, match=r"holds no reversal_course\.csv"):
        reversal.load_reversal(str(tmp_path))
