"""Integrated Gradients by steps of single words between points of the path: for encoders of any depth.

The path from a baseline to a sentence is cut into intervals. In each, the words move from its start to its end one
after the other, in a random order and in the reverse of it, and a word's contribution is the mean of the two changes of
the embedding that its step makes. The changes of each order add up to the change over the interval exactly, however
steep the path is there, so contributions are complete by construction; in the limit of short intervals they are those
of Integrated Gradients (Aumann and Shapley 1974), with an error of second order in their length. No derivative is
taken, so that any architecture and any attention kernel will do.

Two things keep the intervals few. They have equal arc length: a deep encoder covers most of the way of its embedding
in a small part of the path. And each tells its own error. The two orders err to first order in opposite directions;
with q half the distance between them and c their mean, in all words together, the mean errs by about q² / ‖c‖. On
all-MiniLM-L6-v2, all-mpnet-base-v2 and wig-base the sum of these estimates is about the true error of the vectors; the
page `convergence` has the measurements.

A long text would take two passes for each of its words in each interval. If few numbers are asked for, such as the
inner products with the words of a query, its intervals are measured by derivatives instead, which cost the same for any
number of words. By how much they miss the change over an interval is known exactly; this is the estimate of their
error. It is then shared out among the words in proportion to their contributions, so that these are complete as well.
On two passages of 256 tokens with all-MiniLM-L6-v2 the six first intervals err by 1% (estimate: 5%) at the cost of 200
passes in place of 2,500; ten sentences that step as wholes err by 10% in as many intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wig_core.attribution.contributions import Contributions
from wig_core.attribution.derivatives import Node, derivatives
from wig_core.attribution.inputs import Precision
from wig_core.attribution.paths import InterpolationPath, Point, values
from wig_core.attribution.quadrature import gauss_legendre

FIRST = 6  # intervals to begin with
USUAL = 8  # intervals that most texts need, for estimates of the cost
MOST = 20  # intervals measured per sentence, those that were cut again included
CELLS = 8  # cells of the first grid for the arc length
LONGEST = 1 / 12  # share of the arc length that a cell may hold before it is halved
FINEST = 48  # cells of the last grid
LONG = 50  # tokens of the longest text that is always measured by steps
NODES = 2  # of Gauss–Legendre quadrature, in each interval that is
EVEN = 0.2  # share of the intervals' length that is spread evenly, so that slow stretches are not skipped
BACKWARD = 1.25  # forward passes that a backward pass takes, in time, measured on a processor
TINY = 1e-30  # in place of a length of zero


@dataclass(frozen=True)
class ArcLength:
    """How far the embedding has moved along a path.

    Attributes:
        positions: of a grid on the path, increasing from 0 to 1, ``[cells + 1]``.
        travelled: the share of the way covered there, from 0 to 1, ``[cells + 1]``.
    """

    positions: NDArray[np.float64]
    travelled: NDArray[np.float64]

    @classmethod
    def of(cls, positions: NDArray[np.float64], steps: NDArray[np.float64]) -> ArcLength:
        """From the distances ``[cells]`` between neighbouring values."""
        total = steps.sum()
        covered = np.concatenate([[0.0], np.cumsum(steps) / total]) if total > 0 else positions
        return cls(positions, (1 - EVEN) * covered + EVEN * positions)

    def cut(self, start: float, end: float, parts: int) -> list[float]:
        """Positions that cut the path from `start` to `end` into parts of equal length, both ends included."""
        low, high = np.interp([start, end], self.positions, self.travelled)
        inner = np.interp(np.linspace(low, high, parts + 1)[1:-1], self.travelled, self.positions)
        return [start, *inner.tolist(), end]


@dataclass(frozen=True, eq=False)
class Interval:
    """A part of a path, and what the words contribute there.

    Attributes:
        start, end: its positions on the path.
        vectors: ``[words, d]``; they sum to the change of the embedding.
        error: the estimated length of their error, over all words together.
    """

    start: float
    end: float
    vectors: Tensor
    error: float


class SteppedPath:
    """A path while the embedding is followed along it, and its intervals are measured and cut again.

    Attributes:
        path: the path.
        known: the target's values on it by position, ``[d]`` each.
        intervals: those measured, in order.
        measured: how many have been, those that were cut again included.
        pending: start and end of those to be measured.
    """

    def __init__(self, path: InterpolationPath) -> None:
        self.path = path
        self.known: dict[float, Tensor] = {}
        self.intervals: list[Interval] = []
        self.measured = 0
        self.pending: list[tuple[float, float]] = []

    @property
    def vectors(self) -> Tensor:
        """The contributions ``[words, d]``."""
        nothing = torch.zeros(self.path.words, len(self.path.last), device=self.path.last.device)
        return sum((one.vectors for one in self.intervals), start=nothing)

    @property
    def error(self) -> float:
        """The estimated error of all contributions together, relative to their length."""
        return sum(one.error for one in self.intervals) / max(float(self.vectors.norm()), TINY)

    def contributions(self) -> Contributions:
        """The result, with both of its errors."""
        return self.path.contributions(self.vectors, steps=len(self.intervals), estimated_error=self.error)

    def moves(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The positions with known values ``[k]``, in order, and the distances between these values ``[k − 1]``."""
        positions = sorted(self.known)
        distances = torch.stack([self.known[position] for position in positions]).diff(dim=0).norm(dim=1)
        return np.array(positions), distances.double().cpu().numpy()

    def missing(self) -> list[float]:
        """Where values are missing to know the arc length: in the middle of cells that hold too much of it."""
        if not self.known:
            return np.linspace(0, 1, CELLS + 1).tolist()
        positions, distances = self.moves()
        middles = ((positions[1:] + positions[:-1]) / 2)[distances > LONGEST * distances.sum()]
        return middles.tolist() if len(distances) + len(middles) <= FINEST else []

    def add(self, measured: Sequence[Interval], length: ArcLength, tolerance: float, most: int) -> None:
        """Add the pending intervals, now measured, and choose which to cut again if the tolerance is missed."""
        self.measured += len(measured)
        self.intervals = sorted([*self.intervals, *measured], key=lambda one: one.start)
        self.pending = []
        if self.error <= tolerance:
            return
        scale = max(float(self.vectors.norm()), TINY)
        parts = parts_of([one.error / scale for one in self.intervals], tolerance, most - self.measured)
        cut = [(one, number) for one, number in zip(self.intervals, parts, strict=True) if number > 1]
        for one, number in cut:
            self.intervals.remove(one)
            self.pending += pairwise(length.cut(one.start, one.end, number))


