"""The readings of the study: one encoder's word weights against information, by unit, estimand, baseline and measure.

All intervals come from one bootstrap over word types, the same draws for everything that is measured on the same types,
so that differences are paired.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from wig_book.experiments.quantities import QUANTITIES
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.inputs import Baseline, Precision, baseline_id, path_endpoints, tokenize_sentences
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.static import StaticModel
from wig_core.errors import InputError
from wig_core.regression import Floats, interval
from wig_core.text.words import is_word

UnitName = Literal["word", "single-piece word", "subword"]
Estimand = Literal["types", "occurrences"]
UNITS: tuple[UnitName, ...] = get_args(UnitName)
ESTIMANDS: tuple[Estimand, ...] = get_args(Estimand)
DEFAULT = {"unit": "single-piece word", "estimand": "types"}
JOINT = ["self_information", "kl", "idf"]  # the measures that prose, figures and claims compare
BINS = 5  # of information, in the figure of relative weights


@dataclass(frozen=True)
class Weighing:
    """How the words of sentences are weighed.

    Attributes:
        baselines: what stands for an absent word, in turn; a static encoder has the zero vector only.
        tolerance: the estimated relative error of the contributions that `integrated_gradients` is to reach.
        precision: of the forward passes.
    """

    baselines: Sequence[Baseline] = ("mask", "pad")
    tolerance: float = 0.1
    precision: Precision = "bfloat16"

    def of(self, encoder: SentenceEncoder) -> Sequence[Baseline]:
        """The baselines that an encoder has."""
        return ["zero"] if isinstance(encoder.model, StaticModel) else self.baselines

    def contributions(self, encoder: SentenceEncoder, sentences: Sequence[str], baseline: Baseline) -> list[Floats]:
        """The contribution of each token to its embedding, ``[tokens, d]`` per sentence, by Integrated Gradients."""
        explainer = Explainer(
            baseline=baseline, tolerance=self.tolerance, precision=self.precision, granularity="subword"
        )
        explained = explainer.explain(encoder, sentences, cache=True, progress=True)
        return [one.vectors.double().numpy() for one in explained]


def distances(encoder: SentenceEncoder, sentences: Sequence[str], baseline: Baseline) -> list[Floats]:
    """How far each token is from the baseline at the embedding layer, ``[tokens, h]``, for `occurrences_of`."""
    absent = baseline_id(encoder, baseline)
    found = []
    for sentence in tokenize_sentences(encoder, sentences):
        start, end = path_endpoints(encoder, sentence, absent)
        owned = sentence.owners >= 0
        found.append((end - start)[owned].detach().double().cpu().numpy() / len(sentence.owners))
    return found


def occurrences_of(encoder: SentenceEncoder, sentences: Sequence[str], vectors: Sequence[Floats]) -> pd.DataFrame:
    """The weight of each occurrence, for words and for the encoder's own subwords.

    A contribution of a word is the sum of those of its subwords. A weight is the length of the contribution times the
    number of tokens that the encoder pools over, which undoes the division by it in mean pooling.

    Args:
        encoder: whose tokens they are.
        sentences: the sentences.
        vectors: a vector for each token that is not special, ``[tokens, d]``, for each sentence.

    Returns:
        One row per occurrence, without punctuation: kind ("word" or "subword"), name, pieces (subwords of the word),
        weight, sentence.
    """
    rows: list[tuple[str, str, int, float, int]] = []
    for number, (sentence, parts) in enumerate(zip(tokenize_sentences(encoder, sentences), vectors, strict=True)):
        owned = sentence.owners >= 0
        owners = sentence.owners[owned].cpu().numpy()
        names = encoder.tokenizer.convert_ids_to_tokens(sentence.input_ids[owned].tolist())
        pooled = len(sentence.owners)
        summed = np.zeros((len(sentence.units), parts.shape[1]))
        np.add.at(summed, owners, parts)
        pieces = np.bincount(owners, minlength=len(sentence.units))
        for unit, vector, count in zip(sentence.units, summed, pieces.tolist(), strict=True):
            if is_word(unit.text):
                rows.append(("word", unit.text, count, float(np.linalg.norm(vector)) * pooled, number))
        for name, vector in zip(names, parts, strict=True):
            if is_word(name):
                rows.append(("subword", name, 1, float(np.linalg.norm(vector)) * pooled, number))
    return pd.DataFrame(rows, columns=["kind", "name", "pieces", "weight", "sentence"])


# ── one encoder ──


def types_of(occurrences: pd.DataFrame, unit: UnitName, population: Sequence[str] | None = None) -> pd.DataFrame:
    """The occurrences of each type of a unit, summed.

    Args:
        occurrences: from `occurrences_of`.
        unit: "word", "single-piece word" (words that are one subword wherever they occur) or "subword".
        population: the words that count; None for all. Subwords are not of a population of words.

    Returns:
        A frame indexed by name, in alphabetical order: n (occurrences), total and squares (of their weights).
    """
    rows = occurrences[occurrences["kind"] == ("subword" if unit == "subword" else "word")]
    if unit == "single-piece word":
        rows = rows[rows.groupby("name")["pieces"].transform("max") == 1]
    if population is not None and unit != "subword":
        rows = rows[rows["name"].isin(population)]
    squared = rows.assign(square=rows["weight"] ** 2)
    return squared.groupby("name").agg(n=("weight", "size"), total=("weight", "sum"), squares=("square", "sum"))


def moments(types: pd.DataFrame, x: Floats, estimand: str) -> Floats:
    """The sums of each type of which a correlation consists: of 1, x, x², y, y² and xy over its points, ``[types, 6]``.

    With the estimand "types" each type is a point, y its mean weight; with "occurrences" each occurrence is one.
    """
    if estimand == "types":
        n, y = np.ones(len(types)), (types["total"] / types["n"]).to_numpy()
        squares = y * y
    else:
        n, y, squares = (types[name].to_numpy(float) for name in ("n", "total", "squares"))
    return np.column_stack([n, n * x, n * x * x, y, squares, x * y])


def correlations(sums: Floats) -> Floats:
    """Pearson's correlation from the sums of `moments` over types, ``[..., 6]``."""
    n, x, xx, y, yy, xy = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (n * xy - x * y) / np.sqrt((n * xx - x * x) * (n * yy - y * y))


