"""InfoNCE with in-batch negatives."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from wig_core.encoders.registry import Similarity
from wig_core.errors import InputError
from wig_core.training.objectives.objective import Objective, first_row, gathered


class InfoNCE(Objective):
    """Tell each anchor's positive from all other texts of the batch.

    For anchors a_i, positives p_i and, where examples have them, hard negatives n_i, with similarity s and
    temperature τ,

        loss = −(1/N) Σ_i log ( exp(s(a_i, p_i)/τ) / Σ_j [ exp(s(a_i, p_j)/τ) + exp(s(a_i, n_j)/τ) ] )

    and, if symmetric, its mean with the same over Σ_j exp(s(a_j, p_i)/τ): each positive finds its anchor. It is
    equation 4 of van den Oord et al. 2018 (arXiv 1807.03748), equation 2 of Henderson et al. 2017 (arXiv 1705.00652)
    with the inner product, and "multiple negatives ranking" in sentence-transformers. With several processes the
    sums run over the texts of all of them.

    Args:
        similarity: "cosine" or "dot".
        temperature: divides the similarities.
        symmetric: whether positives look for anchors too.

    Example:
        >>> same = torch.eye(2)
        >>> round(InfoNCE("dot", temperature=1.0)([same, same]).item(), 4)  # log(1 + exp(−1))
        0.3133
    """

    def __init__(self, similarity: Similarity = "cosine", *, temperature: float = 0.05, symmetric: bool = False):
        super().__init__()
        if not temperature > 0:
            raise InputError(f"temperature={temperature} must be above 0; 0.05 is usual with cosine")
        self.similarity, self.temperature, self.symmetric = similarity, temperature, symmetric

    def forward(self, columns: Sequence[Tensor], labels: Tensor | None = None) -> Tensor:
        """The loss of anchors, positives and any columns of hard negatives, each ``[examples, d]``."""
        anchors, positives, *negatives = map(self._scaled, columns)
        start = first_row(anchors)
        wanted = torch.arange(start, start + len(anchors), device=anchors.device)
        candidates = torch.cat([gathered(column) for column in (positives, *negatives)])
        loss = nn.functional.cross_entropy(anchors @ candidates.T / self.temperature, wanted)
        if not self.symmetric:
            return loss
        back = nn.functional.cross_entropy(positives @ gathered(anchors).T / self.temperature, wanted)
        return (loss + back) / 2

    def _scaled(self, embeddings: Tensor) -> Tensor:
        """In float32, and of unit length where the similarity is the cosine."""
        return nn.functional.normalize(embeddings.float(), dim=1) if self.similarity == "cosine" else embeddings.float()

    def extra_repr(self) -> str:
        """What torch prints between the brackets."""
        return f"{self.similarity}, temperature={self.temperature}, symmetric={self.symmetric}"
