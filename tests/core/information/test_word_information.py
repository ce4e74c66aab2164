"""Information: small corpora worked out by hand, scipy's entropy on random ones, and invariances."""

import tracemalloc
from collections import Counter
from collections.abc import Iterator
from math import log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from wig_core.errors import InputError
from wig_core.information.cooccurrence import Cooccurrence
from wig_core.information.word_information import word_information

sentences = st.lists(st.text("abcd", min_size=1, max_size=6).map(" ".join), min_size=1, max_size=6)


def random_corpus(number: int, *, words: int = 12, seed: int = 0) -> list[str]:
    generator = np.random.default_rng(seed)
    frequencies = 1 / np.arange(1, words + 1)
    lengths = generator.integers(1, 9, number)
    drawn = [generator.choice(words, size, p=frequencies / frequencies.sum()) for size in lengths]
    return [" ".join(f"w{word}" for word in sentence) for sentence in drawn]


def by_definition(corpus: list[str]) -> pd.DataFrame:
    """KL from the definition: for each word, scipy's divergence of its neighbours from all words."""
    tokens = [sentence.split() for sentence in corpus]
    counts = Counter(word for sentence in tokens for word in sentence)
    neighbours = {word: Counter() for word in counts}
    for sentence in tokens:
        for position, word in enumerate(sentence):
            neighbours[word].update(sentence[:position] + sentence[position + 1 :])
    vocabulary = sorted(counts)
    overall = [counts[word] for word in vocabulary]
    rows = {
        word: {
            "count": counts[word],
            "probability": counts[word] / sum(overall),
            "self_information": -log(counts[word] / sum(overall)),
            "kl": entropy([neighbours[word][other] for other in vocabulary], overall) if neighbours[word] else np.nan,
        }
        for word in vocabulary
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("word")


def assert_same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Assert that two tables have the same numbers for the same words, in any order."""
    pd.testing.assert_frame_equal(
        left.sort_index(), right.sort_index(), check_dtype=False, check_index_type=False, atol=1e-12
    )


# ── by hand ──


def test_two_sentences_by_hand() -> None:
    # a b | a c: a occurs 2 times of 4, b and c once each.
    # a's neighbours are b and c, once each: P(·|a) = (0, ½, ½) against P = (½, ¼, ¼), so
    #   KL(a) = 2 · ½ log(½ / ¼) = log 2.
    # b's only neighbour is a: KL(b) = 1 · log(1 / ½) = log 2; the same for c.
    table = word_information(["a b", "a c"], min_count=1)
    assert table.index.tolist() == ["a", "b", "c"]
    assert table.index.name == "word"
    assert table.columns.tolist() == ["count", "probability", "self_information", "kl"]
    assert table["count"].tolist() == [2, 1, 1]
    assert table["probability"].tolist() == [0.5, 0.25, 0.25]
    np.testing.assert_allclose(table["self_information"], [log(2), log(4), log(4)], rtol=1e-14)
    np.testing.assert_allclose(table["kl"], log(2), rtol=1e-14)


def test_a_word_that_is_its_own_neighbour_by_hand() -> None:
    # a b a | b c c: counts a 2, b 2, c 2, so P = ⅓ each.
    # a (two occurrences): its neighbours are b, a and a, b → a 2, b 2; KL(a) = 2 · ½ log(½ / ⅓) = log 1.5.
    # b: a 2 in the first sentence, c 2 in the second; KL(b) = log 1.5.
    # c: b, c and b, c → b 2, c 2; KL(c) = log 1.5.
    table = word_information(["a b a", "b c c"], min_count=1)
    assert table["count"].to_dict() == {"a": 2, "b": 2, "c": 2}
    np.testing.assert_allclose(table["kl"], log(1.5), rtol=1e-14)


def test_unequal_neighbours_by_hand() -> None:
    # a a b b b c: one sentence of 6 words, P = (2, 3, 1) / 6.
    # a: each of its 2 occurrences sees a 1, b 3, c 1 → (2, 6, 2) / 10:
    #   KL(a) = .2 log(.2 · 3) + .6 log(.6 · 2) + .2 log(.2 · 6)
    # c: sees a 2, b 3 → KL(c) = .4 log(.4 · 3) + .6 log(.6 · 2) = log 1.2
    table = word_information(["a a b b b c"], min_count=1)
    assert table.index.tolist() == ["b", "a", "c"]
    np.testing.assert_allclose(table["kl"]["a"], 0.2 * log(0.6) + 0.6 * log(1.2) + 0.2 * log(1.2), rtol=1e-13)
    np.testing.assert_allclose(table["kl"]["c"], log(1.2), rtol=1e-13)


def test_neighbours_of_only_itself_by_hand() -> None:
    # a a | b: P(a) = ⅔ and a's only neighbour is a: KL(a) = log(1 / ⅔) = log 1.5. b is alone: it has no neighbours.
    table = word_information(["a a", "b"], min_count=1)
    np.testing.assert_allclose(table["kl"]["a"], log(1.5), rtol=1e-14)
    assert np.isnan(table["kl"]["b"])


def test_words_alone_in_their_sentences_have_no_gain() -> None:
    table = word_information(["a", "b", "a", ""], min_count=1)
    assert table["kl"].isna().all()
    assert table["probability"].to_dict() == pytest.approx({"a": 2 / 3, "b": 1 / 3})


def test_case_and_punctuation_do_not_count() -> None:
    assert_same(
        word_information(["The cat, sat!", "“Don’t” … the CAT"], min_count=1),
        word_information(["the cat sat", "don't the cat"], min_count=1),
    )


def test_rare_words_are_left_out_but_stay_neighbours() -> None:
    full = word_information(["a b", "a c", "a d d"], min_count=1)
    assert_same(word_information(["a b", "a c", "a d d"], min_count=2), full.loc[["a", "d"]])


def test_words_outside_the_vocabulary_count_as_one_by_hand() -> None:
    # a b | a c with b and c as one word r: P(a) = P(r) = ½, and a's only neighbour is r: KL(a) = log(1 / ½).
    table = word_information(["a b", "a c"], min_count=1, vocabulary=["a"])
    assert table.index.tolist() == ["a"]
    np.testing.assert_allclose(table.loc["a", ["probability", "kl"]].tolist(), [0.5, log(2)], rtol=1e-14)


def test_order_is_by_count_then_alphabet() -> None:
    assert word_information(["c b b", "a d d"], min_count=1).index.tolist() == ["b", "d", "a", "c"]


# ── against scipy ──


@pytest.mark.parametrize("seed", range(3))
def test_random_corpora_against_scipy(seed: int) -> None:
    corpus = random_corpus(60, seed=seed)
    assert_same(word_information(corpus, min_count=1), by_definition(corpus))


# ── properties ──


@given(sentences)
def test_any_corpus_against_scipy(corpus: list[str]) -> None:
    table = word_information(corpus, min_count=1)
    assert_same(table, by_definition(corpus))
    assert not (table["kl"] < 0).any()
    assert table["probability"].sum() == pytest.approx(1)


@given(sentences, st.randoms(use_true_random=False))
def test_order_of_sentences_and_of_words_changes_nothing(corpus: list[str], random: object) -> None:
    words = [sentence.split() for sentence in corpus]
    for sentence in [*words, words]:
        random.shuffle(sentence)
    table, shuffled = (word_information(c, min_count=1) for c in (corpus, map(" ".join, words)))
    assert table.index.tolist() == shuffled.index.tolist()
    assert_same(table, shuffled)


@given(sentences, st.integers(2, 4))
def test_repeating_a_corpus_changes_nothing(corpus: list[str], times: int) -> None:
    once, often = word_information(corpus, min_count=1), word_information(corpus * times, min_count=1)
    assert (often.pop("count") == times * once.pop("count")).all()
    assert_same(once, often)


@settings(max_examples=40)
@given(sentences, st.integers(1, 4))
def test_blocks_change_nothing(corpus: list[str], block: int) -> None:
    whole = word_information(corpus, min_count=1)
    assert_same(word_information(corpus, min_count=1, block_size=block), whole)


@settings(max_examples=200, deadline=None)
@given(sentences, st.sets(st.sampled_from("abcd"), min_size=1))
def test_a_vocabulary_takes_from_kl_alone(corpus: list[str], vocabulary: set[str]) -> None:
    """And never adds: merging events loses information (data-processing inequality)."""
    whole = word_information(corpus, min_count=1)
    known = vocabulary & {*whole.index}
    if not known:
        with pytest.raises(InputError, match="no word of the vocabulary occurs 1 times"):
            word_information(corpus, min_count=1, vocabulary=vocabulary)
        return
    part = word_information(corpus, min_count=1, vocabulary=vocabulary)
    assert {*part.index} == known
    columns = ["count", "probability", "self_information"]
    pd.testing.assert_frame_equal(part[columns], whole.loc[part.index, columns])
    assert (part["kl"].isna() == whole["kl"][part.index].isna()).all()
    assert (part["kl"].fillna(0) <= whole["kl"][part.index].fillna(0) + 1e-12).all()
    assert_same(word_information(corpus, min_count=1, vocabulary=[*whole.index]), whole)


# ── streams ──


def test_a_stream_gives_the_same_as_a_list() -> None:
    corpus = random_corpus(50)
    stream: Iterator[str] = (sentence for sentence in corpus)
    pd.testing.assert_frame_equal(
        word_information(stream, min_count=1, shuffles=2), word_information(corpus, min_count=1, shuffles=2)
    )
    assert next(stream, None) is None


def test_counts_do_not_grow_with_the_number_of_sentences() -> None:
    ids, lengths = np.array([0, 1, 2, 0, 3, 1]), np.array([3, 2, 1])
    seen = Cooccurrence()
    stored = []
    for _ in range(20):
        seen.add(ids, lengths, size=4)
        stored.append(seen.pairs.nnz)
    assert len(set(stored)) == 1
    assert seen.counts.tolist() == [40, 40, 20, 20]


def test_memory_does_not_grow_with_the_number_of_sentences() -> None:
    corpus = random_corpus(200, words=100)

    def peak(times: int) -> int:
        stream = (sentence for _ in range(times) for sentence in corpus)
        tracemalloc.start()
        try:
            word_information(stream, min_count=1, block_size=200)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # so that one-time allocations are not counted
    assert peak(40) < 1.2 * peak(4)


def test_one_long_word_does_not_make_every_word_long() -> None:
    # A line of base64 is one word of thousands of letters; memory must not be its length times the vocabulary.
    corpus = ["x" * 20_000, *random_corpus(200, words=2000)]
    tracemalloc.start()
    try:
        word_information(corpus, min_count=1)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


# ── the shuffled control ──


def test_the_control_is_decided_by_its_seed() -> None:
    corpus = random_corpus(50)
    one, again, other = (word_information(corpus, min_count=1, shuffles=2, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert not np.allclose(one["kl_shuffled"], other["kl_shuffled"])
    plain = word_information(corpus, min_count=1)
    pd.testing.assert_frame_equal(one[plain.columns], plain)


def test_the_corrected_gain_is_the_difference() -> None:
    table = word_information(random_corpus(50), min_count=1, shuffles=3)
    pd.testing.assert_series_equal(
        table["kl_corrected"], table["kl"] - table["kl_shuffled"], check_names=False, check_exact=True
    )


def test_more_shuffles_average_their_gains() -> None:
    # The streams of random numbers are per shuffle, so three shuffles begin with the same two.
    corpus = random_corpus(50)
    one, two, three = (
        word_information(corpus, min_count=1, shuffles=shuffles)["kl_shuffled"] for shuffles in (1, 2, 3)
    )
    assert not np.allclose(2 * two - one, one)  # the second shuffle differs from the first
    assert not np.allclose(3 * three - 2 * two, one)
    assert (3 * three - 2 * two > 0).all()


def test_shuffling_keeps_words_and_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    dealt: list[tuple[np.ndarray, np.ndarray]] = []
    add = Cooccurrence.add
    monkeypatch.setattr(
        Cooccurrence,
        "add",
        lambda self, ids, lengths, size: (dealt.append((ids, lengths)), add(self, ids, lengths, size)),
    )
    word_information(random_corpus(50), min_count=1, shuffles=1)
    (ids, lengths), (shuffled, same_lengths) = dealt
    assert ids.tolist() != shuffled.tolist()
    assert sorted(ids) == sorted(shuffled)
    assert lengths.tolist() == same_lengths.tolist()


def test_a_corpus_without_structure_has_no_corrected_gain() -> None:
    table = word_information(random_corpus(800, words=150), min_count=5, shuffles=4)
    assert table["kl"].mean() > 0.7  # counting alone causes a gain …
    assert abs(table["kl_corrected"].mean()) < 0.05 * table["kl"].mean()  # … which the control removes


def test_a_corpus_with_structure_has_a_corrected_gain() -> None:
    # Ten topics of five words each; a sentence stays within its topic, so that KL is about log 10.
    generator = np.random.default_rng(0)
    corpus = [" ".join(f"t{t}w{w}" for w in generator.integers(5, size=6)) for t in generator.integers(10, size=2000)]
    table = word_information(corpus, shuffles=2)
    assert (table["kl_corrected"] > 0.9 * log(10)).all()


# ── errors ──


@pytest.mark.parametrize("corpus", [[], [""], ["?!", "…"]], ids=["nothing", "blank", "marks"])
def test_a_corpus_without_words(corpus: list[str]) -> None:
    with pytest.raises(InputError, match="the corpus has no words; give sentences with letters or digits"):
        word_information(corpus)


def test_no_word_is_frequent_enough() -> None:
    with pytest.raises(InputError, match="no word occurs 10 times"):
        word_information(["a b"])


def test_min_count_below_one() -> None:
    with pytest.raises(InputError, match="min_count is 0; give 1 or more"):
        word_information(["a b"], min_count=0)


def test_a_negative_number_of_shuffles() -> None:
    with pytest.raises(InputError, match="shuffles"):
        word_information(["a b"], min_count=1, shuffles=-1)


def test_one_string_instead_of_a_vocabulary() -> None:
    with pytest.raises(InputError, match="vocabulary is a single string"):
        word_information(["a b"], min_count=1, vocabulary="a")


def test_one_string_instead_of_sentences() -> None:
    with pytest.raises(InputError, match="single string"):
        word_information("a b c", min_count=1)
