"""How long and how fast to train."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """The schedule of a training with AdamW.

    Attributes:
        steps: number of weight updates.
        learning_rate: the peak; the rate rises linearly over the first steps, then falls linearly to zero.
        warmup: the share of the steps during which the learning rate rises.
        weight_decay: of AdamW.
        bf16: whether to multiply matrices in bfloat16.
        accumulate: batches per update.
        save_every: steps between checkpoints; None for no checkpoints.
        seed: of dropout, masking and the order of batches.

    Example:
        >>> Schedule(steps=300, learning_rate=3e-4).warmup
        0.1
    """

    steps: int
    learning_rate: float
    warmup: float = 0.1
    weight_decay: float = 0.01
    bf16: bool = True
    accumulate: int = 1
    save_every: int | None = None
    seed: int = 0
