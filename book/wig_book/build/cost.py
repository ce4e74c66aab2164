"""What the work of encoders costs, from an encoder's sizes and the lengths of sentences.

All work is counted in forward passes of a sentence, or in what costs as much. Operations are those of the matrix
products with the encoder's weights. Left out are the products inside attention, about 2% for a sentence of 30 tokens,
and padding, which counts if only a few sentences share a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wig_core.attribution.explainer import Explainer
from wig_core.attribution.integrated_gradients import LADDER
from wig_core.attribution.shapley import forward_passes
from wig_core.text.words import segment
from wig_core.training.fine_tuning import MaskedLMRecipe, Recipe

Passes = list[tuple[float, float]]  # number of passes, and the tokens of each
TOKENS_PER_WORD, SPECIAL_TOKENS = 1.2, 2  # measured: 1.12 with a vocabulary of 30,000, 1.28 with one of 8,000
USUAL_STEPS = 20  # nodes that most sentences need for a completeness error below 1%


@dataclass(frozen=True)
class Shape:
    """The sizes of a transformer, by default those of BERT-base.

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
        """The sizes in a config.json; None if it has them under other names."""
        names = ("num_hidden_layers", "hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings")
        return cls(*(config[name] for name in names)) if all(name in config for name in names) else None

    @property
    def weights(self) -> int:
        """The number of weights that every token is multiplied with."""
        return self.layers * self.width * (4 * self.width + 2 * self.inner)

    @property
    def parameters(self) -> int:
        """The number of all parameters: the weights and the tables of words and positions."""
        return self.weights + (self.vocabulary + self.positions) * self.width

    @property
    def bytes_per_token(self) -> int:
        """The memory that backpropagation keeps for a token."""
        return 4 * self.layers * (3 * self.inner + 10 * self.width)

    def operations(self, passes: Iterable[tuple[float, float]]) -> float:
        """The multiplications and additions of forward passes."""
        return 2.0 * self.weights * sum(number * tokens for number, tokens in passes)


@dataclass
class PagePlan:
    """What a page asks for; a page that is current needs nothing, and work that an earlier page caches is left out.

    Attributes:
        page: its name.
        is_current: whether executing it again would change nothing.
        seconds: how long it takes; None if that is unknown.
        encoders, corpora: the names of those that it loads.
        sentences: how many times a sentence is attributed.
        steps: of training.
        passes: forward passes of a sentence, or what costs as much.
        operations: multiplications and additions.
        counted: sentences whose words are counted.
        memory: bytes that the largest step of its work needs.
        disk: bytes that the cache will keep.
    """

    page: str
    is_current: bool = False
    seconds: float | None = None
    encoders: list[str] = field(default_factory=list)
    corpora: list[str] = field(default_factory=list)
    sentences: int = 0
    steps: int = 0
    passes: float = 0.0
    operations: float = 0.0
    counted: int = 0
    memory: float = 0.0
    disk: float = 0.0


def tokens_of(words: float) -> float:
    """About how many tokens a sentence of so many words has."""
    return TOKENS_PER_WORD * words + SPECIAL_TOKENS


def passes_of_texts(texts: Sequence[str]) -> Passes:
    """The passes of encoding texts."""
    return [(1.0, tokens_of(len(segment(text)))) for text in texts]


def passes_of_attribution(explainer: Explainer, words: Sequence[int], *, steps: int | None = None) -> Passes:
    """The passes of explaining sentences.

    Args:
        explainer: how they are explained.
        words: the number of words of each sentence.
        steps: of Integrated Gradients, if their number is fixed.
    """
    return [(_passes_of_sentence(explainer, number, steps), tokens_of(number)) for number in words]


def _passes_of_sentence(explainer: Explainer, words: int, steps: int | None) -> float:
    units = words if explainer.granularity == "word" else round(TOKENS_PER_WORD * words)
    if explainer.method == "shap":
        present = 0.5 if explainer.baseline == "deleted" else 1.0  # on average half of the words are deleted
        return present * forward_passes(units, permutations=explainer.permutations)
    nodes = steps or (USUAL_STEPS if explainer.tolerance < 0.05 else LADDER[0])
    # Each number of nodes up to there is tried with one direction; then each word is a direction, besides the value.
    tried = 0 if steps else 2 * sum(number for number in LADDER if number <= nodes)
    return tried + nodes * (1 + (1 if explainer.target == "norm" else units))


def passes_of_training(recipe: Recipe | MaskedLMRecipe, examples: Sequence[Sequence[str]] = ()) -> Passes:
    """The passes of a training: forward, and twice as much backward.

    Args:
        recipe: how to train.
        examples: of contrastive training, each with its texts.
    """
    if isinstance(recipe, MaskedLMRecipe):
        length = tokens_of(20)
        return [(3 * recipe.steps * recipe.tokens_per_batch / length, length)]
    lengths = [len(segment(text)) for texts in examples[:: 1 + len(examples) // 100] for text in texts]
    length = tokens_of(sum(lengths) / len(lengths))
    twice = 2 if recipe.objective == "unsupervised-simcse" else 1
    texts = len(examples[0]) * recipe.batch_size * twice
    return [(3.0 * recipe.steps * texts, min(length, recipe.max_tokens))]
