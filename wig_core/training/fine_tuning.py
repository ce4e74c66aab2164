"""Fine-tuning by name: every choice that makes an encoder in one record, and the encoders kept on disk by its hash."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from wig_core.cache import cached, source_hash, stable_hash
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.registry import Pooling, Similarity
from wig_core.errors import InputError
from wig_core.text.corpus import load_corpus
from wig_core.training.contrastive import train_contrastive
from wig_core.training.distributed import Crew
from wig_core.training.examples import Examples, load_examples
from wig_core.training.masked_lm import train_masked_lm, with_language_head
from wig_core.training.objectives import InfoNCE, Objective, Softmax, SupervisedSimCSE, UnsupervisedSimCSE
from wig_core.training.trainer import Schedule

ObjectiveName = Literal["info-nce", "info-nce-symmetric", "unsupervised-simcse", "supervised-simcse", "softmax"]


# The code that decides a training; the texts are in the key themselves.
_DECIDING = (
    "wig_core.encoders.encoder",
    "wig_core.training.batches",
    "wig_core.training.contrastive",
    "wig_core.training.masked_lm",
    "wig_core.training.objectives",
    "wig_core.training.fine_tuning",
    "wig_core.training.trainer",
)


# The examples of a packaged kind that an objective can take.
DEFAULT_EXAMPLES: dict[str, str] = {
    "info-nce": "halves",
    "info-nce-symmetric": "halves",
    "unsupervised-simcse": "sentences",
    "supervised-simcse": "neighbours-and-far",
    "softmax": "relations",
}


@dataclass(frozen=True)
class Recipe:
    """How to fine-tune a base encoder.

    Attributes:
        objective: one of `DEFAULT_EXAMPLES`.
        examples: see `load_examples`; None for the usual ones of the objective.
        pooling: how token vectors become an embedding, while training and after.
        similarity: of InfoNCE and of the trained encoder; the other objectives have theirs, the cosine.
        temperature: of the contrastive objectives; None for 0.05 with cosine and 1 with the inner product.
        head: a layer with tanh while training, as SimCSE has with CLS pooling; None for just this case.
        steps, learning_rate, batch_size, max_tokens, bf16, seed: see `train_contrastive` and `Schedule`.
    """

    objective: ObjectiveName = "info-nce"
    examples: str | None = None
    pooling: Pooling = "mean"
    similarity: Similarity = "cosine"
    temperature: float | None = None
    head: bool | None = None
    steps: int = 500
    learning_rate: float = 3e-4
    batch_size: int = 64
    max_tokens: int = 64
    bf16: bool = True
    seed: int = 0

    def checked(self) -> Recipe:
        """Itself.

        Raises:
            InputError: an unknown objective, pooling or similarity.
        """
        kinds: dict[str, Any] = {"objective": ObjectiveName, "pooling": Pooling, "similarity": Similarity}
        for name, kind in kinds.items():
            if getattr(self, name) not in get_args(kind):
                raise InputError(f"{name} {getattr(self, name)!r} is unknown; use {', '.join(get_args(kind))}")
        return self

    def schedule(self) -> Schedule:
        """When and how fast it learns."""
        return Schedule(
            steps=self.steps, learning_rate=self.learning_rate, bf16=self.bf16, seed=self.seed, save_every=500
        )

    def loss(self, dimension: int, examples: Examples) -> Objective:
        """The objective, for embeddings of so many dimensions."""
        temperature = self.temperature or (1.0 if self.similarity == "dot" else 0.05)
        makers: dict[str, Callable[[], Objective]] = {
            "info-nce": lambda: InfoNCE(self.similarity, temperature=temperature),
            "info-nce-symmetric": lambda: InfoNCE(self.similarity, temperature=temperature, symmetric=True),
            "unsupervised-simcse": lambda: UnsupervisedSimCSE(temperature=temperature),
            "supervised-simcse": lambda: SupervisedSimCSE(temperature=temperature),
            "softmax": lambda: Softmax(dimension, classes=1 + max(examples.labels or [0])),
        }
        return makers[self.objective]()

    @property
    def resolved_examples(self) -> str:
        """The examples that it learns from."""
        return self.examples or DEFAULT_EXAMPLES.get(self.objective, "")

    @property
    def has_head(self) -> bool:
        """Whether a layer stands between encoder and objective while training."""
        return self.pooling == "cls" and "simcse" in self.objective if self.head is None else self.head


@dataclass(frozen=True)
class MaskedLMRecipe:
    """How to train an encoder (back) towards masked-language modelling: see `train_masked_lm` and `Schedule`."""

    corpus: str = "wikipedia-sample"
    steps: int = 1000
    learning_rate: float = 2e-4
    tokens_per_batch: int = 1500
    share: float = 0.15
    max_tokens: int = 128
    bf16: bool = True
    seed: int = 0

    def schedule(self) -> Schedule:
        """When and how fast it learns."""
        return Schedule(
            steps=self.steps, learning_rate=self.learning_rate, bf16=self.bf16, seed=self.seed, save_every=500
        )


def fine_tune(base: str, recipe: Recipe, *, at: Sequence[int] = ()) -> dict[int, SentenceEncoder]:
    """The encoder that a recipe makes of a base encoder, and what it was at other steps; from disk if it was made
    before.

    Args:
        base: see `SentenceEncoder.load`.
        recipe: how to train.
        at: steps to give besides the last; 0 is the base with the recipe's pooling and similarity.

    Returns:
        The encoders by step.

    Raises:
        InputError: see `SentenceEncoder.load`, `load_examples` and `train_contrastive`; a step beyond the last.
    """
    recipe.checked()
    start = SentenceEncoder.load(base, pooling=recipe.pooling)
    examples = load_examples(recipe.resolved_examples, seed=recipe.seed)

    def train(folder: Path, steps: list[int]) -> None:
        train_contrastive(
            start,
            examples,
            objective=recipe.loss(start.dimension, examples),
            schedule=recipe.schedule(),
            batch_size=recipe.batch_size,
            max_tokens=recipe.max_tokens,
            head=recipe.has_head,
            folder=folder,
            watch=lambda step, encoder: encoder.save(folder / f"step-{step}"),
            watch_at=steps,
        )

    return _trained(start, recipe, [examples.texts, examples.labels], at, train)


def train_masked(base: str, recipe: MaskedLMRecipe, *, at: Sequence[int] = ()) -> dict[int, SentenceEncoder]:
    """The encoder that masked-language modelling makes of another, and what it was at other steps; kept on disk.

    Its head starts anew, with the output words tied to the input's.

    Args:
        base: see `SentenceEncoder.load`.
        recipe: how to train.
        at: steps to give besides the last.

    Raises:
        InputError: see `SentenceEncoder.load` and `load_corpus`; a step beyond the last.
    """
    start = SentenceEncoder.load(base)
    sentences = load_corpus(recipe.corpus).sentences

    def train(folder: Path, steps: list[int]) -> None:
        torch.manual_seed(recipe.seed)  # the head's first weights
        student = copy.deepcopy(start.model).requires_grad_(True)
        train_masked_lm(
            with_language_head(student),
            start.tokenizer,
            sentences,
            folder,
            schedule=recipe.schedule(),
            tokens_per_batch=recipe.tokens_per_batch,
            share=recipe.share,
            max_tokens=min(recipe.max_tokens, start.max_tokens),
            watch=lambda step: replace(start, model=student).save(folder / f"step-{step}"),
            watch_at=steps,
        )

    return _trained(start, recipe, sentences, at, train)


def _trained(
    start: SentenceEncoder,
    recipe: Recipe | MaskedLMRecipe,
    texts: Any,
    at: Sequence[int],
    train: Callable[[Path, list[int]], None],
) -> dict[int, SentenceEncoder]:
    """Encoders by step, from the cache, whose key is everything that decides them."""
    if wrong := [step for step in at if not 0 <= step <= recipe.steps]:
        raise InputError(f"step {wrong[0]} is not one of the {recipe.steps} of the training; leave it out")
    steps = sorted({*at, recipe.steps})
    key = {
        "base": start.fingerprint(),
        "texts": stable_hash(texts),
        "recipe": {type(recipe).__name__: asdict(recipe)},
        "steps": steps,
        "sources": source_hash(*_DECIDING),
        "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers")},
    }

    def make(folder: Path) -> None:
        train(folder, steps)
        if Crew.now().is_first:
            for checkpoint in folder.glob("checkpoint-*"):
                shutil.rmtree(checkpoint)

    folder = cached("encoders", key, make)
    return {step: SentenceEncoder.load(folder / f"step-{step}") for step in steps}
