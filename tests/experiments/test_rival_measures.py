import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wig_book.experiments.rival_measures import (
    commonality,
    commonality_table,
    explained,
    information_of_topics,
    share_numbers,
    word_quantities,
)
from wig_book.labels import MEASURE_NAMES
from wig_core.errors import InputError
from wig_core.regression import r2_of
from wig_core.text.corpus import Corpus

CORPUS = Corpus("toy", ["the cat sleeps", "the dog barks", "the cat eats", "a dog eats the cat"] * 5)


def random_words(seed: int, size: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    words = pd.Index([f"w{i}" for i in range(size)], name="word")
    quantities = pd.DataFrame(rng.normal(size=(size, len(MEASURE_NAMES))), index=words, columns=list(MEASURE_NAMES))
    return pd.DataFrame({"weight": quantities["kl"] + rng.normal(size=size)}, index=words), quantities


def test_document_frequency_and_sif_by_hand():
    table = word_quantities(CORPUS, min_count=1, shuffles=1, topics=2)
    assert table.loc["dog", "idf"] == pytest.approx(-np.log(10 / 20))
    assert table.loc["the", "idf"] == pytest.approx(0)
    assert table.loc["the", "sif"] == pytest.approx(1e-3 / (1e-3 + 20 / 70))
    assert (table["topic_information"] >= 0).all()


def test_topics_that_determine_the_word():
    halves = np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    assert information_of_topics(halves, np.full(4, 0.25)) == pytest.approx(np.full(4, np.log(2)))


def test_r2_is_that_of_scikit_learn():
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    assert r2_of(x, y) == pytest.approx(LinearRegression().fit(x, y).score(x, y))
    assert r2_of(x[:, :0], y) == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_common_parts_sum_to_r2(seed, columns):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(20, columns)), rng.normal(size=20)
    parts = commonality(x, y)
    assert len(parts) == 2**columns - 1
    assert sum(parts.values()) == pytest.approx(r2_of(x, y))
    assert parts[(0,)] == pytest.approx(r2_of(x, y) - r2_of(x[:, 1:], y))


def test_a_copy_has_everything_in_common():
    rng = np.random.default_rng(1)
    one, y = rng.normal(size=(2, 40))
    parts = commonality(np.column_stack([one, 2 * one]), y)
    assert parts[(0, 1)] == pytest.approx(np.corrcoef(one, y)[0, 1] ** 2)
    assert parts[(0,)] == pytest.approx(0, abs=1e-9)


def test_the_quantity_that_made_the_weights_is_found():
    weights, quantities = random_words(0)
    table = explained(weights, quantities, list(MEASURE_NAMES), bootstrap=200)
    linear = table[table["kind"] == "linear"].set_index("quantity")
    assert linear["alone"].idxmax() == linear["unique"].idxmax() == "kl"
    assert linear.loc["kl", "unique_low"] > 0.1
    assert np.allclose(linear["alone"], linear["common"] + linear["unique"])
    assert (linear["alone_low"] <= linear["alone_high"]).all()
    numbers = share_numbers(table)
    assert numbers["best"] == "KL(w)"
    assert numbers["together"] == pytest.approx(r2_of(quantities.to_numpy(), weights["weight"].to_numpy()))
    assert numbers["unique_kl_low"] == linear.loc["kl", "unique_low"]
    assert commonality_table(weights, quantities, list(MEASURE_NAMES))["share"].sum() == pytest.approx(
        numbers["together"]
    )


def test_rank_fits_do_not_depend_on_the_scale():
    weights, quantities = random_words(2)
    curved = quantities.assign(kl=np.exp(3 * quantities["kl"]))
    rank = [
        explained(weights, frame, ["kl", "sif"], bootstrap=0).query("kind == 'rank'")["alone"]
        for frame in (quantities, curved)
    ]
    assert np.allclose(*rank)


def test_too_few_words():
    weights, quantities = random_words(0, size=6)
    with pytest.raises(InputError, match="too few for 6 quantities"):
        explained(weights, quantities, list(MEASURE_NAMES))
