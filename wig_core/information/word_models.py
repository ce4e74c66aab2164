"""Models of the words of sentences whose information gain is known: topic models, and counted pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]


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
