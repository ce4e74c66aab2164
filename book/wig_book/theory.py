"""What the theorem is about: models of words whose information gain is known, and static encoders trained on them.

A static encoder has one vector per word and averages them. The theorem (Kurita et al. 2023, theorem 1; background:
Oyama et al. 2023, arXiv 2212.09663) says that with inner-product similarity, at the optimum of a contrastive objective,
``½‖w‖² ≈ KL(w)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wig_core.encoders.registry import Similarity
from wig_core.errors import InputError

Floats = NDArray[np.float64]
Norm = Literal["raw", "centred", "metric"]


class WordModel(Protocol):
    """The distribution of words, and of their neighbours in a sentence; exact or estimated."""

    @property
    def probability(self) -> Floats:
        """P(w), ``[words]``."""

    @property
    def neighbours(self) -> Floats:
        """P_sent(w' | w), ``[words, words]``."""

    @property
    def kl(self) -> Floats:
        """KL(P_sent(· | w) ‖ P(·)) in nats, ``[words]``."""


@dataclass(frozen=True)
class TopicModel:
    """Sentences whose words are independent given a topic state z: ``p(w | z) ∝ b(w) exp(strength · a_w · z)``.

    Attributes:
        prior: the probability of each state, ``[states]``.
        emission: p(w | state), ``[states, words]``.
    """

    prior: Floats
    emission: Floats

    @classmethod
    def draw(
        cls,
        *,
        words: int = 400,
        topics: int = 8,
        states: int = 256,
        strength: float = 0.3,
        anisotropy: float = 1.0,
        seed: int = 0,
    ) -> TopicModel:
        """Draw a model with Zipfian frequencies b, and Gaussian a_w and z of `topics` dimensions.

        Args:
            words: size of the vocabulary.
            topics: dimensions of the topic states.
            states: number of states, all equally likely.
            strength: effect of a state on the words; the theory is about small effects.
            anisotropy: ratio of the effects of the first dimension and the last; 1 for equal effects.
            seed: decides the draw.
        """
        rng = np.random.default_rng(seed)
        base = 1 / (10 + np.arange(words))
        vectors = rng.normal(size=(words, topics)) * rng.uniform(0, 1, size=(words, 1))
        z = rng.normal(size=(states, topics))
        z = (z - z.mean(0)) / z.std(0)
        scale = np.geomspace(1, 1 / anisotropy, topics)
        z = z * scale / np.sqrt((scale**2).mean())
        scores = base * np.exp(strength * z @ vectors.T)
        return cls(np.full(states, 1 / states), scores / scores.sum(1, keepdims=True))

    @property
    def probability(self) -> Floats:
        """P(w), ``[words]``."""
        return self.prior @ self.emission

    @property
    def neighbours(self) -> Floats:
        """P_sent(w' | w), ``[words, words]``: words of one sentence are independent given its state."""
        joint = (self.emission * self.prior[:, None]).T @ self.emission
        return joint / joint.sum(1, keepdims=True)

    @property
    def pmi(self) -> Floats:
        """The pointwise mutual information of two words of a sentence in nats, ``[words, words]``."""
        return np.log(self.neighbours / self.probability)

    @property
    def kl(self) -> Floats:
        """KL(P_sent(· | w) ‖ P(·)) in nats, ``[words]``."""
        return (self.neighbours * self.pmi).sum(1)

    def pairs(self, count: int, length: int, rng: torch.Generator) -> Tensor:
        """Draw `count` pairs of sentences with the same state, as word ids ``[count, 2, length]``."""
        states = torch.multinomial(torch.from_numpy(self.prior), count, replacement=True, generator=rng)
        emission = torch.from_numpy(self.emission)[states]
        words = torch.multinomial(emission, 2 * length, replacement=True, generator=rng)
        return words.view(count, 2, length)


@dataclass(frozen=True)
class CountedModel:
    """The distribution of words and neighbours, estimated from counted pairs of words.

    Attributes:
        joint: P(w, w'), symmetric, ``[words, words]``.
    """

    joint: Floats

    @classmethod
    def of_counts(cls, pairs: Floats) -> CountedModel:
        """Estimate a model from the number of times that two words share a sentence, ``[words, words]``."""
        both = pairs + pairs.T
        return cls(both / both.sum())

    @classmethod
    def sample(cls, model: TopicModel, size: int, *, seed: int = 0) -> CountedModel:
        """Estimate a model from `size` pairs of words drawn from a topic model.

        One pair of each word with itself is added, so that no word is missing.
        """
        rng, words = np.random.default_rng(seed), len(model.probability)
        joint = model.neighbours * model.probability[:, None]
        drawn = rng.multinomial(size, joint.ravel() / joint.sum()).reshape(words, words)
        return cls.of_counts(drawn + np.eye(words))

    @property
    def probability(self) -> Floats:
        """P(w), ``[words]``, the marginal of the pairs."""
        return self.joint.sum(1)

    @property
    def neighbours(self) -> Floats:
        """P_sent(w' | w), ``[words, words]``."""
        return self.joint / self.joint.sum(1, keepdims=True)

    @property
    def kl(self) -> Floats:
        """KL(P_sent(· | w) ‖ P(·)) in nats, ``[words]``."""
        given, probability = self.neighbours, self.probability
        return (given * np.log(np.where(given > 0, given / probability, 1.0))).sum(1)


@dataclass(frozen=True)
class StaticTraining:
    """How a static encoder is trained. The defaults satisfy the theorem's assumptions; other values violate one.

    Attributes:
        dimension: of the word vectors.
        length: words per sentence; the mean of their vectors is its embedding.
        similarity: "dot", which the theorem assumes, or "cosine".
        temperature: similarities are divided by it.
        attention: None for mean pooling; else the strength of a fixed random attention that weights the words.
        batch_size: pairs per step, each the others' negatives. The theorem assumes an infinite batch.
        steps, learning_rate: of Adam; the rate falls to 0 along a cosine.
        seed: decides the initial vectors and the sentences.
    """

    dimension: int = 16
    length: int = 1
    similarity: Similarity = "dot"
    temperature: float = 1.0
    attention: float | None = None
    batch_size: int = 512
    steps: int = 4000
    learning_rate: float = 0.02
    seed: int = 0


def train_static(model: TopicModel, training: StaticTraining) -> Tensor:
    """Train word vectors ``[words, dimension]`` by symmetric InfoNCE on pairs of sentences with the same state."""
    rng = torch.Generator().manual_seed(training.seed)
    words = len(model.probability)
    vectors = nn.Parameter(0.1 * torch.randn(words, training.dimension, generator=rng))
    share = torch.softmax((training.attention or 0.0) * torch.randn(words, generator=rng), 0) * words
    optimiser = torch.optim.Adam([vectors], lr=training.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, training.steps)
    own = torch.arange(training.batch_size)
    for _ in range(training.steps):
        ids = model.pairs(training.batch_size, training.length, rng)
        weight = share[ids] / share[ids].sum(2, keepdim=True)
        left, right = (vectors[ids] * weight.unsqueeze(-1)).sum(2).unbind(1)
        if training.similarity == "cosine":
            left, right = nn.functional.normalize(left, dim=1), nn.functional.normalize(right, dim=1)
        scores = left @ right.T / training.temperature
        loss = (nn.functional.cross_entropy(scores, own) + nn.functional.cross_entropy(scores.T, own)) / 2
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return vectors.detach()


def train_exactly(
    model: WordModel, *, dimension: int = 16, steps: int = 1500, learning_rate: float = 0.02, seed: int = 0
) -> Tensor:
    """Train word vectors ``[words, dimension]`` on one-word sentences with an infinite batch.

    Args:
        model: the distribution of words and neighbours.
        dimension: of the word vectors.
        steps, learning_rate: of Adam; the rate falls to 0 along a cosine.
        seed: decides the initial vectors.
    """
    return exact_course(model, dimension=dimension, at=[steps], learning_rate=learning_rate, seed=seed)[steps]


def exact_course(
    model: WordModel,
    *,
    dimension: int = 16,
    at: Sequence[int],
    learning_rate: float = 0.02,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
) -> dict[int, Tensor]:
    """Word vectors at some steps of training on one-word sentences with an infinite batch.

    The loss is an expectation, free of sampling noise: ``−Σ P(w, w') w·w' + Σ P(w) log Σ P(w') exp(w·w')``.

    Args:
        model: the distribution of words and neighbours.
        dimension: of the word vectors.
        at: the steps to return; the largest is the last, at which the learning rate reaches 0 along a cosine.
        learning_rate: the initial rate of Adam.
        seed: decides the initial vectors.
        dtype: of the vectors.

    Returns:
        Word vectors ``[words, dimension]`` by step.
    """
    rng = torch.Generator().manual_seed(seed)
    probability = torch.from_numpy(model.probability).to(dtype)
    joint = torch.from_numpy(model.neighbours).to(dtype) * probability.unsqueeze(1)
    vectors = nn.Parameter(0.1 * torch.randn(len(probability), dimension, generator=rng, dtype=dtype))
    optimiser = torch.optim.Adam([vectors], lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(at))
    found = {}
    for step in range(max(at) + 1):
        if step in at:
            found[step] = vectors.detach().clone()
        scores = vectors @ vectors.T
        loss = (probability * torch.logsumexp(scores + probability.log(), 1)).sum() - (joint * scores).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return found


def optimal_vectors(model: TopicModel, dimension: int) -> Tensor:
    """The optimal word vectors ``[words, dimension]`` for one-word sentences and inner product, without training.

    At the optimum ``w · w' = PMI(w, w')``. With `dimension` dimensions the best vectors, words weighted by their
    probability, are the leading eigenvectors of the weighted PMI with positive eigenvalues.
    """
    root = np.sqrt(model.probability)
    values, directions = np.linalg.eigh(root[:, None] * model.pmi * root)
    leading = np.argsort(values)[::-1][:dimension]
    kept = np.clip(values[leading], 0, None)
    return torch.from_numpy(directions[:, leading] * np.sqrt(kept) / root[:, None])


def half_squared_norms(vectors: Tensor, model: WordModel, norm: Norm, *, length: int = 1) -> Floats:
    """Half the squared norm of each word vector, which the theory equates with KL(w), ``[words]``.

    Args:
        vectors: word vectors, ``[words, dimension]``.
        model: the distribution of words.
        norm: "raw" for ½‖w‖²; "centred" for ½‖w − w̄‖², with w̄ the mean over P; "metric" for ½(w − w̄)ᵀG(w − w̄), with G
            the covariance of the vectors under P (Oyama et al. 2023), which is KL to second order. The three are equal
            if w̄ is 0 and G the identity.
        length: words per sentence; each vector is divided by it first, as mean pooling does.

    Raises:
        InputError: the norm is unknown.
    """
    if norm not in get_args(Norm):
        raise InputError(f"norm {norm!r} is unknown; choose one of {', '.join(get_args(Norm))}")
    scaled = vectors.double().numpy() / length
    if norm == "raw":
        return 0.5 * (scaled**2).sum(1)
    centred = scaled - model.probability @ scaled
    if norm == "centred":
        return 0.5 * (centred**2).sum(1)
    covariance = (centred * model.probability[:, None]).T @ centred
    return 0.5 * np.einsum("wi,ij,wj->w", centred, covariance, centred)
