"""The tables that pages share, and the numbers that prose quotes of them.

Every table has one row format: a statistic is a column, and where it has a 95% interval the ends are the columns
`<statistic>_low` and `<statistic>_high`. `cells` turns a table into named numbers by one rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from tqdm import tqdm

from wig_book.experiments.setup import Setup, split_runs
from wig_book.labels import SETTING
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.evaluation import alignment, mean_norm, similarity_correlation, uniformity
from wig_core.regression import compare, partial_r2, regress
from wig_core.text.corpus import load_similarities
from wig_core.word_weights import mean_weights, reliability

Numbers = dict[str, float | int | str]
QUANTITIES = {"kl": "self_information", "self_information": "kl"}  # each, and the other that is held fixed


@dataclass(frozen=True)
class Findings:
    """What a page found.

    Attributes:
        numbers: what prose and claims quote, by name.
        tables: the tables behind them, by name; `found["fits"]` is one of them.
        sentences: some in which the words of the tables occur, for figures; they are shown, not published.
    """

    numbers: Numbers
    tables: dict[str, pd.DataFrame]
    sentences: Sequence[str] = ()

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.tables[table]


# ── tables ──


def regress_by_baseline(words: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Regress the weights of `Setup.weigh_words` on each quantity.

    Args:
        words: one row per baseline and word, with weight, kl and self_information.
        bootstrap: resamples of words for the intervals.
        seed: of the resampling.

    Returns:
        One row per baseline and quantity: baseline, the columns of `Regression.to_row`, and partial_r2, the share of
        the variance left by the other quantity that this one explains.
    """
    rows = []
    for baseline, table in words.groupby("baseline", sort=False):
        frame = table.set_index("word")
        weights, information = frame[["weight"]], frame[["kl", "self_information"]]
        for x, given in QUANTITIES.items():
            fit = regress(weights, information, x=x, bootstrap=bootstrap, seed=seed)
            partial = partial_r2(weights, information, x=x, given=given)
            rows.append({"baseline": baseline, **fit.to_row(), "partial_r2": partial})
    return pd.DataFrame(rows)


def changes(
    occurrences: pd.DataFrame, setup: Setup, *, bootstrap: int = 1000, splits: int = 50, seed: int = 0
) -> pd.DataFrame:
    """How the regression changes from before to after fine-tuning.

    Args:
        occurrences: from `train_and_weigh` or `weigh_pairs`.
        setup: what they were measured on.
        bootstrap: resamples of words and runs for the intervals.
        splits: of `reliability`.
        seed: of the resampling.

    Returns:
        One row per setting, baseline and quantity: the columns of `SETTING`, baseline, and of `Change.to_row`;
        ceiling_before and ceiling_after, the highest R² that noise in the weights allows (`reliability`);
        human_correlation_before and human_correlation_after, means over seeds.
    """
    rows = []
    for (*setting, baseline), table in occurrences.groupby([*SETTING, "baseline"], sort=False):
        start, runs = split_runs(table)
        before, after = mean_weights(start), [mean_weights(run) for run in runs]
        named = dict(zip(SETTING, setting, strict=True)) | {"baseline": baseline}
        common = {
            "ceiling_before": reliability(start, splits=splits),
            "ceiling_after": sum(reliability(run, splits=splits) for run in runs) / len(runs),
            "human_correlation_before": start["human_correlation"].iloc[0],
            "human_correlation_after": sum(run["human_correlation"].iloc[0] for run in runs) / len(runs),
        }
        for x in QUANTITIES:
            change = compare(before, after, setup.information, x=x, bootstrap=bootstrap, seed=seed)
            rows.append({**named, **change.to_row(), **common})
    return pd.DataFrame(rows)


