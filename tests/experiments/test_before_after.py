"""Pages 05, 06 and 17: the tiny BERT before and after fine-tuning, and the numbers of small tables."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from wig_book.experiments import before_after
from wig_book.experiments.rows import changes
from wig_book.experiments.setup import Setup, train_and_weigh
from wig_book.figures.tables import show
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.training.fine_tuning import Recipe

RECIPE = Recipe(steps=2, batch_size=8, bf16=False)


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
    shown = show(table, ["setting", "baseline", "x"], ["r2", "human_correlation"])
    assert list(shown.index.names) == ["setting", "baseline", "quantity"]
    growth = before_after.by_sentences(occurrences, recipes[0], setup, sizes=[3, 6], draws=2)
    assert len(growth) == 2 * 2 * 2 * 2
    whole = growth[(growth["sentences"] == 6) & (growth["stage"] == "before") & (growth["baseline"] == "mask")]
    expected = table.loc[(table["baseline"] == "mask") & (table["x"] == "kl"), "r2_before"].iloc[0]
    np.testing.assert_allclose(whole["r2"], expected)


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


def test_numbers_count_the_settings_that_rose_and_fell() -> None:
    table = changes_table([(0.1, 0.05, 0.2), (-0.2, -0.3, -0.1), (0.05, -0.1, 0.2)])
    found = before_after.change_numbers(table)
    assert (found["settings"], found["risen"], found["fallen"], found["positive"]) == (3, 1, 1, 1)
    assert (found["baseline_last"], found["risen_last"], found["positive_last"]) == ("mask", 1, 1)
    assert (found["learned"], found["risen_self_information"]) == (2, 1)
    assert found["best_setting"] == "o0 e mean dot"
    assert (found["best_r2"], found["best_r2_low"]) == pytest.approx((0.1, 0.05))
    one = (found["setting_1"], found["correlation_difference_1"], found["correlation_difference_1_low"])
    assert one == ("o1 e mean dot", -0.2, -0.3)
    assert (found["correlation_after_0"], found["correlation_after_0_high"]) == (0.3, 0.2)
