"""The sizes of a transformer, and the operations and memory that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shape:
    """The sizes of a transformer, by default those of BERT-base.

    Example:
        >>> Shape().weights, Shape().parameters
        (84934656, 108768768)
    """

    layers: int = 12
    width: int = 768
    inner: int = 3072
    vocabulary: int = 30522
    positions: int = 512

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> Shape | None:
        """The sizes in a config.json; None if it has them under other names."""
        names = ("num_hidden_layers", "hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings")
        return cls(*(config[name] for name in names)) if all(name in config for name in names) else None

    @property
    def weights(self) -> int:
        """The number of weights that every token is multiplied with."""
        return self.layers * self.width * (4 * self.width + 2 * self.inner)

    @property
    def parameters(self) -> int:
        """The number of all parameters: the weights and the tables of words and positions."""
        return self.weights + (self.vocabulary + self.positions) * self.width

    @property
    def bytes_per_token(self) -> int:
        """The memory that backpropagation keeps for a token."""
        return 4 * self.layers * (3 * self.inner + 10 * self.width)

    def operations(self, passes: Iterable[tuple[float, float]]) -> float:
        """The operations of forward passes, each given as a number of passes and the tokens of one.

        Left out are the products inside attention, about 2% for a sentence of 30 tokens, and padding.
        """
        return 2.0 * self.weights * sum(number * tokens for number, tokens in passes)
