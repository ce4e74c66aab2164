"""Readings: sums of which correlations consist, against numpy on the points themselves."""

import numpy as np
import pandas as pd
import pytest

from wig_book.experiments.quantities import QUANTITIES
from wig_book.experiments.readings import (
    Weighing,
    by_quantile,
    contrast,
    correlations,
    distances,
    fit,
    moments,
    occurrences_of,
    readings,
    signed,
    types_of,
)
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.regression import regress

SENTENCES = ["The cat sat on the mat.", "Unbelievable dogs chase the cat!"]


@pytest.fixture
def occurrences() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    names = [f"w{i}" for i in rng.integers(12, size=60)]
    return pd.DataFrame({"kind": "word", "name": names, "pieces": 1, "weight": rng.gamma(2, size=60), "sentence": 0})


def information_of(names: pd.Index) -> pd.Series:
    return pd.Series(np.random.default_rng(1).normal(size=len(names)), names)


def test_correlations_are_those_of_the_points(occurrences: pd.DataFrame) -> None:
    types = types_of(occurrences, "word")
    x = information_of(types.index)
    over_types = np.corrcoef(x, occurrences.groupby("name")["weight"].mean())[0, 1]
    assert correlations(moments(types, x.to_numpy(), "types").sum(0)) == pytest.approx(over_types)
    over_points = np.corrcoef(x.loc[occurrences["name"]], occurrences["weight"])[0, 1]
    assert correlations(moments(types, x.to_numpy(), "occurrences").sum(0)) == pytest.approx(over_points)


def test_a_fit_over_types_is_the_regression_of_the_library(occurrences: pd.DataFrame) -> None:
    types = types_of(occurrences, "word")
    information = information_of(types.index).rename("kl").to_frame()
    found = fit(types, information, "kl", "types", 4000)
    weights = (types["total"] / types["n"]).rename("weight").to_frame()
    expected = regress(weights, information, bootstrap=4000)
    assert found["r2"] == pytest.approx(expected.r2)
    assert found["n"] == len(types)
    for end, value in zip(("low", "high"), expected.correlation_interval, strict=True):
        assert found[f"correlation_{end}"] == pytest.approx(value, abs=0.06)
    assert fit(types, information, "kl", "occurrences", 10)["n"] == len(occurrences)


def test_units_and_populations_choose_types(occurrences: pd.DataFrame) -> None:
    pieces = occurrences.assign(pieces=[2 if name == "w3" else 1 for name in occurrences["name"]])
    assert "w3" not in types_of(pieces, "single-piece word").index
    assert list(types_of(pieces, "word", ["w3", "w1"]).index) == ["w1", "w3"]
    assert types_of(pieces, "subword").empty


def test_contributions_of_words_are_sums_over_their_subwords(bert: SentenceEncoder) -> None:
    vectors = Weighing(precision="float32").contributions(bert, SENTENCES, "mask")
    table = occurrences_of(bert, SENTENCES, vectors)
    explained = integrated_gradients(bert, SENTENCES, granularity="subword")
    tokens = [len(bert.tokenizer(one).input_ids) for one in SENTENCES]
    subwords = table[table["kind"] == "subword"].groupby("sentence")["weight"].sum()
    norms = [one.norms[[any(map(str.isalnum, word)) for word in one.words]].sum().item() for one in explained]
    np.testing.assert_allclose(subwords, np.array(norms) * tokens, rtol=1e-4)
    words = table[(table["kind"] == "word") & (table["pieces"] == 1)]
    single = table[table["kind"] == "subword"].set_index(["sentence", "name"])["weight"]
    for row in words.itertuples():
        assert row.weight in set(np.atleast_1d(single.loc[(row.sentence, row.name)]))  # type: ignore[attr-defined]
    assert not set(table["name"]) & {".", "!"}


def test_the_distance_at_the_embedding_layer(bert: SentenceEncoder) -> None:
    table = occurrences_of(bert, SENTENCES[:1], distances(bert, SENTENCES[:1], "zero"))
    ids = bert.tokenizer(SENTENCES[0], return_tensors="pt").input_ids
    first = bert.embedding_layer(ids)[0, 1].norm().item()
    assert table["weight"].iloc[0] == pytest.approx(first, rel=1e-5)


def test_readings_keep_to_the_population_over_types_only(occurrences: pd.DataFrame) -> None:
    names = sorted(set(occurrences["name"]))
    information = pd.DataFrame(np.ones((len(names), len(QUANTITIES))), names, QUANTITIES)
    information.loc["w1", "kl"] = np.nan
    found = {
        (reading["unit"], reading["estimand"]): len(types)
        for reading, types, _ in readings(
            occurrences, ["w0", "w1", "w2", "w3"], {"own": {"word": information, "subword": information}}
        )
    }
    assert found[("word", "types")] == 3
    assert found[("word", "occurrences")] == len(names) - 1
    assert ("subword", "types") not in found


def test_relative_weights_by_hand() -> None:
    types = pd.DataFrame(
        {"n": 1, "total": [1.0, 1, 2, 2, 3, 3, 4, 4, 5, 5], "squares": 0.0}, [f"w{i}" for i in range(10)]
    )
    table = by_quantile(types, pd.Series(range(10), types.index), 50)
    np.testing.assert_allclose(table["relative"], np.array([1, 2, 3, 4, 5]) / 3)
    assert (table["relative_low"] <= table["relative"]).all()


def test_differences_between_groups() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    types = [
        pd.DataFrame({"n": 1, "total": share * x + rng.normal(size=300) + 9, "squares": 0.0}) for share in (0, 0, 2, 2)
    ]
    weak_1, weak_2, strong_1, strong_2 = (moments(one, x, "types") for one in types)
    same = contrast([weak_1], [weak_1], 200)
    assert (same["r2_difference"], same["r2_difference_low"], same["r2_difference_high"]) == (0, 0, 0)
    one = contrast([weak_1], [strong_1], 200)
    assert one["r2_difference_low"] > 0.5
    two = contrast([weak_1, weak_2], [strong_1, strong_2], 200)  # seeds add their spread, with t of one degree
    assert two["r2_difference_high"] - two["r2_difference_low"] > one["r2_difference_high"] - one["r2_difference_low"]


def test_a_fall_from_a_negative_correlation_is_a_rise() -> None:
    np.testing.assert_allclose(signed(np.array([-0.5, 0.0, 0.5])), [-0.25, 0, 0.25])
