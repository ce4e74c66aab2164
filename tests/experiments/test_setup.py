"""What pages measure on: built from their parameters, counted once; and the short form of recipes."""

from dataclasses import replace

import pandas as pd
import pytest

from wig_book.experiments import setup as module
from wig_book.experiments.setup import (
    Setup,
    describe,
    example_pairs,
    from_parameters,
    parse_recipe,
    split_runs,
    train_and_weigh,
    weigh_pairs,
    with_stage,
)
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.corpus import Corpus
from wig_core.training.examples import load_examples
from wig_core.training.fine_tuning import Recipe


def test_parameters_of_other_names_are_ignored_and_missing_ones_keep_the_default() -> None:
    assert from_parameters(Setup, {"corpus": "lee", "min_count": 3, "steps": 9}) == Setup("lee", min_count=3)
    assert from_parameters(Recipe, {"steps": 9, "corpus": "lee"}) == Recipe(steps=9)


def test_a_corpus_is_loaded_and_counted_once(bert: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    for name in ("load_corpus", "word_information"):
        original = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, _n=name, _f=original, **k: calls.append(_n) or _f(*a, **k))
    setup = Setup("lee", max_sentences=3, max_words=12, min_count=3, tolerance=0.1)
    assert calls == []
    for _ in range(2):
        setup.weigh_words(bert)
    assert calls == ["load_corpus", "word_information"]


def test_the_sample_has_only_sentences_of_few_words(setup: Setup) -> None:
    assert len(setup.sentences) == 6
    assert Corpus("sample", setup.sentences).max_words(12).sentences == setup.sentences
    assert setup.sentences == replace(setup).sentences
    assert setup.sentences != replace(setup, seed=1).sentences


def test_weights_of_words_are_means_over_their_occurrences(bert: SentenceEncoder, setup: Setup) -> None:
    occurrences, words = setup.weigh(bert), setup.weigh_words(bert)
    assert list(words["baseline"].unique()) == list(setup.baselines)
    for row in words.iloc[[0, -1]].itertuples():
        same = occurrences[(occurrences["baseline"] == row.baseline) & (occurrences["word"] == row.word)]
        assert (row.weight, row.occurrences) == (pytest.approx(same["weight"].mean()), len(same))
        assert row.kl == setup.information.loc[row.word, "kl"]
    errors = occurrences[occurrences["baseline"] == "pad"].groupby("sentence")["estimated_error"].first()
    of_pad = words[words["baseline"] == "pad"].iloc[0]
    assert (of_pad["sentences"], of_pad["worst_error"]) == (6, errors.max())
    assert of_pad["missed"] == (errors > setup.tolerance).sum()


def test_the_base_is_judged_by_the_similarity_of_each_recipe(bert: SentenceEncoder, setup: Setup) -> None:
    recipe = Recipe(steps=1, batch_size=4, bf16=False)
    table = train_and_weigh(bert.name, [recipe, replace(recipe, similarity="dot")], [0], setup)
    before, runs = split_runs(table)
    assert before.groupby("similarity")["human_correlation"].nunique().tolist() == [1, 1]
    assert before["human_correlation"].nunique() == 2
    assert len(runs) == 1
    assert with_stage(table)["stage"].value_counts().to_dict() == {"before": len(before), "after": len(runs[0])}


def test_an_encoder_beside_itself_has_not_changed(bert: SentenceEncoder, setup: Setup) -> None:
    before, [after] = split_runs(weigh_pairs({bert.name: bert.name}, setup))
    assert before["objective"].unique().tolist() == [bert.name]
    left, right = (table.drop(columns="seed").reset_index(drop=True) for table in (before, after))
    pd.testing.assert_frame_equal(left, right)
    assert weigh_pairs({}, setup).empty


def test_pairs_are_spread_evenly_over_the_examples() -> None:
    everything = load_examples("halves").texts
    pairs = example_pairs("halves", 50)
    assert pairs[:2] == [everything[0], everything[len(everything) // 50]]
    assert 50 <= len(pairs) <= 52
    assert example_pairs("halves", 10**6) == everything


DEFAULT = Recipe(steps=7, learning_rate=1e-4, batch_size=4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("info-nce mean dot", replace(DEFAULT, similarity="dot")),
        ("softmax cls cosine relations", replace(DEFAULT, objective="softmax", pooling="cls", examples="relations")),
        ("unsupervised-simcse sentences 3e-4", replace(
            DEFAULT, objective="unsupervised-simcse", examples="sentences", learning_rate=3e-4)),
        ("own/pairs:train max", replace(DEFAULT, examples="own/pairs:train", pooling="max")),
        ("pairs.csv 0.001", replace(DEFAULT, examples="pairs.csv", learning_rate=1e-3)),
        ("info-nce", DEFAULT),
    ],
)  # fmt: skip
def test_short_forms_of_recipes(text: str, expected: Recipe) -> None:
    assert parse_recipe(text, DEFAULT) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("info-nec mean", r"^recipe 'info-nec mean': 'info-nec' is no objective, .*; did you mean 'info-nce'\?$"),
        ("softmax max sine", "'sine' is no objective"),
        ("info-nce mean cls", "'mean' and 'cls' are both its pooling; leave one out$"),
    ],
)
def test_short_forms_are_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_recipe(text, DEFAULT)


def test_the_setting_names_the_examples_that_an_objective_takes_by_default() -> None:
    assert describe(Recipe("softmax")) == {
        "objective": "softmax", "examples": "relations", "pooling": "mean", "similarity": "cosine",
    }  # fmt: skip
