"""The theorem where information gain is known, on synthetic corpora: page 15.

The theorem (Kurita et al. 2023, theorem 1; background: Oyama et al. 2023, arXiv 2212.09663) is about an encoder with
one vector per word, mean pooling and inner product, at the optimum of a contrastive objective: there ``½‖w‖² ≈ KL(w)``.
Here sentences are drawn from a model of topics whose P(·), P_sent(·|w) and KL(w) are finite sums, so that nothing is
estimated but the encoder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import pandas as pd
from scipy import stats
from torch import Tensor

from wig_book.experiments.rows import Findings, Numbers, cell, cells
from wig_book.theory import (
    CountedModel,
    Norm,
    StaticTraining,
    TopicModel,
    WordModel,
    exact_course,
    half_squared_norms,
    optimal_vectors,
    train_exactly,
    train_static,
)
from wig_core.errors import InputError
from wig_core.regression import line

# What breaks an assumption of the theorem, by name: settings of `StaticTraining`, and the model's anisotropy.
BREAKS: dict[str, dict[str, Any]] = {
    "none": {},
    "anisotropy": {"anisotropy": 16.0},
    "cosine": {"similarity": "cosine", "temperature": 0.2},
    "attention": {"length": 4, "attention": 1.0},
    "four words": {"length": 4},
    "small batch": {"batch_size": 16},
    "two dimensions": {"dimension": 2},
}


def fit_to_kl(vectors: Tensor, model: WordModel, *, length: int = 1) -> pd.DataFrame:
    """Fit each norm of word vectors to the true KL, over words.

    Args:
        vectors: ``[words, dimension]``.
        model: whose KL is known.
        length: words per sentence, see `half_squared_norms`.

    Returns:
        One row per norm: norm, r2, slope (of ½‖w‖² on KL), and rank (the rank correlation of the two).
    """
    rows = []
    for norm in get_args(Norm):
        found = half_squared_norms(vectors, model, norm, length=length)
        fit = line(model.kl, found)
        rows.append((norm, fit.r2, fit.slope, stats.spearmanr(model.kl, found).statistic))
    return pd.DataFrame(rows, columns=["norm", "r2", "slope", "rank"])


def norms_and_kl(vectors: Tensor, model: WordModel) -> pd.DataFrame:
    """List the true KL and the half squared norms of words: one row per norm and word, with kl, norm and value."""
    tables = [
        pd.DataFrame({"kl": model.kl, "norm": norm, "value": half_squared_norms(vectors, model, norm)})
        for norm in get_args(Norm)
    ]
    return pd.concat(tables, ignore_index=True)


def closed_and_exact(
    strengths: Sequence[float], *, words: int = 400, dimension: int = 16, seed: int = 0
) -> pd.DataFrame:
    """Fit norms to KL for topics of several strengths, without any sampling.

    Args:
        strengths: how much topics sway words, see `TopicModel.draw`.
        words: the size of the vocabulary.
        dimension: of the word vectors.
        seed: of the models and of the first vectors.

    Returns:
        One row per strength, way ("closed form" or "trained exactly") and norm: strength, way, greatest_kl, and the
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
    """Fit norms to KL for encoders trained on drawn sentences, breaking one assumption of the theorem at a time.

    Args:
        breaks: keys of `BREAKS`.
        strength: how much topics sway words, see `TopicModel.draw`; KL must be large enough to stand out from the
            noise of sampling.
        words: the size of the vocabulary.
        steps: of each training.
        seeds: of the vectors and sentences, in turn.

    Returns:
        One row per break, seed and norm: broken, seed, and the columns of `fit_to_kl`.

    Raises:
        InputError: an unknown break.
    """
    tables = []
    for name in breaks:
        if name not in BREAKS:
            raise InputError(f"assumption {name!r} is unknown; choose from {', '.join(BREAKS)}")
        settings = dict(BREAKS[name])
        model = TopicModel.draw(words=words, strength=strength, anisotropy=settings.pop("anisotropy", 1.0))
        for seed in seeds:
            training = replace(StaticTraining(dimension=8, steps=steps, learning_rate=0.005, seed=seed), **settings)
            fit = fit_to_kl(train_static(model, training), model, length=training.length)
            tables.append(fit.assign(broken=name, seed=seed))
    return pd.concat(tables, ignore_index=True)


