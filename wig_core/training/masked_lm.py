"""Masked-language modelling (Devlin et al. 2019, arXiv 1810.04805, section 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wig_core.errors import InputError, needs_extra
from wig_core.training.batches import TokenBatches, padded, token_counts
from wig_core.training.schedule import Schedule


class MaskedLM(nn.Module):
    """A transformer that predicts hidden tokens of sentences.

    A random `share` of the tokens is chosen; of these, 80% are replaced by [MASK], 10% by a random token, and 10% stay.
    Only the chosen tokens go through the head: the product with the vocabulary is the most expensive step of a small
    model, and most tokens do not need it.

    The tokens are chosen in the forward pass, not when batches are prepared, which runs ahead of the training. So a
    training that is resumed from a checkpoint hides the same tokens as an uninterrupted one.

    Args:
        model: a ``…ForMaskedLM`` of transformers whose head is one module, `cls` (BERT) or `lm_head` (RoBERTa, MPNet).
        tokenizer: the model's.
        share: the share of the tokens to predict.

    Raises:
        InputError: the model has another head.
    """

    def __init__(self, model: nn.Module, tokenizer: Any, *, share: float = 0.2):
        super().__init__()
        if not (hasattr(model, "cls") or hasattr(model, "lm_head")):
            raise InputError(
                f"{type(model).__name__} has no supported language-modelling head; give a BERT, RoBERTa or MPNet"
            )
        self.model: Any = model
        self.share = share
        self.mask_token, self.vocabulary = tokenizer.mask_token_id, len(tokenizer)
        self.special: Tensor
        self.register_buffer("special", torch.tensor(tokenizer.all_special_ids), persistent=False)

    @property
    def head(self) -> nn.Module:
        """The module that turns hidden vectors into scores of the vocabulary."""
        return self.model.cls if hasattr(self.model, "cls") else self.model.lm_head

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """The mean loss, in nats per hidden token, of a batch ``[sentences, tokens]``."""
        scores, tokens = self.predict(input_ids, attention_mask)
        return {"loss": nn.functional.cross_entropy(scores.float(), tokens, reduction="sum") / max(1, len(tokens))}

    def predict(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Hide tokens of a batch; return the scores ``[hidden, vocabulary]`` and the true tokens ``[hidden]``."""
        chosen = self._rand(input_ids) < self.share
        chosen &= ~torch.isin(input_ids, self.special)
        hidden = self.model.base_model(input_ids=self._corrupted(input_ids, chosen), attention_mask=attention_mask)
        return self.head(hidden.last_hidden_state[chosen]), input_ids[chosen]

    def _corrupted(self, input_ids: Tensor, chosen: Tensor) -> Tensor:
        kind = self._rand(input_ids)
        random = torch.randint(self.vocabulary, input_ids.shape, device=input_ids.device)
        masked = torch.where(chosen & (kind < 0.8), self.mask_token, input_ids)
        return torch.where(chosen & (kind >= 0.9), random, masked)

    def _rand(self, like: Tensor) -> Tensor:
        return torch.rand(like.shape, device=like.device)


def train_masked_lm(
    model: Any,
    tokenizer: Any,
    sentences: Sequence[str],
    folder: Path,
    *,
    schedule: Schedule,
    tokens_per_batch: int = 3000,
    share: float = 0.2,
    max_tokens: int = 128,
    watch: Callable[[int], None] | None = None,
    watch_at: Collection[int] = (),
) -> list[dict[str, float]]:
    """Train a ``…ForMaskedLM`` in place on single sentences.

    Args:
        model: the model, see `MaskedLM`.
        tokenizer: the model's.
        sentences: the training text; sentences of similar length make a batch.
        folder: for checkpoints; if it holds one of an interrupted training, that training is resumed.
        schedule: how long and how fast to train.
        tokens_per_batch: padding included.
        share: the share of the tokens to hide.
        max_tokens: longer sentences are truncated to so many tokens, special tokens included.
        watch: called with the number of steps done, after the steps `watch_at`.
        watch_at: when to call it; 0 is before the first step.

    Returns:
        The log: one entry every 10 steps, with step, loss, grad_norm, learning_rate.
    """
    with needs_extra("train"):
        from wig_core.training.trainer import run  # here: transformers' Trainer takes seconds to import

    return run(
        MaskedLM(model, tokenizer, share=share),
        list(sentences),
        partial(padded, tokenizer, max_tokens=max_tokens),
        TokenBatches(token_counts(tokenizer, sentences, max_tokens), tokens_per_batch, seed=schedule.seed),
        schedule,
        folder,
        watch=watch,
        watch_at=watch_at,
    )


def with_language_head(encoder: nn.Module) -> nn.Module:
    """A ``…ForMaskedLM`` that shares the given transformer; its head is new, with output words tied to the input's."""
    from transformers import AutoModelForMaskedLM

    model = AutoModelForMaskedLM.from_config(encoder.config, attn_implementation="eager")
    setattr(model, model.base_model_prefix, encoder)
    model.tie_weights()
    return model
