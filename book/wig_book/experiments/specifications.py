"""What the pages on readings of the attribution call: the same encoders, weighed in every way that can be argued for.

The paper's settings are not all known. A *reading* is one choice of each; whether a claim holds should not hang on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints

import numpy as np
import pandas as pd
from scipy import stats
from tqdm import tqdm

from wig_book.experiments.rows import QUANTITIES, before_to_after, display_table, with_interval
from wig_book.experiments.setup import Setup
from wig_core.attribution.coalitions import Absence
from wig_core.attribution.contributions import Contributions, ContributionSet
from wig_core.attribution.explainer import Explainer, Method
from wig_core.attribution.inputs import Granularity
from wig_core.attribution.reference import shap_values
from wig_core.attribution.shapley import shapley_values
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.registry import Similarity
from wig_core.errors import InputError
from wig_core.regression import compare
from wig_core.text.words import words_of
from wig_core.training.fine_tuning import Recipe, fine_tune
from wig_core.word_weights import mean_weights, occurrence_weights

Target = Literal["vector", "norm", "direction"]


Scale = Literal["scaled", "unscaled"]


@dataclass(frozen=True)
class Specification:
    """One way to read what an encoder's words weigh; the defaults are the book's.

    Attributes:
        method: "ig" or "shap".
        baseline: what stands in place of a word.
        target: a word's weight is the length of its contribution to the "vector", the size of its contribution to the
            vector's "norm" ‖s‖, or to s along the "direction" s/‖s‖, held fixed.
        scale: "scaled" by the number of words in the sentence, which undoes the 1/n of mean pooling, or "unscaled".
        granularity: weights of words, or of the encoder's subwords.
        pooling, similarity: of the encoder before, while and after fine-tuning.
    """

    method: Method = "ig"
    baseline: Absence = "mask"
    target: Target = "vector"
    scale: Scale = "scaled"
    granularity: Granularity = "word"
    pooling: Literal["mean", "cls"] = "mean"
    similarity: Similarity = "cosine"

    @classmethod
    def parse(cls, text: str) -> Specification:
        """A reading from the words that differ from the default, in any order, as in "shap pad"; "default" is none.

        Raises:
            InputError: a word that no attribute knows, or two for one.

        Example:
            >>> Reading.parse("pad shap") == Reading(method="shap", baseline="pad")
            True
        """
        homes = {word: name for name, kind in get_type_hints(cls).items() for word in get_args(kind)}
        chosen: dict[str, Any] = {}
        for word in text.split():
            if word == "default":
                continue
            if word not in homes or homes[word] in chosen:
                raise InputError(f"reading {text!r}: {word!r} is unknown or one too many; words are {', '.join(homes)}")
            chosen[homes[word]] = word
        return cls(**chosen)

    def __str__(self) -> str:
        """The words that differ from the default.

        Example:
            >>> print(Reading(baseline="pad"), Reading())
            pad default
        """
        return " ".join(getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default) or "default"

    def weigh(self, encoder: SentenceEncoder, setup: Setup) -> pd.DataFrame:
        """The weight of each occurrence in the sentences of a yardstick, and the sentences' completeness error."""
        attribution = Explainer(
            self.method,
            self.baseline,
            target="norm" if self.target == "norm" else "vector",
            granularity=self.granularity,
            tolerance=setup.tolerance,
            precision=setup.precision,
        )
        explained = attribution.explain(encoder, setup.sentences, cache=True, progress=True)
        if self.target == "direction":
            explained = ContributionSet(_along_itself(one) for one in explained)
        errors = [one.completeness_error for one in explained]
        table = occurrence_weights(explained, scale_by_length=self.scale == "scaled")
        return table.assign(completeness_error=table["sentence"].map(dict(enumerate(errors))).astype(float))


def _along_itself(explained: Contributions) -> Contributions:
    direction = (explained.embedding / explained.embedding.norm()).unsqueeze(1)
    return replace(explained, vectors=explained.vectors @ direction)


