"""Integrated Gradients of a whole sentence vector: by adaptive steps, or by a textbook rule of quadrature.

Sundararajan, Taly, Yan (2017), equation 1, with the embedding s as a vector-valued function of the embedding layer's
output x: the contribution of word i is ``c_i = ∫₀¹ J_i(b + α(x − b)) (x_i − b_i) dα``. By default it is found without
derivatives (`wig_core.attribution.path_steps`). For a rule of quadrature ``J_i (x_i − b_i)`` is the derivative of s
along one direction, so n words cost n forward derivatives at each node instead of d backward passes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence

import torch
from tqdm import tqdm

from wig_core.attribution.contributions import Contributions, ContributionSet
from wig_core.attribution.derivatives import Node, derivatives
from wig_core.attribution.inputs import (
    Baseline,
    Division,
    Precision,
    Target,
    batches,
    check_precision,
    warn_of_memory,
)
from wig_core.attribution.path_steps import MOST, follow
from wig_core.attribution.paths import InterpolationPath, interpolation_paths
from wig_core.attribution.quadrature import quadrature
from wig_core.encoders.encoder import EncoderLike, as_encoder
from wig_core.errors import InputError

CHUNK = 512  # words whose paths are in memory at once


def integrated_gradients(
    encoder: EncoderLike,
    sentences: Iterable[str],
    *,
    baseline: Baseline = "mask",
    tolerance: float = 0.1,
    steps: int | None = None,
    rule: str | None = None,
    target: Target = "vector",
    granularity: Division = "word",
    precision: Precision = "float32",
    memory_mb: int = 96,
    progress: bool = False,
) -> ContributionSet:
    """The contributions of each sentence's words to its embedding, by Integrated Gradients.

    The path runs straight from the baseline to the input at the output of the embedding layer. Special tokens keep
    their values in the baseline, so they contribute nothing. Subword contributions are summed into words.

    By default words step one by one between points of the path, which are placed where the embedding moves; see
    `wig_core.attribution.path_steps`. That takes about 100 forward passes for a sentence of 10 words on a smooth
    encoder such as all-MiniLM-L6-v2, and 450 on one of 12 layers such as all-mpnet-base-v2, on which no rule of
    quadrature converges. With `steps` a textbook rule is used instead.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        sentences: N sentences, none blank.
        baseline: what replaces every word: the mask, padding or unknown token, or the zero vector.
        tolerance: the estimated relative error of the contributions to reach, ``‖C − C*‖ / ‖C*‖`` over all words. Their
            lengths, the weights, err by about a fifth of it.
        steps: the number of nodes of a textbook rule; `tolerance` is then ignored.
        rule: with `steps`, a key of `wig_core.attribution.quadrature.RULES`; by default "gauss-legendre".
        target: "vector" for the embedding itself, "norm" for its Euclidean length, or a direction ``[d]`` or several,
            ``[k, d]``, for the inner products with them. A text of more than 50 tokens, with more than two units for
            every direction, then takes far fewer passes, whose number does not depend on its length.
        granularity: what contributes as one, "word" or another; see `Explainer`.
        precision: of the forward passes or derivatives. "bfloat16" is several times as fast where the processor
            supports it; `completeness_error` then shows its rounding, usually below 1%.
        memory_mb: limits the size of a batch, in MiB of activations.
        progress: show a bar on standard error.

    Returns:
        One `Contributions` per sentence, in order, on the CPU.

    Warns:
        UserWarning: sentences miss the tolerance with as many intervals as are allowed. Each result has its
            `estimated_error`.

    Raises:
        InputError: a sentence is blank, or the baseline, rule, target, precision or tolerance cannot be used.

    Example:
        >>> encoder = as_encoder("all-MiniLM-L6-v2")
        >>> [explained] = integrated_gradients(encoder, ["A rare sentence."])
        >>> explained.words, explained.vectors.shape, explained.estimated_error < 0.1
        (['a', 'rare', 'sentence', '.'], torch.Size([4, 384]), True)
        >>> [explained] = integrated_gradients(encoder, ["A rare sentence."], steps=50, rule="right-riemann")
    """
    check_precision(precision)
    if rule is not None and steps is None:
        raise InputError(f"rule {rule!r} needs a number of nodes; give steps, such as steps=50")
    if steps is None and not tolerance > 0:
        raise InputError(f"tolerance is {tolerance}; give a positive number such as 0.1, or a number of steps")
    encoder = as_encoder(encoder)
    if steps is not None:
        quadrature(rule or "gauss-legendre", steps)  # refuses an unknown rule before any work is done
    paths = interpolation_paths(encoder, sentences, baseline=baseline, target=target, granularity=granularity)
    warn_of_memory(encoder, [path.sentence for path in paths], memory_mb)
    found: list[Contributions] = []
    with tqdm(total=len(paths), desc="integrated gradients", disable=not progress) as bar:
        for chunk in _chunks(paths):
            if steps is not None:
                found += _by_quadrature(chunk, rule or "gauss-legendre", steps, precision, memory_mb)
            else:
                stepped = follow(chunk, tolerance=tolerance, precision=precision, memory_mb=memory_mb)
                found += [one.contributions() for one in stepped]
            bar.update(len(chunk))
    if steps is None:
        _warn_of_errors(found, tolerance)
    return ContributionSet(found)


def _chunks(paths: Sequence[InterpolationPath]) -> Iterator[list[InterpolationPath]]:
    """Consecutive paths with about `CHUNK` words together, at least one each."""
    return batches(paths, [(path.words + 1, 1) for path in paths], CHUNK)


def _warn_of_errors(found: Sequence[Contributions], tolerance: float) -> None:
    missed = [one.estimated_error for one in found if one.estimated_error > tolerance]
    if missed:
        warnings.warn(
            f"{len(missed)} of {len(found)} sentences miss the tolerance of {tolerance:g} with {MOST} intervals; their "
            f"estimated errors are up to {max(missed):.2g}",
            stacklevel=3,
        )


def _by_quadrature(
    paths: list[InterpolationPath], rule: str, steps: int, precision: Precision, memory_mb: int
) -> list[Contributions]:
    """The contributions by a rule with a given number of nodes."""
    totals = {path: torch.zeros(path.words, len(path.last), device=path.last.device) for path in paths}
    nodes = [Node(path, *node) for path in paths for node in zip(*quadrature(rule, steps), strict=True)]
    for index, terms in derivatives(nodes, precision=precision, memory_mb=memory_mb):
        totals[nodes[index].path] += terms
    return [path.contributions(totals[path], steps=steps, estimated_error=float("nan")) for path in paths]
