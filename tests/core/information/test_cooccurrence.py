"""Counting as a map and a reduce: the same to the bit on any executor, in any order, and when workers are killed."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wig_core.errors import InputError
from wig_core.information.cooccurrence import Cooccurrence, Tally, count_block, sum_tallies
from wig_core.information.word_information import word_information

SIZE = 7  # sentences of a block
WORDS = np.random.default_rng(0).zipf(1.5, (60, 6)) % 40
SENTENCES = [" ".join(f"w{word}" for word in row) for row in WORDS]  # nine blocks, and each brings new words
COUNTED = {"min_count": 1, "shuffles": 2, "seed": 3, "block_size": SIZE}


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:  # torch has threads here: no fork
        yield pool


@pytest.fixture
def expected() -> pd.DataFrame:
    """The table that is counted without an executor."""
    return word_information(SENTENCES, **COUNTED)


def assert_identical(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, check_exact=True)


class Idle(Executor):
    """Works only while someone waits for a result, on the oldest task or on the newest first."""

    def __init__(self, take: int):
        self.take = take
        self.waiting: list[Awaited] = []
        self.given: list[Awaited] = []
        self.done: list[int] = []

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.given.append(Awaited(self, len(self.given), lambda: function(*args, **kwargs)))
        self.waiting.append(self.given[-1])
        return self.given[-1]


class Awaited(Future[Any]):
    def __init__(self, executor: Idle, number: int, task: Callable[[], Any]):
        super().__init__()
        self.executor, self.number, self.task = executor, number, task
        self.fetched = False

    def result(self, timeout: float | None = None) -> Any:
        while not self.done():
            future = self.executor.waiting.pop(self.executor.take)
            future.set_result(future.task())
            self.executor.done.append(future.number)
        self.fetched = True
        return super().result(timeout)


@dataclass(frozen=True)
class Deadly:
    """Splits a sentence into words; kills its process at the word w3, up to `times` times."""

    folder: Path
    times: int

    def __call__(self, sentence: str) -> list[str]:
        words = sentence.split()
        if "w3" in words and len(killed := list(self.folder.iterdir())) < self.times:
            (self.folder / str(len(killed))).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return words


def split_badly(sentence: str) -> list[str]:
    raise ArithmeticError(f"cannot split {sentence[:2]}")


# ── any executor ──


@pytest.mark.parametrize("in_flight", [None, 1, 3, 100])
def test_threads_count_the_same(expected: pd.DataFrame, in_flight: int | None) -> None:
    with ThreadPoolExecutor(3) as pool:
        assert_identical(word_information(SENTENCES, **COUNTED, executor=pool, in_flight=in_flight), expected)


def test_processes_count_the_same(expected: pd.DataFrame, processes: ProcessPoolExecutor) -> None:
    assert_identical(word_information(SENTENCES, **COUNTED, executor=processes), expected)
    some = COUNTED | {"vocabulary": expected.index[::2]}
    assert_identical(word_information(SENTENCES, **some, executor=processes), word_information(SENTENCES, **some))


def test_blocks_that_end_in_any_order_count_the_same(expected: pd.DataFrame) -> None:
    newest_first = Idle(take=-1)
    assert_identical(word_information(SENTENCES, **COUNTED, executor=newest_first, in_flight=4), expected)
    assert newest_first.done == [3, 2, 1, 0, 7, 6, 5, 4, 8]


def test_counts_that_an_executor_keeps_are_not_changed(expected: pd.DataFrame) -> None:
    # dask gives the same object again to a client in the same process that asks for the same task.
    kept: dict[int, Any] = {}

    class Keeping(Idle):
        def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            number = args[-1][0]
            return super().submit(lambda: kept.setdefault(number, function(*args, **kwargs)))

    for _ in range(2):
        assert_identical(word_information(SENTENCES, **COUNTED, executor=Keeping(0)), expected)
    assert len(kept) == 9


@settings(max_examples=40)
@given(
    st.lists(st.text("abcde", max_size=5).map(" ".join), min_size=1, max_size=12).filter(any),
    st.integers(1, 13),
    st.integers(1, 4),
)
def test_the_size_of_blocks_changes_no_bit(corpus: list[str], block: int, in_flight: int) -> None:
    executor = Idle(-1)
    table = word_information(corpus, min_count=1, executor=executor, in_flight=in_flight, block_size=block)
    assert_identical(table, word_information(corpus, min_count=1))
    assert len(executor.given) == -(-len(corpus) // block)


@pytest.mark.parametrize("blocks", [0, 1, 2, 3, 5, 13, 64])
@pytest.mark.parametrize("fresh", [True, False], ids=["new pairs", "the same pairs"])
def test_large_sums_are_not_written_for_each_block(blocks: int, fresh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    absorb = Tally.absorb

    def noted(self: Tally, later: Tally) -> None:
        absorb(self, later)
        written.append(self.size)

    monkeypatch.setattr(Tally, "absorb", noted)
    texts = [f"a{number * fresh} b{number * fresh}" for number in range(blocks)]
    total = sum_tallies(
        (count_block((0, [text]), tokenize=str.split, shuffles=0, seed=0) for text in texts), shuffles=0
    )
    assert list(total.words) == list(dict.fromkeys(" ".join(texts).split()))  # in order of first occurrence
    of_block = 2  # a b, and b a
    if fresh:
        assert total.size == blocks * of_block
        assert sum(written) <= blocks * of_block * (
            2 + np.log2(max(blocks, 1))
        )  # quadratic if blocks were added one by one
    else:
        assert total.size == (blocks > 0) * of_block
        assert len(written) == max(0, 2 * blocks - 1)  # added at once, so that there are never more than two


# ── the shuffles ──


@pytest.mark.parametrize("seed", [0, 5, 2**32 - 1, 2**63])
def test_the_first_block_is_shuffled_as_a_corpus_of_one_block(seed: int) -> None:
    first, only = np.random.default_rng((seed, 2, 0)), np.random.default_rng((seed, 2))
    assert first.permutation(1000).tolist() == only.permutation(1000).tolist()


def test_shuffles_by_hand() -> None:
    # Two blocks of the same sentences, each dealt by its own generator.
    corpus = SENTENCES[:SIZE] * 2
    words = {word: i for i, word in enumerate(dict.fromkeys(" ".join(corpus).split()))}
    ids, lengths = np.array([words[word] for word in " ".join(corpus[:SIZE]).split()]), np.full(2 * SIZE, 6)
    dealt = [np.random.default_rng((4, 0, block)).permutation(ids) for block in range(2)]
    assert dealt[0].tolist() != dealt[1].tolist()
    expected = Cooccurrence()
    expected.add(np.concatenate(dealt), lengths, len(words))
    table = word_information(corpus, min_count=1, shuffles=1, seed=4, block_size=SIZE)
    np.testing.assert_array_equal(table["kl_shuffled"].reindex(words), expected.kl(np.arange(len(words))))


# ── a stream ──


@pytest.mark.parametrize("in_flight", [1, 2, 5])
def test_a_stream_is_not_read_ahead_without_bound(in_flight: int) -> None:
    executor = Idle(take=0)
    ahead: list[int] = []

    def stream() -> Iterator[str]:
        for number in range(100 * SIZE):
            yield SENTENCES[number % len(SENTENCES)]
            ahead.append(number // SIZE + 1 - sum(future.fetched for future in executor.given))

    word_information(stream(), executor=executor, in_flight=in_flight, block_size=SIZE)
    assert len(executor.given) == 100
    assert max(ahead) == in_flight


def test_an_executor_needs_blocks() -> None:
    for name in ("in_flight", "block_size"):
        with pytest.raises(InputError, match=f"{name} is 0; give 1 or more"):
            word_information(SENTENCES, executor=Idle(0), **{name: 0})


def test_a_corpus_without_words() -> None:
    for corpus in ([], ["", "?"]):
        with pytest.raises(InputError, match="the corpus has no words"):
            word_information(corpus, executor=Idle(0))


# ── faults ──


def test_errors_of_tokenize_are_passed_on(processes: ProcessPoolExecutor) -> None:
    with ThreadPoolExecutor(2) as threads:
        for executor in (None, threads, processes):
            with pytest.raises(ArithmeticError, match=r"^cannot split w\d+$"):
                word_information(SENTENCES, tokenize=split_badly, executor=executor, block_size=SIZE)


def test_after_a_fault_no_further_block_is_counted() -> None:
    executor = Idle(take=0)
    with pytest.raises(ArithmeticError):
        word_information(SENTENCES, tokenize=split_badly, executor=executor, block_size=SIZE, in_flight=3)
    assert len(executor.given) == 3
    assert all(future.cancelled() for future in executor.waiting)


def test_a_killed_process_of_a_pool(tmp_path: Path) -> None:
    fault = (
        "executor: a worker was killed or shut down (BrokenProcessPool), perhaps for lack of memory; "
        "give a new executor with fewer workers, or a smaller in_flight"
    )
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for _ in range(2):  # while it happens, and afterwards
            with pytest.raises(InputError, match=f"^{re.escape(fault)}$"):
                word_information(SENTENCES, tokenize=Deadly(tmp_path, times=1), executor=pool, block_size=SIZE)


def test_dask_counts_the_blocks_of_a_killed_worker_again(
    expected: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_CONFIG", str(tmp_path / "config"))  # where it writes one when it is imported
    from distributed import Client, LocalCluster

    (deaths := tmp_path / "deaths").mkdir()
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, local_directory=str(tmp_path)
    )
    with cluster, Client(cluster) as client:
        options = {**COUNTED, "tokenize": Deadly(deaths, times=1), "in_flight": 4}
        table = word_information(SENTENCES, **options, executor=client.get_executor())
    assert_identical(table, expected)
    assert len(list(deaths.iterdir())) == 1
