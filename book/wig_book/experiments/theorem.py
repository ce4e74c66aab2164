"""A laboratory in which information gain is known: synthetic corpora, and static encoders trained on them.

The theorem (Kurita et al. 2023, theorem 1; background: Oyama et al. 2023, arXiv 2212.09663) speaks of an encoder with
one vector a word, mean pooling and inner product, at the optimum of a contrastive objective: there ``½‖w‖² ≈ KL(w)``.
Here sentences are drawn from a model of topics whose P(·), P_sent(·|w) and KL(w) are finite sums, so that nothing is
estimated but the encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import pandas as pd
from scipy import stats
from torch import Tensor

from wig_core.errors import InputError
from wig_core.information.word_models import CountedModel, TopicModel, WordModel
from wig_core.training.static import (
    Norm,
    Training,
    exact_course,
    half_squared_norms,
    optimal_vectors,
    train_exactly,
    train_static,
)


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
