"""Sentences as padded batches of tokens, with a prompt before each if the encoder has one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Tokens:
    """A batch of sentences as tokens.

    Attributes:
        input_ids: token ids ``[sentences, tokens]``, padded on the right.
        attention_mask: 1 for tokens, 0 for padding, ``[sentences, tokens]``.
        special: True for tokens that the tokenizer added, for a prompt and for padding, ``[sentences, tokens]``.
        offsets: per sentence, the characters (start, end) of each token, end excluded; (0, 0) for those of a prompt.
    """

    input_ids: Tensor
    attention_mask: Tensor
    special: Tensor
    offsets: list[list[tuple[int, int]]]

    def to(self, device: torch.device) -> Tokens:
        """The same batch on a device."""
        moved = {name: getattr(self, name).to(device) for name in ("input_ids", "attention_mask", "special")}
        return replace(self, **moved)


def tokenize(tokenizer: Any, sentences: Sequence[str], *, prompt: str, max_tokens: int) -> Tokens:
    """Tokenize sentences, each with the prompt before it and truncated to `max_tokens`.

    A token that spans the end of the prompt (SentencePiece joins a space to the word behind it) is the sentence's.
    """
    batch = tokenizer(
        [prompt + sentence for sentence in sentences],
        padding=True,
        truncation=True,
        max_length=max_tokens,
        return_tensors="pt",
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
    )
    special, offsets = batch["special_tokens_mask"].bool(), batch["offset_mapping"]
    if prompt:
        special |= offsets[..., 1] <= len(prompt)
        offsets = (offsets - len(prompt)).clamp(min=0)
    return Tokens(
        input_ids=batch["input_ids"].long(),  # of no tokens at all, they would be floats
        attention_mask=batch["attention_mask"].long(),
        special=special,
        offsets=[[(start, end) for start, end in row] for row in offsets.long().tolist()],
    )


def prompt_length(tokenizer: Any, prompt: str) -> int:
    """How many tokens precede a sentence: those of its prompt, and the special ones before it.

    As in sentence-transformers, the prompt is tokenized alone, and a special token at its end does not count.
    """
    ids = tokenizer(prompt)["input_ids"] if prompt else []
    return len(ids) - (len(ids) > 0 and ids[-1] in tokenizer.all_special_ids)
