"""Shapley values of a whole sentence vector: the value of a coalition of words is its embedding.

Shapley (1953): the contribution of word i is the mean, over all orders in which the words can join, of the change of
the embedding when i joins: ``c_i = E_π[s(P_i(π) ∪ {i}) − s(P_i(π))]``, with P_i(π) the words before i in order π.
Short sentences are enumerated exactly. For longer ones orders are drawn at random, each together with its reverse
(antithetic sampling: Mitchell, Cooper, Frank, Holmes 2022, arXiv 2104.12199, section 4.1). Within each order the
changes add up to ``s(all) − s(none)``, so contributions do too, however few orders are drawn. An order and its reverse
are exact where words interact in pairs, so a surrogate with pairwise terms as control variate would change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from wig_core.attribution.coalitions import Absence, check_absence, coalition_values
from wig_core.attribution.contributions import Contributions, ContributionSet, completeness_error
from wig_core.attribution.inputs import (
    Division,
    Precision,
    Target,
    TokenizedSentence,
    check_target,
    tokenize_sentences,
)
from wig_core.encoders.encoder import EncoderLike, as_encoder
from wig_core.errors import InputError

EXACT_UP_TO = 10  # words: 1024 forward passes


def shapley_values(
    encoder: EncoderLike,
    sentences: Sequence[str],
    *,
    baseline: Absence = "mask",
    permutations: int = 16,
    exact_up_to: int = EXACT_UP_TO,
    target: Target = "vector",
    granularity: Division = "word",
    precision: Precision = "float32",
    seed: int = 0,
    memory_mb: int = 96,
    progress: bool = False,
) -> ContributionSet:
    """The contributions of each sentence's words to its embedding, as Shapley values.

    The cost is known in advance (`forward_passes`): 2ⁿ forward passes for a sentence of n words up to `exact_up_to`,
    at most ``permutations × (n − 1) + 2`` for a longer one. One pass serves all d dimensions.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        sentences: N sentences, none blank.
        baseline: what replaces an absent word: the mask, padding or unknown token, the zero vector, or nothing
            ("deleted").
        permutations: how many orders are drawn for each longer sentence, reverses included; an even number.
        exact_up_to: the greatest number of words for which all coalitions are enumerated, at most 16; 0 samples all
            sentences.
        target: "vector" for the embedding itself, "norm" for its Euclidean length, or a direction ``[d]`` or several,
            ``[k, d]``, for the inner products with them.
        granularity: what contributes as one, "word" or another; see `Explainer`.
        precision: of the matrix products. "bfloat16" is about twice as fast where the processor supports it; its
            rounding error is far below the sampling error of a few orders.
        seed: of the orders. Those of a sentence do not depend on the other sentences.
        memory_mb: limits the size of a batch, in MiB of activations.
        progress: show a bar on standard error.

    Returns:
        One `Contributions` per sentence, in order, on the CPU. Where orders were drawn, `standard_errors` holds the
        jackknife standard error of each norm over the pairs (Efron and Stein 1981); it is NaN for a single pair.
        Sampling noise lengthens a norm: with few orders and many dimensions small norms are too large, by about their
        squared standard error over twice the norm for each dimension that the noise fills.

    Raises:
        InputError: a sentence is blank, the baseline or target is unknown, or the number of permutations is odd or
            below 2.

    Example:
        >>> [explained] = shapley_values("wig-base", ["A rare sentence."])
        >>> explained.words, explained.vectors.shape, explained.completeness_error < 1e-5
        (['a', 'rare', 'sentence', '.'], torch.Size([4, 256]), True)
    """
    encoder = as_encoder(encoder)
    check_absence(baseline)
    check_target(encoder, target)
    if permutations < 2 or permutations % 2:
        raise InputError(f"permutations is {permutations}; give an even number of at least 2, since they come in pairs")
    if exact_up_to > 16:
        raise InputError(
            f"exact_up_to is {exact_up_to}, which takes {2**exact_up_to:,} forward passes; give at most 16"
        )
    tokenized = tokenize_sentences(encoder, sentences, granularity)
    orders = [None if len(one.units) <= exact_up_to else _orders(one, permutations, seed) for one in tokenized]
    coalitions = [
        _all_coalitions(len(one.units)) if drawn is None else _along(drawn).flatten(0, 1)
        for one, drawn in zip(tokenized, orders, strict=True)
    ]
    values = coalition_values(
        encoder,
        tokenized,
        coalitions,
        baseline=baseline,
        target=target,
        precision=precision,
        memory_mb=memory_mb,
        progress=progress,
    )
    return ContributionSet(
        _exact(one, value) if drawn is None else _sampled(one, drawn, value)
        for one, drawn, value in zip(tokenized, orders, values, strict=True)
    )


def forward_passes(words: int, *, permutations: int = 16, exact_up_to: int = EXACT_UP_TO) -> int:
    """The greatest number of forward passes that a sentence of so many words takes.

    Example:
        >>> forward_passes(10), forward_passes(11), forward_passes(300)
        (1024, 162, 4786)
    """
    return 2**words if words <= exact_up_to else permutations * (words - 1) + 2


def _all_coalitions(words: int) -> Tensor:
    """Every set of words, as ``[2ⁿ, n]``; row r holds the bits of r."""
    return (torch.arange(2**words).unsqueeze(1) >> torch.arange(words)) % 2 == 1


def _exact(sentence: TokenizedSentence, values: Tensor) -> Contributions:
    """From the values of all coalitions ``[2ⁿ, d]``, each weighted by the share of orders in which it occurs."""
    words = len(sentence.units)
    present = _all_coalitions(words).double()
    sizes = present.sum(1).long()
    share = torch.tensor([1 / math.comb(words, k) for k in range(words + 1)], dtype=torch.float64)[sizes].unsqueeze(1)
    # With i present: (|S|−1)!(n−|S|)!/n! = share/|S|; absent: |S|!(n−|S|−1)!/n! = share/(n−|S|).
    joined = present * share / sizes.clamp_min(1).unsqueeze(1)
    missing = (1 - present) * share / (words - sizes).clamp_min(1).unsqueeze(1)
    return _result(sentence, (joined - missing).T @ values.double(), values[-1], values[0], None)


def _orders(sentence: TokenizedSentence, permutations: int, seed: int) -> Tensor:
    """Orders of the words, ``[permutations, n]``, each followed by its reverse."""
    rng = np.random.default_rng([seed, *sentence.input_ids.tolist()])
    drawn = torch.from_numpy(np.stack([rng.permutation(len(sentence.units)) for _ in range(permutations // 2)]))
    return torch.stack([drawn, drawn.flip(1)], dim=1).flatten(0, 1)


def _along(orders: Tensor) -> Tensor:
    """The coalitions along orders ``[p, n]``, from no word to all: ``[p, n + 1, n]``."""
    ranks = orders.argsort(1)
    return ranks.unsqueeze(1) < torch.arange(orders.shape[1] + 1).unsqueeze(1)


def _sampled(sentence: TokenizedSentence, orders: Tensor, values: Tensor) -> Contributions:
    """From the values of the coalitions along the orders, ``[p (n + 1), d]``."""
    permutations, words = orders.shape
    changes = values.double().unflatten(0, (permutations, words + 1)).diff(dim=1)  # [p, n, d], in the order of joining
    of_words = changes.gather(1, orders.argsort(1).unsqueeze(-1).expand_as(changes))
    pairs = of_words.unflatten(0, (-1, 2)).mean(1)
    return _result(sentence, pairs.mean(0), values[words], values[0], _jackknife(pairs))


def _jackknife(pairs: Tensor) -> Tensor:
    """The standard errors ``[n]`` of the norms of the mean of independent estimates ``[pairs, n, d]``."""
    count = len(pairs)
    if count < 2:
        return torch.full((pairs.shape[1],), float("nan"))
    norms = ((pairs.sum(0) - pairs) / (count - 1)).norm(dim=2)
    return ((count - 1) / count * (norms - norms.mean(0)).square().sum(0)).sqrt().float()


def _result(
    sentence: TokenizedSentence, vectors: Tensor, last: Tensor, first: Tensor, errors: Tensor | None
) -> Contributions:
    vectors = vectors.float()
    return Contributions(
        words=[unit.text for unit in sentence.units],
        vectors=vectors,
        embedding=last,
        baseline_embedding=first,
        completeness_error=completeness_error(vectors.double().sum(0), last, first),
        steps=0,
        standard_errors=errors,
    )
