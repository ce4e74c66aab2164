"""A laboratory in which information gain is known: synthetic corpora, and static encoders trained on them.

The theorem (Kurita et al. 2023, theorem 1; background: Oyama et al. 2023, arXiv 2212.09663) speaks of an encoder with
one vector a word, mean pooling and inner product, at the optimum of a contrastive objective: there ``½‖w‖² ≈ KL(w)``.
Here sentences are drawn from a model of topics whose P(·), P_sent(·|w) and KL(w) are finite sums, so that nothing is
estimated but the encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, get_args

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor, nn

from wig_core.encoders import Similarity
from wig_core.errors import InputError

Floats = NDArray[np.float64]
Norm = Literal["raw", "centred", "metric"]


class WordModel(Protocol):
    """What is known of the words of sentences, estimated or not."""

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
    """Sentences of words drawn independently given a topic state: ``p(w | z) ∝ b(w) exp(strength · a_w · z)``.

    Attributes:
        prior: of the states, ``[states]``.
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
        """A model with Zipf's frequencies b, and Gaussian a_w and z of `topics` dimensions.

        Args:
            words: the vocabulary.
            topics: dimensions of the topic states.
            states: how many of them, each as likely as the others.
            strength: how much a state sways the words; the theory is about small ones.
            anisotropy: how many times more the first dimension sways them than the last; 1 for all alike.
            seed: of the draw.
        """
        chance = np.random.default_rng(seed)
        base = 1 / (10 + np.arange(words))
        vectors = chance.normal(size=(words, topics)) * chance.uniform(0, 1, size=(words, 1))
        z = chance.normal(size=(states, topics))
        z = (z - z.mean(0)) / z.std(0)
        sway = np.geomspace(1, 1 / anisotropy, topics)
        z = z * sway / np.sqrt((sway**2).mean())
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
        """The pointwise mutual information of two words of a sentence, ``[words, words]``."""
        return np.log(self.neighbours / self.probability)

    @property
    def kl(self) -> Floats:
        """KL(P_sent(· | w) ‖ P(·)) in nats, ``[words]``."""
        return (self.neighbours * self.pmi).sum(1)

    def pairs(self, count: int, length: int, chance: torch.Generator) -> Tensor:
        """Pairs of sentences of the same state, ``[count, 2, length]`` word ids."""
        states = torch.multinomial(torch.from_numpy(self.prior), count, replacement=True, generator=chance)
        emission = torch.from_numpy(self.emission)[states]
        words = torch.multinomial(emission, 2 * length, replacement=True, generator=chance)
        return words.view(count, 2, length)


@dataclass(frozen=True)
class CountedModel:
    """The same quantities, counted.

    Attributes:
        joint: P(w, w'), symmetric, ``[words, words]``.
    """

    joint: Floats

    @classmethod
    def of_counts(cls, pairs: Floats) -> CountedModel:
        """From how often two words are met in a sentence, ``[words, words]``."""
        both = pairs + pairs.T
        return cls(both / both.sum())

    @classmethod
    def sample(cls, model: TopicModel, size: int, *, seed: int = 0) -> CountedModel:
        """So many pairs of words drawn from a model of topics; every word is met once with itself besides, so that
        none is missing."""
        chance, words = np.random.default_rng(seed), len(model.probability)
        joint = model.neighbours * model.probability[:, None]
        drawn = chance.multinomial(size, joint.ravel() / joint.sum()).reshape(words, words)
        return cls.of_counts(drawn + np.eye(words))

    @property
    def probability(self) -> Floats:
        """P(w) as the marginal of the pairs: how often w is a partner."""
        return self.joint.sum(1)

    @property
    def neighbours(self) -> Floats:
        """P_sent(w' | w)."""
        return self.joint / self.joint.sum(1, keepdims=True)

    @property
    def kl(self) -> Floats:
        """KL(P_sent(· | w) ‖ P(·)) in nats."""
        given, probability = self.neighbours, self.probability
        return (given * np.log(np.where(given > 0, given / probability, 1.0))).sum(1)


