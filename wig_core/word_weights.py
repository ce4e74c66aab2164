"""From the contributions in single sentences to one weight a word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wig_core.errors import InputError

if TYPE_CHECKING:
    from wig_core.attribution.contributions import Contributions


def occurrence_weights(contributions: Iterable[Contributions], *, scale_by_length: bool = True) -> pd.DataFrame:
    """One row an occurrence: sentence, position, word and weight.

    The weight is the length ‖c_i‖ of the word's contribution, times the number n of units in its sentence if
    `scale_by_length`: mean pooling gives each word about a 1/n share, and n undoes that.
    """
    rows = [
        (sentence, position, word, norm * (len(explained.words) if scale_by_length else 1))
        for sentence, explained in enumerate(contributions)
        for position, (word, norm) in enumerate(zip(explained.words, explained.norms.tolist(), strict=True))
    ]
    return pd.DataFrame(rows, columns=["sentence", "position", "word", "weight"])


def word_weights(contributions: Iterable[Contributions], *, scale_by_length: bool = True) -> pd.DataFrame:
    """One weight a word: the mean over its occurrences of ‖c_i‖·n.

    Args:
        contributions: of any number of sentences, from one encoder.
        scale_by_length: multiply by n, the number of units in the sentence; False gives the plain mean of ‖c_i‖.

    Returns:
        A frame indexed by word, in alphabetical order: weight, and occurrences, the number averaged over.
    """
    return mean_weights(occurrence_weights(contributions, scale_by_length=scale_by_length))


def mean_weights(occurrences: pd.DataFrame) -> pd.DataFrame:
    """`word_weights` of the rows of `occurrence_weights`."""
    return occurrences.groupby("word").agg(weight=("weight", "mean"), occurrences=("weight", "size"))


def reliability(occurrences: pd.DataFrame, *, splits: int = 50, seed: int = 0) -> float:
    """How much of the variance of word weights is there again in other sentences: the highest R² that any quantity
    could reach, estimated by splitting in halves.

    The occurrences of each word that has at least two are split at random into two halves; r is the correlation over
    words of the halves' mean weights, and 2r/(1 + r) that of means over all occurrences (Spearman 1910, Brown 1910).
    The mean over splits is returned. Words that occur once have no halves, and noisier weights than the estimate says.

    Args:
        occurrences: from `occurrence_weights`.
        splits: how many random splits to average.
        seed: of the splits.

    Raises:
        InputError: fewer than three words occur twice.
    """
    counts = occurrences.groupby("word")["weight"].transform("size")
    repeated = occurrences[counts >= 2].sort_values("word", kind="stable")
    if repeated["word"].nunique() < 3:
        raise InputError("fewer than three words occur twice; give more sentences")
    rng = np.random.default_rng(seed)
    estimates = []
    for _ in range(splits):
        shuffled = repeated.iloc[rng.permutation(len(repeated))]
        half = shuffled.groupby("word").cumcount() % 2
        means = shuffled.groupby(["word", half])["weight"].mean().unstack()
        correlation = means[0].corr(means[1])
        estimates.append(2 * correlation / (1 + correlation))
    return float(np.mean(estimates))
