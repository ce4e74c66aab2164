"""Batches of like length: nothing twice, nothing forgotten, nothing that clashes."""

from hypothesis import given
from hypothesis import strategies as st

from wig_core.training.batches import LengthBatches

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
    found = list(LengthBatches(lengths, size, by_tokens=True))
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


def test_another_epoch_or_seed_makes_other_batches_and_the_same_makes_the_same() -> None:
    lengths = [i % 7 + 1 for i in range(500)]

    def made(seed: int, epoch: int) -> list[list[int]]:
        batches = LengthBatches(lengths, 8, seed=seed)
        batches.set_epoch(epoch)
        return list(batches)

    assert made(0, 0) == made(0, 0)
    assert made(0, 0) != made(0, 1) != made(1, 1)


def test_a_batch_holds_examples_of_like_length() -> None:
    lengths = [1 + i % 100 for i in range(1000)]
    spans = [max(lengths[i] for i in batch) - min(lengths[i] for i in batch) for batch in LengthBatches(lengths, 10)]
    assert max(spans) <= 4
