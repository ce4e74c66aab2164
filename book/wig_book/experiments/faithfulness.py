"""Do the weights mean something? Page 14 removes words in the order of their weight and watches the embedding.

Deletion starts from the whole sentence and removes the heaviest word first; insertion starts from no words and adds the
heaviest first (Petsiuk, Das, Saenko 2018, arXiv 1806.07421, for images). Good weights move the embedding away from the
whole sentence's, and back to it, sooner than a random order does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from wig_book.experiments.rows import Findings, Numbers, cells, rising
from wig_book.experiments.setup import Setup, from_parameters
from wig_core.attribution.coalitions import Absence, coalition_values
from wig_core.attribution.explainer import Explainer, Method
from wig_core.attribution.inputs import tokenize_sentences
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.regression import estimate

GRID = np.linspace(0, 1, 21)
CURVES = ("deletion", "insertion")


def perturbation_curves(
    encoder: SentenceEncoder,
    sentences: Sequence[str],
    weights: Mapping[str, Sequence[Tensor]],
    *,
    baseline: Absence = "mask",
    random_orders: int = 8,
    seed: int = 0,
) -> pd.DataFrame:
    """How far the embedding is from that of the whole sentence while words are deleted or inserted.

    The distance is ‖s_k − s‖/‖s_0 − s‖, with s_0 the embedding without words: 0 for the whole sentence, 1 for no words.
    A curve is taken at the shares of `GRID` of words changed, with straight lines between.

    Args:
        encoder: the encoder.
        sentences: N sentences, none blank; those of fewer than two units are left out.
        weights: by the name of an order, the weights ``[n]`` of each sentence's units; the heaviest go first.
        baseline: what replaces an absent word.
        random_orders: how many orders the curve named "random" averages.
        seed: of the random orders.

    Returns:
        One row per sentence, curve ("deletion" or "insertion"), order and share: sentence, curve, order, share,
        distance.

    Raises:
        InputError: weights do not fit the sentences, or `coalition_values` raises it.
    """
    tokenized = tokenize_sentences(encoder, sentences)
    for name, each in weights.items():
        if [len(one) for one in each] != [len(sentence.units) for sentence in tokenized]:
            raise InputError(f"weights {name!r} do not fit the sentences; give one number for each of their units")
    rng = np.random.default_rng(seed)
    kept = [i for i, sentence in enumerate(tokenized) if len(sentence.units) > 1]
    orders = [
        {name: [torch.argsort(each[i], descending=True, stable=True)] for name, each in weights.items()}
        | {"random": [torch.from_numpy(rng.permutation(len(tokenized[i].units))) for _ in range(random_orders)]}
        for i in kept
    ]
    coalitions = [
        torch.cat([presence_mask(order, curve) for curve in CURVES for some in named.values() for order in some])
        for named in orders
    ]
    values = coalition_values(encoder, [tokenized[i] for i in kept], coalitions, baseline=baseline)
    rows = []
    for sentence, named, value in zip(kept, orders, values, strict=True):
        blocks = iter(value.split(len(tokenized[sentence].units) + 1))
        for curve in CURVES:
            for name, some in named.items():
                mean = np.mean([distances(next(blocks), curve) for _ in some], axis=0)
                rows += [(sentence, curve, name, share, distance) for share, distance in zip(GRID, mean, strict=True)]
    return pd.DataFrame(rows, columns=["sentence", "curve", "order", "share", "distance"])


def presence_mask(order: Tensor, curve: str) -> Tensor:
    """Which of n words are present after each of 0…n deletions or insertions, ``[n + 1, n]``.

    Example:
        >>> presence_mask(torch.tensor([1, 0]), "deletion").int().tolist()
        [[1, 1], [1, 0], [0, 0]]
    """
    changed = order.argsort() < torch.arange(len(order) + 1).unsqueeze(1)
    return changed if curve == "insertion" else ~changed


def distances(values: Tensor, curve: str) -> NDArray[np.float64]:
    """The distances at the shares of `GRID`, from the embeddings ``[n + 1, d]`` after 0…n deletions or insertions."""
    none, whole = (values[0], values[-1]) if curve == "insertion" else (values[-1], values[0])
    scale = (none - whole).norm().clamp_min(torch.finfo(values.dtype).tiny)
    relative = ((values - whole).norm(dim=1) / scale).double().numpy()
    return np.interp(GRID, np.linspace(0, 1, len(values)), relative)


def areas_between(curves: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0) -> pd.DataFrame:
    """The area between the curve of each order and that of the random order, the mean over sentences.

    A positive area is better than random: under deletion it lies above the random curve, under insertion below it.

    Args:
        curves: from `perturbation_curves`.
        bootstrap: resamples of sentences for the intervals.
        seed: of the resampling.

    Returns:
        One row per curve and order: curve, order, area, area_low, area_high, sentences.
    """
    wide = curves.pivot_table(index=["curve", "order", "sentence"], columns="share", values="distance")
    area = pd.Series(np.trapezoid(wide.to_numpy(), wide.columns.to_numpy(), axis=1), index=wide.index)
    rng, rows = np.random.default_rng(seed), []
    for curve in CURVES:
        sign = 1 if curve == "deletion" else -1
        for order in curves["order"][curves["order"] != "random"].unique():
            gain = sign * (area[curve, order] - area[curve, "random"]).to_numpy()
            ends = estimate(lambda sample, gain=gain: gain[sample].mean(), len(gain), resamples=bootstrap, seed=rng)
            rows.append((curve, order, *map(float, ends), len(gain)))
    return pd.DataFrame(rows, columns=["curve", "order", "area", "area_low", "area_high", "sentences"])


def order_weights(
    encoder: SentenceEncoder, methods: Sequence[Method], setup: Setup, *, baseline: Absence = "mask", seed: int = 0
) -> dict[str, list[Tensor]]:
    """The weights of the words of a setup's sentences by each method, and their KL(w), 0 for words without one.

    Returns:
        By method, and "kl": one tensor ``[n]`` per sentence of n units.
    """
    weights: dict[str, list[Tensor]] = {}
    for method in methods:
        explainer = Explainer(method, baseline, tolerance=setup.tolerance, precision=setup.precision, seed=seed)
        explained = explainer.explain(encoder, setup.sentences, cache=True, progress=True)
        weights[method] = [one.norms for one in explained]
    kl = setup.information["kl"]
    weights["kl"] = [
        torch.tensor(kl.reindex([unit.text for unit in sentence.units]).fillna(0).to_numpy())
        for sentence in tokenize_sentences(encoder, setup.sentences)
    ]
    return weights


def faithfulness(parameters: Mapping[str, Any]) -> Findings:
    """Delete and insert words in the order of each method's weights, of KL(w), and at random.

    Args:
        parameters: of the page, by name: encoders, methods, baseline, random_orders, bootstrap, and the fields of
            `Setup`.

    Returns:
        Tables curves (`perturbation_curves`, means over sentences) and areas (`areas_between`), both with encoder;
        and `faithfulness_numbers`.
    """
    setup, baseline = from_parameters(Setup, parameters), parameters["baseline"]
    curves, areas = [], []
    for name in parameters["encoders"]:
        encoder = SentenceEncoder.load(name)
        weights = order_weights(encoder, parameters["methods"], setup, baseline=baseline, seed=setup.seed)
        found = perturbation_curves(
            encoder,
            setup.sentences,
            weights,
            baseline=baseline,
            random_orders=parameters["random_orders"],
            seed=setup.seed,
        )
        areas.append(areas_between(found, bootstrap=parameters["bootstrap"], seed=setup.seed).assign(encoder=name))
        mean = found.groupby(["curve", "order", "share"], sort=False)["distance"].mean().reset_index()
        curves.append(mean.assign(encoder=name))
    tables = {"curves": pd.concat(curves, ignore_index=True), "areas": pd.concat(areas, ignore_index=True)}
    return Findings(faithfulness_numbers(tables["areas"]), tables)


def faithfulness_numbers(areas: pd.DataFrame) -> Numbers:
    """The numbers that prose quotes of `areas_between`.

    Returns:
        rows, the number of areas of orders by weight; better, how many of them are above zero (95% interval); and the
        mean area of each order, area_….
    """
    by_weight = areas[areas["order"] != "kl"]
    means = areas.groupby("order", as_index=False)["area"].mean()
    return {"rows": len(by_weight), "better": rising(by_weight, "area"), **cells(means, ["area"], "order")}