NAMES = [field.name for field in fields(Specification)]


def parse_specifications(texts: Iterable[str]) -> list[Specification]:
    """Different readings from their short forms, in order; see `Specification.parse`."""
    return list(dict.fromkeys(map(Specification.parse, texts)))


def weigh_specifications(
    base: str, recipe: Recipe, seeds: Sequence[int], setup: Setup, readings: Sequence[Specification]
) -> pd.DataFrame:
    """Weigh the words of sentences before and after fine-tuning, in several readings.

    Returns:
        One row an occurrence, of each encoder and specification: the attributes of `Specification`, seed (missing for
        the base: before), and the columns of `Specification.weigh`.
    """
    tables = []
    for reading in tqdm(readings, "readings"):
        kind: dict[str, Any] = {"pooling": reading.pooling, "similarity": reading.similarity}
        encoders = {pd.NA: SentenceEncoder.load(base, **kind)}
        for seed in seeds:
            encoders[seed] = fine_tune(base, replace(recipe, seed=seed, **kind))[recipe.steps]
        for seed, encoder in encoders.items():
            tables.append(reading.weigh(encoder, setup).assign(**asdict(reading), seed=seed))
    return pd.concat(tables, ignore_index=True)


def fit_specifications(
    base: str, occurrences: pd.DataFrame, setup: Setup, *, bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Regress the weights of `weigh_specifications` on each quantity, before and after.

    Returns:
        One row a reading and quantity: reading (its short form), the attributes of `Specification`, the columns of
        `Change.to_row`; and over words the rank correlation of its weights with those of the first reading,
        agreement_before and agreement_after (not a number between words and subwords); completeness_error, the mean.
    """
    rows, first = [], None
    for key, table in occurrences.groupby(NAMES, sort=False):
        reading = Specification(*key)
        information = setup.information
        if reading.granularity == "subword":
            information = setup.subword_information(SentenceEncoder.load(base))
        before = mean_weights(table[table["seed"].isna()])
        after = [mean_weights(run) for _, run in table[table["seed"].notna()].groupby("seed")]
        first = first or (before, after)
        common = {
            "reading": str(reading),
            **asdict(reading),
            "agreement_before": _agreement([before], [first[0]]),
            "agreement_after": _agreement(after, first[1]),
            "completeness_error": table["completeness_error"].mean(),
        }
        for x in QUANTITIES:
            change = compare(before, after, information, x=x, bootstrap=bootstrap, seed=seed)
            rows.append(common | change.to_row())
    return pd.DataFrame(rows)


def _agreement(these: list[pd.DataFrame], those: list[pd.DataFrame]) -> float:
    """The mean rank correlation of weights over the words of both, which must be words of the same kind."""
    pairs = [this.join(that, how="inner", rsuffix="_other") for this, that in zip(these, those, strict=True)]
    if min(len(pair) / len(this) for pair, this in zip(pairs, these, strict=True)) < 1:
        return float("nan")
    return float(np.mean([stats.spearmanr(pair["weight"], pair["weight_other"]).statistic for pair in pairs]))


def weights_side_by_side(occurrences: pd.DataFrame, setup: Setup) -> pd.DataFrame:
    """The weights of two readings word by word, before and after (mean over runs), from `weigh_specifications`.

    Returns:
        One row a stage and word that the corpus informs of: stage, word, kl, and a column a reading, by its method.
    """
    stages = occurrences.assign(stage=occurrences["seed"].isna().map({True: "before", False: "after"}))
    table = stages.pivot_table(index=["stage", "word"], columns="method", values="weight").reset_index()
    table["kl"] = setup.information["kl"].reindex(table["word"]).to_numpy()
    return table.dropna(subset=["kl"]).sort_values(["stage", "word"], ascending=[False, True], ignore_index=True)


def convergence(
    encoder: SentenceEncoder,
    setup: Setup,
    *,
    permutations: Sequence[int] = (2, 4, 8, 16, 32),
    sentences: int = 8,
    seeds: Sequence[int] = (0, 1, 2),
) -> pd.DataFrame:
    """How far sampled Shapley values are from exact ones, for the first sentences that can be enumerated.

    Returns:
        One row a sentence, number of permutations and seed: words, and error, ‖ĉ − c‖/‖c‖ over all words; and one a
        sentence with permutations 0, whose error is that of shap's Winter values (`reference.shap_values`).

    Raises:
        InputError: no sentence is short enough.
    """
    chosen = [s for s in setup.whole.max_words(10).sentences if len(words_of(s)) >= 6][:sentences]
    if not chosen:
        raise InputError("no sentence has 6 to 10 words; give another corpus")
    exact = shapley_values(encoder, chosen)
    rows = []
    for number in permutations:
        for seed in seeds:
            found = shapley_values(encoder, chosen, exact_up_to=0, permutations=number, seed=seed)
            rows += [
                (i, len(one.words), number, seed, _relative(one.vectors, other.vectors))
                for i, (one, other) in enumerate(zip(found, exact, strict=True))
            ]
    for i, (sentence, one) in enumerate(zip(chosen, exact, strict=True)):
        winter = shap_values(encoder, sentence, algorithm="partition")
        rows.append((i, len(one.words), 0, 0, _relative(winter, one.vectors)))
    return pd.DataFrame(rows, columns=["sentence", "words", "permutations", "seed", "error"])


def _relative(found: Any, expected: Any) -> float:
    return float((found - expected).norm() / expected.norm())


def display_specifications(table: pd.DataFrame, x: str = "kl") -> pd.DataFrame:
    """The rows of `fit_specifications` for one quantity as text, intervals in brackets."""
    chosen = table[table["x"] == x]
    columns = {
        "R² before": with_interval(chosen, "r2_before"),
        "R² after": with_interval(chosen, "r2_after"),
        "ΔR²": with_interval(chosen, "r2_difference", "+.3f"),
        "correlation": before_to_after(chosen, "correlation", "+.2f"),
        "agreement": before_to_after(chosen, "agreement", ".2f"),
        "error": chosen["completeness_error"].map(lambda error: f"{error:.1e}".replace("-", "−")),
        "words": chosen["n_words"],
    }
    return display_table(chosen, ["reading"], columns)


def specification_numbers(table: pd.DataFrame) -> dict[str, float | int | str]:
    """The numbers that prose quotes of `fit_specifications`, for KL and self-information.

    Returns:
        readings, runs, words; of each quantity (suffix _kl or _self): in how many readings the correlation has risen
        or fallen (whole interval) and ends positive (whole interval), the least, greatest and middle R² after and ΔR²;
        and agreement, the least rank correlation with the first reading after fine-tuning; and of each reading, by its
        short form with _ for blanks, the correlation with KL afterwards, after_…, with after_low_… and after_high_….
    """
    numbers: dict[str, float | int | str] = {
        "readings": table["reading"].nunique(),
        "runs": int(table["runs"].min()),
        "words": int(table["n_words"].iloc[0]),
        "agreement": float(table["agreement_after"].min()),
    }
    for row in table[table["x"] == "kl"].to_dict("records"):
        for end in ("", "_low", "_high"):
            numbers[f"after{end}_{row['reading'].replace(' ', '_')}"] = row[f"correlation_after{end}"]
    for x, short in (("kl", "kl"), ("self_information", "self")):
        rows = table[table["x"] == x]
        numbers |= {
            f"risen_{short}": int((rows["correlation_difference_low"] > 0).sum()),
            f"fallen_{short}": int((rows["correlation_difference_high"] < 0).sum()),
            f"positive_{short}": int((rows["correlation_after_low"] > 0).sum()),
        }
        for name in ("r2_after", "r2_difference"):
            low, middle, high = rows[name].quantile([0, 0.5, 1])
            numbers |= {f"{name}_least_{short}": low, f"{name}_{short}": middle, f"{name}_greatest_{short}": high}
    return numbers
