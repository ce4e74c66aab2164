"""Supervised SimCSE."""

from __future__ import annotations

from typing import ClassVar

from wig_core.training.objectives.info_nce import InfoNCE


class SupervisedSimCSE(InfoNCE):
    """Distinguish a sentence's positive from its hard negative and from all other texts of the batch.

    Gao, Yao and Chen 2021 (arXiv 2104.08821), equation 5, on triplets (x_i, x_i⁺, x_i⁻), which they take from
    entailment and contradiction:

        loss = −(1/N) Σ_i log ( exp(cos(h_i, h_i⁺)/τ) / Σ_j [ exp(cos(h_i, h_j⁺)/τ) + exp(cos(h_i, h_j⁻)/τ) ] )

    It needs examples of three texts.

    Args:
        temperature: τ, above 0.
    """

    columns: ClassVar[tuple[int, int | None]] = (3, 3)

    def __init__(self, *, temperature: float = 0.05):
        super().__init__("cosine", temperature=temperature)