def along_axes(
    *,
    strength: float,
    words: int = 400,
    dimension: int = 16,
    at: Sequence[int] = (30, 100, 300, 1000),
    samples: Sequence[int] = (10_000, 100_000, 1_000_000),
    dimensions: Sequence[int] = (2, 4, 8, 16),
    seed: int = 0,
) -> pd.DataFrame:
    """Fit norms to the true KL along exact training, with co-occurrence counted in samples, and in other dimensions.

    Args:
        strength: how much topics sway words, see `TopicModel.draw`.
        words: the size of the vocabulary.
        dimension: of the word vectors along the training and with counted pairs.
        at: steps of the training; the other two axes are measured at the last.
        samples: how many pairs of words are counted, in turn.
        dimensions: of the word vectors, in turn.
        seed: of the model, the first vectors and the samples.

    Returns:
        One row per axis ("step", "pairs counted" or "dimension"), value and norm: axis, value, and the columns of
        `fit_to_kl`.
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


def theorem(parameters: Mapping[str, Any]) -> Findings:
    """Test the theorem on synthetic corpora: in closed form, trained exactly, and with broken assumptions.

    Args:
        parameters: of the page, by name: words, strengths, dimension, breaks, look_at, samples, dimensions,
            drawn_strength, steps, seeds and seed.

    Returns:
        Tables norms (`norms_and_kl` of the closed form with the weakest topics), exact (`closed_and_exact`), course
        (`along_axes`, with the middle strength) and broken (`broken_assumptions`); `theorem_numbers` and middle.
    """
    strengths = parameters["strengths"]
    middle, sizes = strengths[len(strengths) // 2], {name: parameters[name] for name in ("words", "dimension", "seed")}
    weakest = TopicModel.draw(words=parameters["words"], strength=strengths[0], seed=parameters["seed"])
    exact = closed_and_exact(strengths, **sizes)
    course = along_axes(
        strength=middle,
        at=parameters["look_at"],
        samples=parameters["samples"],
        dimensions=parameters["dimensions"],
        **sizes,
    )
    drawn = {name: parameters[name] for name in ("words", "steps", "seeds")}
    broken = broken_assumptions(parameters["breaks"], strength=parameters["drawn_strength"], **drawn)
    norms = norms_and_kl(optimal_vectors(weakest, parameters["dimension"]), weakest)
    tables = {"norms": norms, "exact": exact, "course": course, "broken": broken}
    return Findings(theorem_numbers(exact, broken) | {"middle": middle}, tables)


def theorem_numbers(exact: pd.DataFrame, broken: pd.DataFrame) -> Numbers:
    """The numbers that prose and claims quote.

    Args:
        exact: from `closed_and_exact`.
        broken: from `broken_assumptions`, with "none" among the breaks.

    Returns:
        strength and strong, the smallest and the largest strength; r2 and slope of four cases: metric and raw (those
        norms in closed form with the weakest topics), trained (the metric there, trained exactly) and strong (the
        metric in closed form with the strongest). Of the metric on drawn sentences, means over seeds: r2_drawn and
        rank_drawn with no assumption broken; worst, the break with the least R², and worst_r2.
    """
    weak, strong = exact["strength"].min(), exact["strength"].max()
    cases = {
        "metric": (weak, "closed form", "metric"),
        "raw": (weak, "closed form", "raw"),
        "trained": (weak, "trained exactly", "metric"),
        "strong": (strong, "closed form", "metric"),
    }
    chosen = exact.set_index(["strength", "way", "norm"]).loc[list(cases.values())].assign(case=list(cases))
    drawn = broken[broken["norm"] == "metric"].groupby("broken", sort=False)[["r2", "rank"]].mean()
    worst = drawn["r2"].idxmin()
    return {
        "strength": float(weak),
        "strong": float(strong),
        **cells(chosen, ["r2", "slope"], "case"),
        **cell(drawn, "r2", "none", "r2_drawn"),
        **cell(drawn, "rank", "none", "rank_drawn"),
        "worst": str(worst),
        **cell(drawn, "r2", worst, "worst_r2"),
    }
