"""What an objective is, and the batch that several processes make together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from wig_core.encoders.registry import Similarity


class Objective(nn.Module):
    """A loss over the embeddings of a batch.

    Attributes:
        similarity: how the trained encoder's embeddings are to be compared.
        columns: how many texts an example has, the least and the most (None: any number).
        labelled: whether examples carry a label.
        twice: whether the one text of an example is embedded twice, with other dropout.
    """

    similarity: Similarity = "cosine"
    columns: ClassVar[tuple[int, int | None]] = (2, None)
    labelled: ClassVar[bool] = False
    twice: ClassVar[bool] = False

    def forward(self, columns: Sequence[Tensor], labels: Tensor | None = None) -> Tensor:
        """The loss of a batch, from its columns, each ``[examples, d]``, and its labels ``[examples]``."""
        raise NotImplementedError


def gathered(local: Tensor) -> Tensor:
    """The rows of all processes, in their order, with gradients: ``[examples, d]`` to ``[processes · examples, d]``."""
    return _Gather.apply(local) if _together() else local


def first_row(local: Tensor) -> int:
    """Where this process' rows begin among the gathered ones."""
    return torch.distributed.get_rank() * len(local) if _together() else 0


class _Gather(torch.autograd.Function):
    """All-gather whose gradient is the sum of what all processes want of a row."""

    @staticmethod
    def forward(context: Any, local: Tensor) -> Tensor:
        rows = [torch.empty_like(local) for _ in range(torch.distributed.get_world_size())]
        torch.distributed.all_gather(rows, local.contiguous())
        return torch.cat(rows)

    @staticmethod
    def backward(context: Any, wanted: Tensor) -> Tensor:
        total = wanted.clone()
        torch.distributed.all_reduce(total)
        return total.chunk(torch.distributed.get_world_size())[torch.distributed.get_rank()]


def _together() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()
