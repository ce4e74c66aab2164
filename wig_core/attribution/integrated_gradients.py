"""Integrated Gradients of a whole sentence vector, exact and in forward mode.

Sundararajan, Taly, Yan (2017), equation 1, with the embedding s as a vector-valued function of the embedding layer's
output x: the contribution of word i is ``c_i = ∫₀¹ J_i(b + α(x − b)) (x_i − b_i) dα``. ``J_i (x_i − b_i)`` is the
derivative of s along one direction, so n words cost n forward derivatives at each node instead of d backward passes.
Summing over the words gives the derivative along the whole path, ``d s / dα``: one direction tells the completeness
error of every rule beforehand, and the n directions are followed once only, at the nodes that are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from wig_core.attribution.contributions import Contributions
from wig_core.attribution.forward_mode import DualTensor
from wig_core.attribution.inputs import (
    Baseline,
    Granularity,
    Precision,
    Target,
    TokenizedSentence,
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
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

LADDER = (16, 20, 24, 32, 48, 64, 96, 128, 192, 256)


def integrated_gradients(
    encoder: SentenceEncoder,
    sentences: Sequence[str],
    *,
    baseline: Baseline = "mask",
    tolerance: float = 0.01,
    steps: int | None = None,
    rule: str = "gauss-legendre",
    target: Target = "vector",
    granularity: Granularity = "word",
    precision: Precision = "float32",
    memory_mb: int = 96,
    progress: bool = False,
) -> list[Contributions]:
    """The contributions of each sentence's words to its embedding.

    The path runs straight from the baseline to the input at the output of the embedding layer. Special tokens keep
    their places in the baseline, so they contribute nothing. Subword contributions are summed into words.

    Args:
        encoder: the encoder to explain.
        sentences: N sentences, none blank.
        baseline: what stands in place of every word: the mask, padding or unknown token, or the zero vector.
        tolerance: relative completeness error; each sentence takes as many nodes of `LADDER` as it needs to get
            under it. A sentence that misses it at the last one is returned with its error.
        steps: a fixed number of nodes for every sentence; `tolerance` is then not looked at.
        rule: a key of `wig_core.attribution.quadrature.RULES`.
        target: "vector" for the embedding itself, "norm" for its Euclidean length, or a direction ``[d]`` for the
            inner product with it. A scalar target takes one backward pass a node.
        granularity: contributions of words, or with "subword" of tokens.
        precision: of the tangents; the values and the sums stay float32. "bfloat16" is about twice as fast where the
            processor has it, and moves a contribution by about one part in a hundred.
        memory_mb: bounds the size of a batch, in MiB of activations.
        progress: show a bar on standard error.

    Returns:
        One `Contributions` a sentence, in order, on the CPU.

    Raises:
        InputError: a blank sentence, or an unknown baseline, rule, target or precision.

    Example:
        >>> encoder = SentenceEncoder.load("all-MiniLM-L6-v2")
        >>> [explained] = integrated_gradients(encoder, ["A rare sentence."], steps=32)
        >>> explained.words, explained.vectors.shape
        (['a', 'rare', 'sentence', '.'], torch.Size([4, 384]))
    """
    check_precision(precision)
    if steps is None and not tolerance > 0:
        raise InputError(f"tolerance is {tolerance}; give a positive number such as 0.01, or a number of steps")
    paths = _paths(encoder, sentences, baseline, target, granularity)
    budget = _Budget.of(encoder, memory_mb)
    needed = [steps] * len(paths) if steps is not None else _needed_steps(paths, rule, tolerance, budget)
    nodes = [
        _Node(path, a, w)
        for path, m in zip(paths, needed, strict=True)
        for a, w in zip(*quadrature(rule, m), strict=True)
    ]
    forward, backward = [n for n in nodes if n.path.is_forward], [n for n in nodes if not n.path.is_forward]
    with tqdm(total=len(nodes), desc="integrated gradients", unit="node", disable=not progress) as bar:
        for batch in _in_batches(forward, budget.rows):
            _add_forward(batch, budget.rows, torch.bfloat16 if precision == "bfloat16" else torch.float32)
            bar.update(len(batch))
        for batch in _in_batches(backward, budget.tokens, directions=1):
            _add_backward(batch)
            bar.update(len(batch))
    return [path.contributions(m) for path, m in zip(paths, needed, strict=True)]


def completeness_errors(
    encoder: SentenceEncoder,
    sentences: Sequence[str],
    *,
    baseline: Baseline = "mask",
    rules: Sequence[str] = ("gauss-legendre",),
    steps: Sequence[int] = (8, 16, 32, 64),
    target: Target = "vector",
    memory_mb: int = 96,
) -> pd.DataFrame:
    """The completeness error that rules would leave, without computing any contribution.

    One derivative a node, along the whole path, tells it: the sum over the words is that derivative.

    Returns:
        One row a rule, number of steps and sentence: rule, steps, sentence (its index) and error (relative).

    Raises:
        InputError: as in `integrated_gradients`.
    """
    paths = _paths(encoder, sentences, baseline, target)
    budget = _Budget.of(encoder, memory_mb)
    rows = [
        (rule, number, sentence, error)
        for rule in rules
        for number in steps
        for sentence, error in enumerate(_errors(paths, rule, number, budget).values())
    ]
    return pd.DataFrame(rows, columns=["rule", "steps", "sentence", "error"])


def _paths(
    encoder: SentenceEncoder,
    sentences: Sequence[str],
    baseline: Baseline,
    target: Target,
    granularity: Granularity = "word",
) -> list[InterpolationPath]:
    check_target(encoder, target)
    absent = baseline_id(encoder, baseline)
    return [
        InterpolationPath(encoder, reading, absent, target)
        for reading in tokenize_sentences(encoder, sentences, granularity)
    ]


class InterpolationPath:
    """The straight line from a sentence's baseline to the sentence, and what has been summed along it.

    Attributes:
        start, end: the embedding layer's output for the baseline and for the sentence, ``[tokens, h]``.
        first, last: the target's values there, ``[d]``.
        total: the contributions summed so far, ``[units, d]``.
    """

    def __init__(
        self, encoder: SentenceEncoder, reading: TokenizedSentence, absent: int | None, target: Target
    ) -> None:
        self.encoder, self.reading, self.target = encoder, reading, target
        ids = reading.input_ids.unsqueeze(0)
        self.start, self.end = path_endpoints(encoder, reading, absent)
        with torch.no_grad():
            ends = torch.stack([self.start, self.end])
            self.first, self.last = apply_target(encoder.embed_from(ends, torch.ones_like(ids).expand(2, -1)), target)
        self.total = torch.zeros(len(reading.units), len(self.last), device=self.last.device)

    @property
    def is_forward(self) -> bool:
        """Whether fewer derivatives are needed along the words than backwards from the target's dimensions."""
        return len(self.reading.units) <= len(self.last)

    @property
    def size(self) -> tuple[int, int]:
        """Tokens and directions."""
        return len(self.reading.input_ids), max(1, len(self.reading.units))

    def error(self, total: Tensor) -> float:
        """How far a sum ``[d]`` is from the difference of the ends, relative to it.

        Where the ends coincide up to rounding, relative to the target itself: then there is nothing to explain.
        """
        difference = self.last - self.first
        scale = difference.norm()
        if scale <= 1e-6 * self.last.norm():
            scale = self.last.norm().clamp_min(torch.finfo(scale.dtype).tiny)
        return float((total - difference).norm() / scale)

    def contributions(self, steps: int) -> Contributions:
        """What has been summed, as the result."""
        return Contributions(
            words=[unit.text for unit in self.reading.units],
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


@dataclass(frozen=True)
class _Budget:
    """How much goes into one batch: rows (tokens × directions) forwards, tokens backwards."""

    rows: int
    tokens: int

    @staticmethod
    def of(encoder: SentenceEncoder, memory_mb: int) -> _Budget:
        config = encoder.model.config
        hidden, wide = config.hidden_size, getattr(config, "intermediate_size", 4 * config.hidden_size)
        forward = 4 * (3 * wide + 4 * hidden)  # bytes: what is alive at once at the widest place
        backward = 4 * config.num_hidden_layers * (3 * wide + 10 * hidden)  # what backpropagation keeps
        return _Budget(rows=memory_mb * 2**20 // forward, tokens=memory_mb * 2**20 // backward)


def _in_batches(nodes: list[_Node], budget: int, directions: int | None = None) -> list[list[_Node]]:
    """Nodes of alike paths together, longest first, so that the bar's estimate errs on the long side."""
    nodes = sorted(nodes, key=lambda node: node.path.size, reverse=True)
    sizes = [(node.path.size[0], directions or node.path.size[1]) for node in nodes]
    return list(batches(nodes, sizes, budget))


def _points(nodes: list[_Node]) -> tuple[Tensor, Tensor, Tensor]:
    """The nodes' points ``[B, L, h]``, their paths' directions ``[B, L, h]`` and the attention mask ``[B, L]``."""
    stack = torch.nn.utils.rnn.pad_sequence
    starts = stack([node.path.start for node in nodes], batch_first=True)
    deltas = stack([node.path.end for node in nodes], batch_first=True) - starts
    mask = pad([torch.ones_like(node.path.reading.input_ids) for node in nodes], 0)
    positions = torch.tensor([node.position for node in nodes], dtype=starts.dtype, device=starts.device)
    return starts + positions[:, None, None] * deltas, deltas, mask


def _derivatives(nodes: list[_Node], points: Tensor, mask: Tensor, directions: Tensor) -> Tensor:
    """The target's derivatives ``[T, B, d]`` along directions ``[T, B, L, h]``."""
    path = nodes[0].path
    with torch.no_grad():
        dual = apply_target(path.encoder.embed_from(DualTensor.make(points, directions), mask), path.target)
    return dual.tangents.float()  # type: ignore[attr-defined]


def _needed_steps(paths: list[InterpolationPath], rule: str, tolerance: float, budget: _Budget) -> list[int]:
    """For each path the first number of nodes in the ladder whose completeness error is under the tolerance."""
    needed = dict.fromkeys(paths, LADDER[-1])
    pending = paths
    for steps in LADDER[:-1]:
        if not pending:
            break
        errors = _errors(pending, rule, steps, budget)
        needed |= {path: steps for path in pending if errors[path] < tolerance}
        pending = [path for path in pending if not errors[path] < tolerance]
    return [needed[path] for path in paths]


def _errors(paths: list[InterpolationPath], rule: str, steps: int, budget: _Budget) -> dict[InterpolationPath, float]:
    """The completeness error that a rule leaves, from the derivative along the whole path alone."""
    totals = {path: torch.zeros_like(path.last) for path in paths}
    nodes = [_Node(path, a, w) for path in paths for a, w in zip(*quadrature(rule, steps), strict=True)]
    for batch in _in_batches(nodes, budget.rows, directions=1):
        points, deltas, mask = _points(batch)
        for node, derivative in zip(batch, _derivatives(batch, points, mask, deltas.unsqueeze(0))[0], strict=True):
            totals[node.path] += node.weight * derivative
    return {path: path.error(total) for path, total in totals.items()}


def _add_forward(nodes: list[_Node], rows: int, precision: torch.dtype) -> None:
    """Add the nodes' terms to their paths' totals, one derivative a word."""
    points, deltas, mask = _points(nodes)
    owners = pad([node.path.reading.owners for node in nodes], -1)
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
    """Add the nodes' terms to their paths' totals, one backward pass a dimension of the target."""
    points, deltas, mask = _points(nodes)
    path = nodes[0].path
    with torch.enable_grad():
        values = apply_target(path.encoder.embed_from(points.requires_grad_(), mask), path.target)
    for dimension in range(values.shape[1]):
        [gradient] = torch.autograd.grad(values[:, dimension].sum(), points, retain_graph=True)
        for node, terms in zip(nodes, (gradient * deltas).sum(-1), strict=True):
            owners = node.path.reading.owners
            terms = node.weight * terms[: len(owners)][owners >= 0]
            node.path.total[:, dimension].index_add_(0, owners[owners >= 0], terms)
