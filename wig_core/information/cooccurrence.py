"""Counts of words and of their co-occurrence within sentences, and the information gain that follows from them.

For a word w, P(w) is its share of all word occurrences, and P(·|w) the distribution of its neighbours: the other words
of the sentences that contain w, each pair of occurrences counted once. KL(w) = KL(P(·|w) ‖ P(·)), in nats, is the
paper's information gain (Kurita et al. 2023, their Psent(·|w) against P(·)); −log P(w) is the self-information of w.

Rare words have few neighbours, and few neighbours give a large KL whatever the word means. As a control, the same words
are dealt at random to sentences of the same lengths: the KL that remains is due to counting alone (Oyama et al. 2023).

Counting is a map and a reduce. The corpus is read once, in blocks of sentences. Each block is counted on its own, with
its own numbering of words, in this process or by the workers of an executor; then the counts of neighbouring blocks are
added. The result is therefore the same to the bit wherever and whenever a block was counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from wig_core.errors import InputError

BLOCK_SIZE = 32_768  # sentences counted, and shuffled, together

Block = tuple[int, list[str]]  # its number and its sentences
Tokenize = Callable[[str], list[str]]  # from a sentence to its words


class Cooccurrence:
    """Counts of words, and of pairs of words within a sentence, accumulated block by block.

    Memory grows with the vocabulary and with the number of different pairs, not with the number of sentences.

    Attributes:
        counts: the occurrences of each word, ``[vocabulary]``.
        pairs: how often each word is a neighbour of word w, in row w of a sparse array ``[vocabulary, vocabulary]``.

    Example:
        >>> seen = Cooccurrence()
        >>> seen.add(np.array([0, 1, 0]), np.array([3]), size=2)  # one sentence: a b a
        >>> seen.counts.tolist(), seen.pairs.toarray().tolist()
        ([2, 1], [[2, 2], [2, 0]])
    """

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(0, np.int64)
        self.pairs = sparse.csr_array((0, 0), dtype=np.int64)

    def add(self, ids: NDArray[np.int64], lengths: NDArray[np.int64], size: int) -> None:
        """Count a block of sentences.

        Args:
            ids: the words of all its sentences in order, as indices into the vocabulary.
            lengths: the number of words in each sentence.
            size: the size of the vocabulary so far.
        """
        rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)  # scipy keeps 32-bit indices
        entries = (np.ones(len(ids), np.int64), (rows, ids.astype(np.int32)))
        occurrences = sparse.csr_array(entries, shape=(len(lengths), size))
        counts = np.bincount(ids, minlength=size)
        itself = sparse.dia_array((counts[None], [0]), shape=(size, size))  # an occurrence is not its own neighbour
        self._add(counts, (occurrences.T @ occurrences - itself).tocsr())

    def absorb(self, other: Cooccurrence, places: NDArray[np.int32], size: int) -> None:
        """Add counts that have a vocabulary of their own.

        Args:
            other: the counts to add, which are left unchanged.
            places: for each word of `other` its index in this vocabulary, all different.
            size: the size of this vocabulary so far.
        """
        counts = np.zeros(size, np.int64)
        counts[places] = other.counts
        self._add(counts, _moved(_moved(other.pairs, places, size), places, size))  # first the columns, then the rows

    def _add(self, counts: NDArray[np.int64], pairs: sparse.csr_array) -> None:
        size = len(counts)
        self.pairs.resize(size, size)
        self.pairs = self.pairs + pairs
        self.counts = counts + np.pad(self.counts, (0, size - len(self.counts)))

    def kl(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """KL(P(·|w) ‖ P(·)) in nats for the words `rows`; NaN for a word that never has a neighbour."""
        pairs = self.pairs[rows]
        pairs.eliminate_zeros()
        neighbours = pairs.sum(axis=1)
        ratio = np.log(pairs.data) + np.log(self.counts.sum()) - np.log(self.counts[pairs.indices])
        terms = sparse.csr_array((pairs.data * ratio, pairs.indices, pairs.indptr), shape=pairs.shape)
        with np.errstate(invalid="ignore", divide="ignore"):
            gain = terms.sum(axis=1) / neighbours - np.log(neighbours)
        return np.where(neighbours > 0, np.maximum(gain, 0.0), np.nan)  # ≥ 0 up to rounding


@dataclass(slots=True)
class Tally:
    """The counts of a part of a corpus.

    Attributes:
        words: its words in order of first occurrence, each with its index.
        seen: the counts of its sentences, then those of each shuffled control. An iterator may make them one by one, so
            that only one is in memory.
    """

    words: dict[str, int]
    seen: Iterable[Cooccurrence]

    @property
    def size(self) -> int:
        """The number of different pairs, those of the controls included."""
        return sum(one.pairs.nnz for one in self.seen)

    def absorb(self, later: Tally) -> None:
        """Add the counts of the next part of the corpus; its new words get the next indices."""
        places = np.array([self.words.setdefault(word, len(self.words)) for word in later.words], np.int32)
        for mine, other in zip(self.seen, later.seen, strict=True):
            mine.absorb(other, places, len(self.words))


def sentence_blocks(corpus: Iterable[str], size: int) -> Iterator[Block]:
    """The numbered blocks of `size` sentences of a corpus."""
    stream = iter(corpus)
    return enumerate(iter(lambda: list(islice(stream, size)), []))


def count_block(block: Block, *, tokenize: Tokenize, shuffles: int, seed: int) -> Tally:
    """Count a block and its shuffles. Its number seeds them, so that any worker gets the same counts."""
    number, sentences = block
    words: dict[str, int] = {}
    numbered = [[words.setdefault(word, len(words)) for word in tokenize(sentence)] for sentence in sentences]
    ids = np.fromiter(chain.from_iterable(numbered), np.int64)
    lengths = np.array([len(sentence) for sentence in numbered], np.int64)
    generators = [np.random.default_rng((seed, index, number)) for index in range(shuffles)]
    orders = chain([ids], (generator.permutation(ids) for generator in generators))
    return Tally(words, (_seen(order, lengths, len(words)) for order in orders))


def _seen(ids: NDArray[np.int64], lengths: NDArray[np.int64], size: int) -> Cooccurrence:
    seen = Cooccurrence()
    seen.add(ids, lengths, size)
    return seen


def _count_at_once(count: Callable[[Block], Tally], block: Block) -> Tally:
    tally = count(block)
    return Tally(tally.words, list(tally.seen))


def count_in_order(
    count: Callable[[Block], Tally], blocks: Iterator[Block], executor: Executor | None, in_flight: int
) -> Iterator[Tally]:
    """The counts of the blocks in the order of the corpus, which is read at most `in_flight` blocks ahead.

    Raises:
        InputError: a worker of the executor was killed or shut down.
    """
    if executor is None:
        yield from map(count, blocks)
        return
    submitted = (executor.submit(_count_at_once, count, block) for block in blocks)
    window: deque[Future[Tally]] = deque()
    try:
        window.extend(islice(submitted, in_flight))
        while window:
            yield window.popleft().result()
            window.extend(islice(submitted, 1))
    except (BrokenExecutor, CancelledError) as fault:
        raise InputError(
            f"executor: a worker was killed or shut down ({type(fault).__name__}), perhaps for lack of memory; "
            "give a new executor with fewer workers, or a smaller in_flight"
        ) from fault
    finally:
        for future in window:
            future.cancel()


def sum_tallies(counted: Iterable[Tally], shuffles: int) -> Tally:
    """The sum of the counts of blocks, which are given in the order of the corpus.

    Neighbouring blocks are added into partial sums, and a sum is added to the one before it once it is at least half as
    large. A large table is therefore rewritten only when it has grown by half, not for each block, and all sums
    together are at most twice as large as the largest.
    """
    sums: list[Tally] = []
    for tally in counted:
        sums.append(Tally({}, [Cooccurrence() for _ in range(1 + shuffles)]))
        sums[-1].absorb(tally)
        while len(sums) > 1 and sums[-2].size <= 2 * sums[-1].size:
            later = sums.pop()
            sums[-1].absorb(later)
    while len(sums) > 1:
        later = sums.pop()
        sums[-1].absorb(later)
    return sums[0] if sums else Tally({}, [])


def _moved(pairs: sparse.csr_array, places: NDArray[np.int32], size: int) -> sparse.csr_array:
    """The transpose of `pairs` after its column i has moved to column ``places[i]`` of `size` columns.

    Transposing sorts each row in linear time, so that moving twice is faster than sorting once.
    """
    moved = (pairs.data, places[pairs.indices], pairs.indptr)
    return sparse.csr_array(moved, shape=(pairs.shape[0], size)).T.tocsr()
