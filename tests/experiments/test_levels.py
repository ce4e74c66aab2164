"""Page 08 with the packaged base: every reading is there, and the numbers are cells of the table."""

from pathlib import Path
from typing import Any

import pytest
import torch

from wig_book.experiments.levels import levels, without_training
from wig_book.experiments.quantities import QUANTITIES
from wig_book.experiments.rows import Findings
from wig_book.experiments.study_texts import Population, limited
from wig_book.figures.study import levels_by_reading, relative_weights
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

PARAMETERS: dict[str, Any] = {
    "encoders": ["wig-base"],  # the tiny ones know no word of more than a letter
    "untrained": [],
    "corpora": ["lee", "news"],
    "source": "lee",
    "types": 40,
    "occurrences": 1,
    "max_words": 15,
    "min_count": 3,
    "shuffles": 1,
    "splits": 1,
    "max_sentences": 8,
    "limits": {"news": 5},
    "precision": "float32",
    "bootstrap": 30,
}


@pytest.fixture
def found() -> Findings:
    return levels(PARAMETERS)


def test_every_reading_has_a_row(found: Findings) -> None:
    table = found["levels"]
    # On the text that is its own source there is one source, on the other there are two.
    assert len(table) == (1 + 2) * 3 * 2 * 2 * 2 * len(QUANTITIES)
    assert set(table["method"]) == {"ig", "distance"}
    assert set(table.loc[table["text"] == "news", "sentences"]) == {5}
    assert (table["r2_low"] <= table["r2_high"]).all()
    assert table["r2_disattenuated"].ge(table["r2"] - 1e-9).all()
    one = table.query("text == 'lee' and unit == 'single-piece word' and estimand == 'types' and baseline == 'pad'")
    expected = one.query("method == 'ig' and quantity == 'kl'").iloc[0]
    assert found.numbers["r2_wig-base_lee_pad_kl"] == expected["r2"]
    assert found.numbers["readings"] == (1 + 2) * 3 * 2 * 2
    assert found.numbers["texts"] == 2
    assert (found.numbers["words"], found.numbers["drawn"]) == (expected["n"], PARAMETERS["types"])


def test_an_encoder_without_whole_words_is_named(tiny_folders: dict[str, Path]) -> None:
    letters = str(tiny_folders["bert"])  # it knows a dozen words, of which the text has fewer than five
    small = PARAMETERS | {"corpora": ["lee"], "limits": {}, "max_sentences": 2, "baselines": ["mask"]}
    with pytest.warns(UserWarning, match="one subword of .*no row in the default reading"):
        rows = levels(small | {"encoders": ["wig-base", letters]})["levels"]
    assert {"word", "subword"} <= set(rows.loc[rows["encoder"] != "wig-base", "unit"])
    with pytest.raises(InputError, match=r"fewer than 5 of the words weighed are one subword of .* give more text"):
        levels(small | {"encoders": [letters]})


def test_the_figures_say_what_they_show(found: Findings) -> None:
    assert "Relative weight" in relative_weights(found["quantiles"]).alt
    assert "over all readings" in levels_by_reading(found["levels"]).alt


def test_limits_are_those_of_an_encoder_a_text_and_both() -> None:
    population = Population(["a"], list("abcdef"))
    limits = {"max_sentences": 5, "limits": {"one": 4, "text": 3, "two on text": 0}}
    assert len(limited(population, "one", "other", limits).sentences) == 4
    assert len(limited(population, "one", "text", limits).sentences) == 3
    assert len(limited(population, "two", "text", limits).sentences) == 0
    assert len(limited(population, "two", "other", {"max_sentences": None, "limits": {}}).sentences) == 6


def test_an_encoder_without_training_is_the_same_each_time(bert: SentenceEncoder) -> None:
    one, other = (without_training(bert).encode("A cat.") for _ in range(2))
    assert torch.equal(one, other)
    assert not torch.allclose(one, bert.encode("A cat."))
