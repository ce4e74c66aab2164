"""Batches of texts of similar length, so that little of a batch is padding."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from torch import Tensor
from torch.utils.data import Sampler

from wig_core.training.distributed import num_processes, process_index

# Batches are cut from pools of about this many batches, sorted by length: enough to leave little padding, few enough
# for the batches of two epochs to differ.
POOL = 50


class LengthBatches(Sampler[list[int]]):
    """Batches of `size` examples of similar length, in a different random order each epoch.

    All batches are full: the examples that are left over at the end of an epoch are dropped. If several processes share
    the training, each of them gets its part of every batch.

    Args:
        lengths: the number of tokens of each example.
        size: examples per batch, over all processes.
        keys: for each example, what no two examples of one batch may share, such as its texts; an example that would
            clash waits for a later batch.
        seed: decides the order, together with the epoch.

    Iterating gives the indices of the examples of each batch.
    """

    drop_last = True  # Trainer and accelerate ask a batch sampler for this

    def __init__(
        self, lengths: Sequence[int], size: int, *, keys: Sequence[Sequence[Hashable]] | None = None, seed: int = 0
    ):
        self.lengths, self.size, self.keys, self.seed = lengths, size, keys, seed
        self.epoch = 0
        self._batches: tuple[int, list[list[int]]] | None = None

    @property
    def batch_size(self) -> int:
        """The size of a batch, which Trainer and accelerate ask for too."""
        return self.size

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose batches come next."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        return (batch[process_index() :: num_processes()] for batch in self._of_epoch())

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
        pool = POOL * self._examples_per_batch()
        batches: list[list[int]] = []
        for start in range(0, len(order), pool):
            batches += self._cut(sorted(order[start : start + pool], key=lambda i: self.lengths[i]))
        rng.shuffle(batches)
        return batches

    def _cut(self, order: list[int]) -> list[list[int]]:
        batches = []
        while order:
            batch, order = self._first_batch(order)
            if self._is_usable(batch):
                batches.append(batch)
        return batches

    def _first_batch(self, order: list[int]) -> tuple[list[int], list[int]]:
        """The first batch of examples in the order of their lengths, and the examples that are left."""
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

    def _examples_per_batch(self) -> int:
        return self.size

    def _is_full(self, batch: list[int], candidate: int) -> bool:
        return len(batch) == self.size

    def _is_usable(self, batch: list[int]) -> bool:
        return len(batch) == self.size


class TokenBatches(LengthBatches):
    """Batches of at most `size` tokens, padding included, in a different random order each epoch.

    A longer example makes a batch of its own. Only batches with fewer examples than processes are dropped.

    Args:
        lengths: the number of tokens of each example.
        size: padded tokens per batch, over all processes: examples times the longest of them.
        seed: decides the order, together with the epoch.
    """

    def __init__(self, lengths: Sequence[int], size: int, *, seed: int = 0):
        super().__init__(lengths, size, seed=seed)

    def _examples_per_batch(self) -> int:
        return max(1, round(self.size * len(self.lengths) / max(1, sum(self.lengths))))

    def _is_full(self, batch: list[int], candidate: int) -> bool:
        return bool(batch) and (len(batch) + 1) * self.lengths[candidate] > self.size

    def _is_usable(self, batch: list[int]) -> bool:
        return len(batch) >= num_processes()


def token_counts(tokenizer: Any, texts: Sequence[str], max_tokens: int) -> list[int]:
    """The number of tokens of each text, special tokens included, after truncation to `max_tokens`.

    Each distinct word is tokenised once, which is several times as fast as tokenising the texts. The counts are exact
    for tokenizers that split at spaces first, such as BERT's and MPNet's, and close for others.
    """
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    words = list({word for text in texts for word in text.split(" ")})
    tokens = backend.encode_batch_fast(words, add_special_tokens=False)
    count = dict(zip(words, map(len, tokens), strict=True))
    special = tokenizer.num_special_tokens_to_add()
    return [min(max_tokens, special + sum(count[word] for word in text.split(" "))) for text in texts]


def padded(tokenizer: Any, texts: Sequence[str], max_tokens: int) -> dict[str, Tensor]:
    """Texts as ``input_ids`` and ``attention_mask``, each ``[texts, tokens]``, truncated to `max_tokens`."""
    ids = tokenizer(list(texts), truncation=True, max_length=max_tokens)["input_ids"]
    return dict(tokenizer.pad({"input_ids": ids}, return_tensors="pt"))
