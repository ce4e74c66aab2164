"""Contrastive fine-tuning of a sentence encoder, on transformers' `Trainer`."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from wig_core.encoders.encoder import EncoderLike, SentenceEncoder, as_encoder
from wig_core.errors import InputError, needs_extra
from wig_core.training.batches import LengthBatches, padded, token_counts
from wig_core.training.distributed import num_processes
from wig_core.training.examples import Examples, ExamplesLike, Row, as_examples
from wig_core.training.objectives import Objective
from wig_core.training.schedule import Schedule

Watch: TypeAlias = Callable[[int, SentenceEncoder], None]


def train_contrastive(
    encoder: EncoderLike,
    examples: ExamplesLike,
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
    """Fine-tune an encoder with a contrastive objective; the given encoder stays as it is.

    `fine_tune` does the same with a `Recipe`, and caches the result.

    Args:
        encoder: the encoder to start from: a `SentenceEncoder`, a loaded `SentenceTransformer`, a name or a folder. Its
            pooling makes the embeddings.
        examples: `Examples`, rows of texts such as pairs, or a name or path as `load_examples` takes it, with as many
            texts per example as the objective needs.
        objective: the loss. Its own parameters, such as a classifier's, are trained too and then dropped.
        schedule: how long and how fast to train.
        batch_size: examples per batch, over all processes; the other examples of a batch are in-batch negatives.
            Examples that share a text are not put into one batch, since they would be false negatives.
        max_tokens: longer texts are truncated to so many tokens, special tokens included.
        head: whether to train with a tanh layer between encoder and objective, which is then dropped, as unsupervised
            SimCSE does with CLS pooling.
        watch: called with the number of steps done and a copy of the encoder, after the steps `watch_at`.
        watch_at: when to call it; 0 is before the first step.
        folder: for checkpoints, if the schedule asks for any. If it holds one of an interrupted training, that training
            is resumed.

    Returns:
        The trained encoder; its similarity is the objective's.

    Raises:
        InputError: the examples do not suit the objective or fill no batch, or the batch cannot be divided evenly among
            the processes.

    Example:
        >>> from wig_core.training.objectives import InfoNCE
        >>> pairs = [("It rained all day.", "The day was wet."), ("She sings well.", "Her voice is good.")]
        >>> schedule = Schedule(steps=1, learning_rate=1e-4)
        >>> train_contrastive("wig-base", pairs, objective=InfoNCE(), schedule=schedule, batch_size=2).similarity
        'cosine'
    """
    encoder, examples = as_encoder(encoder), as_examples(examples)
    _check(examples, objective, batch_size)
    torch.manual_seed(schedule.seed)  # for the initial weights of the head and of the objective
    student = copy.deepcopy(encoder.model).requires_grad_(True).train()
    trained = replace(encoder, model=student, similarity=objective.similarity)
    task = _Task(trained, objective, nn.Sequential(nn.Linear(d := encoder.dimension, d), nn.Tanh()) if head else None)
    labels: Sequence[int | None] = examples.labels or [None] * len(examples)
    max_tokens = min(max_tokens, encoder.max_tokens)
    batches = LengthBatches(
        _lengths(encoder, examples, max_tokens),
        batch_size,
        keys=None if objective.labelled else examples.texts,
        seed=schedule.seed,
    )

    def watch_copy(step: int) -> None:
        if watch:
            watch(step, replace(trained, model=copy.deepcopy(student).requires_grad_(False).eval()))

    with needs_extra("train"):
        from wig_core.training.trainer import run  # here: transformers' Trainer takes seconds to import

    with tempfile.TemporaryDirectory() as scratch:
        run(
            task,
            list(zip(examples.texts, labels, strict=True)),
            partial(_collate, encoder.tokenizer, max_tokens),
            batches,
            schedule,
            folder or Path(scratch),
            watch=watch_copy,
            watch_at=watch_at,
        )
    student.requires_grad_(False).eval()
    return trained


class _Task(nn.Module):
    """From the tokens of a batch to the objective's loss."""

    def __init__(self, encoder: SentenceEncoder, objective: Objective, head: nn.Module | None):
        super().__init__()
        self.encoder, self.model, self.objective, self.head = encoder, encoder.model, objective, head

    def forward(self, columns: list[dict[str, Tensor]], labels: Tensor | None = None) -> dict[str, Tensor]:
        columns = columns * 2 if self.objective.twice else columns
        return {"loss": self.objective([self._embed(column) for column in columns], labels)}

    def _embed(self, tokens: dict[str, Tensor]) -> Tensor:
        embeddings = self.encoder.pool(self.model(**tokens).last_hidden_state, tokens["attention_mask"])
        return embeddings if self.head is None else self.head(embeddings)


def _check(examples: Examples, objective: Objective, batch_size: int) -> None:
    least, most = objective.columns
    kind, processes = type(objective).__name__, num_processes()
    if not examples.texts:
        raise InputError(f"{examples.name}: no examples to train on; give some")
    if examples.columns < least or (most is not None and examples.columns > most):
        needed = f"{least}" if most == least else f"{least} or more"
        raise InputError(f"{examples.name}: {kind} takes {needed} texts per example, not {examples.columns}")
    if objective.labelled and examples.labels is None:
        raise InputError(f"{examples.name}: {kind} needs a label for each example; try 'relations'")
    if batch_size % processes:
        raise InputError(f"batch_size {batch_size} is not a multiple of the {processes} processes; give one that is")
    if len(examples) < batch_size:
        raise InputError(f"{examples.name}: {len(examples)} examples fill no batch of {batch_size}; give a smaller one")


def _lengths(encoder: SentenceEncoder, examples: Examples, max_tokens: int) -> list[int]:
    """The number of tokens of the longest text of each example."""
    counts = token_counts(encoder.tokenizer, [text for texts in examples.texts for text in texts], max_tokens)
    return [max(counts[i : i + examples.columns]) for i in range(0, len(counts), examples.columns)]


def _collate(tokenizer: Any, max_tokens: int, batch: list[tuple[Row, int | None]]) -> dict[str, Any]:
    texts, labels = zip(*batch, strict=True)
    columns = [padded(tokenizer, column, max_tokens) for column in zip(*texts, strict=True)]
    return {"columns": columns} | ({} if labels[0] is None else {"labels": torch.tensor(labels)})
