"""Do the weights mean something? Words are taken away in the order of their weight, and the embedding is watched.

Deletion begins with the whole sentence and takes the heaviest word first; insertion begins with none and puts the
heaviest first (Petsiuk, Das, Saenko 2018, arXiv 1806.07421, there for images). Good weights make the embedding leave
its place, and reach it, sooner than a random order does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from wig_book.experiments.setup import Setup
from wig_core.attribution.coalitions import Absence, coalition_values
from wig_core.attribution.explainer import Explainer, Method
from wig_core.attribution.inputs import tokenize_sentences
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

GRID = np.linspace(0, 1, 21)


def perturbation_curves(
    encoder: SentenceEncoder,
    sentences: Sequence[str],
    weights: dict[str, Sequence[Tensor]],
    *,
    baseline: Absence = "mask",
    random_orders: int = 8,
    seed: int = 0,
) -> pd.DataFrame:
    """How far the embedding is from that of the whole sentence, while words are deleted or inserted.

    The distance is ‖s_k − s‖/‖s_0 − s‖, with s_0 the embedding without words: 0 for the whole sentence, 1 for none.
    A curve is taken at the shares of `GRID` of words changed, with straight lines between.

    Args:
        encoder: the encoder.
        sentences: N sentences, none blank; those of fewer than two units are left out.
        weights: by the name of an order, for each sentence the weights of its units, ``[n]``; heaviest go first.
        baseline: what stands in place of an absent word.
        random_orders: how many orders the curve named "random" averages.
        seed: of these.

    Returns:
        One row a sentence, curve ("deletion" or "insertion"), order and share: sentence, curve, order, share, distance.

    Raises:
        InputError: weights that do not fit the sentences; see also `coalition_values`.
    """
    readings = tokenize_sentences(encoder, sentences)
    for name, each in weights.items():
        if [len(one) for one in each] != [len(reading.units) for reading in readings]:
            raise InputError(f"weights {name!r} do not fit the sentences; give one number for each of their units")
    rng = np.random.default_rng(seed)
    kept = [i for i, reading in enumerate(readings) if len(reading.units) > 1]
    orders = [
        {name: [torch.argsort(each[i], descending=True, stable=True)] for name, each in weights.items()}
        | {"random": [torch.from_numpy(rng.permutation(len(readings[i].units))) for _ in range(random_orders)]}
        for i in kept
    ]
    coalitions = [
        torch.cat([_present(order, curve) for curve in CURVES for some in named.values() for order in some])
        for named in orders
    ]
    values = coalition_values(encoder, [readings[i] for i in kept], coalitions, baseline=baseline)
    rows = []
    for sentence, named, value in zip(kept, orders, values, strict=True):
        blocks = iter(value.split(len(readings[sentence].units) + 1))
        for curve in CURVES:
            for name, some in named.items():
                mean = np.mean([_distances(next(blocks), curve) for _ in some], axis=0)
                rows += [(sentence, curve, name, share, distance) for share, distance in zip(GRID, mean, strict=True)]
    return pd.DataFrame(rows, columns=["sentence", "curve", "order", "share", "distance"])


CURVES = ("deletion", "insertion")


def _present(order: Tensor, curve: str) -> Tensor:
    """Who is there after 0 … n changes, ``[n + 1, n]``."""
    changed = order.argsort() < torch.arange(len(order) + 1).unsqueeze(1)
    return changed if curve == "insertion" else ~changed


def _distances(values: Tensor, curve: str) -> NDArray[np.float64]:
    """From the embeddings after 0 … n changes to the distances at the shares of `GRID`."""
    none, whole = (values[0], values[-1]) if curve == "insertion" else (values[-1], values[0])
    scale = (none - whole).norm().clamp_min(torch.finfo(values.dtype).tiny)
    distances = ((values - whole).norm(dim=1) / scale).double().numpy()
    return np.interp(GRID, np.linspace(0, 1, len(values)), distances)


def areas_between(curves: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0) -> pd.DataFrame:
    """The area between the curve of each order and that of the random order, the mean over sentences.

    Positive is better than random: under deletion the area above the random curve, under insertion that below it.

    Returns:
        One row a curve and order: curve, order, area, with the ends of its 95% interval from a bootstrap over
        sentences (area_low, area_high), and sentences.
    """
    wide = curves.pivot_table(index=["curve", "order", "sentence"], columns="share", values="distance")
    area = pd.Series(np.trapezoid(wide.to_numpy(), wide.columns.to_numpy(), axis=1), index=wide.index)
    rng, rows = np.random.default_rng(seed), []
    for curve in CURVES:
        sign = 1 if curve == "deletion" else -1
        for order in dict.fromkeys(curves["order"]):
            if order == "random":
                continue
            gain = sign * (area[curve, order] - area[curve, "random"]).to_numpy()
            means = gain[rng.integers(len(gain), size=(bootstrap, len(gain)))].mean(1)
            low, high = np.quantile(means, [0.025, 0.975])
            rows.append((curve, order, gain.mean(), low, high, len(gain)))
    return pd.DataFrame(rows, columns=["curve", "order", "area", "area_low", "area_high", "sentences"])


def faithfulness(
    encoders: Sequence[str],
    methods: Sequence[Method],
    setup: Setup,
    *,
    baseline: Absence = "mask",
    random_orders: int = 8,
    bootstrap: int = 1000,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`perturbation_curves` and `areas_between` of encoders, for the weights of each method and for KL(w).

    Returns:
        The mean curves over sentences, one row an encoder, curve, order and share; and the areas, with encoder.
    """
    curves, areas = [], []
    for name in encoders:
        encoder = SentenceEncoder.load(name)
        weights: dict[str, Sequence[Tensor]] = {}
        for method in methods:
            attribution = Explainer(method, baseline, tolerance=setup.tolerance, precision=setup.precision, seed=seed)
            explained = attribution.explain(encoder, setup.sentences, cache=True, progress=True)
            weights[method] = [one.norms for one in explained]
        weights["kl"] = [
            torch.tensor(setup.information["kl"].reindex([unit.text for unit in reading.units]).fillna(0).to_numpy())
            for reading in tokenize_sentences(encoder, setup.sentences)
        ]
        found = perturbation_curves(
            encoder, setup.sentences, weights, baseline=baseline, random_orders=random_orders, seed=seed
        )
        areas.append(areas_between(found, bootstrap=bootstrap, seed=seed).assign(encoder=name))
        mean = found.groupby(["curve", "order", "share"], sort=False)["distance"].mean().reset_index()
        curves.append(mean.assign(encoder=name))
    return pd.concat(curves, ignore_index=True), pd.concat(areas, ignore_index=True)


def faithfulness_headline(areas: pd.DataFrame) -> dict[str, float | int | str]:
    """The numbers that prose quotes of `faithfulness`: rows and better count the areas of orders by weight and those
    surely above zero; and the mean area of each order."""
    by_weight = areas[areas["order"] != "kl"]
    return {
        "rows": len(by_weight),
        "better": int((by_weight["area_low"] > 0).sum()),
        **areas.groupby("order")["area"].mean().to_dict(),
    }
