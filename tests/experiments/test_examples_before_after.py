"""Page 05: the tiny BERT before and after fine-tuning."""

from dataclasses import replace

import numpy as np

from wig_book.experiments.examples_before_after import weigh_before_after
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


def test_weighs_a_sentence_twice(bert: SentenceEncoder, setup: Setup) -> None:
    table = weigh_before_after(bert.name, RECIPE, ["The cat sat."], setup)
    assert list(table["word"]) == ["the", "cat", "sat", "."]
    assert (table["before"] != table["after"]).any()
