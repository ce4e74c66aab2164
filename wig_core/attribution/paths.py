"""The straight path of Integrated Gradients from a baseline to a sentence, and the values on and around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from wig_core.attribution.contributions import Contributions, completeness_error
from wig_core.attribution.inputs import (
    Baseline,
    Division,
    Precision,
    Target,
    TokenizedSentence,
    activations_per_token,
    apply_target,
    baseline_id,
    batches,
    check_target,
    pad,
    path_endpoints,
    tokenize_sentences,
)
from wig_core.encoders.encoder import SentenceEncoder


class InterpolationPath:
    """The straight line from a sentence's baseline to the sentence, at the output of the embedding layer.

    Args:
        encoder: the encoder.
        sentence: the tokenized sentence.
        absent: the id of the token that replaces a word, as `baseline_id` returns it; None for the zero vector.
        target: what is explained; see `integrated_gradients`.

    Attributes:
        start, end: the embedding layer's output for the baseline and for the sentence, ``[tokens, h]``.
        first, last: the target's values there, ``[d]``.
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

    @property
    def words(self) -> int:
        """The number of units."""
        return len(self.sentence.units)

    @property
    def size(self) -> tuple[int, int, int]:
        """The numbers of tokens, of units, and of values of the target."""
        return len(self.start), self.words, len(self.last)

    def points(self, positions: Tensor) -> Tensor:
        """Points where each word has its own position between baseline and sentence.

        Args:
            positions: from 0 (absent) to 1 (present), ``[points, words]``.

        Returns:
            ``[points, tokens, h]``.
        """
        with_special = torch.nn.functional.pad(positions, (0, 1))  # the owner −1 of special tokens finds this 0
        of_tokens = with_special[:, self.sentence.owners]
        return self.start + of_tokens.to(self.start).unsqueeze(-1) * (self.end - self.start)

    def contributions(self, vectors: Tensor, *, steps: int, estimated_error: float) -> Contributions:
        """The result for contributions ``[words, d]``, with their completeness error."""
        return Contributions(
            words=[unit.text for unit in self.sentence.units],
            vectors=vectors.cpu(),
            embedding=self.last.cpu(),
            baseline_embedding=self.first.cpu(),
            completeness_error=completeness_error(vectors.sum(0), self.last, self.first),
            steps=steps,
            estimated_error=estimated_error,
        )


def interpolation_paths(
    encoder: SentenceEncoder,
    sentences: Iterable[str],
    *,
    baseline: Baseline = "mask",
    target: Target = "vector",
    granularity: Division = "word",
) -> list[InterpolationPath]:
    """The path of each sentence; for the arguments see `integrated_gradients`.

    Raises:
        InputError: a sentence is blank, or the baseline, target or granularity cannot be used.
    """
    check_target(encoder, target)
    absent = baseline_id(encoder, baseline)
    tokenized = tokenize_sentences(encoder, sentences, granularity)
    return [InterpolationPath(encoder, one, absent, target) for one in tokenized]


class Point(NamedTuple):
    """A point near a path: one position per word, ``[words]``, from 0 (absent) to 1 (present)."""

    path: InterpolationPath
    positions: Tensor


def values(points: Sequence[Point], *, precision: Precision = "float32", memory_mb: int = 96) -> list[Tensor]:
    """The target's values ``[d]`` at points, by forward passes through the fastest attention that the encoder has.

    Args:
        points: of paths of one encoder and one target.
        precision: of the matrix products.
        memory_mb: limits the size of a batch, in MiB of activations.
    """
    if not points:
        return []
    encoder, target = points[0].path.encoder, points[0].path.target
    lengths = [len(point.path.start) for point in points]
    order = sorted(range(len(points)), key=lambda index: -lengths[index])
    found: list[Tensor] = [torch.empty(0)] * len(points)
    narrow = torch.autocast(encoder.device.type, torch.bfloat16, enabled=precision == "bfloat16")
    with torch.no_grad(), narrow, fused_attention(encoder):
        sizes = [(lengths[index], activations_per_token(encoder, lengths[index])[0]) for index in order]
        for batch in batches(order, sizes, memory_mb * 2**20 // 4):
            hidden, mask = _stack([points[index] for index in batch])
            for index, value in zip(batch, apply_target(encoder.embed_from(hidden, mask), target), strict=True):
                found[index] = value.float()
    return found


def _stack(points: Sequence[Point]) -> tuple[Tensor, Tensor]:
    """Points ``[points, longest, h]``, padded, and their attention mask ``[points, longest]``."""
    rows: list[Tensor] = []
    for path, group in groupby(points, key=lambda point: point.path):
        rows += path.points(torch.stack([point.positions for point in group]))
    hidden = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    return hidden, pad([hidden.new_ones(len(row), dtype=torch.long) for row in rows], 0)


@contextmanager
def fused_attention(encoder: SentenceEncoder) -> Iterator[None]:
    """Within, the encoder uses PyTorch's fused attention if it can. (It is loaded with eager attention, because fused
    kernels have no forward-mode derivative.)"""
    model = encoder.model
    if not getattr(model, "_supports_sdpa", False):
        yield
        return
    before = model.config._attn_implementation
    model.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        model.set_attn_implementation(before)
