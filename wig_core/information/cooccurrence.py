"""How much a word tells: co-occurrence in a stream of sentences, self-information and information gain.

For a word w, P(w) is its share of all word occurrences, and P(·|w) the distribution of its neighbours: the other words
of the sentences that hold w, each pair of occurrences counted once. KL(w) = KL(P(·|w) ‖ P(·)), in nats, is the paper's
information gain (Kurita et al. 2023, their Psent(·|w) against P(·)); −log P(w) is its self-information.

Rare words have few neighbours, and few neighbours make a large KL whatever the word means. The control deals the same
words to sentences of the same lengths at random: what KL is left there is due to counting alone (Oyama et al. 2023).

Counting is a map and a reduce. The corpus is read once, in blocks of sentences; each block is counted by itself, in
words that it numbers itself, here or by the workers of an executor; and the counts of neighbouring blocks are added. So
the numbers are the same to the bit wherever and whenever a block was counted.
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

BLOCK = 32_768  # sentences counted, and shuffled, together


Block = tuple[int, list[str]]  # its number, its sentences


Tokenize = Callable[[str], list[str]]


class Cooccurrence:
    """Counts of words, and of pairs of words within a sentence, gathered block by block.

    Memory grows with the vocabulary and with the number of different pairs, not with the number of sentences.

    Attributes:
        counts: the occurrences of each word, ``[vocabulary]``.
        pairs: sparse ``[vocabulary, vocabulary]``; row w holds how often each word is a neighbour of w.

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
            ids: the words of all its sentences, one after the other, as indices into the vocabulary.
            lengths: how many words each sentence has.
            size: the size of the vocabulary so far.
        """
        rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)  # scipy keeps indices short that are short
        entries = (np.ones(len(ids), np.int64), (rows, ids.astype(np.int32)))
        occurrences = sparse.csr_array(entries, shape=(len(lengths), size))
        counts = np.bincount(ids, minlength=size)
        itself = sparse.dia_array((counts[None], [0]), shape=(size, size))  # an occurrence is not its own neighbour
        self._add(counts, (occurrences.T @ occurrences - itself).tocsr())

    def absorb(self, other: Cooccurrence, places: NDArray[np.int32], size: int) -> None:
        """Add counts over a vocabulary of their own.

        Args:
            other: the counts, which stay as they are.
            places: where the words of `other` stand in this vocabulary, all different.
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
        """KL(P(·|w) ‖ P(·)) in nats for the words `rows`; not a number for a word that never has a neighbour."""
        pairs = self.pairs[rows]
        pairs.eliminate_zeros()
        neighbours = pairs.sum(axis=1)
        ratio = np.log(pairs.data) + np.log(self.counts.sum()) - np.log(self.counts[pairs.indices])
        terms = sparse.csr_array((pairs.data * ratio, pairs.indices, pairs.indptr), shape=pairs.shape)
        with np.errstate(invalid="ignore", divide="ignore"):
            gain = terms.sum(axis=1) / neighbours - np.log(neighbours)
        return np.where(neighbours > 0, np.maximum(gain, 0.0), np.nan)  # ≥ 0 but for rounding


@dataclass(slots=True)
class Tally:
    """What was counted in a part of a corpus.

    Attributes:
        words: its words in order of first occurrence, each with its number.
        seen: the counts of its sentences, then those of each shuffled control; may be counted only when asked for, so
            that the memory of one is enough.
    """

    words: dict[str, int]
    seen: Iterable[Cooccurrence]

    @property
    def size(self) -> int:
        """How many different pairs it holds, controls included."""
        return sum(one.pairs.nnz for one in self.seen)

    def absorb(self, later: Tally) -> None:
        """Add what was counted in the next part of the corpus; words that are new there are numbered on."""
        places = np.array([self.words.setdefault(word, len(self.words)) for word in later.words], np.int32)
        for mine, other in zip(self.seen, later.seen, strict=True):
            mine.absorb(other, places, len(self.words))


def sentence_blocks(corpus: Iterable[str]) -> Iterator[Block]:
    """Number the blocks of `BLOCK` sentences of a corpus."""
    stream = iter(corpus)
    return enumerate(iter(lambda: list(islice(stream, BLOCK)), []))


def count_block(block: Block, *, tokenize: Tokenize, shuffles: int, seed: int) -> Tally:
    """Count a block and its shuffles, which its number seeds: anywhere, and once more should the counts be lost."""
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
    """The counts of the blocks in the order of the corpus, of which at most `in_flight` blocks are read ahead."""
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
            f"executor: a worker was killed or shut down ({type(fault).__name__}), perhaps for want of memory; "
            "give a new executor of fewer workers, or a smaller in_flight"
        ) from fault
    finally:
        for future in window:
            future.cancel()


def sum_tallies(counted: Iterable[Tally], shuffles: int) -> Tally:
    """The sum of blocks in the order of the corpus.

    Neighbouring blocks become sums, and a sum is added to the one before it when it holds at least half as much. So a
    large table is written anew only when it has grown by half, not for each block; and all sums together hold at most
    twice as much as the largest.
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
    """The transpose of pairs whose column i has gone to column ``places[i]`` of `size`.

    Transposing puts each row in order, in linear time, so that moving twice is faster than sorting once.
    """
    moved = (pairs.data, places[pairs.indices], pairs.indptr)
    return sparse.csr_array(moved, shape=(pairs.shape[0], size)).T.tocsr()
