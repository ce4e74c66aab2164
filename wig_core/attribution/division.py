"""How texts are divided into units for a comparison: single sentences into words, and what fits a budget of seconds."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wig_core.attribution import path_steps, shapley
from wig_core.attribution.inputs import Division, Granularity, TokenizedSentence, tokenize_sentences
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
REFINED = 5  # sentences that a budget has explained by words, at most


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
        UserWarning: even paragraphs take longer.
    """
    of_pass = np.array([_seconds(encoder, text) for text in texts])
    tokens = [len(one.input_ids) for one in read(encoder, texts)]
    for possible in _from_fine_to_coarse(choice):
        runs = zip(*(_counts(encoder, text, possible) for text in texts), strict=True)
        needed = sum(float(of_pass @ passes(explainer, encoder.dimension, tokens, units)) for units in runs)
        if needed <= budget:
            return possible, needed
    warnings.warn(
        f"by {possible} the texts take about {needed:.0f} s, more than the budget of {budget:g} s; shorten them",
        stacklevel=4,
    )
    return possible, needed


def _from_fine_to_coarse(choice: Choice) -> Iterator[Choice]:
    granularity = choice.granularity
    yield from (Choice(granularity, count) for count in range(choice.refine, -1, -1))
    while granularity in COARSER:
        granularity = COARSER[granularity]
        yield from (Choice(granularity, count) for count in range(REFINED if granularity == "sentence" else 0, -1, -1))


def _counts(encoder: SentenceEncoder, text: str, choice: Choice) -> list[int]:
    """The number of units of a text; if some are refined, also that of the explanation after."""
    [whole], [words] = read(encoder, [text], division_of(text, choice.granularity)), read(encoder, [text])
    refine, count = min(choice.refine, len(whole.units)), len(whole.units)
    return [count, round(count - refine + refine * len(words.units) / max(count, 1))] if choice.refine else [count]


def passes(explainer: Explainer, dimension: int, tokens: Sequence[int], units: Sequence[int]) -> list[int]:
    """About how many forward passes each of two texts takes, from their numbers of tokens and units."""
    if explainer.method == "shap":
        return [shapley.forward_passes(count, permutations=explainer.permutations) for count in units]
    short, long = np.argsort(tokens, kind="stable").tolist()
    numbers = [dimension, dimension]
    if path_steps.by_derivatives(tokens[long], units[long], units[short] + 1):
        numbers[long] = units[short] + 1
    return [path_steps.forward_passes(*one) for one in zip(tokens, units, numbers, strict=True)]


def _seconds(encoder: SentenceEncoder, text: str) -> float:
    """The seconds that the second forward pass of a text takes."""
    encoder.encode(text)
    start = time.perf_counter()
    encoder.encode(text)
    return time.perf_counter() - start
