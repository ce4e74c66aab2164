"""From the contributions in single sentences to one weight a word."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

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
    each = occurrence_weights(contributions, scale_by_length=scale_by_length)
    return each.groupby("word").agg(weight=("weight", "mean"), occurrences=("weight", "size"))
