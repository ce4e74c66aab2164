"""SBERT's classification objective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from wig_core.errors import InputError
from wig_core.training.objectives.objective import Objective


class Softmax(Objective):
    """Classify how two texts relate, from their embeddings.

    Reimers and Gurevych 2019 (arXiv 1908.10084), section 3, "classification objective function":

        ``o = softmax(W (u, v, |u − v|))``, trained with cross-entropy

    The classifier W is trained with the encoder and then dropped. It has a bias, as in sentence-transformers.

    Args:
        dimension: the dimension d of the embeddings.
        classes: the number of relations.
    """

    columns: ClassVar[tuple[int, int | None]] = (2, 2)
    labelled: ClassVar[bool] = True

    def __init__(self, dimension: int, classes: int = 3):
        super().__init__()
        self.classifier = nn.Linear(3 * dimension, classes)

    def forward(self, columns: Sequence[Tensor], labels: Tensor | None = None) -> Tensor:
        """The loss of pairs, each column ``[examples, d]``, with their classes ``[examples]``."""
        if labels is None:
            raise InputError("softmax needs labelled pairs; give pairs with a label each")
        left, right = (column.float() for column in columns)
        return nn.functional.cross_entropy(self.classifier(torch.cat([left, right, (left - right).abs()], 1)), labels)
