"""Unsupervised SimCSE."""

from __future__ import annotations

from typing import ClassVar

from wig_core.training.objectives.info_nce import InfoNCE


class UnsupervisedSimCSE(InfoNCE):
    """Recognise a sentence under different dropout among the sentences of the batch.

    Gao, Yao and Chen 2021 (arXiv 2104.08821), equation 4: each sentence is embedded twice with independent dropout
    masks z and z', and the two are each other's positive:

        loss = −(1/N) Σ_i log ( exp(cos(h_i^z, h_i^z')/τ) / Σ_j exp(cos(h_i^z, h_j^z')/τ) )

    It needs examples of one text. A model that was pre-trained without dropout learns little from this objective, since
    it is too easy.

    Args:
        temperature: τ, above 0.
    """

    columns: ClassVar[tuple[int, int | None]] = (1, 1)
    twice: ClassVar[bool] = True

    def __init__(self, *, temperature: float = 0.05):
        super().__init__("cosine", temperature=temperature)
