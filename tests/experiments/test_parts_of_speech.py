"""Parts of speech: tags, and changes of R² that are known to come from classes or from KL."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from wig_book.experiments.parts_of_speech import (
    changes_within_classes,
    fits_within_classes,
    most_frequent_parts,
    paired_split,
    part_of,
    parts_numbers,
    split_of_change,
    tag,
    weight_by_part,
)
from wig_book.experiments.setup import Setup
from wig_book.figures.tables import show
from wig_core.errors import InputError
from wig_core.text.words import segment

SENTENCE = "A rare earthquake shook the old city of Lisbon, and she didn't run to her 3 houses."


def test_every_unit_has_a_tag():
    assert len(tag(SENTENCE)) == len(segment(SENTENCE))
    found = dict(zip([unit.text for unit in segment(SENTENCE)], tag(SENTENCE), strict=True))
    assert (found["earthquake"], found["the"], found["of"], found["lisbon"]) == ("NN", "DT", "IN", "NNP")


@pytest.mark.parametrize(
    ("tagged", "name", "is_open"),
    [
        ("NNS", "noun", True),
        ("NNP", "name", True),
        ("PRP$", "pronoun", False),
        ("WRB", "wh-adverb", False),
        ("$", "other", False),
    ],
)
def test_tags_in_plain_words(tagged, name, is_open):
    assert part_of(tagged) == (name, is_open)


def test_a_word_has_the_part_that_it_has_most_often():
    parts = most_frequent_parts(["The run was long.", "They run.", "We run home.", "I run."])
    assert parts.loc["run", "part"] == "verb"
    assert parts.loc["the"].tolist() == ["determiner", False]
    assert "." not in parts.index


def made_up(seed: int = 0) -> tuple[pd.DataFrame, Setup, pd.DataFrame]:
    """Weights that follow the class alone before, and KL as well after."""
    rng = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(60)]
    is_open = np.arange(60) % 2 == 0
    kl = rng.normal(size=60) + is_open
    information = pd.DataFrame({"kl": kl, "self_information": kl}, index=pd.Index(words, name="word"))
    setup = Setup("toy")
    vars(setup)["information"] = information  # in place of what a corpus gives
    parts = pd.DataFrame({"part": np.where(is_open, "noun", "determiner"), "open": is_open}, index=information.index)
    tables = []
    for run, pull in ((pd.NA, 0.0), (0, 2.0), (1, 2.0)):
        weight = 5 + is_open + pull * kl + 0.3 * rng.normal(size=60)
        tables.append(pd.DataFrame({"word": words, "weight": weight, "baseline": "mask", "seed": run}))
    return pd.concat(tables, ignore_index=True), setup, parts


def test_what_kl_explains_beside_the_classes():
    occurrences, setup, parts = made_up()
    classes = changes_within_classes(occurrences, setup, parts, bootstrap=100)
    of_kl = classes[classes["x"] == "kl"].set_index("class")
    assert list(of_kl.index) == ["all", "open", "closed"]
    assert (of_kl.loc[["open", "closed"], "r2_before"] < 0.2).all()
    assert (of_kl.loc[["open", "closed"], "r2_after"] > 0.9).all()
    assert of_kl.loc["open", "n_words"] == 30
    split = split_of_change(occurrences, setup, parts, bootstrap=100)
    share = split[split["x"] == "kl"].set_index("share")["r2_difference"]
    assert share["total"] == pytest.approx(share["unique"] + share["common"])
    assert share["unique"] > 0.3
    weights = weight_by_part(occurrences, parts)
    fits = fits_within_classes(occurrences[occurrences["seed"].isna()], setup, parts, bootstrap=50)
    numbers = parts_numbers(classes, weights, split, fits)
    assert numbers["closed_weight_before"] < 1
    assert numbers["encoder_correlation_open"] == pytest.approx(of_kl.loc["open", "correlation_before"])
    assert show(classes, ["baseline", "class", "x"], ["r2", "n_words"])["words"].tolist() == ["60"] * 2 + ["30"] * 4


def test_the_split_is_a_difference_of_r2():
    rng = np.random.default_rng(1)
    x, before, after = rng.normal(size=(3, 40))
    group = np.arange(40) < 15
    found = paired_split(x, group, before, [after], bootstrap=0)

    def r2(columns: np.ndarray, y: np.ndarray) -> float:
        return LinearRegression().fit(columns, y).score(columns, y)

    both = np.column_stack([x, group])
    unique = [r2(both, y) - r2(group[:, None], y) for y in (before, after)]
    assert found["unique"][0] == pytest.approx(unique[1] - unique[0])
    assert found["total"][0] == pytest.approx(r2(x[:, None], after) - r2(x[:, None], before))


def test_one_class_alone_cannot_be_split():
    occurrences, setup, parts = made_up()
    with pytest.raises(InputError, match="one class"):
        split_of_change(occurrences, setup, parts.assign(open=True), bootstrap=0)
