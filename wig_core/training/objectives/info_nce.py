"""InfoNCE with in-batch negatives."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from wig_core.encoders.registry import Similarity
from wig_core.errors import InputError
from wig_core.training.objectives.objective import Objective, first_row, gathered


class InfoNCE(Objective):
    """Distinguish each anchor's positive from all other texts of the batch.

    For anchors a_i, positives p_i and, where examples have them, hard negatives n_i, with similarity s and
    temperature τ,

        loss = −(1/N) Σ_i log ( exp(s(a_i, p_i)/τ) / Σ_j [ exp(s(a_i, p_j)/τ) + exp(s(a_i, n_j)/τ) ] )

    If `symmetric`, the loss is the mean of this and its mirror image, in which each positive finds its anchor, with the
    sum Σ_j exp(s(a_j, p_i)/τ). With several processes, the sums run over the texts of all of them.

    Sources: equation 4 of van den Oord et al. 2018 (arXiv 1807.03748); with the inner product, equation 2 of Henderson
    et al. 2017 (arXiv 1705.00652). sentence-transformers calls it multiple negatives ranking.

    Args:
        similarity: "cosine" or "dot".
        temperature: divides the similarities; above 0.
        symmetric: whether positives look for their anchors too.

    Raises:
        InputError: the temperature is not above 0.

    Example:
        >>> same = torch.eye(2)
        >>> round(InfoNCE("dot", temperature=1.0)([same, same]).item(), 4)  # log(1 + exp(−1))
        0.3133
    """

    def __init__(self, similarity: Similarity = "cosine", *, temperature: float = 0.05, symmetric: bool = False):
        super().__init__()
        if not temperature > 0:
            raise InputError(f"temperature={temperature} must be above 0; 0.05 is usual with the cosine")
        self.similarity, self.temperature, self.symmetric = similarity, temperature, symmetric

    def forward(self, columns: Sequence[Tensor], labels: Tensor | None = None) -> Tensor:
        """The loss of anchors, positives and any columns of hard negatives, each ``[examples, d]``."""
        anchors, positives, *negatives = map(self._scaled, columns)
        start = first_row(anchors)
        positions = torch.arange(start, start + len(anchors), device=anchors.device)
        candidates = torch.cat([gathered(column) for column in (positives, *negatives)])
        loss = nn.functional.cross_entropy(anchors @ candidates.T / self.temperature, positions)
        if not self.symmetric:
            return loss
        mirrored = nn.functional.cross_entropy(positives @ gathered(anchors).T / self.temperature, positions)
        return (loss + mirrored) / 2

    def _scaled(self, embeddings: Tensor) -> Tensor:
        """Embeddings in float32, of unit length if the similarity is the cosine."""
        return nn.functional.normalize(embeddings.float(), dim=1) if self.similarity == "cosine" else embeddings.float()

    def extra_repr(self) -> str:
        """The part of the module's repr in parentheses."""
        return f"{self.similarity}, temperature={self.temperature}, symmetric={self.symmetric}"
