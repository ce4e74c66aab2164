"""Masked-language modelling (Devlin et al. 2019, arXiv 1810.04805, section 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wig_core.errors import InputError
from wig_core.training.batches import LengthBatches
from wig_core.training.trainer import Schedule, run


class MaskedLM(nn.Module):
    """A transformer that predicts hidden words of the sentences it is given.

    A `share` of the tokens is chosen; of these 80% become [MASK], 10% a random token, and 10% stay. Its head sees these
    alone: the product with the vocabulary is the dearest step of a small model, and four tokens in five need none.

    The choice is made here and not where batches are prepared, which runs ahead of the training: so a run that is
    taken up from a checkpoint hides the words that it would have hidden.

    Args:
        model: a ``…ForMaskedLM`` of transformers whose head is one module, `cls` (BERT) or `lm_head` (RoBERTa, MPNet).
        tokenizer: the model's.
        share: of the tokens that are to be predicted.
    """

    def __init__(self, model: nn.Module, tokenizer: Any, *, share: float = 0.2):
        super().__init__()
        if not (hasattr(model, "cls") or hasattr(model, "lm_head")):
            raise InputError(f"{type(model).__name__} has no head that is known here; give a BERT, RoBERTa or MPNet")
        self.model: Any = model
        self.share = share
        self.mask_token, self.vocabulary = tokenizer.mask_token_id, len(tokenizer)
        self.special: Tensor
        self.register_buffer("special", torch.tensor(tokenizer.all_special_ids), persistent=False)

    @property
    def head(self) -> nn.Module:
        """From hidden vectors to scores of the vocabulary."""
        return self.model.cls if hasattr(self.model, "cls") else self.model.lm_head

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """The mean loss of the predictions of a batch ``[sentences, tokens]``, in nats."""
        scores, words = self.predict(input_ids, attention_mask)
        return {"loss": nn.functional.cross_entropy(scores.float(), words, reduction="sum") / max(1, len(words))}

    def predict(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Hide words of a batch; the scores ``[hidden, vocabulary]`` for each of them, and what they were
        ``[hidden]``."""
        chosen = self._rand(input_ids) < self.share
        chosen &= ~torch.isin(input_ids, self.special)
        hidden = self.model.base_model(input_ids=self._corrupted(input_ids, chosen), attention_mask=attention_mask)
        return self.head(hidden.last_hidden_state[chosen]), input_ids[chosen]

    def _corrupted(self, input_ids: Tensor, chosen: Tensor) -> Tensor:
        kind = self._rand(input_ids)
        anything = torch.randint(self.vocabulary, input_ids.shape, device=input_ids.device)
        masked = torch.where(chosen & (kind < 0.8), self.mask_token, input_ids)
        return torch.where(chosen & (kind >= 0.9), anything, masked)

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
    """Train a ``…ForMaskedLM`` in place on single sentences; `folder` keeps the checkpoints.

    Args:
        model: see `MaskedLM`.
        tokenizer: the model's.
        sentences: to train on, in batches of like length.
        folder: for checkpoints; an interrupted run is taken up from the one it holds.
        schedule: steps, learning rate, …
        tokens_per_batch: padding included.
        share: of the tokens that are hidden.
        max_tokens: longer sentences are cut, special tokens included.
        watch, watch_at: see `run`.

    Returns:
        The training log.
    """
    examples = _token_ids(tokenizer, sentences, max_tokens)
    batches = LengthBatches([len(ids) for ids in examples], tokens_per_batch, by_tokens=True, seed=schedule.seed)
    task = MaskedLM(model, tokenizer, share=share)
    return run(
        task,
        examples,
        lambda ids: _padded(tokenizer, ids),
        batches,
        schedule,
        folder,
        watch=watch,
        watch_at=watch_at,
    )


def with_language_head(encoder: nn.Module) -> nn.Module:
    """A ``…ForMaskedLM`` around a transformer, which it shares; its head is new but for the words, tied to the
    input's."""
    from transformers import AutoModelForMaskedLM

    model = AutoModelForMaskedLM.from_config(encoder.config, attn_implementation="eager")
    setattr(model, model.base_model_prefix, encoder)
    model.tie_weights()
    return model


def evaluate_masked_lm(
    model: Any,
    tokenizer: Any,
    sentences: Sequence[str],
    *,
    share: float = 0.2,
    max_tokens: int = 128,
    seed: int = 0,
) -> dict[str, float]:
    """How well a ``…ForMaskedLM`` predicts hidden words of sentences, with one fixed choice of words.

    Returns:
        loss (nats a word), accuracy (of the likeliest), predicted (how many words).
    """
    task = MaskedLM(model.eval(), tokenizer, share=share)
    examples = sorted(_token_ids(tokenizer, sentences, max_tokens), key=len)
    loss, right, seen = 0.0, 0, 0
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        for start in range(0, len(examples), 64):
            batch = _padded(tokenizer, examples[start : start + 64])
            scores, words = task.predict(*(batch[name].to(model.device) for name in ("input_ids", "attention_mask")))
            loss += nn.functional.cross_entropy(scores, words, reduction="sum").item()
            right += int((scores.argmax(1) == words).sum())
            seen += len(words)
    return {"loss": loss / seen, "accuracy": right / seen, "predicted": seen}


def _token_ids(tokenizer: Any, sentences: Sequence[str], max_tokens: int) -> list[list[int]]:
    return tokenizer(list(sentences), truncation=True, max_length=max_tokens)["input_ids"]


def _padded(tokenizer: Any, examples: list[list[int]]) -> dict[str, Tensor]:
    return dict(tokenizer.pad({"input_ids": examples}, return_tensors="pt"))
