"""How much a word tells: co-occurrence in a stream of sentences, self-information and information gain.

For a word w, P(w) is its share of all word occurrences, and P(·|w) the distribution of its neighbours: the other words
of the sentences that hold w, each pair of occurrences counted once. KL(w) = KL(P(·|w) ‖ P(·)), in nats, is the paper's
information gain (Kurita et al. 2023, their Psent(·|w) against P(·)); −log P(w) is its self-information.

Rare words have few neighbours, and few neighbours make a large KL whatever the word means. The control deals the same
words to sentences of the same lengths at random: what KL is left there is due to counting alone (Oyama et al. 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from wig_core.errors import InputError
from wig_core.words import words_of

BLOCK = 32_768  # sentences counted, and shuffled, together


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
        rows = np.repeat(np.arange(len(lengths)), lengths)
        shape = (len(lengths), size)
        occurrences = sparse.csr_array((np.ones(len(ids), np.int64), (rows, ids)), shape=shape)
        counts = np.bincount(ids, minlength=size)
        itself = sparse.dia_array((counts[None], [0]), shape=(size, size))  # an occurrence is not its own neighbour
        block = (occurrences.T @ occurrences - itself).tocsr()
        self.pairs.resize(size, size)
        self.pairs = self.pairs + block
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


def word_information(
    corpus: Iterable[str],
    *,
    min_count: int = 10,
    shuffles: int = 0,
    seed: int = 0,
    cut: Callable[[str], list[str]] = words_of,
) -> pd.DataFrame:
    """What each word of a corpus tells, in nats.

    Args:
        corpus: sentences; a `Corpus`, a list, or a stream that is read once.
        min_count: words with fewer occurrences are left out of the result (they still count as neighbours).
        shuffles: how many shuffled corpora the control averages; 0 leaves it out.
        seed: of the shuffles.
        cut: gives the words of a sentence; another makes subwords the units, say.

    Returns:
        A frame indexed by word, most frequent first, with the columns

        - count: occurrences, and probability, their share of all;
        - self_information: −log P(w);
        - kl: ``KL(P(·|w) ‖ P(·))``; not a number for a word that is always alone in its sentence;
        - kl_shuffled: the mean of kl over the shuffled corpora, and kl_corrected, kl − kl_shuffled.

    Raises:
        InputError: there are no words, or none is frequent enough.

    Example:
        >>> word_information(["a b", "a c"], min_count=1).loc["b", ["self_information", "kl"]].round(3).tolist()
        [1.386, 0.693]
    """
    if isinstance(corpus, str):
        raise InputError("corpus is a single string; give a list of sentences")
    if shuffles < 0:
        raise InputError(f"shuffles is {shuffles}; give 0 or more")
    if min_count < 1:
        raise InputError(f"min_count is {min_count}; give 1 or more")
    vocabulary: dict[str, int] = {}
    original, controls = Cooccurrence(), [Cooccurrence() for _ in range(shuffles)]
    generators = [np.random.default_rng((seed, index)) for index in range(shuffles)]
    for ids, lengths in _blocks(corpus, vocabulary, cut):
        original.add(ids, lengths, len(vocabulary))
        for control, generator in zip(controls, generators, strict=True):
            control.add(generator.permutation(ids), lengths, len(vocabulary))
    if not vocabulary:
        raise InputError("the corpus has no words; give sentences with letters or digits")
    words = list(vocabulary)
    frequent = _most_frequent(original.counts, words, min_count)
    if not len(frequent):
        raise InputError(f"no word occurs {min_count} times (min_count); give a larger corpus or a smaller min_count")
    table = _table(original, [words[row] for row in frequent], frequent)
    if controls:
        table["kl_shuffled"] = np.mean([control.kl(frequent) for control in controls], axis=0)
        table["kl_corrected"] = table["kl"] - table["kl_shuffled"]
    return table


def _table(seen: Cooccurrence, words: list[str], rows: NDArray[np.int64]) -> pd.DataFrame:
    probability = seen.counts[rows] / seen.counts.sum()
    columns = {
        "count": seen.counts[rows],
        "probability": probability,
        "self_information": -np.log(probability),
        "kl": seen.kl(rows),
    }
    return pd.DataFrame(columns, index=pd.Index(words, name="word"))


def _most_frequent(counts: NDArray[np.int64], words: list[str], min_count: int) -> NDArray[np.int64]:
    """The words with at least `min_count` occurrences, most frequent first, ties in alphabetical order."""
    rows = np.flatnonzero(counts >= min_count).tolist()
    return np.array(sorted(rows, key=lambda row: (-counts[row], words[row])), np.int64)


def _blocks(
    corpus: Iterable[str], vocabulary: dict[str, int], cut: Callable[[str], list[str]]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The corpus in blocks of word ids and sentence lengths; new words are put into the vocabulary."""
    stream = iter(corpus)
    while block := [cut(sentence) for sentence in islice(stream, BLOCK)]:
        ids = [vocabulary.setdefault(word, len(vocabulary)) for words in block for word in words]
        yield np.array(ids, np.int64), np.array([len(words) for words in block], np.int64)