def dynamics(
    encoders: Mapping[int, SentenceEncoder],
    setup: Setup,
    pairs: Sequence[tuple[str, ...]],
    *,
    bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure an encoder at several steps of a training.

    Args:
        encoders: by step.
        setup: what to measure them on.
        pairs: of texts whose alignment is measured, from `example_pairs`; uniformity is that of the first texts.
        bootstrap: resamples of words for the intervals.
        seed: of the resampling.

    Returns:
        One row per step, baseline and quantity: step, baseline, and the columns of `Regression.to_row`; of the step
        norm (mean length of the pooled vectors of the sentences), uniformity, alignment and human_correlation.
    """
    judged = load_similarities("lee")
    rows = []
    for step, encoder in tqdm(encoders.items(), "steps"):
        left, right = (encoder.encode([pair[side] for pair in pairs]) for side in (0, 1))
        state = {
            "norm": mean_norm(encoder, setup.sentences),
            "uniformity": uniformity(left),
            "alignment": alignment(left, right),
            "human_correlation": similarity_correlation(encoder, judged),
        }
        for baseline, occurrences in setup.weigh(encoder).groupby("baseline", sort=False):
            weights = mean_weights(occurrences)
            for x in QUANTITIES:
                fit = regress(weights, setup.information, x=x, bootstrap=bootstrap, seed=seed)
                rows.append({"step": step, "baseline": baseline, **fit.to_row(), **state})
    return pd.DataFrame(rows)


# ── rows and numbers ──


def of_first_baseline(table: pd.DataFrame, x: str | None = "kl") -> pd.DataFrame:
    """The rows of the first baseline, and of one quantity unless x is None; renumbered from 0."""
    chosen = table["baseline"] == table["baseline"].iloc[0]
    return table[chosen if x is None else chosen & (table["x"] == x)].reset_index(drop=True)


def cells(table: pd.DataFrame, names: Sequence[str], by: str | None = None) -> Numbers:
    """The cells of a table as named numbers: `<name>_<row>`, and its interval's ends `<name>_<row>_low` and `_high`.

    Args:
        table: whose columns to take.
        names: of the columns; ends of intervals come along where the table has them.
        by: the column that names a row, with underscores for spaces; None numbers the rows 0, 1, …

    Example:
        >>> cells(pd.DataFrame({"x": ["kl"], "r2": [0.2], "r2_low": [0.1], "r2_high": [0.3]}), ["r2"], "x")
        {'r2_kl': 0.2, 'r2_kl_low': 0.1, 'r2_kl_high': 0.3}
    """
    numbers: Numbers = {}
    for position, row in enumerate(table.to_dict("records")):
        label = str(position if by is None else row[by]).replace(" ", "_")
        for name in names:
            numbers[f"{name}_{label}"] = row[name]
            numbers |= {f"{name}_{label}{end}": row[name + end] for end in ("_low", "_high") if name + end in row}
    return numbers


def cell(table: pd.DataFrame, name: str, row: Any, called: str | None = None) -> Numbers:
    """One cell as a named number, with the ends of its interval where the table has them.

    Args:
        table: whose cell to take.
        name: of the column.
        row: the index of the row.
        called: the name of the number; by default that of the column.

    Example:
        >>> cell(pd.DataFrame({"r2": [0.2, 0.4]}), "r2", 1, "best_r2")
        {'best_r2': 0.4}
    """
    [record] = table.loc[[row]].to_dict("records")
    called = called or name
    return {f"{called}{end}": record[name + end] for end in ("", "_low", "_high") if name + end in record}


def rising(table: pd.DataFrame, name: str) -> int:
    """In how many rows the 95% interval of a statistic lies above zero."""
    return int((table[f"{name}_low"] > 0).sum())


def falling(table: pd.DataFrame, name: str) -> int:
    """In how many rows the 95% interval of a statistic lies below zero."""
    return int((table[f"{name}_high"] < 0).sum())


def direction(table: pd.DataFrame, name: str = "correlation") -> str:
    """Whether a statistic is positive or negative in every row, as a verb for prose; its 95% intervals decide."""
    if rising(table, name) == len(table):
        return "rises"
    return "falls" if falling(table, name) == len(table) else "shows no clear trend"


def fit_numbers(words: pd.DataFrame, fits: pd.DataFrame) -> Numbers:
    """The numbers that prose quotes of the regression of one encoder on one text, under the first baseline.

    Args:
        words: from `Setup.weigh_words`.
        fits: from `regress_by_baseline`.

    Returns:
        baseline, words, sentences, share_once (the share of words that occur once in the sample), direction (of the
        correlation with both quantities); over all baselines missed (sentences over the tolerance) and worst_error;
        and the `cells` of r2, correlation and partial_r2 by quantity.
    """
    first, per_baseline = of_first_baseline(words, None), words.groupby("baseline").first()
    of_first = of_first_baseline(fits, None)
    return {
        "baseline": str(first["baseline"][0]),
        "words": len(first),
        "sentences": int(first["sentences"][0]),
        "share_once": float((first["occurrences"] == 1).mean()),
        "direction": direction(of_first),
        "missed": int(per_baseline["missed"].sum()),
        "worst_error": float(per_baseline["worst_error"].max()),
        **cells(of_first, ["r2", "correlation", "partial_r2"], "x"),
    }
