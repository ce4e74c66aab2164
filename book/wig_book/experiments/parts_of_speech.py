"""Parts of speech: how much of what information explains is only the divide of function words and content words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wig_book.experiments.rows import QUANTITIES, before_to_after, display_table, with_interval
from wig_book.experiments.setup import Setup
from wig_core.errors import InputError
from wig_core.regression import Estimate, Floats, compare, interval, r2_of, regress
from wig_core.text.words import is_word, segment
from wig_core.word_weights import mean_weights

# Penn Treebank's tags (Marcus et al. 1993) by their first letters; open classes first.
OPEN = {"NNP": "name", "NN": "noun", "VB": "verb", "JJ": "adjective", "RB": "adverb", "CD": "number", "FW": "foreign"}


CLOSED = {
    "DT": "determiner", "PDT": "determiner", "PRP": "pronoun", "WP": "pronoun", "WDT": "determiner",
    "WRB": "wh-adverb", "IN": "preposition", "TO": "to", "CC": "conjunction", "MD": "modal", "EX": "there",
    "RP": "particle", "POS": "'s", "UH": "interjection",
}  # fmt: skip


CLASSES = ("all", "open", "closed")


def tag(sentence: str) -> list[str]:
    """The part of speech of each unit of a sentence (`wig_core.text.words.segment`), by TextBlob's English tagger.

    The tagger is a lexicon with rules for unknown words and for contexts (after Brill 1992); it and its data come as
    plain text in one package.

    Example:
        >>> tag("The cat sleeps.")
        ['DT', 'NN', 'VBZ', '.']
    """
    from textblob.en import parser

    surface = [sentence[unit.start : unit.end] for unit in segment(sentence)]
    return [found for _, found in parser.find_tags(surface)]


def part_of(tagged: str) -> tuple[str, bool]:
    """A part of speech in plain words, and whether its class is open.

    Auxiliary forms of be, have and do count as verbs, as the tags have it.

    Example:
        >>> part_of("VBZ"), part_of("PRP$")
        (('verb', True), ('pronoun', False))
    """
    for start, name in (OPEN | CLOSED).items():
        if tagged.startswith(start):
            return name, start in OPEN
    return "other", False


def parts_of_speech(sentences: Sequence[str]) -> pd.DataFrame:
    """The part of speech that each word has most often in the sentences, the first of equals.

    Returns:
        A frame indexed by word, in alphabetical order: part, and open, whether its class is.
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


