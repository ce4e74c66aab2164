"""Is it only the divide between function words and content words? Page 18 measures within parts of speech."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wig_book.experiments.rows import QUANTITIES, Findings, Numbers, cells, of_first_baseline
from wig_book.experiments.setup import Setup, from_parameters, split_runs, train_and_weigh, with_stage
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.regression import Estimate, Floats, compare, estimate, r2_of, regress
from wig_core.text.words import is_word, segment
from wig_core.training.fine_tuning import Recipe
from wig_core.word_weights import mean_weights

# Penn Treebank's tags (Marcus et al. 1993) by their first letters; open classes first.
OPEN = {"NNP": "name", "NN": "noun", "VB": "verb", "JJ": "adjective", "RB": "adverb", "CD": "number", "FW": "foreign"}
CLOSED = {
    "DT": "determiner", "PDT": "determiner", "PRP": "pronoun", "WP": "pronoun", "WDT": "determiner",
    "WRB": "wh-adverb", "IN": "preposition", "TO": "to", "CC": "conjunction", "MD": "modal", "EX": "there",
    "RP": "particle", "POS": "'s", "UH": "interjection",
}  # fmt: skip
CLASSES = ("all", "open", "closed")
SMALLEST_CLASS = 10  # words; a class of fewer is left out
SHARES = ("total", "unique", "common", "group")  # of a change of R²; see `split_r2`


class Part(NamedTuple):
    """A part of speech: its plain name, and whether its class is open (nouns, verbs, …) or closed."""

    name: str
    open: bool


def tag(sentence: str) -> list[str]:
    """The Penn Treebank tag of each unit of a sentence (`wig_core.text.words.segment`), by TextBlob's English tagger.

    The tagger is a lexicon with rules for unknown words and for contexts (Brill 1992); it and its data come as plain
    text in one package.

    Example:
        >>> tag("The cat sleeps.")
        ['DT', 'NN', 'VBZ', '.']
    """
    from textblob.en import parser

    surface = [sentence[unit.start : unit.end] for unit in segment(sentence)]
    return [found for _, found in parser.find_tags(surface)]


def part_of(tagged: str) -> Part:
    """The part of speech of a Penn Treebank tag; auxiliary forms of be, have and do are verbs, as their tags are.

    Example:
        >>> part_of("VBZ"), part_of("PRP$")
        (Part(name='verb', open=True), Part(name='pronoun', open=False))
    """
    for start, name in (OPEN | CLOSED).items():
        if tagged.startswith(start):
            return Part(name, start in OPEN)
    return Part("other", False)


def most_frequent_parts(sentences: Sequence[str]) -> pd.DataFrame:
    """The part of speech that each word has most often in the sentences, the first one in a tie.

    Returns:
        A frame indexed by word, in alphabetical order: part, and open (whether its class is).
    """
    rows = [
        (unit.text, *part_of(found))
        for sentence in sentences
        for unit, found in zip(segment(sentence), tag(sentence), strict=True)
        if is_word(unit.text)
    ]
    table = pd.DataFrame(rows, columns=["word", "part", "open"])
    counts = table.groupby(["word", "part", "open"], sort=False).size().reset_index(name="count")
    most = counts.sort_values("count", ascending=False, kind="stable").drop_duplicates("word")
    return most.set_index("word").sort_index()[["part", "open"]]


def changes_within_classes(
    occurrences: pd.DataFrame, setup: Setup, parts: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """How the regression within each class of words changes from before to after fine-tuning.

    Args:
        occurrences: from `train_and_weigh`.
        setup: what they were measured on.
        parts: from `most_frequent_parts`.
        bootstrap: resamples of words and runs for the intervals.
        seed: of the resampling.

    Returns:
        One row per baseline, class (of `CLASSES`) and quantity: baseline, class, and the columns of `Change.to_row`.
    """
    rows = []
    for baseline, table in occurrences.groupby("baseline", sort=False):
        before, after = _weights_before_after(table)
        for name, information in _by_class(setup.information, parts, before.index):
            for x in QUANTITIES:
                change = compare(before, after, information, x=x, bootstrap=bootstrap, seed=seed)
                rows.append({"baseline": baseline, "class": name, **change.to_row()})
    return pd.DataFrame(rows)


def fits_within_classes(
    occurrences: pd.DataFrame, setup: Setup, parts: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """The regression within each class of words in one encoder.

    The arguments are those of `changes_within_classes`, except that the occurrences are from `Setup.weigh`.

    Returns:
        One row per baseline, class (of `CLASSES`) and quantity: baseline, class, and the columns of
        `Regression.to_row`.
    """
    rows = []
    for baseline, table in occurrences.groupby("baseline", sort=False):
        weights = mean_weights(table)
        for name, information in _by_class(setup.information, parts, weights.index):
            for x in QUANTITIES:
                fit = regress(weights, information, x=x, bootstrap=bootstrap, seed=seed)
                rows.append({"baseline": baseline, "class": name, **fit.to_row()})
    return pd.DataFrame(rows)


def _by_class(information: pd.DataFrame, parts: pd.DataFrame, weighed: pd.Index) -> Iterator[tuple[str, pd.DataFrame]]:
    """The information of the words of each class that has at least `SMALLEST_CLASS` of the words weighed."""
    for name in CLASSES:
        kept = parts.index if name == "all" else parts.index[parts["open"] == (name == "open")]
        of_class = information[information.index.isin(kept)]
        if of_class.index.isin(weighed).sum() >= SMALLEST_CLASS:
            yield name, of_class


def _weights_before_after(occurrences: pd.DataFrame) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """The mean weights of words before fine-tuning, and after it in each run."""
    start, runs = split_runs(occurrences)
    return mean_weights(start), [mean_weights(run) for run in runs]


def weight_by_part(occurrences: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """The mean weight of the words of each part of speech, as a multiple of the mean over all words.

    Args:
        occurrences: from `train_and_weigh`.
        parts: from `most_frequent_parts`.

    Returns:
        One row per baseline, stage ("before" or "after", the mean over runs) and part: baseline, stage, part, open,
        weight, words.
    """
    stages = with_stage(occurrences).assign(run=occurrences["seed"].fillna(-1))
    words = stages.groupby(["baseline", "stage", "run", "word"], sort=False)["weight"].mean().reset_index()
    words = words.join(parts, on="word", how="inner")
    words["weight"] /= words.groupby(["baseline", "stage", "run"])["weight"].transform("mean")
    grouped = words.groupby(["baseline", "stage", "part", "open"], sort=False)
    return grouped.agg(weight=("weight", "mean"), words=("word", "nunique")).reset_index()


def split_of_change(
    occurrences: pd.DataFrame, setup: Setup, parts: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """How much of the change of R² is only the split into open and closed classes.

    The arguments are those of `changes_within_classes`.

    Returns:
        One row per baseline, quantity and share (see `paired_split`): baseline, x, share, r2_difference with the ends
        of its interval.

    Raises:
        InputError: all words are of one class.
    """
    rows = []
    for baseline, table in occurrences.groupby("baseline", sort=False):
        before, after = _weights_before_after(table)
        for x in QUANTITIES:
            information = setup.information.join(parts, how="inner").dropna(subset=[x, "kl"])
            words = sorted(set(information.index).intersection(*(side.index for side in (before, *after))))
            is_open = information.loc[words, "open"].to_numpy(bool)
            if is_open.all() or not is_open.any():
                raise InputError("all words are of one class, open or closed; give more sentences")
            quantity = information.loc[words, x].to_numpy(float)
            weights = [side.loc[words, "weight"].to_numpy(float) for side in (before, *after)]
            found = paired_split(quantity, is_open, weights[0], weights[1:], bootstrap=bootstrap, seed=seed)
            rows += [(baseline, x, share, *of_share) for share, of_share in found.items()]
    ends = ["r2_difference", "r2_difference_low", "r2_difference_high"]
    return pd.DataFrame(rows, columns=["baseline", "x", "share", *ends])


def paired_split(
    x: Floats, group: NDArray[np.bool_], before: Floats, after: Sequence[Floats], *, bootstrap: int, seed: int = 0
) -> dict[str, Estimate]:
    """Divide a change of R² on x into what x shares with a split of words into two groups, and what it has alone.

    Args:
        x: the quantity ``[words]``.
        group: whether each word is in the first group, ``[words]``.
        before: the weights ``[words]``.
        after: the weights ``[words]`` of each run.
        bootstrap: resamples of words and runs.
        seed: of the resampling.

    Returns:
        The change of each share of `split_r2` with the ends of its 95% interval.
    """
    weights = np.column_stack([before, *after])

    def change(words: NDArray[np.int64], runs: NDArray[np.int64]) -> Floats:
        shares = np.array([split_r2(x[words], group[words], weights[words, run]) for run in (0, *(1 + runs))])
        return shares[1:].mean(0) - shares[0]

    found = estimate(change, len(x), resamples=bootstrap, seed=seed, runs=len(after))
    return dict(zip(SHARES, zip(*(part.tolist() for part in found), strict=True), strict=True))


def split_r2(x: Floats, group: NDArray[np.bool_], weights: Floats) -> list[float]:
    """R² of x alone ("total"), of x given the group ("unique"), total − unique ("common"), of the group ("group")."""
    column = group[:, None].astype(float)
    total, split = r2_of(x[:, None], weights), r2_of(column, weights)
    unique = r2_of(np.column_stack([x, column]), weights) - split
    return [total, unique, total - unique, split]


def parts_numbers(classes: pd.DataFrame, weights: pd.DataFrame, split: pd.DataFrame, fits: pd.DataFrame) -> Numbers:
    """The numbers that prose quotes, all for KL under the first baseline.

    Args:
        classes: from `changes_within_classes`.
        weights: from `weight_by_part`.
        split: from `split_of_change`.
        fits: from `fits_within_classes`.

    Returns:
        baseline, runs; the `cells` by class of `classes`, by share of `split`, and by class of the correlation in
        `fits`, encoder_correlation_…; and closed_weight_before and closed_weight_after, the mean weight of closed-class
        words as a multiple of all words'.
    """
    of_encoder = of_first_baseline(fits).add_prefix("encoder_")
    closed = of_first_baseline(weights, None).query("not open").groupby("stage")[["weight", "words"]]
    closed_weight = closed.apply(lambda rows: np.average(rows["weight"], weights=rows["words"]))
    statistics = [f"{name}_{side}" for name in ("r2", "correlation") for side in ("before", "after", "difference")]
    return {
        "baseline": str(classes["baseline"].iloc[0]),
        "runs": int(classes["runs"].iloc[0]),
        **cells(of_first_baseline(classes), ["n_words", *statistics], "class"),
        **cells(of_first_baseline(split), ["r2_difference"], "share"),
        **cells(closed_weight.reset_index(name="closed_weight"), ["closed_weight"], "stage"),
        **cells(of_encoder, ["encoder_correlation"], "encoder_class"),
    }


def parts_of_speech(parameters: Mapping[str, Any]) -> Findings:
    """Measure the weights of words within open and closed classes.

    Args:
        parameters: of the page, by name: encoder, base, seeds, bootstrap, and the fields of `Setup` and `Recipe`.

    Returns:
        Tables classes (`changes_within_classes`), weights (`weight_by_part`), split (`split_of_change`) and fits
        (`fits_within_classes` of the encoder); and `parts_numbers`.
    """
    setup = from_parameters(Setup, parameters)
    resampling = {"bootstrap": parameters["bootstrap"], "seed": setup.seed}
    occurrences = train_and_weigh(parameters["base"], [from_parameters(Recipe, parameters)], parameters["seeds"], setup)
    of_encoder = setup.weigh(SentenceEncoder.load(parameters["encoder"]))
    parts = most_frequent_parts(setup.sentences)
    tables = {
        "classes": changes_within_classes(occurrences, setup, parts, **resampling),
        "weights": weight_by_part(occurrences, parts),
        "split": split_of_change(occurrences, setup, parts, **resampling),
        "fits": fits_within_classes(of_encoder, setup, parts, **resampling),
    }
    return Findings(parts_numbers(**tables), tables)
