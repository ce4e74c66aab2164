"""Does a claim depend on how words are weighed? Pages 09 to 13: the same encoders under many specifications.

The paper's settings are not all known. A *specification* is one choice for each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints

import numpy as np
import pandas as pd
from scipy import stats
from tqdm import tqdm

from wig_book.experiments.rows import QUANTITIES, Findings, Numbers, cells, falling, rising
from wig_book.experiments.setup import Setup, from_parameters, split_runs, with_stage
from wig_book.reference import shap_values
from wig_core.attribution.coalitions import Absence
from wig_core.attribution.contributions import Contributions, ContributionSet
from wig_core.attribution.explainer import Explainer, Method
from wig_core.attribution.inputs import Granularity
from wig_core.attribution.shapley import shapley_values
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.registry import Similarity
from wig_core.errors import InputError
from wig_core.regression import compare
from wig_core.text.words import words_of
from wig_core.training.fine_tuning import Recipe, fine_tune
from wig_core.word_weights import mean_weights, occurrence_weights

SpecificationTarget = Literal["vector", "norm", "direction"]
Scale = Literal["scaled", "unscaled"]


@dataclass(frozen=True)
class Specification:
    """One way to weigh the words of an encoder; the defaults are the book's.

    Attributes:
        method: "ig" for Integrated Gradients, or "shap" for Shapley values.
        baseline: what replaces an absent word.
        target: a word's weight is the length of its contribution to the "vector" s, the size of its contribution to
            the vector's "norm" ‖s‖, or that along the "direction" s/‖s‖, which is held fixed.
        scale: "scaled" by the number of words in the sentence, which undoes the 1/n of mean pooling, or "unscaled".
        granularity: of the weights: words, or the encoder's subwords.
        pooling, similarity: of the encoder before, during and after fine-tuning.
    """

    method: Method = "ig"
    baseline: Absence = "mask"
    target: SpecificationTarget = "vector"
    scale: Scale = "scaled"
    granularity: Granularity = "word"
    pooling: Literal["mean", "cls"] = "mean"
    similarity: Similarity = "cosine"

    @classmethod
    def parse(cls, text: str) -> Specification:
        """The specification of a short form: the words that differ from the default, in any order, or "default".

        Raises:
            InputError: a word is the value of no attribute, or two words are values of the same one.

        Example:
            >>> Specification.parse("pad shap") == Specification(method="shap", baseline="pad")
            True
        """
        attributes = {word: name for name, kind in get_type_hints(cls).items() for word in get_args(kind)}
        chosen: dict[str, Any] = {}
        for word in text.split():
            if word == "default":
                continue
            if word not in attributes or attributes[word] in chosen:
                known = ", ".join(attributes)
                raise InputError(
                    f"specification {text!r}: {word!r} is unknown or one word too many; choose among {known}"
                )
            chosen[attributes[word]] = word
        return cls(**chosen)

    def __str__(self) -> str:
        """The words that differ from the default.

        Example:
            >>> print(Specification(baseline="pad"), Specification())
            pad default
        """
        return " ".join(getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default) or "default"

    def weigh(self, encoder: SentenceEncoder, setup: Setup) -> pd.DataFrame:
        """Weigh each word occurrence in the sentences of a setup.

        Returns:
            One row per occurrence: the columns of `occurrence_weights`, and the sentence's completeness_error.
        """
        explainer = Explainer(
            self.method,
            self.baseline,
            target="norm" if self.target == "norm" else "vector",
            granularity=self.granularity,
            tolerance=setup.tolerance,
            precision=setup.precision,
        )
        explained = explainer.explain(encoder, setup.sentences, cache=True, progress=True)
        if self.target == "direction":
            explained = ContributionSet(_along_direction(one) for one in explained)
        errors = pd.Series([one.completeness_error for one in explained], dtype=float, name="completeness_error")
        return occurrence_weights(explained, scale_by_length=self.scale == "scaled").join(errors, on="sentence")


def _along_direction(explained: Contributions) -> Contributions:
    """Contributions ``[n, d]`` as their components along the embedding, ``[n, 1]``."""
    direction = (explained.embedding / explained.embedding.norm()).unsqueeze(1)
    return replace(explained, vectors=explained.vectors @ direction)


ATTRIBUTES = [field.name for field in fields(Specification)]


def parse_specifications(texts: Iterable[str]) -> list[Specification]:
    """The specifications of short forms (`Specification.parse`), in order, without repetitions."""
    return list(dict.fromkeys(map(Specification.parse, texts)))


def weigh_specifications(
    base: str, recipe: Recipe, seeds: Sequence[int], setup: Setup, specifications: Sequence[Specification]
) -> pd.DataFrame:
    """Weigh the words of sentences before and after fine-tuning, under each specification.

    Returns:
        One row per encoder, specification and occurrence: the attributes of `Specification`, seed (missing for the
        base: before), and the columns of `Specification.weigh`.
    """
    tables = []
    for specification in tqdm(specifications, "specifications"):
        kind: dict[str, Any] = {"pooling": specification.pooling, "similarity": specification.similarity}
        encoders = {pd.NA: SentenceEncoder.load(base, **kind)}
        for seed in seeds:
            encoders[seed] = fine_tune(base, replace(recipe, seed=seed, **kind))[recipe.steps]
        for seed, encoder in encoders.items():
            tables.append(specification.weigh(encoder, setup).assign(**asdict(specification), seed=seed))
    return pd.concat(tables, ignore_index=True)


def fit_specifications(
    base: str, occurrences: pd.DataFrame, setup: Setup, *, bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Regress the weights of each specification on each quantity, before and after fine-tuning.

    Args:
        base: the encoder before, whose subwords count where a specification weighs subwords.
        occurrences: from `weigh_specifications`.
        setup: what they were measured on.
        bootstrap: resamples of words and runs for the intervals.
        seed: of the resampling.

    Returns:
        One row per specification and quantity: specification (its short form), the attributes of `Specification`, the
        columns of `Change.to_row`; agreement_before and agreement_after, the rank correlation over words of its
        weights with those of the first specification (NaN between words and subwords); completeness_error, the mean.
    """
    rows, first = [], None
    for key, table in occurrences.groupby(ATTRIBUTES, sort=False):
        specification = Specification(*key)
        information = setup.information
        if specification.granularity == "subword":
            information = setup.subword_information(SentenceEncoder.load(base))
        start, runs = split_runs(table)
        before, after = mean_weights(start), [mean_weights(run) for run in runs]
        first = first or (before, after)
        common = {
            "specification": str(specification),
            **asdict(specification),
            "agreement_before": _agreement([before], [first[0]]),
            "agreement_after": _agreement(after, first[1]),
            "completeness_error": table["completeness_error"].mean(),
        }
        for x in QUANTITIES:
            change = compare(before, after, information, x=x, bootstrap=bootstrap, seed=seed)
            rows.append(common | change.to_row())
    return pd.DataFrame(rows)


