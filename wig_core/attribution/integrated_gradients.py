"""Integrated Gradients of a whole sentence vector: by adaptive steps, or by a textbook rule of quadrature.

Sundararajan, Taly, Yan (2017), equation 1, with the embedding s as a vector-valued function of the embedding layer's
output x: the contribution of word i is ``c_i = ∫₀¹ J_i(b + α(x − b)) (x_i − b_i) dα``. By default it is found without
derivatives (`wig_core.attribution.path_steps`). For a rule of quadrature ``J_i (x_i − b_i)`` is the derivative of s
along one direction, so n words cost n forward derivatives at each node instead of d backward passes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from wig_core.attribution.contributions import Contributions, ContributionSet
from wig_core.attribution.forward_mode import DualTensor
from wig_core.attribution.inputs import (
    Baseline,
    Granularity,
    Precision,
    Target,
    activations_per_token,
    apply_target,
    batches,
    check_precision,
    pad,
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
    granularity: Granularity = "word",
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
        target: "vector" for the embedding itself, "norm" for its Euclidean length, or a direction ``[d]`` for the
            inner product with it.
        granularity: contributions of words, or with "subword" of tokens.
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
    tangents = torch.bfloat16 if precision == "bfloat16" else torch.float32
    nodes = [node for path in paths for node in _nodes(path, rule, steps)]
    for batch in _in_batches([node for node in nodes if _is_forward(node.path)], memory_mb, backward=False):
        _add_forward(batch, totals, tangents, memory_mb)
    for batch in _in_batches([node for node in nodes if not _is_forward(node.path)], memory_mb, backward=True):
        _add_backward(batch, totals)
    return [path.contributions(totals[path], steps=steps, estimated_error=float("nan")) for path in paths]


def _is_forward(path: InterpolationPath) -> bool:
    """Whether there are no more words than dimensions, so that forward derivatives are the cheaper ones."""
    return path.words <= len(path.last)


@dataclass(frozen=True, eq=False)
class _Node:
    path: InterpolationPath
    position: float
    weight: float


def _nodes(path: InterpolationPath, rule: str, steps: int) -> list[_Node]:
    return [_Node(path, position, weight) for position, weight in zip(*quadrature(rule, steps), strict=True)]


def _in_batches(nodes: list[_Node], memory_mb: int, *, backward: bool) -> list[list[_Node]]:
    """Nodes of similar paths in batches, longest first, so that the bar overestimates the time that is left."""
    nodes = sorted(nodes, key=lambda node: (len(node.path.start), node.path.words), reverse=True)
    sizes = []
    for path in (node.path for node in nodes):
        tokens = len(path.start)
        numbers = activations_per_token(path.encoder, tokens)[backward]
        sizes.append((tokens * numbers, 1 if backward else path.words))
    return list(batches(nodes, sizes, memory_mb * 2**20 // 4))


def _points(nodes: list[_Node]) -> tuple[Tensor, Tensor, Tensor]:
    """The nodes' points ``[B, L, h]``, their paths' directions ``[B, L, h]`` and the attention mask ``[B, L]``."""
    stack = torch.nn.utils.rnn.pad_sequence
    starts = stack([node.path.start for node in nodes], batch_first=True)
    deltas = stack([node.path.end for node in nodes], batch_first=True) - starts
    mask = pad([torch.ones_like(node.path.sentence.input_ids) for node in nodes], 0)
    positions = torch.tensor([node.position for node in nodes], dtype=starts.dtype, device=starts.device)
    return starts + positions[:, None, None] * deltas, deltas, mask


def _derivatives(nodes: list[_Node], points: Tensor, mask: Tensor, directions: Tensor) -> Tensor:
    """The target's derivatives ``[T, B, d]`` along directions ``[T, B, L, h]``."""
    path = nodes[0].path
    with torch.no_grad():
        dual = apply_target(path.encoder.embed_from(DualTensor.make(points, directions), mask), path.target)
    return dual.tangents.float()  # type: ignore[attr-defined]


def _add_forward(
    nodes: list[_Node], totals: dict[InterpolationPath, Tensor], precision: torch.dtype, memory_mb: int
) -> None:
    """Add the nodes' terms to their paths' totals ``[words, d]``, by one forward derivative per word."""
    points, deltas, mask = _points(nodes)
    owners = pad([node.path.sentence.owners for node in nodes], -1)
    words = max(node.path.words for node in nodes)
    numbers = activations_per_token(nodes[0].path.encoder, mask.shape[1])[0]
    block = max(1, memory_mb * 2**20 // 4 // (mask.numel() * numbers))
    for first in range(0, words, block):
        these = torch.arange(first, min(first + block, words), device=owners.device)
        directions = (deltas * (owners == these[:, None, None]).unsqueeze(-1)).to(precision)
        derivatives = _derivatives(nodes, points, mask, directions)
        for node, derivative in zip(nodes, derivatives.unbind(1), strict=True):
            total = totals[node.path][first : first + block]
            total += node.weight * derivative[: len(total)]


def _add_backward(nodes: list[_Node], totals: dict[InterpolationPath, Tensor]) -> None:
    """Add the nodes' terms to their paths' totals ``[words, d]``, by one backward pass per dimension of the target."""
    points, deltas, mask = _points(nodes)
    path = nodes[0].path
    with torch.enable_grad():
        values = apply_target(path.encoder.embed_from(points.requires_grad_(), mask), path.target)
    for dimension in range(values.shape[1]):
        [gradient] = torch.autograd.grad(values[:, dimension].sum(), points, retain_graph=True)
        for node, terms in zip(nodes, (gradient * deltas).sum(-1), strict=True):
            owners = node.path.sentence.owners
            terms = node.weight * terms[: len(owners)][owners >= 0]
            totals[node.path][:, dimension].index_add_(0, owners[owners >= 0], terms)
