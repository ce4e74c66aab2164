"""Batches of texts that are alike in length, so that little of a batch is padding."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Sequence

from torch.utils.data import Sampler

from wig_core.training.distributed import Crew

# Batches are cut from pools of so many examples sorted by length: enough to leave little padding, few enough for
# the batches of two epochs to differ.
POOL = 50


class LengthBatches(Sampler[list[int]]):
    """The indices of examples in batches of like length, in another random order each epoch.

    Args:
        lengths: tokens of each example.
        size: examples a batch, or padded tokens a batch if `by_tokens`.
        by_tokens: fill each batch until its examples times its longest example reach `size`.
        keys: per example, what no two examples of one batch may share, such as its texts; an example that would clash
            waits for a later batch.
        seed: decides the order; the epoch does too.
        crew: the processes that share each batch; this one gets its part.

    Batches by number are all full: what is left over at the end of an epoch is dropped.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        size: int,
        *,
        by_tokens: bool = False,
        keys: Sequence[Sequence[Hashable]] | None = None,
        seed: int = 0,
        crew: Crew | None = None,
    ):
        self.lengths, self.size, self.by_tokens, self.keys, self.seed = lengths, size, by_tokens, keys, seed
        self.crew = crew or Crew.now()
        self.epoch = 0
        self._batches: tuple[int, list[list[int]]] | None = None

    # What Trainer and accelerate ask a batch sampler for.
    drop_last = True

    @property
    def batch_size(self) -> int:
        """Examples, or tokens, a batch."""
        return self.size

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose batches come next."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        return (batch[self.crew.rank :: self.crew.size] for batch in self._of_epoch())

    def __len__(self) -> int:
        return len(self._of_epoch())

    def _of_epoch(self) -> list[list[int]]:
        if self._batches is None or self._batches[0] != self.epoch:
            self._batches = self.epoch, self._shuffled()
        return self._batches[1]

    def _shuffled(self) -> list[list[int]]:
        rng = random.Random(f"{self.seed}:{self.epoch}")
        order = list(range(len(self.lengths)))
        rng.shuffle(order)
        average = sum(self.lengths) / max(1, len(self.lengths))
        pool = POOL * (max(1, round(self.size / average)) if self.by_tokens else self.size)
        batches: list[list[int]] = []
        for start in range(0, len(order), pool):
            batches += self._cut(sorted(order[start : start + pool], key=lambda i: self.lengths[i]))
        rng.shuffle(batches)
        return batches

    def _cut(self, order: list[int]) -> list[list[int]]:
        batches = []
        while order:
            batch, order = self._first_batch(order)
            if len(batch) == self.size or (self.by_tokens and len(batch) >= self.crew.size):
                batches.append(batch)
        return batches

    def _first_batch(self, order: list[int]) -> tuple[list[int], list[int]]:
        """The first batch of examples in the order of their lengths, and those that are left."""
        batch: list[int] = []
        waiting: list[int] = []
        taken: set[Hashable] = set()
        for place, example in enumerate(order):
            keys = self.keys[example] if self.keys else ()
            if self._is_full(batch, example):
                return batch, waiting + order[place:]
            if taken.isdisjoint(keys):
                taken.update(keys)
                batch.append(example)
            else:
                waiting.append(example)
        return batch, waiting

    def _is_full(self, batch: list[int], another: int) -> bool:
        if self.by_tokens:
            return bool(batch) and (len(batch) + 1) * self.lengths[another] > self.size
        return len(batch) == self.size