def _agreement(these: list[pd.DataFrame], those: list[pd.DataFrame]) -> float:
    """The mean rank correlation of two lists of weights; NaN if some words of the first are not in the second."""
    pairs = [this.join(that.add_suffix("_other"), how="inner") for this, that in zip(these, those, strict=True)]
    if any(len(pair) < len(this) for pair, this in zip(pairs, these, strict=True)):
        return float("nan")
    return float(np.mean([stats.spearmanr(pair["weight"], pair["weight_other"]).statistic for pair in pairs]))


def specification_numbers(fits: pd.DataFrame) -> Numbers:
    """The numbers that prose quotes of `fit_specifications`.

    Returns:
        specifications, runs, words; agreement, the lowest with the first specification after fine-tuning; the `cells`
        of correlation_after with KL by specification; and of each quantity in how many specifications the correlation
        has risen or fallen and ends positive (by 95% intervals), and the median, least and greatest R² after and ΔR².
    """
    quantities = []
    for x, of_x in fits.groupby("x", sort=False):
        row = {
            "x": x,
            "risen": rising(of_x, "correlation_difference"),
            "fallen": falling(of_x, "correlation_difference"),
            "positive": rising(of_x, "correlation_after"),
        }
        for name in ("r2_after", "r2_difference"):
            row[f"{name}_least"], row[name], row[f"{name}_greatest"] = of_x[name].quantile([0, 0.5, 1])
        quantities.append(row)
    return {
        "specifications": fits["specification"].nunique(),
        "runs": int(fits["runs"].min()),
        "words": int(fits["n_words"].iloc[0]),
        "agreement": float(fits["agreement_after"].min()),
        **cells(fits[fits["x"] == "kl"], ["correlation_after"], "specification"),
        **cells(pd.DataFrame(quantities), list(quantities[0])[1:], "x"),
    }


def measure(parameters: Mapping[str, Any]) -> Findings:
    """Measure the effect of fine-tuning under each specification: pages 10 to 13.

    Args:
        parameters: of the page, by name: base, specifications (short forms), seeds, bootstrap, and the fields of
            `Setup` and `Recipe`.

    Returns:
        Table specifications (`fit_specifications`) and its `specification_numbers`.
    """
    _, fits = _weigh_and_fit(parameters, from_parameters(Setup, parameters))
    return Findings(specification_numbers(fits), {"specifications": fits})