@lru_cache(maxsize=8)
def draws(types: int, resamples: int, seed: int) -> Floats:
    """How often each type is drawn in each bootstrap sample, ``[resamples, types]``."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(types, np.full(types, 1 / types), size=resamples).astype(float)


def fit(
    types: pd.DataFrame, information: pd.DataFrame, name: str, estimand: str, resamples: int, seed: int = 0
) -> dict[str, Any]:
    """The relation of weights to one measure of information, with 95% intervals over types.

    Returns:
        r2, correlation, each with its ends (…_low, …_high), and n, the number of points.
    """
    sums = moments(types, information[name].to_numpy(float), estimand)
    drawn = correlations(draws(len(types), resamples, seed) @ sums)
    whole = float(correlations(sums.sum(0)))
    row: dict[str, Any] = {}
    for statistic, value, values in (("r2", whole**2, drawn**2), ("correlation", whole, drawn)):
        row[statistic] = value
        row[f"{statistic}_low"], row[f"{statistic}_high"] = interval(values)
    return row | {"n": int(sums[:, 0].sum())}


Reading = tuple[dict[str, str], pd.DataFrame, pd.DataFrame]  # its columns, and the types beside their information


def readings(
    occurrences: pd.DataFrame,
    population: Sequence[str],
    sources: Mapping[str, Mapping[str, pd.DataFrame]],
) -> Iterator[Reading]:
    """Each unit and estimand, against the information of each source.

    Args:
        occurrences: from `occurrences_of`.
        population: the words that count for the estimand "types".
        sources: by the name of a text, the `quantities` of its "word"s and "subword"s.

    Yields:
        The columns that name the reading (information, unit, estimand), and two frames with the same index: the types,
        and their information.
    """
    for source, of_kind in sources.items():
        for unit in UNITS:
            information = of_kind["subword" if unit == "subword" else "word"]
            for estimand in ESTIMANDS:
                types = types_of(occurrences, unit, population if estimand == "types" else None)
                both = types.index.intersection(information.index[information[[*QUANTITIES]].notna().all(axis=1)])
                if len(both) > 2:
                    naming = {"information": source, "unit": unit, "estimand": estimand}
                    yield naming, types.loc[both], information.loc[both]


def by_quantile(types: pd.DataFrame, x: pd.Series, resamples: int, seed: int = 0) -> pd.DataFrame:
    """The mean weight of types in each fifth of information, relative to the mean weight of all, with its interval.

    Returns:
        One row per fifth, from the least informative: bin, relative, relative_low, relative_high. No row if there are
        fewer types than fifths.
    """
    if len(types) < BINS:
        return pd.DataFrame(columns=["bin", "relative", "relative_low", "relative_high"])
    y = (types["total"] / types["n"]).to_numpy()
    bins = pd.qcut(x.rank(method="first"), BINS, labels=False).to_numpy()
    inside = np.eye(BINS)[bins]
    drawn = draws(len(types), resamples, seed)

    def relative(weights: Floats) -> Floats:
        with np.errstate(invalid="ignore"):  # a fifth of which nothing is drawn
            means = (weights @ (inside * y[:, None])) / (weights @ inside)
        return means / ((weights @ y) / weights.sum(-1))[..., None]

    low, high = np.apply_along_axis(interval, 0, relative(drawn))
    whole = relative(np.ones(len(types)))
    return pd.DataFrame({"bin": range(1, BINS + 1), "relative": whole, "relative_low": low, "relative_high": high})


def in_default_reading(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """The rows of the default reading: single-piece words, types, information of the source."""
    chosen = (table["information"] == source) & (table["unit"] == DEFAULT["unit"])
    return table[chosen & (table["estimand"] == DEFAULT["estimand"])]


def check_drawable(quantiles: Sequence[pd.DataFrame], column: str, encoders: Iterable[str]) -> None:
    """Name the encoders that have no row in the default reading, of which the figures and claims consist.

    Args:
        quantiles: tables of `by_quantile`.
        column: of these, with the name of the encoder.
        encoders: that should be there.

    Warns:
        UserWarning: some encoders know fewer than `BINS` of the words that are weighed as one subword each.

    Raises:
        InputError: none knows more.
    """
    drawable = {name for table in quantiles for name in table[column]}
    missing = [name for name in encoders if name not in drawable]
    fault = f"fewer than {BINS} of the words weighed are one subword of {', '.join(map(repr, missing))}"
    if not drawable:
        raise InputError(f"{fault}; give more text, or an encoder with whole words in its vocabulary")
    if missing:
        warnings.warn(f"{fault}: no row in the default reading", stacklevel=2)


# ── several encoders on the same types ──


def signed(correlation: Floats) -> Floats:
    """R² with the sign of the correlation: a fall from r = −0.5 to 0 is a rise."""
    return np.sign(correlation) * correlation**2


def contrast(before: Sequence[Floats], after: Sequence[Floats], resamples: int, seed: int = 0) -> dict[str, float]:
    """How the relation of weight and information differs between two groups of encoders, on the same types.

    The interval is symmetric; its half-width combines the standard error over types, from the bootstrap of the mean
    over runs, and that over runs, by Student's t for each group of at least two.

    Args:
        before, after: the `moments` of each run of a group, over the same types.
        resamples: of types.
        seed: of the resampling.

    Returns:
        r2_before, r2_after, r2_difference (of signed R²) and correlation_…, the differences with their ends.
    """
    drawn = draws(len(before[0]), resamples, seed)
    groups = {"before": before, "after": after}
    whole = {name: np.array([correlations(one.sum(0)) for one in runs]) for name, runs in groups.items()}
    sampled = {name: np.stack([correlations(drawn @ one) for one in runs]) for name, runs in groups.items()}
    row: dict[str, float] = {}
    for statistic, function in (("r2", signed), ("correlation", np.asarray)):
        values = {name: function(one) for name, one in whole.items()}
        over_types = np.nanstd(function(sampled["after"]).mean(0) - function(sampled["before"]).mean(0))
        variance = (stats.norm.ppf(0.975) * over_types) ** 2
        for one in values.values():
            if len(one) > 1:
                variance += (stats.t.ppf(0.975, len(one) - 1) * one.std(ddof=1)) ** 2 / len(one)
        difference, half = values["after"].mean() - values["before"].mean(), np.sqrt(variance)
        row |= {f"{statistic}_before": values["before"].mean(), f"{statistic}_after": values["after"].mean()}
        row |= {f"{statistic}_difference": difference}
        row |= {f"{statistic}_difference_low": difference - half, f"{statistic}_difference_high": difference + half}
    return row
