"""What the work of encoders costs, without doing it: an encoder by its sizes, sentences by their lengths.

Everything an encoder does is told in forward passes, or what costs as much. Their operations are those of the matrix
products with its weights; what attention multiplies beside is left out, about 2% for a sentence of 30 tokens, and so is
padding, which counts where a handful of sentences share a batch.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wig_core.attribution.explainer import Explainer
from wig_core.attribution.integrated_gradients import LADDER
from wig_core.attribution.shapley import forward_passes
from wig_core.text.corpus import Corpus, load_corpus
from wig_core.text.sources import place_on_hub
from wig_core.text.words import segment
from wig_core.training.examples import NAMES, load_examples
from wig_core.training.fine_tuning import MaskedLMRecipe, Recipe

Passes = list[tuple[float, float]]  # how many, and the tokens of each


# The sentences of the hub's data sets that are known by name, about; of others nothing is known before they are read.
SENTENCES = {"sts-b": 2_800, "sts12": 6_200, "nli": 20_000, "wikipedia-1m": 1_000_000}


UNKNOWN = 100_000


TYPICAL = "wikipedia-sample"  # its sentences stand for those that are not at hand


TOKENS_PER_WORD, SPECIAL = 1.2, 2  # measured on it: 1.12 with a vocabulary of 30,000, 1.28 with one of 8,000


MOST_NODES = 20  # what most sentences take to come under a tolerance of 1%


@dataclass(frozen=True)
class Shape:
    """The sizes of a transformer, BERT-base's by default.

    Example:
        >>> Shape().weights, Shape().parameters
        (84934656, 108768768)
    """

    layers: int = 12
    width: int = 768
    inner: int = 3072
    vocabulary: int = 30522
    positions: int = 512

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> Shape | None:
        """The sizes that a config.json tells; None if it tells them under other names."""
        names = ("num_hidden_layers", "hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings")
        return cls(*(config[name] for name in names)) if all(name in config for name in names) else None

    @property
    def weights(self) -> int:
        """Those that every token is multiplied with."""
        return self.layers * self.width * (4 * self.width + 2 * self.inner)

    @property
    def parameters(self) -> int:
        """All that is held: these and the tables of words and positions."""
        return self.weights + (self.vocabulary + self.positions) * self.width

    @property
    def kept_per_token(self) -> int:
        """Bytes that backpropagation keeps of a token."""
        return 4 * self.layers * (3 * self.inner + 10 * self.width)

    def operations(self, passes: Iterable[tuple[float, float]]) -> float:
        """Multiplications and additions."""
        return 2.0 * self.weights * sum(number * tokens for number, tokens in passes)


@dataclass(frozen=True)
class Texts:
    """Sentences whose words are weighed: given outright, or a sample of a corpus as `Setup.of` draws it."""

    given: tuple[str, ...] = ()
    corpus: str = ""
    column: str | None = None
    max_sentences: int = 100
    max_words: int | None = None
    seed: int = 0

    @property
    def sentences(self) -> list[str] | None:
        """The sentences themselves; None if they are still on the hub.

        Raises:
            InputError: see `load_corpus`.
        """
        if not self.corpus:
            return list(self.given)
        if place_on_hub(self.corpus):
            return None
        return _up_to(self.corpus, self.column, self.max_words).sample(self.max_sentences, seed=self.seed).sentences

    @property
    def words(self) -> list[int]:
        """How many words each sentence has."""
        return list(_words(self))


@functools.cache
def _up_to(corpus: str, column: str | None, max_words: int | None) -> Corpus:
    return _load(corpus, column).max_words(max_words)


@functools.cache
def _load(corpus: str, column: str | None) -> Corpus:
    return load_corpus(corpus, column=column)


@functools.cache
def _words(texts: Texts) -> tuple[int, ...]:
    sentences = texts.sentences
    if sentences is None:
        return _words(replace(texts, corpus=TYPICAL, column=None))
    return tuple(len(segment(sentence)) for sentence in sentences)


def size_of(corpus: str, column: str | None = None) -> int:
    """How many sentences a corpus has, about for one on the hub."""
    return SENTENCES.get(corpus, UNKNOWN) if place_on_hub(corpus) else len(_load(corpus, column))


def tokens_of(words: float) -> float:
    """The tokens of so many words, about."""
    return TOKENS_PER_WORD * words + SPECIAL


def passes_of_attribution(attribution: Explainer, words: Sequence[int]) -> Passes:
    """What it takes to explain sentences of so many words."""
    return [(_passes_of_sentence(attribution, number), tokens_of(number)) for number in words]


def _passes_of_sentence(attribution: Explainer, words: int) -> float:
    units = words if attribution.granularity == "word" else round(TOKENS_PER_WORD * words)
    if attribution.method == "shap":
        absent = 0.5 if attribution.baseline == "deleted" else 1.0  # half of the words, in the mean
        return absent * forward_passes(units, permutations=attribution.permutations)
    nodes = MOST_NODES if attribution.tolerance < 0.05 else LADDER[0]
    # Every rung of the ladder up to there is tried with one direction; then each word is one, beside the value itself.
    tried = 2 * sum(rung for rung in LADDER if rung <= nodes)
    return tried + nodes * (1 + (1 if attribution.target == "norm" else units))


def passes_of_training(recipe: Recipe | MaskedLMRecipe) -> Passes:
    """What it takes to train: forwards, and twice as much backwards."""
    if isinstance(recipe, MaskedLMRecipe):
        length = tokens_of(20)
        return [(3 * recipe.steps * recipe.tokens_per_batch / length, length)]
    texts, length = _example(recipe.resolved_examples)
    twice = 2 if recipe.objective == "unsupervised-simcse" else 1
    return [(3.0 * recipe.steps * recipe.batch_size * texts * twice, min(length, recipe.max_tokens))]


@functools.cache
def _example(name: str) -> tuple[int, float]:
    """How many texts an example has, and the tokens of each."""
    if name not in NAMES:
        return 2, tokens_of(20)
    some = load_examples(name).texts[::97]
    lengths = [len(segment(text)) for texts in some for text in texts]
    return len(some[0]), tokens_of(sum(lengths) / len(lengths))