@dataclass(frozen=True)
class Training:
    """How a static encoder is trained; the defaults keep what the theorem assumes, each other value breaks something.

    Attributes:
        dimension: of the word vectors.
        length: words a sentence; the mean of their vectors is its embedding.
        similarity: "dot", as the theorem has it, or "cosine".
        temperature: similarities are divided by it.
        attention: None for mean pooling; else words are weighed by a fixed random attention of this strength instead.
        batch_size: pairs a step, each other's negatives; the optimum is that of an infinite batch.
        steps, learning_rate: of Adam; the rate falls to 0 on a cosine.
        seed: of the first vectors and of the sentences.
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


def train_static(model: TopicModel, training: Training) -> Tensor:
    """Word vectors ``[words, dimension]`` that InfoNCE, taken both ways, makes of pairs of sentences of one state."""
    chance = torch.Generator().manual_seed(training.seed)
    words = len(model.probability)
    vectors = nn.Parameter(0.1 * torch.randn(words, training.dimension, generator=chance))
    share = torch.softmax((training.attention or 0.0) * torch.randn(words, generator=chance), 0) * words
    optimiser = torch.optim.Adam([vectors], lr=training.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, training.steps)
    own = torch.arange(training.batch_size)
    for _ in range(training.steps):
        ids = model.pairs(training.batch_size, training.length, chance)
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
    """The same for one-word sentences and an infinite batch; the last of `exact_course`."""
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
    """Word vectors at some steps of training on one-word sentences with an infinite batch: the loss is its
    expectation, so no sampling disturbs it.

    ``−Σ P(w, w') w·w' + Σ P(w) log Σ P(w') exp(w·w')``, by Adam with a rate that falls to 0 at the last step.
    """
    chance = torch.Generator().manual_seed(seed)
    probability = torch.from_numpy(model.probability).to(dtype)
    joint = torch.from_numpy(model.neighbours).to(dtype) * probability.unsqueeze(1)
    vectors = nn.Parameter(0.1 * torch.randn(len(probability), dimension, generator=chance, dtype=dtype))
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
    """The word vectors at the optimum for one-word sentences and inner product, without any training.

    There ``w · w' = PMI(w, w')``; the best vectors of so many dimensions, words counted by their probability, are the
    leading eigenvectors of the weighted PMI with positive eigenvalues.
    """
    root = np.sqrt(model.probability)
    values, directions = np.linalg.eigh(root[:, None] * model.pmi * root)
    leading = np.argsort(values)[::-1][:dimension]
    kept = np.clip(values[leading], 0, None)
    return torch.from_numpy(directions[:, leading] * np.sqrt(kept) / root[:, None])


def half_squared_norms(vectors: Tensor, model: WordModel, norm: Norm, *, length: int = 1) -> Floats:
    """What the theory sets equal to KL(w), ``[words]``.

    "raw": ½‖w‖². "centred": ½‖w − w̄‖², with w̄ the mean over P. "metric": ½(w − w̄)ᵀG(w − w̄), with G the covariance of
    the vectors under P (Oyama et al. 2023); it is what KL is to second order, the others if G is the identity.
    Mean pooling over `length` words divides each vector by it, so that vectors are divided by it first.

    Raises:
        InputError: an unknown norm.
    """
    if norm not in get_args(Norm):
        raise InputError(f"norm {norm!r} is unknown; choose one of {', '.join(get_args(Norm))}")
    each = vectors.double().numpy() / length
    if norm == "raw":
        return 0.5 * (each**2).sum(1)
    centred = each - model.probability @ each
    if norm == "centred":
        return 0.5 * (centred**2).sum(1)
    covariance = (centred * model.probability[:, None]).T @ centred
    return 0.5 * np.einsum("wi,ij,wj->w", centred, covariance, centred)


def fit_to_kl(vectors: Tensor, model: WordModel, *, length: int = 1) -> pd.DataFrame:
    """How each norm follows the true KL over words: norm, r2, slope of the norm on KL, and rank (correlation)."""
    rows = []
    for norm in get_args(Norm):
        found = half_squared_norms(vectors, model, norm, length=length)
        line = stats.linregress(model.kl, found)
        rows.append((norm, line.rvalue**2, line.slope, stats.spearmanr(model.kl, found).statistic))
    return pd.DataFrame(rows, columns=["norm", "r2", "slope", "rank"])


def norms_and_kl(vectors: Tensor, model: WordModel) -> pd.DataFrame:
    """Each word's true KL and its half squared norms: kl, norm and value."""
    tables = [
        pd.DataFrame({"kl": model.kl, "norm": norm, "value": half_squared_norms(vectors, model, norm)})
        for norm in get_args(Norm)
    ]
    return pd.concat(tables, ignore_index=True)


# What breaks an assumption of the theorem, by name; all are settings of `Training` but for the model's anisotropy.
BREAKS: dict[str, dict[str, Any]] = {
    "none": {},
    "anisotropy": {"anisotropy": 16.0},
    "cosine": {"similarity": "cosine", "temperature": 0.2},
    "attention": {"length": 4, "attention": 1.0},
    "four words": {"length": 4},
    "small batch": {"batch_size": 16},
    "two dimensions": {"dimension": 2},
}


def closed_and_exact(
    strengths: Sequence[float], *, words: int = 400, dimension: int = 16, seed: int = 0
) -> pd.DataFrame:
    """`fit_to_kl` against how much topics sway words, where no sampling disturbs.

    Returns:
        One row a strength, way ("closed form" or "trained exactly") and norm: strength, way, greatest_kl, and the
        columns of `fit_to_kl`.
    """
    tables = []
    for strength in strengths:
        model = TopicModel.draw(words=words, strength=strength, seed=seed)
        ways = {
            "closed form": optimal_vectors(model, dimension),
            "trained exactly": train_exactly(model, dimension=dimension, seed=seed),
        }
        for way, vectors in ways.items():
            fit = fit_to_kl(vectors, model)
            tables.append(fit.assign(strength=strength, way=way, greatest_kl=model.kl.max()))
    return pd.concat(tables, ignore_index=True)


