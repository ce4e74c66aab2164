"""Integrated Gradients of a whole sentence vector, exact and in forward mode.

Sundararajan, Taly, Yan (2017), equation 1, with the embedding s as a vector-valued function of the embedding layer's
output x: the contribution of word i is ``c_i = ∫₀¹ J_i(b + α(x − b)) (x_i − b_i) dα``. ``J_i (x_i − b_i)`` is the
derivative of s along one direction, so n words cost n forward derivatives at each node instead of d backward passes.
The sum over the words is the derivative along the whole path, ``d s / dα``. So one direction is enough to find the
completeness error of any rule in advance, and the n directions are followed only once, at the nodes that are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from wig_core.attribution.contributions import Contributions, ContributionSet, completeness_error
from wig_core.attribution.forward_mode import DualTensor
from wig_core.attribution.inputs import (
    Baseline,
    Granularity,
    Precision,
    Target,
    TokenizedSentence,
    activations_per_token,
    apply_target,
    baseline_id,
    batches,
    check_precision,
    check_target,
    pad,
    path_endpoints,
    tokenize_sentences,
)
from wig_core.attribution.quadrature import quadrature
from wig_core.encoders.encoder import EncoderLike, SentenceEncoder, as_encoder
from wig_core.errors import InputError

LADDER = (16, 20, 24, 32, 48, 64, 96, 128, 192, 256)
CHUNK = 256  # sentences whose paths are in memory at once


def integrated_gradients(
    encoder: EncoderLike,
    sentences: Sequence[str],
    *,
    baseline: Baseline = "mask",
    tolerance: float = 0.01,
    steps: int | None = None,
    step_ladder: Sequence[int] = LADDER,
    rule: str = "gauss-legendre",
    target: Target = "vector",
    granularity: Granularity = "word",
    precision: Precision = "float32",
    memory_mb: int = 96,
    progress: bool = False,
) -> ContributionSet:
    """The contributions of each sentence's words to its embedding, by Integrated Gradients.

    The path runs straight from the baseline to the input at the output of the embedding layer. Special tokens keep
    their values in the baseline, so they contribute nothing. Subword contributions are summed into words.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        sentences: N sentences, none blank.
        baseline: what replaces every word: the mask, padding or unknown token, or the zero vector.
        tolerance: the relative completeness error to stay below. Each sentence takes the first number of nodes in
            `step_ladder` that does; a sentence that misses it even at the last is returned with its error.
        steps: a fixed number of nodes for every sentence; `tolerance` and `step_ladder` are then ignored.
        step_ladder: the numbers of nodes to try, in increasing order.
        rule: a key of `wig_core.attribution.quadrature.RULES`.
        target: "vector" for the embedding itself, "norm" for its Euclidean length, or a direction ``[d]`` for the
            inner product with it. A scalar target takes one backward pass per node.
        granularity: contributions of words, or with "subword" of tokens.
        precision: of the derivatives; values and sums stay float32. "bfloat16" is about twice as fast where the
            processor supports it, and changes a contribution by about 1%.
        memory_mb: limits the size of a batch, in MiB of activations.
        progress: show a bar on standard error.

    Returns:
        One `Contributions` per sentence, in order, on the CPU.

    Raises:
        InputError: a sentence is blank, or the baseline, rule, target, precision or tolerance cannot be used.

    Example:
        >>> encoder = SentenceEncoder.load("all-MiniLM-L6-v2")
        >>> [explained] = integrated_gradients(encoder, ["A rare sentence."], steps=32)
        >>> explained.words, explained.vectors.shape
        (['a', 'rare', 'sentence', '.'], torch.Size([4, 384]))
    """
    check_precision(precision)
    if steps is None and not step_ladder:
        raise InputError("step_ladder is empty; give numbers of nodes such as (16, 32), or a number of steps")
    if steps is None and not tolerance > 0:
        raise InputError(f"tolerance is {tolerance}; give a positive number such as 0.01, or a number of steps")
    encoder = as_encoder(encoder)
    check_target(encoder, target)
    absent, budget = baseline_id(encoder, baseline), _Budget.of(encoder, memory_mb)
    tokenized = tokenize_sentences(encoder, sentences, granularity)
    tangents = torch.bfloat16 if precision == "bfloat16" else torch.float32
    found: list[Contributions] = []
    share = "{l_bar}{bar}| {elapsed}<{remaining}"  # the number of nodes is only known chunk by chunk
    with tqdm(total=len(tokenized), desc="integrated gradients", bar_format=share, disable=not progress) as bar:
        for start in range(0, len(tokenized), CHUNK):
            paths = [InterpolationPath(encoder, one, absent, target) for one in tokenized[start : start + CHUNK]]
            ladder = [steps] if steps is not None else step_ladder
            needed = _needed_steps(paths, rule, tolerance, ladder, budget)
            nodes = [node for path, m in zip(paths, needed, strict=True) for node in _nodes(path, rule, m)]
            forward, backward = [n for n in nodes if n.path.is_forward], [n for n in nodes if not n.path.is_forward]
            for batch in _in_batches(forward, budget.rows):
                _add_forward(batch, budget.rows, tangents)
                bar.update(len(paths) * len(batch) / len(nodes))
            for batch in _in_batches(backward, budget.tokens, directions=1):
                _add_backward(batch)
                bar.update(len(paths) * len(batch) / len(nodes))
            found += [path.contributions(m) for path, m in zip(paths, needed, strict=True)]
    return ContributionSet(found)


def completeness_errors(
    encoder: EncoderLike,
    sentences: Sequence[str],
    *,
    baseline: Baseline = "mask",
    rules: Sequence[str] = ("gauss-legendre",),
    steps: Sequence[int] = (8, 16, 32, 64),
    target: Target = "vector",
    memory_mb: int = 96,
) -> pd.DataFrame:
    """The completeness error that quadrature rules would leave, without computing any contribution.

    It takes one derivative per node, along the whole path, because the sum over the words is that derivative.

    Args:
        encoder: a `SentenceEncoder`, a loaded `SentenceTransformer`, or the name of an encoder.
        sentences: N sentences, none blank.
        baseline: what replaces every word: the mask, padding or unknown token, or the zero vector.
        rules: keys of `wig_core.attribution.quadrature.RULES`.
        steps: the numbers of nodes.
        target: as in `integrated_gradients`.
        memory_mb: limits the size of a batch, in MiB of activations.

    Returns:
        One row per rule, number of steps and sentence: rule, steps, sentence (its index) and error (relative).

    Raises:
        InputError: a sentence is blank, or the baseline, a rule or the target cannot be used.
    """
    encoder = as_encoder(encoder)
    paths, budget = _paths(encoder, sentences, baseline, target), _Budget.of(encoder, memory_mb)
    rows = [
        (rule, number, sentence, error)
        for rule in rules
        for number in steps
        for sentence, error in enumerate(_errors(paths, rule, number, budget).values())
    ]
    return pd.DataFrame(rows, columns=["rule", "steps", "sentence", "error"])


def _paths(
    encoder: SentenceEncoder, sentences: Sequence[str], baseline: Baseline, target: Target
) -> list[InterpolationPath]:
    check_target(encoder, target)
    absent = baseline_id(encoder, baseline)
    return [InterpolationPath(encoder, one, absent, target) for one in tokenize_sentences(encoder, sentences)]


class InterpolationPath:
    """The straight line from a sentence's baseline to the sentence, and the contributions summed along it.

    Attributes:
        sentence: the tokenized sentence.
        start, end: the embedding layer's output for the baseline and for the sentence, ``[tokens, h]``.
        first, last: the target's values there, ``[d]``.
        total: the contributions summed so far, ``[units, d]``.
    """

    def __init__(
        self, encoder: SentenceEncoder, sentence: TokenizedSentence, absent: int | None, target: Target
    ) -> None:
        self.encoder, self.sentence, self.target = encoder, sentence, target
        ids = sentence.input_ids.unsqueeze(0)
        self.start, self.end = path_endpoints(encoder, sentence, absent)
        with torch.no_grad():
            ends = torch.stack([self.start, self.end])
            self.first, self.last = apply_target(encoder.embed_from(ends, torch.ones_like(ids).expand(2, -1)), target)
        self.total = torch.zeros(len(sentence.units), len(self.last), device=self.last.device)

    @property
    def is_forward(self) -> bool:
        """Whether there are no more words than dimensions, so that forward derivatives are the cheaper ones."""
        return len(self.sentence.units) <= len(self.last)

    @property
    def size(self) -> tuple[int, int]:
        """The number of tokens, and of directions."""
        return len(self.sentence.input_ids), max(1, len(self.sentence.units))

    def error(self, total: Tensor) -> float:
        """The completeness error of a sum of contributions ``[d]``."""
        return completeness_error(total, self.last, self.first)

    def contributions(self, steps: int) -> Contributions:
        """The contributions summed so far, as the result of a rule with `steps` nodes."""
        return Contributions(
            words=[unit.text for unit in self.sentence.units],
            vectors=self.total.cpu(),
            embedding=self.last.cpu(),
            baseline_embedding=self.first.cpu(),
            completeness_error=self.error(self.total.sum(0)),
            steps=steps,
        )


@dataclass(frozen=True, eq=False)
class _Node:
    path: InterpolationPath
    position: float
    weight: float


def _nodes(path: InterpolationPath, rule: str, steps: int) -> list[_Node]:
    return [_Node(path, position, weight) for position, weight in zip(*quadrature(rule, steps), strict=True)]


@dataclass(frozen=True)
class _Budget:
    """The largest batch: in rows (tokens × directions) of a forward derivative, in tokens of a backward pass."""

    rows: int
    tokens: int

    @staticmethod
    def of(encoder: SentenceEncoder, memory_mb: int) -> _Budget:
        forward, backward = activations_per_token(encoder)
        return _Budget(rows=memory_mb * 2**20 // (4 * forward), tokens=memory_mb * 2**20 // (4 * backward))


def _in_batches(nodes: list[_Node], budget: int, directions: int | None = None) -> list[list[_Node]]:
    """Nodes of similar paths in batches, longest first, so that the bar overestimates the time that is left."""
    nodes = sorted(nodes, key=lambda node: node.path.size, reverse=True)
    sizes = [(node.path.size[0], directions or node.path.size[1]) for node in nodes]
    return list(batches(nodes, sizes, budget))


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


def _needed_steps(
    paths: list[InterpolationPath], rule: str, tolerance: float, ladder: Sequence[int], budget: _Budget
) -> list[int]:
    """For each path the first number of nodes in the ladder whose completeness error is below the tolerance."""
    needed = dict.fromkeys(paths, ladder[-1])
    pending = paths
    for steps in ladder[:-1]:
        if not pending:
            break
        errors = _errors(pending, rule, steps, budget)
        needed |= {path: steps for path in pending if errors[path] < tolerance}
        pending = [path for path in pending if not errors[path] < tolerance]
    return [needed[path] for path in paths]


def _errors(paths: list[InterpolationPath], rule: str, steps: int, budget: _Budget) -> dict[InterpolationPath, float]:
    """The completeness error that a rule leaves, from the derivative along the whole path alone."""
    totals = {path: torch.zeros_like(path.last) for path in paths}
    nodes = [node for path in paths for node in _nodes(path, rule, steps)]
    for batch in _in_batches(nodes, budget.rows, directions=1):
        points, deltas, mask = _points(batch)
        for node, derivative in zip(batch, _derivatives(batch, points, mask, deltas.unsqueeze(0))[0], strict=True):
            totals[node.path] += node.weight * derivative
    return {path: path.error(total) for path, total in totals.items()}


def _add_forward(nodes: list[_Node], rows: int, precision: torch.dtype) -> None:
    """Add the nodes' terms to their paths' totals, by one forward derivative per word."""
    points, deltas, mask = _points(nodes)
    owners = pad([node.path.sentence.owners for node in nodes], -1)
    words = max(node.path.size[1] for node in nodes)
    block = max(1, rows // mask.numel())
    for first in range(0, words, block):
        these = torch.arange(first, min(first + block, words), device=owners.device)
        directions = (deltas * (owners == these[:, None, None]).unsqueeze(-1)).to(precision)
        derivatives = _derivatives(nodes, points, mask, directions)
        for node, derivative in zip(nodes, derivatives.unbind(1), strict=True):
            total = node.path.total[first : first + block]
            total += node.weight * derivative[: len(total)]


def _add_backward(nodes: list[_Node]) -> None:
    """Add the nodes' terms to their paths' totals, by one backward pass per dimension of the target."""
    points, deltas, mask = _points(nodes)
    path = nodes[0].path
    with torch.enable_grad():
        values = apply_target(path.encoder.embed_from(points.requires_grad_(), mask), path.target)
    for dimension in range(values.shape[1]):
        [gradient] = torch.autograd.grad(values[:, dimension].sum(), points, retain_graph=True)
        for node, terms in zip(nodes, (gradient * deltas).sum(-1), strict=True):
            owners = node.path.sentence.owners
            terms = node.weight * terms[: len(owners)][owners >= 0]
            node.path.total[:, dimension].index_add_(0, owners[owners >= 0], terms)