def within_classes(
    occurrences: pd.DataFrame, setup: Setup, parts: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """The regression before and after within each class of words, from `wig_book.experiments.setup.train_and_weigh`.

    Returns:
        One row a baseline, class (of `CLASSES`) and quantity: the columns of `Change.to_row`. A class of fewer than
        ten words is left out.
    """
    rows = []
    for baseline, table in occurrences.groupby("baseline", sort=False):
        before, after = _sides(table)
        for name, told in _classes(setup.information, parts, before.index):
            for x in QUANTITIES:
                change = compare(before, after, told, x=x, bootstrap=bootstrap, seed=seed)
                rows.append({"baseline": baseline, "class": name, **change.to_row()})
    return pd.DataFrame(rows)


def fits_within_classes(
    occurrences: pd.DataFrame, setup: Setup, parts: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """The regression within each class of words, of one encoder's `Setup.weigh`.

    Returns:
        One row a baseline, class (of `CLASSES`) and quantity: r2 and correlation with …_low and …_high, n_words. A
        class of fewer than ten words is left out.
    """
    rows = []
    for baseline, table in occurrences.groupby("baseline", sort=False):
        weights = mean_weights(table)
        for name, told in _classes(setup.information, parts, weights.index):
            for x in QUANTITIES:
                fit = regress(weights, told, x=x, bootstrap=bootstrap, seed=seed)
                row: dict[str, object] = {"baseline": baseline, "class": name, "x": x}
                for statistic in ("r2", "correlation"):
                    row[statistic] = getattr(fit, statistic)
                    row[f"{statistic}_low"], row[f"{statistic}_high"] = getattr(fit, f"{statistic}_interval")
                rows.append(row | {"n_words": fit.n_words})
    return pd.DataFrame(rows)


def _classes(information: pd.DataFrame, parts: pd.DataFrame, weighed: pd.Index) -> Iterator[tuple[str, pd.DataFrame]]:
    """What a corpus tells of the words of each class that has at least ten of those weighed."""
    for name in CLASSES:
        kept = parts.index if name == "all" else parts.index[parts["open"] == (name == "open")]
        told = information[information.index.isin(kept)]
        if told.index.isin(weighed).sum() >= 10:
            yield name, told


def weight_by_part(occurrences: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """The mean weight of the words of each part of speech, as a multiple of the mean over all words.

    Returns:
        One row a baseline, stage ("before" or "after", the mean over runs) and part: weight, words.
    """
    stages = occurrences.assign(
        stage=occurrences["seed"].isna().map({True: "before", False: "after"}), run=occurrences["seed"].fillna(-1)
    )
    words = stages.groupby(["baseline", "stage", "run", "word"], sort=False)["weight"].mean().reset_index()
    words = words.join(parts, on="word", how="inner")
    words["weight"] /= words.groupby(["baseline", "stage", "run"])["weight"].transform("mean")
    grouped = words.groupby(["baseline", "stage", "part", "open"], sort=False)
    return grouped.agg(weight=("weight", "mean"), words=("word", "nunique")).reset_index()


def split_of_change(
    occurrences: pd.DataFrame, setup: Setup, parts: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """How much of the change of R² is only the split into open and closed classes.

    Returns:
        One row a baseline, quantity and share (see `paired_split`): difference, low, high.

    Raises:
        InputError: all words are of one class.
    """
    rows = []
    for baseline, table in occurrences.groupby("baseline", sort=False):
        before, after = _sides(table)
        for x in QUANTITIES:
            told = setup.information.join(parts, how="inner").dropna(subset=[x, "kl"])
            words = sorted(set(told.index).intersection(*(side.index for side in (before, *after))))
            group = told.loc[words, "open"].to_numpy(bool)
            if group.all() or not group.any():
                raise InputError("all words are of one class; give more sentences")
            weights = [side.loc[words, "weight"].to_numpy(float) for side in (before, *after)]
            found = paired_split(
                told.loc[words, x].to_numpy(float), group, weights[0], weights[1:], bootstrap=bootstrap, seed=seed
            )
            rows += [(baseline, x, share, *estimate) for share, estimate in found.items()]
    return pd.DataFrame(rows, columns=["baseline", "x", "share", "difference", "low", "high"])


def _sides(table: pd.DataFrame) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    runs = [run for _, run in table[table["seed"].notna()].groupby("seed")]
    return mean_weights(table[table["seed"].isna()]), [mean_weights(run) for run in runs]


def paired_split(
    x: Floats, group: NDArray[np.bool_], before: Floats, after: Sequence[Floats], *, bootstrap: int, seed: int = 0
) -> dict[str, Estimate]:
    """How a change of R² on x divides between what x shares with a split into two groups, and what it has alone.

    Args:
        x: the quantity, ``[words]``.
        group: of each word.
        before: weights.
        after: weights of each run.
        bootstrap: resamples of words and runs.
        seed: of these.

    Returns:
        Of the change of R²: "total" (of x alone), "unique" (of x given the group), "common" (total − unique), and
        "group" (of the group alone), each with the ends of its 95% interval.
    """
    rng = np.random.default_rng(seed)
    weights = np.column_stack([before, *after])

    def change(rows: NDArray[np.int64], runs: NDArray[np.int64]) -> tuple[float, ...]:
        each = np.array([_split(x[rows], group[rows], weights[rows, run]) for run in (0, *runs)])
        return tuple(each[1:].mean(0) - each[0])

    found = change(np.arange(len(x)), np.arange(1, len(after) + 1))
    drawn = [
        change(rng.integers(len(x), size=len(x)), 1 + rng.integers(len(after), size=len(after)))
        for _ in range(bootstrap)
    ]
    columns = np.array(drawn).reshape(-1, 4).T
    names = ("total", "unique", "common", "group")
    return {name: (value, *interval(column)) for name, value, column in zip(names, found, columns, strict=True)}


def _split(x: Floats, group: NDArray[np.bool_], weights: Floats) -> tuple[float, ...]:
    both, own, split = (
        r2_of(columns, weights) for columns in (np.column_stack([x, group]), x[:, None], group[:, None].astype(float))
    )
    return own, both - split, own - (both - split), split


def parts_headline(
    classes: pd.DataFrame, weights: pd.DataFrame, split: pd.DataFrame, fits: pd.DataFrame
) -> dict[str, float | int | str]:
    """The numbers that prose quotes, all for KL under the first baseline.

    Returns:
        baseline, runs; of each class (suffix _all, _open, _closed) words, r2_before, r2_after, correlation_after and
        the change of R², r2, with …_low and …_high before the suffix; of each share of `paired_split` (suffix _total,
        _unique, _common, _group) split with its ends; and the mean weight of closed-class words, closed_before and
        closed_after, as a multiple of all words'; and of `fits_within_classes` the correlation in each class,
        encoder_…, with encoder_low_… and encoder_high_….
    """
    baseline = str(classes["baseline"].iloc[0])
    numbers: dict[str, float | int | str] = {"baseline": baseline, "runs": int(classes["runs"].iloc[0])}
    for row in classes[(classes["baseline"] == baseline) & (classes["x"] == "kl")].to_dict("records"):
        name = row["class"]
        numbers |= {f"words_{name}": int(row["n_words"])}
        for statistic in ("r2", "correlation"):
            for side in ("before", "after"):
                numbers[f"{statistic}_{side}_{name}"] = row[f"{statistic}_{side}"]
            for end in ("", "_low", "_high"):
                numbers[f"{statistic}{end}_{name}"] = row[f"{statistic}_difference{end}"]
                numbers[f"{statistic}_after{end}_{name}"] = row[f"{statistic}_after{end}"]
    for row in split[(split["baseline"] == baseline) & (split["x"] == "kl")].to_dict("records"):
        name = row["share"]
        numbers |= {
            f"split_{name}": row["difference"],
            f"split_low_{name}": row["low"],
            f"split_high_{name}": row["high"],
        }
    closed = weights[(weights["baseline"] == baseline) & ~weights["open"]]
    for stage, rows in closed.groupby("stage"):
        numbers[f"closed_{stage}"] = float(np.average(rows["weight"], weights=rows["words"]))
    for row in fits[(fits["baseline"] == baseline) & (fits["x"] == "kl")].to_dict("records"):
        for end in ("", "_low", "_high"):
            numbers[f"encoder{end}_{row['class']}"] = row[f"correlation{end}"]
    return numbers


def readable_classes(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `within_classes` as text, intervals in brackets."""
    columns = {
        "R²": before_to_after(table, "r2"),
        "ΔR²": with_interval(table, "r2_difference", "+.3f"),
        "correlation": before_to_after(table, "correlation", "+.2f"),
        "words": table["n_words"],
    }
    return display_table(table, ["baseline", "class", "x"], columns)


def readable_split(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `split_of_change` as text, intervals in brackets."""
    shown = {"ΔR²": with_interval(table, "difference", "+.3f", low="low", high="high")}
    return display_table(table, ["baseline", "x", "share"], shown)
