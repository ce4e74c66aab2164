"""Derivatives at points of a path: how fast the target changes as each unit alone moves on from baseline to input.

The derivative for unit i is ``J_i (x_i − b_i)``, along one direction of the embedding layer's output. So n units cost n
derivatives in forward mode, however many numbers the target has; or one backward pass for each of these numbers,
however long the text is. The cheaper of the two is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from wig_core.attribution.forward_mode import DualTensor
from wig_core.attribution.inputs import Precision, activations_per_token, apply_target, batches, pad
from wig_core.attribution.paths import InterpolationPath, fused_attention


class Node(NamedTuple):
    """A point of a path, and the weight of its derivatives in a sum."""

    path: InterpolationPath
    position: float
    weight: float


def derivatives(
    nodes: Sequence[Node], *, precision: Precision = "float32", memory_mb: int = 96
) -> Iterator[tuple[int, Tensor]]:
    """The weighted derivatives ``[units, m]`` of the target's m numbers at nodes.

    Args:
        nodes: of paths of one encoder and one target.
        precision: of the derivatives in forward mode.
        memory_mb: limits the size of a batch, in MiB of activations.

    Yields:
        The index of a node and its derivatives, in an order of their own.
    """
    tangents = torch.bfloat16 if precision == "bfloat16" else torch.float32
    for backward in (False, True):
        chosen = [index for index, node in enumerate(nodes) if is_backward(node.path) == backward]
        for batch in _in_batches(nodes, chosen, memory_mb, backward=backward):
            of_batch = [nodes[index] for index in batch]
            found = _by_backward_passes(of_batch) if backward else _forward(of_batch, tangents, memory_mb)
            for index, node, terms in zip(batch, of_batch, found, strict=True):
                yield index, node.weight * terms[: node.path.words]


def is_backward(path: InterpolationPath) -> bool:
    """Whether there are more units than numbers in the target, so that backward passes are the cheaper ones."""
    return path.words > len(path.last)


def _in_batches(nodes: Sequence[Node], chosen: list[int], memory_mb: int, *, backward: bool) -> Iterator[list[int]]:
    """Nodes of similar paths in batches, longest first, so that a bar overestimates the time that is left."""
    chosen = sorted(chosen, key=lambda index: (len(nodes[index].path.start), nodes[index].path.words), reverse=True)
    sizes = []
    for path in (nodes[index].path for index in chosen):
        tokens = len(path.start)
        numbers = activations_per_token(path.encoder, tokens)[backward]
        sizes.append((tokens * numbers, 1 if backward else path.words))
    return batches(chosen, sizes, memory_mb * 2**20 // 4)


def _points(nodes: Sequence[Node]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The nodes' points ``[B, L, h]``, their paths' directions ``[B, L, h]``, attention mask and owners ``[B, L]``."""
    stack = torch.nn.utils.rnn.pad_sequence
    starts = stack([node.path.start for node in nodes], batch_first=True)
    deltas = stack([node.path.end for node in nodes], batch_first=True) - starts
    mask = pad([torch.ones_like(node.path.sentence.input_ids) for node in nodes], 0)
    positions = torch.tensor([node.position for node in nodes], dtype=starts.dtype, device=starts.device)
    owners = pad([node.path.sentence.owners for node in nodes], -1)
    return starts + positions[:, None, None] * deltas, deltas, mask, owners


def _forward(nodes: Sequence[Node], precision: torch.dtype, memory_mb: int) -> Tensor:
    """The derivatives ``[B, most units, m]``, by one derivative in forward mode per unit."""
    points, deltas, mask, owners = _points(nodes)
    path, words = nodes[0].path, max(node.path.words for node in nodes)
    numbers = activations_per_token(path.encoder, mask.shape[1])[0]
    block = max(1, memory_mb * 2**20 // 4 // (mask.numel() * numbers))
    found = [points.new_zeros(len(nodes), 0, len(path.last))]
    for these in torch.arange(words, device=owners.device).split(block):
        directions = (deltas * (owners == these[:, None, None]).unsqueeze(-1)).to(precision)
        with torch.no_grad():
            dual = apply_target(path.encoder.embed_from(DualTensor.make(points, directions), mask), path.target)
        found.append(dual.tangents.float().transpose(0, 1))  # type: ignore[attr-defined]
    return torch.cat(found, dim=1)


def _by_backward_passes(nodes: Sequence[Node]) -> Tensor:
    """The derivatives ``[B, most units, m]``, by one backward pass per number of the target."""
    points, deltas, mask, owners = _points(nodes)
    path, words = nodes[0].path, max(node.path.words for node in nodes)
    with torch.enable_grad(), fused_attention(path.encoder):
        values = apply_target(path.encoder.embed_from(points.requires_grad_(), mask), path.target)
    found = points.new_zeros(len(nodes), words + 1, values.shape[1])  # the owner −1 of special tokens is the last
    places = owners % (words + 1)
    for number in range(values.shape[1]):
        [gradient] = torch.autograd.grad(values[:, number].sum(), points, retain_graph=True)
        found[..., number].scatter_add_(1, places, (gradient * deltas).sum(-1))
    return found