def parts_of(errors: Sequence[float], tolerance: float, most: int) -> list[int]:
    """Into how many parts to cut each interval, 1 for none, so that the errors sum to the tolerance at little cost.

    The error of an interval falls with the square of its parts. The next part goes where it lowers the sum most for the
    intervals to be measured: two for the first cut, then one more each time. No more than `most` are.

    Example:
        >>> parts_of([0.08, 0.01], tolerance=0.02, most=9)  # 0.08 / 3² + 0.01 = 0.019
        [3, 1]
        >>> parts_of([0.08, 0.01], tolerance=0.02, most=2)
        [2, 1]
    """
    parts = np.ones(len(errors), dtype=int)
    while (np.array(errors) / parts**2).sum() > tolerance:
        cost = np.where(parts == 1, 2, 1)
        gain = np.array(errors) * (1 / parts**2 - 1 / (parts + 1) ** 2) / cost
        best = int(np.where(cost <= most, gain, -1.0).argmax())
        if cost[best] > most:
            break
        most -= int(cost[best])
        parts[best] += 1
    return [int(part) for part in parts]


def follow(
    paths: Sequence[InterpolationPath],
    *,
    tolerance: float,
    precision: Precision = "float32",
    memory_mb: int = 96,
    first: int = FIRST,
    most: int = MOST,
) -> list[SteppedPath]:
    """Measure paths until the estimated error of each is within the tolerance, or so many intervals are measured.

    Args:
        paths: of one encoder and one target.
        tolerance: the estimated error to reach, relative.
        precision: of the forward passes.
        memory_mb: limits the size of a batch, in MiB of activations.
        first: the intervals to begin with; a converged reference takes many, such as 100.
        most: the intervals measured per sentence at most, those that were cut again included.
    """
    evaluate = partial(values, precision=precision, memory_mb=memory_mb)
    stepped = [SteppedPath(path) for path in paths]
    while any(missing := [one.missing() for one in stepped]):
        _look_up(stepped, missing, evaluate)
    lengths = [ArcLength.of(*one.moves()) for one in stepped]
    for one, length in zip(stepped, lengths, strict=True):
        one.pending = list(pairwise(length.cut(0.0, 1.0, first))) if one.path.words else []
    while any(one.pending for one in stepped):
        _look_up(stepped, [sorted({end for ends in one.pending for end in ends}) for one in stepped], evaluate)
        smooth = [one for one in stepped if by_derivatives(*one.path.size)]
        measured = _by_steps([one for one in stepped if one not in smooth], evaluate)
        measured |= _by_derivatives(smooth, precision, memory_mb)
        for one, length in zip(stepped, lengths, strict=True):
            if one.pending:
                one.add(measured[one], length, tolerance, most)
    return stepped


def by_derivatives(tokens: int, units: int, numbers: int) -> bool:
    """Whether the intervals of a path are measured by derivatives.

    Args:
        tokens, units: of the text. Steps, which need no smoothness, are taken in any short text.
        numbers: how many the target has. An interval takes two passes for each unit but the first by steps, and
            ``NODES × (1 + 1.25 × numbers)`` by derivatives. Only steps gain all that bfloat16 has to give, so ten
            sentences against a query of ten words take less time by steps.
    """
    return tokens > LONG and units > 2 * numbers


