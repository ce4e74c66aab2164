"""How texts are divided into units for a comparison: single sentences into words, and what fits a budget of seconds."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from wig_core.attribution import path_steps, shapley
from wig_core.attribution.inputs import Division, Granularity, TokenizedSentence, tokenize_sentences
from wig_core.attribution.paths import InterpolationPath, Point, values
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.passages import STARTS

if TYPE_CHECKING:
    from wig_core.attribution.explainer import Explainer

COARSER: dict[Division, Granularity] = {
    "subword": "word",
    "word": "sentence",
    "phrase": "sentence",
    "sentence": "paragraph",
}
FINER: dict[Granularity, Granularity] = {"paragraph": "sentence", "sentence": "word", "phrase": "word"}
MOST_REFINED = 8  # sentences that a budget refines


@dataclass(frozen=True)
class Choice:
    """A granularity, and how many of its units are divided into words."""

    granularity: Division
    refine: int = 0

    def __str__(self) -> str:
        heaviest = f", the heaviest {self.refine} by word" if self.refine else ""
        return f"{self.granularity}{heaviest}"


def read(encoder: SentenceEncoder, texts: Sequence[str], division: Division = "word") -> list[TokenizedSentence]:
    """The texts as they are read; what is worth a warning, the explainer says."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tokenize_sentences(encoder, texts, division)


def division_of(text: str, granularity: Division) -> Granularity:
    """The granularity, or the first finer one at which a text has several units.

    Raises:
        InputError: the granularity divides a certain text.
    """
    if not isinstance(granularity, str):
        raise InputError("granularity divides one text, a similarity has two; give a name such as sentence")
    while granularity in FINER and len(STARTS[granularity](text)) < 2:
        granularity = FINER[granularity]
    return granularity


def refined(
    encoder: SentenceEncoder, text: str, division: Division, shares: NDArray[np.float64], count: int
) -> Division:
    """Where the units of a text begin if `count` of those with the greatest shares are divided into words."""
    if division in ("word", "subword"):
        return division
    [coarse], [fine] = read(encoder, [text], division), read(encoder, [text])
    starts = np.array([unit.start for unit in coarse.units])
    heaviest = np.argsort(-np.abs(shares), kind="stable")[:count]
    owners = np.searchsorted(starts, [word.start for word in fine.units], side="right") - 1
    words = [word.start for word, owner in zip(fine.units, owners, strict=True) if owner in heaviest]
    return tuple(sorted({*starts.tolist(), *words}))


def within_budget(
    encoder: SentenceEncoder, explainer: Explainer, texts: Sequence[str], choice: Choice, budget: float
) -> tuple[Choice, float]:
    """The finest choice, from the given one on, that takes no longer than a budget, and the seconds that it takes.

    Warns:
        UserWarning: even the coarsest takes longer.
    """
    pass_of = [_seconds(encoder, text) for text in texts]
    for possible in _coarser_and_coarser(choice):
        needed = sum(
            seconds * number
            for counts in _counts(encoder, texts, possible)
            for seconds, number in zip(pass_of, passes(explainer, encoder.dimension, counts), strict=True)
        )
        if needed <= budget:
            return possible, needed
    warnings.warn(f"by {possible} the texts take about {needed:.0f} s, more than the budget of {budget:g} s; cut them, "
                  "or give an encoder with fewer layers", stacklevel=4)  # fmt: skip
    return possible, needed


def _coarser_and_coarser(choice: Choice) -> Iterator[Choice]:
    yield choice
    granularity = choice.granularity
    while granularity in COARSER:
        granularity = COARSER[granularity]
        refinable = range(MOST_REFINED if granularity == "sentence" else 0, -1, -1)
        yield from (Choice(granularity, count) for count in refinable)


def _counts(encoder: SentenceEncoder, texts: Sequence[str], choice: Choice) -> list[list[int]]:
    """The units of each text in each of the explanations that a choice takes: one, or a second one that is refined."""
    words = [len(one.units) for one in read(encoder, texts)]
    units = [len(read(encoder, [text], division_of(text, choice.granularity))[0].units) for text in texts]
    finer = [
        round(count + min(choice.refine, count) * (of_words / count - 1)) if count else 0
        for count, of_words in zip(units, words, strict=True)
    ]
    return [units, finer] if choice.refine and finer != units else [units]


def passes(explainer: Explainer, dimension: int, units: Sequence[int]) -> list[int]:
    """About how many forward passes each of two texts takes, from their numbers of units."""
    if explainer.method == "shap":
        return [shapley.forward_passes(count, permutations=explainer.permutations) for count in units]
    along = min(units) + 1 if path_steps.is_long(max(units), min(units) + 1) else dimension
    first, second = (path_steps.forward_passes(*one) for one in ((min(units), dimension), (max(units), along)))
    return [first, second] if units[0] <= units[1] else [second, first]


def _seconds(encoder: SentenceEncoder, text: str) -> float:
    """The seconds that a forward pass of a text takes, the second time."""
    [tokenized] = read(encoder, [text])
    path = InterpolationPath(encoder, tokenized, None, "vector")
    for _ in range(2):
        start = time.perf_counter()
        values([Point(path, torch.ones(path.words))])
    return time.perf_counter() - start
