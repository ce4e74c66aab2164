"""Recipes of trainings, and the encoders they make, cached on disk."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from wig_core.cache import cached, source_hash, stable_hash
from wig_core.encoders.encoder import EncoderLike, SentenceEncoder, as_encoder
from wig_core.encoders.registry import Pooling, Similarity
from wig_core.errors import InputError
from wig_core.text.corpus import load_corpus
from wig_core.text.sentences import check_sentences
from wig_core.training.contrastive import train_contrastive
from wig_core.training.distributed import broadcast, is_main_process
from wig_core.training.examples import Examples, ExamplesLike, as_examples
from wig_core.training.masked_lm import train_masked_lm, with_language_head
from wig_core.training.objectives import InfoNCE, Objective, Softmax, SupervisedSimCSE, UnsupervisedSimCSE
from wig_core.training.schedule import Schedule

ObjectiveName = Literal["info-nce", "info-nce-symmetric", "unsupervised-simcse", "supervised-simcse", "softmax"]

# The packaged examples that each objective learns from by default.
DEFAULT_EXAMPLES: dict[ObjectiveName, str] = {
    "info-nce": "halves",
    "info-nce-symmetric": "halves",
    "unsupervised-simcse": "sentences",
    "supervised-simcse": "neighbours-and-far",
    "softmax": "relations",
}

# The modules that decide what a training makes of its texts; the texts are part of the key themselves.
_DECIDING = (
    "wig_core.encoders.encoder",
    "wig_core.training.batches",
    "wig_core.training.contrastive",
    "wig_core.training.fine_tuning",
    "wig_core.training.masked_lm",
    "wig_core.training.objectives",
    "wig_core.training.trainer",
)
_SAVE_EVERY = 500  # steps between checkpoints


@dataclass(frozen=True)
class Recipe:
    """How to fine-tune an encoder with a contrastive objective.

    Attributes:
        objective: "info-nce", "info-nce-symmetric" (positives look for their anchors too), "unsupervised-simcse",
            "supervised-simcse" or "softmax" (SBERT's classification).
        examples: a name or path as `load_examples` takes it; None for the objective's packaged default.
        pooling: how token vectors become an embedding, during training and after: "mean", "cls" or "max".
        similarity: "cosine" or "dot", in InfoNCE and of the trained encoder; the other objectives use the cosine.
        temperature: of the contrastive objectives; None for 0.05 with the cosine and 1 with the inner product.
        head: whether to train with a tanh layer between encoder and objective; None for SimCSE's choice, which is to do
            so with its objectives and CLS pooling.
        steps: number of weight updates.
        learning_rate: the peak of the schedule.
        batch_size: examples per batch, each other's negatives.
        max_tokens: longer texts are truncated to so many tokens.
        bf16: whether to multiply matrices in bfloat16.
        seed: of the random pairing of examples, their order, initial weights and dropout.

    Raises:
        InputError: the objective, pooling or similarity is unknown.

    Example:
        >>> Recipe(objective="unsupervised-simcse", pooling="cls").resolved_examples
        'sentences'
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

    def __post_init__(self) -> None:
        choices: dict[str, Any] = {"objective": ObjectiveName, "pooling": Pooling, "similarity": Similarity}
        for name, kind in choices.items():
            if getattr(self, name) not in get_args(kind):
                raise InputError(f"{name} {getattr(self, name)!r} is unknown; use {', '.join(get_args(kind))}")
        _check_numbers(self)

    @property
    def resolved_examples(self) -> str:
        """The name or path of the examples: those of the recipe, or the objective's default."""
        return self.examples or DEFAULT_EXAMPLES[self.objective]

    @property
    def has_head(self) -> bool:
        """Whether to train with a tanh layer between encoder and objective."""
        return self.pooling == "cls" and "simcse" in self.objective if self.head is None else self.head

    def schedule(self) -> Schedule:
        """The training schedule."""
        return _schedule(self)

    def loss(self, dimension: int, examples: Examples) -> Objective:
        """The objective for embeddings of a dimension; "softmax" has a class for each label of the examples."""
        temperature = self.temperature or (1.0 if self.similarity == "dot" else 0.05)
        match self.objective:
            case "unsupervised-simcse":
                return UnsupervisedSimCSE(temperature=temperature)
            case "supervised-simcse":
                return SupervisedSimCSE(temperature=temperature)
            case "softmax":
                return Softmax(dimension, classes=1 + max(examples.labels or [0]))
        symmetric = self.objective == "info-nce-symmetric"
        return InfoNCE(self.similarity, temperature=temperature, symmetric=symmetric)


@dataclass(frozen=True)
class MaskedLMRecipe:
    """How to train an encoder with masked-language modelling.

    Attributes:
        corpus: the training text, a name or path as `load_corpus` takes it.
        steps: number of weight updates.
        learning_rate: the peak of the schedule.
        tokens_per_batch: padding included.
        share: the share of the tokens to hide.
        max_tokens: longer sentences are truncated to so many tokens.
        bf16: whether to multiply matrices in bfloat16.
        seed: of the head's initial weights, the hidden tokens and the order of sentences.

    Raises:
        InputError: a number is out of its range.
    """

    corpus: str = "wikipedia-sample"
    steps: int = 1000
    learning_rate: float = 2e-4
    tokens_per_batch: int = 1500
    share: float = 0.15
    max_tokens: int = 128
    bf16: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InputError(f"share={self.share} is out of range; give the share of tokens to hide, such as 0.15")
        _check_numbers(self)

    def schedule(self) -> Schedule:
        """The training schedule."""
        return _schedule(self)


def _check_numbers(recipe: Recipe | MaskedLMRecipe) -> None:
    for name, value in asdict(recipe).items():
        if name in ("steps", "learning_rate", "batch_size", "tokens_per_batch", "max_tokens") and not value > 0:
            raise InputError(f"{name}={value} must be above 0")


def _schedule(recipe: Recipe | MaskedLMRecipe) -> Schedule:
    return Schedule(recipe.steps, recipe.learning_rate, bf16=recipe.bf16, seed=recipe.seed, save_every=_SAVE_EVERY)


class FineTuned(Mapping[int, SentenceEncoder]):
    """The encoders that a training has made: a mapping from steps to encoders, in ascending order.

    Attributes:
        encoder: the encoder after the last step.
        steps: the steps at which encoders were kept; the last of them is the last of the training.
    """

    def __init__(self, encoders: Mapping[int, SentenceEncoder]):
        self._encoders = dict(encoders)
        self.steps = sorted(self._encoders)
        self.encoder = self._encoders[self.steps[-1]]

    def at(self, step: int) -> SentenceEncoder:
        """The encoder after a number of steps; 0 is before the first.

        Raises:
            InputError: no encoder was kept at this step.
        """
        if step not in self._encoders:
            steps = ", ".join(map(str, self.steps))
            raise InputError(f"step {step} was not kept, only {steps}; ask for it with at=[{step}]")
        return self._encoders[step]

    def __getitem__(self, step: int) -> SentenceEncoder:
        return self._encoders[step]

    def __iter__(self) -> Iterator[int]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"FineTuned(steps={self.steps}, encoder={self.encoder.name!r})"


def fine_tune(
    base: EncoderLike, recipe: Recipe, *, examples: ExamplesLike | None = None, at: Sequence[int] = ()
) -> FineTuned:
    """Fine-tune an encoder by a recipe. The result is cached: the same training is not run again.

    Args:
        base: the encoder to start from: a `SentenceEncoder`, a loaded `SentenceTransformer`, a name or a folder.
        recipe: how to train.
        examples: what to train on instead of the recipe's examples: `Examples`, rows of texts such as pairs, or a name
            or path as `load_examples` takes it.
        at: steps at which to keep the encoder besides the last; 0 is the base with the recipe's pooling and similarity.

    Returns:
        The trained encoder and those at the steps `at`. Each is saved in a folder of the cache, its `name`, which
        sentence-transformers can load too.

    Raises:
        InputError: the base or the examples cannot be loaded or do not suit the objective (see `train_contrastive`), or
            a step in `at` is not one of the training.

    Example:
        >>> pairs = [("It rained all day.", "The day was wet."), ("She sings well.", "Her voice is good.")]
        >>> trained = fine_tune("wig-base", Recipe(steps=1, batch_size=2), examples=pairs, at=[0])
        >>> trained.steps
        [0, 1]
        >>> trained.encoder.encode("It rained all day.").shape
        torch.Size([256])
    """
    start = replace(as_encoder(base), pooling=recipe.pooling)
    texts = as_examples(recipe.resolved_examples if examples is None else examples, seed=recipe.seed)

    def train(folder: Path, steps: list[int]) -> None:
        train_contrastive(
            start,
            texts,
            objective=recipe.loss(start.dimension, texts),
            schedule=recipe.schedule(),
            batch_size=recipe.batch_size,
            max_tokens=recipe.max_tokens,
            head=recipe.has_head,
            folder=folder,
            watch=lambda step, encoder: encoder.save(folder / f"step-{step}"),
            watch_at=steps,
        )

    return _trained(start, recipe, [texts.texts, texts.labels], at, train)


def train_masked(
    base: EncoderLike, recipe: MaskedLMRecipe, *, corpus: Iterable[str] | None = None, at: Sequence[int] = ()
) -> FineTuned:
    """Train an encoder with masked-language modelling. The result is cached: the same training is not run again.

    The language-modelling head has new weights, except that its output words are tied to the input's; it is dropped
    after the training.

    Args:
        base: the encoder to start from: a `SentenceEncoder`, a loaded `SentenceTransformer`, a name or a folder.
        recipe: how to train.
        corpus: the sentences to train on instead of the recipe's corpus.
        at: steps at which to keep the encoder besides the last; 0 is the base.

    Returns:
        The trained encoder and those at the steps `at`, with the pooling and similarity of the base; see `fine_tune`.

    Raises:
        InputError: the base or the corpus cannot be loaded, or a step in `at` is not one of the training.
    """
    start = as_encoder(base)
    sentences = load_corpus(recipe.corpus).sentences if corpus is None else check_sentences(corpus, blank=False)

    def train(folder: Path, steps: list[int]) -> None:
        torch.manual_seed(recipe.seed)  # for the initial weights of the head
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
) -> FineTuned:
    """The encoders that `train` saves, from the cache; its key is everything that decides them."""
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
    folder = _cached_together(key, lambda folder: train(folder, steps))
    device = str(start.device)
    return FineTuned({step: SentenceEncoder.load(folder / f"step-{step}", device=device) for step in steps})


def _cached_together(key: dict[str, Any], train: Callable[[Path], None]) -> Path:
    """The folder that `train` fills, from the cache. Only the main process opens the cache; all train together."""
    if not is_main_process():
        folder, is_finished = broadcast((Path(), True))
        if not is_finished:
            train(folder)
            folder, _ = broadcast((folder, True))
        return folder

    def make(folder: Path) -> None:
        broadcast((folder, False))
        train(folder)
        for checkpoint in folder.glob("checkpoint-*"):
            shutil.rmtree(checkpoint)

    folder = cached("encoders", key, make)
    return broadcast((folder, True))[0]