def forward_passes(tokens: int, units: int, numbers: int, intervals: int = USUAL) -> int:
    """About how many forward passes a path takes, with the time of backward passes in forward ones.

    Args:
        tokens, units, numbers: as in `by_derivatives`.
        intervals: that are measured.

    Example:
        >>> forward_passes(12, 10, 384), forward_passes(256, 210, 384), forward_passes(256, 210, 11)
        (170, 3370, 262)
    """
    backward = by_derivatives(tokens, units, numbers)
    of_interval = NODES * (1 + BACKWARD * numbers) if backward else 2 * (units - 1)
    return round(2 * CELLS + (1 + of_interval) * intervals + 2)


def _look_up(
    stepped: Sequence[SteppedPath],
    positions: Sequence[Sequence[float]],
    evaluate: Callable[[Sequence[Point]], list[Tensor]],
) -> None:
    """Find the values at positions of each path, unless they are known."""
    new = [
        (one, position)
        for one, wanted in zip(stepped, positions, strict=True)
        for position in wanted
        if position not in one.known
    ]
    found = evaluate([Point(one.path, torch.full((one.path.words,), position)) for one, position in new])
    for (one, position), value in zip(new, found, strict=True):
        one.known[position] = value


def _by_steps(
    stepped: Sequence[SteppedPath], evaluate: Callable[[Sequence[Point]], list[Tensor]]
) -> dict[SteppedPath, list[Interval]]:
    """The pending intervals of each path, measured by steps of single words."""
    walks = [Walk(one, number) for one in stepped for number in range(len(one.pending))]
    found = iter(evaluate([point for walk in walks for point in walk.points()]))
    measured = iter([walk.measure([next(found) for _ in range(walk.size)]) for walk in walks])
    return {one: [next(measured) for _ in one.pending] for one in stepped}


def _by_derivatives(
    stepped: Sequence[SteppedPath], precision: Precision, memory_mb: int
) -> dict[SteppedPath, list[Interval]]:
    """The pending intervals of each path, measured by quadrature of the derivatives along it."""
    places = [(one, *ends) for one in stepped for ends in one.pending]
    rule = list(zip(*gauss_legendre(NODES), strict=True))
    nodes = [
        Node(one.path, start + at * (end - start), weight * (end - start))
        for one, start, end in places
        for at, weight in rule
    ]
    sums = [torch.zeros(one.path.words, len(one.path.last), device=one.path.last.device) for one, *_ in places]
    for index, terms in derivatives(nodes, precision=precision, memory_mb=memory_mb):
        sums[index // NODES] += terms
    measured: dict[SteppedPath, list[Interval]] = {one: [] for one in stepped}
    for (one, start, end), vectors in zip(places, sums, strict=True):
        missed = one.known[end] - one.known[start] - vectors.sum(0)
        share = vectors.abs() + TINY
        whole = vectors + missed * share / share.sum(0)
        measured[one].append(Interval(start, end, whole, float(missed.norm())))
    return measured


class Walk:
    """Two walks over a pending interval, in which words step from its start to its end: in an order and its reverse."""

    def __init__(self, stepped: SteppedPath, number: int) -> None:
        self.stepped, (self.start, self.end) = stepped, stepped.pending[number]
        # Seeded by how many intervals came before, so that a sentence's result does not depend on its company.
        order = np.random.default_rng(stepped.measured + number).permutation(stepped.path.words)
        self.orders = [torch.from_numpy(order), torch.from_numpy(order[::-1].copy())]

    @property
    def size(self) -> int:
        """The number of points."""
        return 2 * (self.stepped.path.words - 1)

    def points(self) -> list[Point]:
        """The points of the first walk and of the second, without the ends, which they share."""
        path, points = self.stepped.path, []
        for order in self.orders:
            moved = torch.arange(1, path.words).unsqueeze(1) > torch.argsort(order)  # after k steps, the first k words
            points += [Point(path, row) for row in torch.where(moved, self.end, self.start)]
        return points

    def measure(self, found: Sequence[Tensor]) -> Interval:
        """The contributions, from the values at the points."""
        first, last, half = self.stepped.known[self.start], self.stepped.known[self.end], len(found) // 2
        both = []
        for order, inner in zip(self.orders, (found[:half], found[half:]), strict=True):
            changes = torch.stack([first, *inner, last]).diff(dim=0)
            both.append(torch.empty_like(changes).index_copy_(0, order.to(changes.device), changes))
        mean, apart = (both[0] + both[1]) / 2, float((both[0] - both[1]).norm()) / 2
        # No more than the distance itself: in an interval of almost no length both are rounding, of any ratio.
        return Interval(self.start, self.end, mean, apart**2 / max(float(mean.norm()), apart, TINY))
