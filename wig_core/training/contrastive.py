"""Contrastive fine-tuning of a sentence encoder, on transformers' `Trainer`."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.training.batches import LengthBatches
from wig_core.training.distributed import Crew
from wig_core.training.examples import Examples
from wig_core.training.objectives import Objective
from wig_core.training.trainer import Schedule, run

Watch = Callable[[int, SentenceEncoder], None]


def train_contrastive(
    encoder: SentenceEncoder,
    examples: Examples,
    *,
    objective: Objective,
    schedule: Schedule,
    batch_size: int = 64,
    max_tokens: int = 64,
    head: bool = False,
    watch: Watch | None = None,
    watch_at: Sequence[int] = (),
    folder: Path | None = None,
) -> SentenceEncoder:
    """Fine-tune an encoder; the one given stays as it is.

    Args:
        encoder: to start from; its pooling makes the embeddings.
        examples: as many texts each as the objective takes.
        objective: the loss; what it learns on the way, such as a classifier, is dropped.
        schedule: steps, learning rate, …
        batch_size: examples a batch, of all processes together; the others are in-batch negatives. Examples that share
            a text are not put into one batch, since they would be false negatives.
        max_tokens: longer texts are cut, special tokens included.
        head: put a layer with tanh between the encoder and the objective, and drop it afterwards, as unsupervised
            SimCSE does with CLS pooling.
        watch: called with the step and the encoder as it then is, at the steps `watch_at`; 0 is before the first.
        watch_at: steps at which to call it.
        folder: for checkpoints, if the schedule saves any; an interrupted run is taken up from the one it holds.

    Returns:
        An encoder whose similarity is the objective's.

    Raises:
        InputError: examples that the objective cannot take, fewer than a batch, or a batch that the processes cannot
            share evenly.
    """
    _check(examples, objective, batch_size)
    torch.manual_seed(schedule.seed)  # the head's and the objective's first weights
    student = copy.deepcopy(encoder.model).requires_grad_(True).train()
    trained = replace(encoder, model=student, similarity=objective.similarity)
    task = _Task(trained, objective, nn.Sequential(nn.Linear(d := encoder.dimension, d), nn.Tanh()) if head else None)
    rows = _rows(encoder, examples, min(max_tokens, encoder.max_tokens))
    lengths = [max(map(len, row["columns"])) for row in rows]
    batches = LengthBatches(
        lengths, batch_size, keys=None if objective.labelled else examples.texts, seed=schedule.seed
    )

    def show(step: int) -> None:
        if watch:
            watch(step, replace(trained, model=copy.deepcopy(student).requires_grad_(False).eval()))

    with tempfile.TemporaryDirectory() as place:
        run(
            task,
            rows,
            lambda batch: _collate(encoder.tokenizer, batch),
            batches,
            schedule,
            folder or Path(place),
            watch=show,
            watch_at=watch_at,
        )
    student.requires_grad_(False).eval()
    return trained


class _Task(nn.Module):
    """From a batch of tokens to the objective's loss."""

    def __init__(self, encoder: SentenceEncoder, objective: Objective, head: nn.Module | None):
        super().__init__()
        self.model, self.objective, self.head = encoder.model, objective, head
        self.encoder = encoder

    def forward(self, columns: list[dict[str, Tensor]], labels: Tensor | None = None) -> dict[str, Tensor]:
        columns = columns * 2 if self.objective.twice else columns
        return {"loss": self.objective([self._embedded(column) for column in columns], labels)}

    def _embedded(self, tokens: dict[str, Tensor]) -> Tensor:
        embeddings = self.encoder.pool(self.model(**tokens).last_hidden_state, tokens["attention_mask"])
        return embeddings if self.head is None else self.head(embeddings)


def _check(examples: Examples, objective: Objective, batch_size: int) -> None:
    least, most = objective.columns
    kind = type(objective).__name__
    if not examples.texts:
        raise InputError(f"{examples.name}: no examples to train on; give some")
    if examples.columns < least or (most is not None and examples.columns > most):
        wanted = f"{least}" if most == least else f"{least} or more"
        raise InputError(f"{examples.name}: {kind} takes {wanted} texts an example, not {examples.columns}")
    if objective.labelled and examples.labels is None:
        raise InputError(f"{examples.name}: {kind} needs a label for each example; try 'relations'")
    if batch_size % (count := Crew.now().size):
        raise InputError(f"batch_size {batch_size} is no multiple of the {count} processes; give one that is")
    if len(examples) < batch_size:
        raise InputError(f"{examples.name}: {len(examples)} examples fill no batch of {batch_size}; give a smaller one")


def _rows(encoder: SentenceEncoder, examples: Examples, max_tokens: int) -> list[dict[str, Any]]:
    """Each example's columns of token ids, and its label."""
    columns = [
        encoder.tokenizer(list(column), truncation=True, max_length=max_tokens)["input_ids"]
        for column in zip(*examples.texts, strict=True)
    ]
    labels: Sequence[int | None] = examples.labels or [None] * len(examples)
    return [{"columns": ids, "label": label} for *ids, label in zip(*columns, labels, strict=True)]


def _collate(tokenizer: Any, batch: list[dict[str, Any]]) -> dict[str, Any]:
    columns = zip(*(row["columns"] for row in batch), strict=True)
    padded = [dict(tokenizer.pad({"input_ids": list(column)}, return_tensors="pt")) for column in columns]
    labels = [row["label"] for row in batch]
    return {"columns": padded} | ({} if labels[0] is None else {"labels": torch.tensor(labels)})