def broken_assumptions(
    breaks: Sequence[str], *, strength: float, words: int = 400, steps: int = 1500, seeds: Sequence[int] = (0,)
) -> pd.DataFrame:
    """`fit_to_kl` of static encoders trained on drawn sentences, with one assumption of the theorem broken in turn.

    Args:
        breaks: keys of `BREAKS`.
        strength: see `TopicModel.draw`; sampling needs a larger one than the closed form, to be heard above its noise.
        words: the vocabulary.
        steps: of each training.
        seeds: of the vectors and sentences, in turn.

    Returns:
        One row a break, seed and norm: broken, seed, and the columns of `fit_to_kl`.

    Raises:
        InputError: an unknown break.
    """
    tables = []
    for name in breaks:
        if name not in BREAKS:
            raise InputError(f"assumption {name!r} is unknown; choose from {', '.join(BREAKS)}")
        changed = dict(BREAKS[name])
        model = TopicModel.draw(words=words, strength=strength, anisotropy=changed.pop("anisotropy", 1.0))
        for seed in seeds:
            training = replace(Training(dimension=8, steps=steps, learning_rate=0.005, seed=seed), **changed)
            fit = fit_to_kl(train_static(model, training), model, length=training.length)
            tables.append(fit.assign(broken=name, seed=seed))
    return pd.concat(tables, ignore_index=True)


def along(
    *,
    strength: float,
    words: int = 400,
    dimension: int = 16,
    at: Sequence[int] = (30, 100, 300, 1000),
    samples: Sequence[int] = (10_000, 100_000, 1_000_000),
    dimensions: Sequence[int] = (2, 4, 8, 16),
    seed: int = 0,
) -> pd.DataFrame:
    """`fit_to_kl` of exact training along its steps, with KL and co-occurrence counted in samples of pairs, and with
    other dimensions.

    Returns:
        One row an axis ("step", "pairs counted" or "dimension"), value and norm: axis, value, and the columns of
        `fit_to_kl`. The fit is always to the true KL.
    """
    model, last = TopicModel.draw(words=words, strength=strength, seed=seed), max(at)
    cases: list[tuple[str, int, Tensor]] = [
        ("step", step, vectors) for step, vectors in exact_course(model, dimension=dimension, at=at, seed=seed).items()
    ]
    for size in samples:
        counted = CountedModel.sample(model, size, seed=seed)
        cases.append(("pairs counted", size, train_exactly(counted, dimension=dimension, steps=last, seed=seed)))
    for other in dimensions:
        cases.append(("dimension", other, train_exactly(model, dimension=other, steps=last, seed=seed)))
    tables = [fit_to_kl(vectors, model).assign(axis=axis, value=value) for axis, value, vectors in cases]
    return pd.concat(tables, ignore_index=True)


def laboratory_headline(exact: pd.DataFrame, broken: pd.DataFrame) -> dict[str, float | int | str]:
    """The numbers that prose quotes of the laboratory.

    Returns:
        strength, the weakest; r2 and slope in the metric and raw (…_raw) of the closed form there, and r2_trained and
        slope_trained of exact training; strong, r2_strong and slope_strong at the strongest; and of drawn sentences
        with no assumption broken r2_drawn and rank_drawn, and the broken assumption with the least R², worst and
        worst_r2, means over seeds.
    """
    weak, strong = exact["strength"].min(), exact["strength"].max()
    rows = exact.set_index(["strength", "way", "norm"])
    metric = broken[broken["norm"] == "metric"].groupby("broken", sort=False)[["r2", "rank"]].mean()
    return {
        "strength": float(weak),
        "r2": rows.loc[(weak, "closed form", "metric"), "r2"],
        "slope": rows.loc[(weak, "closed form", "metric"), "slope"],
        "r2_raw": rows.loc[(weak, "closed form", "raw"), "r2"],
        "slope_raw": rows.loc[(weak, "closed form", "raw"), "slope"],
        "r2_trained": rows.loc[(weak, "trained exactly", "metric"), "r2"],
        "slope_trained": rows.loc[(weak, "trained exactly", "metric"), "slope"],
        "strong": float(strong),
        "r2_strong": rows.loc[(strong, "closed form", "metric"), "r2"],
        "slope_strong": rows.loc[(strong, "closed form", "metric"), "slope"],
        "r2_drawn": metric.loc["none", "r2"],
        "rank_drawn": metric.loc["none", "rank"],
        "worst": str(metric["r2"].idxmin()),
        "worst_r2": metric["r2"].min(),
    }
