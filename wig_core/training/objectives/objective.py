"""The interface of objectives, and batches that are spread over several processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from wig_core.encoders.registry import Similarity


class Objective(nn.Module):
    """A loss over the embeddings of a batch.

    Attributes:
        similarity: how the embeddings of the trained encoder are compared, "cosine" or "dot".
        columns: the least and the most texts per example (None: any number).
        labelled: whether examples need a label.
        twice: whether each text is embedded twice, with different dropout.
    """

    similarity: Similarity = "cosine"
    columns: ClassVar[tuple[int, int | None]] = (2, None)
    labelled: ClassVar[bool] = False
    twice: ClassVar[bool] = False

    def forward(self, columns: Sequence[Tensor], labels: Tensor | None = None) -> Tensor:
        """The loss of a batch, from its columns of embeddings, each ``[examples, d]``, and labels ``[examples]``."""
        raise NotImplementedError


def gathered(local: Tensor) -> Tensor:
    """The rows of all processes, in order, with gradients: ``[examples, d]`` to ``[processes · examples, d]``."""
    return _Gather.apply(local) if _together() else local


def first_row(local: Tensor) -> int:
    """The index of this process's first row among the gathered ones."""
    return torch.distributed.get_rank() * len(local) if _together() else 0


class _Gather(torch.autograd.Function):
    """All-gather; the gradient of a row is the sum of its gradients in all processes.

    It does what `torch.distributed.nn.functional.all_gather` did, which torch has deprecated.
    """

    @staticmethod
    def forward(context: Any, local: Tensor) -> Tensor:
        rows = [torch.empty_like(local) for _ in range(torch.distributed.get_world_size())]
        torch.distributed.all_gather(rows, local.contiguous())
        return torch.cat(rows)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        torch.distributed.all_reduce(total)
        return total.chunk(torch.distributed.get_world_size())[torch.distributed.get_rank()]


def _together() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()
