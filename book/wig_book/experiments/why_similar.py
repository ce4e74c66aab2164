"""Why are two texts similar? Page 25 takes the similarities of judged pairs apart.

Three questions: which baseline leaves least outside the words; whether the pairs of words that carry a similarity, once
removed, lower it sooner than others; and which words make the encoder disagree with people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from wig_book.experiments.rows import Findings, Numbers, cells, rising
from wig_book.experiments.setup import from_parameters
from wig_core.attribution.coalitions import coalition_values
from wig_core.attribution.contributions import Contributions
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.inputs import Baseline, TokenizedSentence, baseline_id, tokenize_sentences
from wig_core.attribution.paths import InterpolationPath
from wig_core.attribution.similarity import SimilarityExplanation, explain_similarity, similarity_of
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.regression import estimate
from wig_core.text.corpus import SimilarityPairs, load_similarities

Score = Callable[[NDArray[np.float64]], NDArray[np.float64]]
GRID = np.linspace(0, 1, 11)  # shares of the steps of a deletion
PARTS = {"words": "words with words", "crossed": "words with the other baseline", "left_over": "baselines"}


def remainders(encoders: Sequence[str], pairs: SimilarityPairs, baselines: Sequence[Baseline]) -> pd.DataFrame:
    """What each baseline leaves of the similarities of pairs outside their words.

    Args:
        encoders: names, folders or hub names, in turn.
        pairs: of texts.
        baselines: in turn.

    Returns:
        One row per encoder and baseline, means over the pairs: encoder, baseline, similarity, the sums words (of words
        with words), crossed (of words with the other baseline) and left_over (of the baselines), remainder, the mean of
        |crossed| + |left_over|, and agreement, the correlation over pairs of the similarity and its part words.
    """
    rows = []
    for name in encoders:
        encoder = SentenceEncoder.load(name)
        sides = [tokenize_sentences(encoder, texts) for texts in (pairs.left, pairs.right)]
        for baseline in baselines:
            rows.append({"encoder": name, "baseline": baseline, **_remainder(encoder, baseline, sides)})
    return pd.DataFrame(rows)


def _remainder(
    encoder: SentenceEncoder, baseline: Baseline, sides: Sequence[Sequence[TokenizedSentence]]
) -> dict[str, float]:
    """The means over pairs in `remainders`, for one encoder and baseline."""
    absent = baseline_id(encoder, baseline)
    left, right = ([_whole(InterpolationPath(encoder, one, absent, "vector")) for one in side] for side in sides)
    explained = [similarity_of(encoder, Explainer(baseline=baseline), *pair) for pair in zip(left, right, strict=True)]
    found = pd.DataFrame({name: [one.facts[fact] for one in explained] for name, fact in PARTS.items()})
    similarity = found.sum(axis=1)
    return {
        "similarity": similarity.mean(),
        **found.mean().to_dict(),
        "remainder": (found["crossed"].abs() + found["left_over"].abs()).mean(),
        "agreement": found["words"].corr(similarity),
    }


def _whole(path: InterpolationPath) -> Contributions:
    """All words of a text as one unit, whose contribution needs no path."""
    vectors = (path.last - path.first).unsqueeze(0).cpu()
    return Contributions(["text"], vectors, path.last.cpu(), path.first.cpu(), 0.0, 0)


# ── deletion ──


def losses(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the sum of the parts loses with each pair: all of its row and of its column."""
    return parts.sum(axis=1, keepdims=True) + parts.sum(axis=0) - parts