def _weigh_and_fit(parameters: Mapping[str, Any], setup: Setup) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of `weigh_specifications` and of `fit_specifications`."""
    base, recipe = parameters["base"], from_parameters(Recipe, parameters)
    specifications = parse_specifications(parameters["specifications"])
    occurrences = weigh_specifications(base, recipe, parameters["seeds"], setup, specifications)
    return occurrences, fit_specifications(base, occurrences, setup, bootstrap=parameters["bootstrap"], seed=setup.seed)


def ig_vs_shap(parameters: Mapping[str, Any]) -> Findings:
    """Compare Integrated Gradients with SHAP: page 09.

    Args:
        parameters: those of `measure`, with one specification for each method; permutations and enumerated, the
            numbers of orders and of sentences for `convergence`.

    Returns:
        Tables specifications (`fit_specifications`), words (`weights_side_by_side`) and convergence; numbers
        `specification_numbers`; completeness_error by specification; rank_before and rank_after, the rank correlation
        of the two methods' weights; the mean error of the fewest orders (first_orders, first_error), of the most
        (last_orders, last_error), and of shap's Winter values (winter).
    """
    setup = from_parameters(Setup, parameters)
    occurrences, fits = _weigh_and_fit(parameters, setup)
    words = weights_side_by_side(occurrences, setup)
    errors = convergence(
        SentenceEncoder.load(parameters["base"]),
        setup,
        permutations=parameters["permutations"],
        sentences=parameters["enumerated"],
    )
    rank = {stage: rows["ig"].corr(rows["shap"], method="spearman") for stage, rows in words.groupby("stage")}
    means = errors.groupby("permutations")["error"].mean()
    numbers = specification_numbers(fits) | {
        **cells(fits[fits["x"] == "kl"], ["completeness_error"], "specification"),
        "rank_before": rank["before"],
        "rank_after": rank["after"],
        "first_orders": int(means.index[1]),
        "first_error": means.iloc[1],
        "last_orders": int(means.index[-1]),
        "last_error": means.iloc[-1],
        "winter": means[WINTER],
    }
    return Findings(numbers, {"specifications": fits, "words": words, "convergence": errors})


def weights_side_by_side(occurrences: pd.DataFrame, setup: Setup) -> pd.DataFrame:
    """The weights that two methods give the same words, before and after fine-tuning (mean over runs).

    Args:
        occurrences: from `weigh_specifications`.
        setup: what they were measured on.

    Returns:
        One row per stage and word that has information: stage ("before", "after"), word, one column per method, kl.
    """
    table = (
        with_stage(occurrences).pivot_table(index=["stage", "word"], columns="method", values="weight").reset_index()
    )
    table["kl"] = setup.information["kl"].reindex(table["word"]).to_numpy()
    return table.dropna(subset=["kl"]).sort_values(["stage", "word"], ascending=[False, True], ignore_index=True)


WINTER = 0  # "permutations" of the rows of `convergence` that are no samples but Winter values


def convergence(
    encoder: SentenceEncoder,
    setup: Setup,
    *,
    permutations: Sequence[int] = (2, 4, 8, 16, 32),
    sentences: int = 8,
    seeds: Sequence[int] = (0, 1, 2),
) -> pd.DataFrame:
    """How far sampled Shapley values are from exact ones, in the first sentences of 6 to 10 words.

    Args:
        encoder: the encoder to explain.
        setup: its whole corpus has the sentences.
        permutations: numbers of orders to draw.
        sentences: how many sentences to enumerate.
        seeds: of the draws.

    Returns:
        One row per sentence, number of permutations and seed: sentence, words, permutations, seed, and error,
        ‖ĉ − c‖/‖c‖ over all words. One more row per sentence, with `WINTER` permutations, has the error of shap's
        Winter values (`wig_book.reference.shap_values`).

    Raises:
        InputError: no sentence has 6 to 10 words.
    """
    chosen = [s for s in setup.whole.max_words(10).sentences if len(words_of(s)) >= 6][:sentences]
    if not chosen:
        raise InputError(f"{setup.whole.name}: no sentence has 6 to 10 words; give another corpus")
    exact = shapley_values(encoder, chosen)
    rows = []
    for number in permutations:
        for seed in seeds:
            found = shapley_values(encoder, chosen, exact_up_to=0, permutations=number, seed=seed)
            rows += [
                (i, len(one.words), number, seed, _relative_error(one.vectors, other.vectors))
                for i, (one, other) in enumerate(zip(found, exact, strict=True))
            ]
    for i, (sentence, one) in enumerate(zip(chosen, exact, strict=True)):
        winter = shap_values(encoder, sentence, algorithm="partition")
        rows.append((i, len(one.words), WINTER, 0, _relative_error(winter, one.vectors)))
    return pd.DataFrame(rows, columns=["sentence", "words", "permutations", "seed", "error"])


def _relative_error(found: Any, expected: Any) -> float:
    return float((found - expected).norm() / expected.norm())
