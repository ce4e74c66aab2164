"""Information gain and self-information of the words of a corpus."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from concurrent.futures import Executor
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wig_core.errors import InputError
from wig_core.information.cooccurrence import (
    BLOCK_SIZE,
    Cooccurrence,
    Tokenize,
    count_block,
    count_in_order,
    sentence_blocks,
    sum_tallies,
)
from wig_core.text.sentences import iter_sentences
from wig_core.text.words import words_of

REST = ""  # stands for all words outside the vocabulary


def word_information(
    corpus: Iterable[str],
    *,
    min_count: int = 10,
    shuffles: int = 0,
    seed: int = 0,
    tokenize: Tokenize = words_of,
    vocabulary: Collection[str] | None = None,
    executor: Executor | None = None,
    in_flight: int | None = None,
    block_size: int = BLOCK_SIZE,
) -> pd.DataFrame:
    """The self-information and the information gain of each word of a corpus, in nats.

    For a word w, P(w) is its share of all word occurrences, and ``P(·|w)`` the distribution of its neighbours: the
    other words of the sentences that contain w. The information gain is that of Kurita et al. 2023 (arXiv 2310.15921),
    with ``P(·|w)`` as their Psent; the control for counting bias follows Oyama et al. 2023 (arXiv 2212.09663).

    Args:
        corpus: sentences: a `Corpus`, a list, or a stream, which is read once.
        min_count: words with fewer occurrences are left out of the result; they still count as neighbours.
        shuffles: the number of shuffled corpora in the control, in which words are dealt at random to the sentences of
            their block; 0 (default) omits it.
        seed: decides the shuffles.
        tokenize: from a sentence to its words, by default lower-cased words without punctuation; pass another function
            to count subwords, for instance.
        vocabulary: the words whose pairs are counted; all others count as a single word, which is not in the result.
            With V words there are at most (V + 1)² pairs, however large the corpus. Self-information is unchanged, and
            kl is the same or lower, because rare neighbours are no longer distinguished. Default: all words.
        executor: counts the blocks in its threads, its processes or on its machines (a `ProcessPoolExecutor`, or the
            result of `Client.get_executor()` of dask). By default they are counted in this process, one after the
            other. The result is the same to the bit. Other processes must be able to import `tokenize`, so it cannot be
            a lambda.
        in_flight: the number of blocks that the executor has at once; by default twice the processors of this machine.
            Twice the number of workers keeps all of them busy; fewer blocks need less memory.
        block_size: sentences that are counted, and shuffled, together. It changes the shuffles and nothing else.

    Returns:
        A frame indexed by word, most frequent first, with the columns

        - count: occurrences, and probability, their share of all;
        - self_information: −log P(w);
        - kl: ``KL(P(·|w) ‖ P(·))``, the information gain; NaN for a word that is always alone in its sentence;
        - kl_shuffled: the mean of kl over the shuffled corpora, and kl_corrected, kl − kl_shuffled.

    Raises:
        InputError: the corpus is not of strings (`check_sentences`), an argument is out of range, there are no words,
            no word (of the vocabulary) occurs `min_count` times, or a worker of the executor was killed.

    Example:
        >>> word_information(["a b", "a c"], min_count=1).loc["b", ["self_information", "kl"]].round(3).tolist()
        [1.386, 0.693]
    """
    if isinstance(vocabulary, str):
        raise InputError("vocabulary is a single string; give a list or set of words")
    least = {"shuffles": 0, "seed": 0, "min_count": 1, "in_flight": 1, "block_size": 1}
    for name, value in zip(least, (shuffles, seed, min_count, in_flight, block_size), strict=True):
        if value is not None and value < least[name]:
            raise InputError(f"{name} is {value}; give {least[name]} or more")
    if vocabulary is not None:
        tokenize = partial(_limited, tokenize=tokenize, vocabulary=frozenset(vocabulary))
    count = partial(count_block, tokenize=tokenize, shuffles=shuffles, seed=seed)
    blocks = sentence_blocks(iter_sentences(corpus, name="corpus"), block_size)
    counted = count_in_order(count, blocks, executor, in_flight or 2 * (os.cpu_count() or 1))
    total = sum_tallies(counted, shuffles)
    if not total.words:
        raise InputError("the corpus has no words; give sentences with letters or digits")
    original, *controls = total.seen
    words = list(total.words)
    frequent = _most_frequent(original.counts, words, min_count)
    if not len(frequent):
        of_it = "" if vocabulary is None else " of the vocabulary"
        raise InputError(
            f"no word{of_it} occurs {min_count} times (min_count); give a larger corpus or a smaller min_count"
        )
    table = _table(original, [words[row] for row in frequent], frequent)
    if controls:
        table["kl_shuffled"] = np.mean([control.kl(frequent) for control in controls], axis=0)
        table["kl_corrected"] = table["kl"] - table["kl_shuffled"]
    return table


def smooth_inverse_frequency(probability: pd.Series, a: float = 1e-3) -> pd.Series:
    """The weight a/(a + P(w)) of each word (Arora, Liang and Ma 2017, equation 3).

    Args:
        probability: P(w), as in the frame of `word_information`.
        a: words much rarer than this weigh about 1.

    Example:
        >>> smooth_inverse_frequency(pd.Series({"the": 0.049, "cat": 0.001})).round(2).to_dict()
        {'the': 0.02, 'cat': 0.5}
    """
    return a / (a + probability)


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
    rows = [row for row in np.flatnonzero(counts >= min_count).tolist() if words[row] != REST]
    return np.array(sorted(rows, key=lambda row: (-counts[row], words[row])), np.int64)


def _limited(sentence: str, *, tokenize: Tokenize, vocabulary: frozenset[str]) -> list[str]:
    return [word if word in vocabulary else REST for word in tokenize(sentence)]
