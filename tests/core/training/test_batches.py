"""Batches of similar length hold each example once and no two that clash; token counts are the tokenizer's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wig_core.encoders.encoder import SentenceEncoder
from wig_core.training.batches import LengthBatches, TokenBatches, token_counts
from wig_core.training.examples import load_examples

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=300)


@given(LENGTHS, st.integers(1, 16), st.integers(0, 3))
def test_batches_by_number_are_full_and_hold_each_example_once(lengths: list[int], size: int, epoch: int) -> None:
    batches = LengthBatches(lengths, size, seed=1)
    batches.set_epoch(epoch)
    found = list(batches)
    assert len(batches) == len(found)
    assert all(len(batch) == size for batch in found)
    chosen = [example for batch in found for example in batch]
    assert len(chosen) == len(set(chosen))
    assert len(lengths) - len(chosen) < size * (1 + len(lengths) // (50 * size))


@given(LENGTHS, st.integers(1, 200))
def test_batches_by_tokens_hold_all_and_no_more_than_fit(lengths: list[int], size: int) -> None:
    found = list(TokenBatches(lengths, size))
    assert sorted(example for batch in found for example in batch) == list(range(len(lengths)))
    for batch in found:
        assert len(batch) == 1 or len(batch) * max(lengths[example] for example in batch) <= size


@given(st.lists(st.integers(0, 5), min_size=1, max_size=100), st.integers(1, 4))
def test_no_batch_holds_two_examples_that_share_a_key(keys: list[int], size: int) -> None:
    batches = LengthBatches([1] * len(keys), size, keys=[(key, f"own {i}") for i, key in enumerate(keys)])
    for batch in batches:
        assert len({keys[example] for example in batch}) == size


def test_an_example_that_clashes_waits_for_a_later_batch() -> None:
    batches = LengthBatches([1] * 4, 2, keys=[("a",), ("a",), ("b",), ("b",)])
    assert sorted(example for batch in batches for example in batch) == [0, 1, 2, 3]


def test_batches_depend_on_epoch_and_seed_alone() -> None:
    lengths = [i % 7 + 1 for i in range(500)]

    def batches_of(seed: int, epoch: int) -> list[list[int]]:
        batches = LengthBatches(lengths, 8, seed=seed)
        batches.set_epoch(epoch)
        return list(batches)

    assert batches_of(0, 0) == batches_of(0, 0)
    assert batches_of(0, 0) != batches_of(0, 1) != batches_of(1, 1)


def test_a_batch_holds_examples_of_similar_length() -> None:
    lengths = [1 + i % 100 for i in range(1000)]
    spans = [max(lengths[i] for i in batch) - min(lengths[i] for i in batch) for batch in LengthBatches(lengths, 10)]
    assert max(spans) <= 4


def test_the_processes_share_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = [1 + i % 100 for i in range(1000)]
    whole = list(LengthBatches(lengths, 10))
    monkeypatch.setenv("WORLD_SIZE", "2")
    parts = []
    for rank in "01":
        monkeypatch.setenv("RANK", rank)
        parts.append(list(LengthBatches(lengths, 10)))
    assert [sorted(left + right) for left, right in zip(*parts, strict=True)] == list(map(sorted, whole))
    assert {len(batch) for part in parts for batch in part} == {5}


@pytest.mark.parametrize("name", ["wig-base", "all-MiniLM-L6-v2"])
def test_token_counts_are_those_of_the_tokenizer(name: str) -> None:
    tokenizer = SentenceEncoder.load(name).tokenizer
    texts = [text for pair in load_examples("halves").texts[::5] for text in pair]
    ids = tokenizer(texts, truncation=True, max_length=12)["input_ids"]
    assert token_counts(tokenizer, texts, 12) == list(map(len, ids))


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
def test_token_counts_of_any_text(bert: SentenceEncoder, texts: list[str]) -> None:
    expected = bert.tokenizer(texts, truncation=True, max_length=20)["input_ids"]
    assert token_counts(bert.tokenizer, texts, 20) == list(map(len, expected))
