"""From contributions in single sentences to one weight per word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wig_core.errors import InputError

if TYPE_CHECKING:
    from wig_core.attribution.contributions import Contributions


def occurrence_weights(contributions: Iterable[Contributions], *, scale_by_length: bool = True) -> pd.DataFrame:
    """The weight of each word occurrence: the length ‖c_i‖ of its contribution times the length n of its sentence.

    Args:
        contributions: of any number of sentences, from one encoder; a generator is read once.
        scale_by_length: multiply by n, the number of units in the sentence, because mean pooling gives each word a
            share of about 1/n; False gives ‖c_i‖.

    Returns:
        One row per occurrence: sentence, position, word and weight.
    """
    rows = [
        (sentence, position, word, norm * (len(explained.words) if scale_by_length else 1))
        for sentence, explained in enumerate(contributions)
        for position, (word, norm) in enumerate(zip(explained.words, explained.norms.tolist(), strict=True))
    ]
    return pd.DataFrame(rows, columns=["sentence", "position", "word", "weight"])


def word_weights(contributions: Iterable[Contributions], *, scale_by_length: bool = True) -> pd.DataFrame:
    """One weight per word: the mean over its occurrences of ‖c_i‖·n.

    Args:
        contributions: of any number of sentences, from one encoder; a generator is read once.
        scale_by_length: multiply by n, the number of units in the sentence; False gives the mean of ‖c_i‖.

    Returns:
        A frame indexed by word, in alphabetical order: weight, and occurrences, the number averaged over.

    Example:
        >>> from wig_core import integrated_gradients
        >>> word_weights(integrated_gradients("wig-base", ["the cat saw the dog"], steps=2))["occurrences"].to_dict()
        {'cat': 1, 'dog': 1, 'saw': 1, 'the': 2}
    """
    return mean_weights(occurrence_weights(contributions, scale_by_length=scale_by_length))


def mean_weights(occurrences: pd.DataFrame) -> pd.DataFrame:
    """One weight per word, as `word_weights` returns it, from the rows of `occurrence_weights`."""
    return occurrences.groupby("word").agg(weight=("weight", "mean"), occurrences=("weight", "size"))


def reliability(occurrences: pd.DataFrame, *, splits: int = 50, seed: int = 0) -> float:
    """The reliability of word weights, estimated by splitting their occurrences in halves: a ceiling for R².

    It is the share of the variance of word weights that other sentences would reproduce, and so the highest R² that
    any quantity can reach. The occurrences of each word with at least two are split at random into halves; with r the
    correlation over words of the halves' mean weights, 2r/(1 + r) is that of means over all occurrences (Spearman 1910,
    Brown 1910). Words that occur once are left out, although their weights are noisier.

    Args:
        occurrences: from `occurrence_weights`.
        splits: how many random splits to average.
        seed: of the splits.

    Returns:
        The mean over splits, at most 1.

    Raises:
        InputError: fewer than three words occur twice.
    """
    counts = occurrences.groupby("word")["weight"].transform("size")
    repeated = occurrences[counts >= 2].sort_values("word", kind="stable")
    if repeated["word"].nunique() < 3:
        raise InputError("fewer than three words occur twice; give more sentences")
    words, weights = pd.factorize(repeated["word"])[0], repeated["weight"].to_numpy()
    first = np.flatnonzero(np.diff(words, prepend=-1))  # the place of each word's first occurrence
    half = 2 * words + (np.arange(len(words)) - first[words]) % 2  # a word's occurrences go to its halves in turn
    sizes = np.bincount(half)
    rng = np.random.default_rng(seed)
    estimates = []
    for _ in range(splits):
        shuffled = rng.permutation(len(words))
        within_words = shuffled[np.argsort(words[shuffled], kind="stable")]
        means = np.bincount(half, weights[within_words]) / sizes
        correlation = np.corrcoef(means[::2], means[1::2])[0, 1]
        estimates.append(2 * correlation / (1 + correlation))
    return float(np.mean(estimates))