def largest_cells(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The parts themselves, as the scores of their pairs."""
    return parts


def removals(parts: NDArray[np.float64], score: Score) -> NDArray[np.intp]:
    """The pairs of units, one of each text, from the greatest score on, ``[min(n, m), 2]``; each unit is taken once.

    Args:
        parts: what each pair adds, ``[n + 1, m + 1]``; the last row and column, of the baselines, stay.
        score: of all pairs, given the parts that are left, which are zero for what is removed.

    Example:
        >>> parts = np.array([[5.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
        >>> removals(parts, losses).tolist(), removals(parts, largest_cells).tolist()
        ([[0, 1], [1, 0]], [[0, 0], [1, 1]])
    """
    left, taken, found = parts.copy(), np.zeros(parts.shape), []
    taken[-1], taken[:, -1] = -np.inf, -np.inf
    for _ in range(min(parts.shape) - 1):
        row, column = np.unravel_index((score(left) + taken).argmax(), parts.shape)
        found.append((row, column))
        left[row], left[:, column] = 0, 0
        taken[row], taken[:, column] = -np.inf, -np.inf
    return np.array(found, dtype=np.intp)


def deletion_orders(
    shown: SimilarityExplanation, cosines: NDArray[np.float64], random_orders: int, rng: np.random.Generator
) -> dict[str, list[NDArray[np.intp]]]:
    """By name, the orders in which pairs of units, one of each text, are removed: ``[min(n, m), 2]`` each.

    They are by what the matrix of the explanation loses, by its largest cells, by the shares of each side alone, by
    what the cosines ``[n, m]`` of the units' token vectors lose, and at random.
    """
    sizes, steps = shown.matrix.shape, min(shown.matrix.shape)
    shares = [np.argsort(-side, kind="stable")[:steps] for side in (shown.left_shares, shown.right_shares)]
    drawn = [[rng.permutation(size)[:steps] for size in sizes] for _ in range(random_orders)]
    return {
        "matrix": [removals(shown.parts, losses)],
        "largest cells": [removals(shown.parts, largest_cells)],
        "shares": [np.column_stack(shares)],
        "token cosines": [removals(np.pad(cosines, (0, 1)), losses)],
        "random": [np.column_stack(one) for one in drawn],
    }


def deletion_curves(
    encoder: SentenceEncoder,
    pairs: SimilarityPairs,
    explainer: Explainer,
    *,
    random_orders: int = 8,
    seed: int = 0,
) -> pd.DataFrame:
    """How the similarity falls as pairs of units are replaced by the baseline, up to half of the shorter text.

    Beyond that the two texts grow alike again, since nothing is left of either.

    Args:
        encoder: the encoder.
        pairs: of texts; those with a text of less than two units are left out.
        explainer: how contributions are measured, of which units, from which baseline.
        random_orders: how many orders the curve named "random" averages.
        seed: of the random orders.

    Returns:
        One row per pair, order and share of `GRID` of the steps: pair, order, share, fall (of the similarity).

    Raises:
        InputError: no pair is left.
    """
    texts = list(dict.fromkeys([*pairs.left, *pairs.right]))
    tokenized = dict(zip(texts, tokenize_sentences(encoder, texts, explainer.granularity), strict=True))
    explained = dict(zip(texts, explainer.explain(encoder, texts, cache=True, progress=True), strict=True))
    vectors = {text: _unit_vectors(encoder, one) for text, one in tokenized.items()}
    rng, rows = np.random.default_rng(seed), []
    for number, sides in enumerate(zip(pairs.left, pairs.right, strict=True)):
        if min(len(tokenized[text].units) for text in sides) < 2:
            continue
        shown = similarity_of(encoder, explainer, *(explained[text] for text in sides))
        cosines = (vectors[sides[0]] @ vectors[sides[1]].T).double().numpy()
        orders = deletion_orders(shown, cosines, random_orders, rng)
        several = [order[: min(shown.matrix.shape) // 2] for some in orders.values() for order in some]
        falls = iter(_falls(encoder, [tokenized[text] for text in sides], several, explainer))
        for name, some in orders.items():
            mean = np.mean([next(falls) for _ in some], axis=0)
            rows += [(number, name, share, fall) for share, fall in zip(GRID, mean, strict=True)]
    if not rows:
        what = explainer.granularity
        raise InputError(f"{pairs.name}: no pair has two {what}s in both texts; choose a finer granularity than {what}")
    return pd.DataFrame(rows, columns=["pair", "order", "share", "fall"])


def _unit_vectors(encoder: SentenceEncoder, sentence: TokenizedSentence) -> Tensor:
    """The mean of the last layer's vectors of each unit's tokens, at length 1, ``[units, h]``."""
    ids, own = sentence.input_ids.unsqueeze(0), sentence.owners >= 0
    with torch.no_grad():
        hidden = encoder.model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0].float().cpu()
    summed = torch.zeros(len(sentence.units), hidden.shape[1])
    summed.index_add_(0, sentence.owners[own].cpu(), hidden[own.cpu()])
    return torch.nn.functional.normalize(summed, dim=1)


def _falls(
    encoder: SentenceEncoder,
    sides: Sequence[TokenizedSentence],
    orders: Sequence[NDArray[np.intp]],
    explainer: Explainer,
) -> list[NDArray[np.float64]]:
    """For each order, by how much the similarity has fallen at the shares of `GRID` of its steps."""
    present = [
        torch.cat([_present(len(sentence.units), order[:, side]) for order in orders])
        for side, sentence in enumerate(sides)
    ]
    left, right = coalition_values(encoder, sides, present, baseline=explainer.baseline, precision=explainer.precision)
    similarities = encoder.similarity_pairwise(left, right).double().numpy()
    curves = np.split(similarities, np.cumsum([len(order) + 1 for order in orders])[:-1])
    return [np.interp(GRID, np.linspace(0, 1, len(curve)), curve[0] - curve) for curve in curves]


def _present(units: int, removed: NDArray[np.intp]) -> Tensor:
    """Which units are present after 0, 1, … removals, ``[removals + 1, units]``."""
    mask = torch.ones(len(removed) + 1, units, dtype=torch.bool)
    for step, unit in enumerate(removed.tolist(), start=1):
        mask[step:, unit] = False
    return mask


def areas(curves: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0) -> pd.DataFrame:
    """The area between the curve of the order "matrix" and that of each other, positive where it falls sooner.

    Returns:
        One row per other order: order, area, area_low and area_high (95% interval over pairs), pairs.
    """
    wide = curves.pivot_table(index="pair", columns=["order", "share"], values="fall", sort=False)
    rng, rows = np.random.default_rng(seed), []
    for order in wide.columns.unique("order").drop("matrix"):
        ahead = wide["matrix"] - wide[order]
        gain = np.trapezoid(ahead, ahead.columns, axis=1)
        ends = estimate(lambda sample, gain=gain: gain[sample].mean(), len(gain), resamples=bootstrap, seed=rng)
        rows.append((order, *map(float, ends), len(gain)))
    return pd.DataFrame(rows, columns=["order", "area", "area_low", "area_high", "pairs"])


# ── people ──


def disagreements(encoder: SentenceEncoder, pairs: SimilarityPairs, count: int) -> pd.DataFrame:
    """The pairs whose rank among all pairs differs most between the encoder and people.

    Returns:
        One row per pair, the greatest difference first: pair, its index; score and encoder_score, the similarity;
        human_rank and encoder_rank, the shares of pairs that rank below, from 0 to 1.
    """
    texts = list(dict.fromkeys([*pairs.left, *pairs.right]))
    row = {text: place for place, text in enumerate(texts)}
    embeddings = encoder.encode(texts)
    left, right = (embeddings[[row[text] for text in side]] for side in (pairs.left, pairs.right))
    table = pd.DataFrame({"score": pairs.scores, "encoder_score": encoder.similarity_pairwise(left, right).numpy()})
    ranks = (table.rank() - 1) / max(len(table) - 1, 1)
    table = table.assign(human_rank=ranks["score"], encoder_rank=ranks["encoder_score"])
    order = (table["human_rank"] - table["encoder_rank"]).abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order[:count]].rename_axis("pair").reset_index()


def choose(pairs: SimilarityPairs, places: Sequence[int]) -> SimilarityPairs:
    """Some of the pairs, by their indices."""
    columns = ([column[place] for place in places] for column in (pairs.left, pairs.right, pairs.scores))
    return SimilarityPairs(pairs.name, *columns)  # type: ignore[arg-type]


def why_similar(parameters: Mapping[str, Any]) -> Findings:
    """Take the similarities of judged pairs apart.

    Args:
        parameters: of the page, by name: encoder, encoders, pairs, max_pairs, granularity, baselines, tolerance,
            precision, random_orders, disagreements, bootstrap and seed.

    Returns:
        Tables remainders, curves (`deletion_curves`, means over pairs), areas and disagreements. Numbers:
        `similarity_numbers`; judged, the number of pairs; human_correlation, the rank correlation of similarities and
        judgements over all of them; and granularity, as given.
    """
    name, seed = parameters["encoder"], parameters["seed"]
    encoder, pairs = SentenceEncoder.load(name), load_similarities(parameters["pairs"])
    sample = choose(pairs, similar_sample(pairs, parameters["max_pairs"], seed))
    left = remainders(list(dict.fromkeys([name, *parameters["encoders"]])), sample, parameters["baselines"])
    explainer = replace(from_parameters(Explainer, parameters), baseline=_least(left))
    curves = deletion_curves(encoder, sample, explainer, random_orders=parameters["random_orders"], seed=seed)
    found = areas(curves, bootstrap=parameters["bootstrap"], seed=seed)
    ranked = disagreements(encoder, pairs, len(pairs))
    numbers: Numbers = {
        "granularity": str(explainer.granularity),
        "judged": len(pairs),
        "human_correlation": float(stats.spearmanr(ranked["encoder_score"], ranked["score"]).statistic),
        **similarity_numbers(left, found),
    }
    tables = {
        "remainders": left,
        "curves": curves.groupby(["order", "share"], sort=False)["fall"].mean().reset_index(),
        "areas": found,
        "disagreements": ranked.head(parameters["disagreements"]),
    }
    return Findings(numbers, tables)


def _least(remainders: pd.DataFrame) -> Any:
    """The baseline that leaves least of the similarities of the first encoder."""
    own = remainders[remainders["encoder"] == remainders["encoder"].iloc[0]]
    return own.loc[own["remainder"].idxmin(), "baseline"]


def similarity_numbers(remainders: pd.DataFrame, areas: pd.DataFrame) -> Numbers:
    """The numbers that prose quotes of two tables of `why_similar`.

    Returns:
        encoder, the first; least, the baseline that leaves least of its similarities; sampled, the number of pairs;
        orders, how many the matrix is compared with, and sooner, of how many it is ahead; and `cells` of the encoder's
        remainder by baseline and of the area by order.
    """
    name = remainders["encoder"].iloc[0]
    return {
        "encoder": str(name),
        "least": str(_least(remainders)),
        "sampled": int(areas["pairs"].iloc[0]),
        "orders": len(areas),
        "sooner": rising(areas, "area"),
        **cells(remainders[remainders["encoder"] == name], ["remainder"], "baseline"),
        **cells(areas, ["area"], "order"),
    }


def largest_pair(explained: SimilarityExplanation) -> Numbers:
    """For prose: similarity, of the two texts, and pair_left, pair_right and pair_share of the pair that adds most."""
    row, column = np.unravel_index(explained.matrix.argmax(), explained.matrix.shape)
    return {
        "similarity": explained.similarity,
        "pair_left": explained.left[row],
        "pair_right": explained.right[column],
        "pair_share": float(explained.matrix[row, column]),
    }


def similar_sample(pairs: SimilarityPairs, count: int, seed: int) -> list[int]:
    """The indices of a random sample from the half of the pairs that people find the more similar."""
    similar = np.flatnonzero(np.array(pairs.scores) >= np.median(pairs.scores))
    rng = np.random.default_rng(seed)
    return sorted(rng.choice(similar, min(count, len(similar)), replace=False).tolist())


def explain_disagreements(parameters: Mapping[str, Any], found: Findings) -> list[SimilarityExplanation]:
    """The explanations of the pairs in the table disagreements of `why_similar`, in its order."""
    encoder, pairs = SentenceEncoder.load(parameters["encoder"]), load_similarities(parameters["pairs"])
    least: Any = found.numbers["least"]
    explainer = replace(from_parameters(Explainer, parameters), baseline=least)
    chosen = choose(pairs, found["disagreements"]["pair"].tolist())
    return [explain_similarity(encoder, *texts, explainer) for texts in zip(chosen.left, chosen.right, strict=True)]
