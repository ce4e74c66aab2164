"""Shapley values of a whole sentence vector: the value of a coalition of words is its embedding.

Shapley (1953): the contribution of word i is the mean, over all orders in which the words could join, of what the
embedding changes when i joins: ``c_i = E_π[s(P_i(π) ∪ {i}) − s(P_i(π))]``, with P_i(π) the words before i in order π.
Short sentences are enumerated exactly; for longer ones orders are drawn at random, each together with its reverse
(antithetic: Mitchell, Cooper, Frank, Holmes 2022, arXiv 2104.12199, section 4.1). Within each order the changes add up
to ``s(all) − s(none)``, so contributions do too, however few orders are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from wig_core.attribution.coalitions import Absence, check_absence, coalition_values
from wig_core.attribution.contributions import Contributions
from wig_core.attribution.inputs import (
    Granularity,
    Precision,
    Target,
    TokenizedSentence,
    check_target,
    tokenize_sentences,
)
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

EXACT_UP_TO = 10  # words: 1024 forward passes


def shapley_values(
    encoder: SentenceEncoder,
    sentences: Sequence[str],
    *,
    baseline: Absence = "mask",
    permutations: int = 16,
    exact_up_to: int = EXACT_UP_TO,
    target: Target = "vector",
    granularity: Granularity = "word",
    precision: Precision = "float32",
    seed: int = 0,
    memory_mb: int = 96,
    progress: bool = False,
) -> list[Contributions]:
    """The contributions of each sentence's words to its embedding, as Shapley values.

    The cost is known beforehand (`forward_passes`): 2ⁿ forward passes for a sentence of n words up to `exact_up_to`,
    at most ``permutations × (n − 1) + 2`` for longer ones; one pass serves all d dimensions.

    Args:
        encoder: the encoder to explain.
        sentences: N sentences, none blank.
        baseline: what stands in place of an absent word: the mask, padding or unknown token, the zero vector, or
            nothing ("deleted").
        permutations: orders drawn for each longer sentence, in pairs of an order and its reverse; an even number.
        exact_up_to: sentences of at most so many words are enumerated; 0 draws for all.
        target: "vector" for the embedding itself, "norm" for its Euclidean length, or a direction ``[d]`` for the
            inner product with it.
        granularity: contributions of words, or with "subword" of tokens.
        precision: of the matrix products. "bfloat16" is about twice as fast where the processor has it; what it rounds
            away is far less than what few orders leave open.
        seed: of the orders. Those of a sentence do not depend on the other sentences.
        memory_mb: bounds the size of a batch, in MiB of activations.
        progress: show a bar on standard error.

    Returns:
        One `Contributions` a sentence, in order, on the CPU. Where orders were drawn, `standard_errors` holds the
        jackknife standard error of each norm over the pairs (Efron and Stein 1981); it is not a number for one pair.
        Noise lengthens a norm: with few orders and many dimensions small norms are too large, by about their squared
        standard error over twice the norm for each dimension that the noise fills.

    Raises:
        InputError: a blank sentence, an unknown baseline or target, or a number of permutations that is odd or below 2.

    Example:
        >>> encoder = SentenceEncoder.load("wig-base")
        >>> [explained] = shapley_values(encoder, ["A rare sentence."])
        >>> explained.words, explained.vectors.shape, explained.completeness_error < 1e-5
        (['a', 'rare', 'sentence', '.'], torch.Size([4, 256]), True)
    """
    check_absence(baseline)
    check_target(encoder, target)
    if permutations < 2 or permutations % 2:
        raise InputError(f"permutations is {permutations}; give an even number from 2 on, since they come in pairs")
    if exact_up_to > 16:
        raise InputError(
            f"exact_up_to is {exact_up_to}, which takes {2**exact_up_to:,} forward passes; give at most 16"
        )
    readings = tokenize_sentences(encoder, sentences, granularity)
    orders = [
        None if len(reading.units) <= exact_up_to else _orders(reading, permutations, seed) for reading in readings
    ]
    coalitions = [
        _all_coalitions(len(reading.units)) if drawn is None else _along(drawn).flatten(0, 1)
        for reading, drawn in zip(readings, orders, strict=True)
    ]
    values = coalition_values(
        encoder,
        readings,
        coalitions,
        baseline=baseline,
        target=target,
        precision=precision,
        memory_mb=memory_mb,
        progress=progress,
    )
    return [
        _exact(reading, value) if drawn is None else _sampled(reading, drawn, value)
        for reading, drawn, value in zip(readings, orders, values, strict=True)
    ]


def forward_passes(words: int, *, permutations: int = 16, exact_up_to: int = EXACT_UP_TO) -> int:
    """How many forward passes a sentence takes at most.

    Example:
        >>> forward_passes(10), forward_passes(11), forward_passes(300)
        (1024, 162, 4786)
    """
    return 2**words if words <= exact_up_to else permutations * (words - 1) + 2


def _all_coalitions(words: int) -> Tensor:
    """Every set of words, as ``[2ⁿ, n]``; row r holds the bits of r."""
    return (torch.arange(2**words).unsqueeze(1) >> torch.arange(words)) % 2 == 1


def _exact(reading: TokenizedSentence, values: Tensor) -> Contributions:
    """From the values of all coalitions ``[2ⁿ, d]``: each weighs as the share of orders in which it comes about."""
    words = len(reading.units)
    present = _all_coalitions(words).double()
    sizes = present.sum(1).long()
    share = torch.tensor([1 / math.comb(words, k) for k in range(words + 1)], dtype=torch.float64)[sizes].unsqueeze(1)
    # With i there: (|S|−1)!(n−|S|)!/n! = share/|S|; without it: |S|!(n−|S|−1)!/n! = share/(n−|S|).
    joined = present * share / sizes.clamp_min(1).unsqueeze(1)
    missing = (1 - present) * share / (words - sizes).clamp_min(1).unsqueeze(1)
    return _result(reading, (joined - missing).T @ values.double(), values[-1], values[0], None)


def _orders(reading: TokenizedSentence, permutations: int, seed: int) -> Tensor:
    """Orders of the words, ``[permutations, n]``, each followed by its reverse."""
    rng = np.random.default_rng([seed, *reading.input_ids.tolist()])
    drawn = torch.from_numpy(np.stack([rng.permutation(len(reading.units)) for _ in range(permutations // 2)]))
    return torch.stack([drawn, drawn.flip(1)], dim=1).flatten(0, 1)


def _along(orders: Tensor) -> Tensor:
    """The coalitions that orders ``[p, n]`` pass, from none to all: ``[p, n + 1, n]``."""
    ranks = orders.argsort(1)
    return ranks.unsqueeze(1) < torch.arange(orders.shape[1] + 1).unsqueeze(1)


def _sampled(reading: TokenizedSentence, orders: Tensor, values: Tensor) -> Contributions:
    """From the values along the orders, ``[p (n + 1), d]``."""
    permutations, words = orders.shape
    changes = values.double().unflatten(0, (permutations, words + 1)).diff(dim=1)  # [p, n, d], as words joined
    of_words = changes.gather(1, orders.argsort(1).unsqueeze(-1).expand_as(changes))
    pairs = of_words.unflatten(0, (-1, 2)).mean(1)
    return _result(reading, pairs.mean(0), values[words], values[0], _jackknife(pairs))


def _jackknife(pairs: Tensor) -> Tensor:
    """The standard errors ``[n]`` of the norms of the mean of independent estimates ``[pairs, n, d]``."""
    count = len(pairs)
    if count < 2:
        return torch.full((pairs.shape[1],), float("nan"))
    norms = ((pairs.sum(0) - pairs) / (count - 1)).norm(dim=2)
    return ((count - 1) / count * (norms - norms.mean(0)).square().sum(0)).sqrt().float()


def _result(
    reading: TokenizedSentence, vectors: Tensor, last: Tensor, first: Tensor, errors: Tensor | None
) -> Contributions:
    vectors, difference = vectors.float(), last - first
    scale = difference.norm() if difference.norm() > 1e-6 * last.norm() else last.norm()
    missing = (vectors.double().sum(0) - difference).norm()
    return Contributions(
        words=[unit.text for unit in reading.units],
        vectors=vectors,
        embedding=last,
        baseline_embedding=first,
        completeness_error=float(missing / scale.clamp_min(torch.finfo(scale.dtype).tiny)),
        steps=0,
        standard_errors=errors,
    )
