"""Tables for people: numbers as text, intervals in brackets, before and after in one cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wig_book.experiments.setup import SETTING, Setup
from wig_book.labels import QUANTITY_NAMES
from wig_core.regression import STATISTICS, Change, compare, partial_r2, regress
from wig_core.word_weights import mean_weights, reliability


def with_interval(
    table: pd.DataFrame, name: str, form: str = ".3f", *, low: str | None = None, high: str | None = None
) -> list[str]:
    """A column's numbers, each with its interval.

    Args:
        table: with the column, and those of the ends.
        name: of the column.
        form: of each number.
        low, high: names of the ends; by default `<name>_low` and `<name>_high`.

    Example:
        >>> bracketed(pd.DataFrame({"r2": [0.25], "r2_low": [0.125], "r2_high": [0.5]}), "r2", ".2f")
        ['0.25 [0.12,\\xa00.50]']
    """
    rows = zip(table[name], table[low or f"{name}_low"], table[high or f"{name}_high"], strict=True)
    return [f"{value:{form}} [{least:{form}},\N{NO-BREAK SPACE}{most:{form}}]" for value, least, most in rows]


def before_to_after(table: pd.DataFrame, name: str, form: str = ".3f") -> list[str]:
    """The numbers `<name>_before` and `<name>_after`.

    Example:
        >>> moved(pd.DataFrame({"r2_before": [0.25], "r2_after": [0.5]}), "r2", ".2f")
        ['0.25 →\\xa00.50']
    """
    rows = zip(table[f"{name}_before"], table[f"{name}_after"], strict=True)
    return [f"{before:{form}} →\N{NO-BREAK SPACE}{after:{form}}" for before, after in rows]


def display_table(table: pd.DataFrame, keys: Sequence[str], columns: Mapping[str, Iterable[Any]]) -> pd.DataFrame:
    """Columns by what names the rows of a table; x, the quantity, by the name that readers know.

    Args:
        table: a row a row of the result.
        keys: its columns that become the index.
        columns: of the result, by their headings.

    Example:
        >>> readable(pd.DataFrame({"x": ["kl"]}), ["x"], {"R²": ["0.25"]}).reset_index().to_dict("records")
        [{'quantity': 'KL', 'R²': '0.25'}]
    """
    named = {"quantity" if key == "x" else key: [QUANTITY_NAMES.get(one, one) for one in table[key]] for key in keys}
    return pd.DataFrame({**named, **{name: list(column) for name, column in columns.items()}}).set_index([*named])


QUANTITIES = {"kl": "self_information", "self_information": "kl"}  # each, and the other that is held fixed


def regress_by_baseline(words: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Regress the weights of `weigh_corpus` on each quantity.

    Returns:
        One row a baseline and quantity: r2, correlation and slope with the ends of their 95% intervals (…_low, …_high),
        intercept, n_words, and partial_r2, what the quantity explains where the other is held fixed.
    """
    rows = []
    for baseline, table in words.groupby("baseline", sort=False):
        frame = table.set_index("word")
        weights, information = frame[["weight"]], frame[["kl", "self_information"]]
        for x, given in QUANTITIES.items():
            fit = regress(weights, information, x=x, bootstrap=bootstrap, seed=seed)
            row: dict[str, object] = {"baseline": baseline, "x": x}
            for name in ("r2", "correlation", "slope"):
                row[name] = getattr(fit, name)
                row[f"{name}_low"], row[f"{name}_high"] = getattr(fit, f"{name}_interval")
            row |= {"intercept": fit.intercept, "n_words": fit.n_words}
            rows.append(row | {"partial_r2": partial_r2(weights, information, x=x, given=given)})
    return pd.DataFrame(rows)


def display_fits(fits: pd.DataFrame, keys: Sequence[str] = ("baseline", "x")) -> pd.DataFrame:
    """Fits as text, intervals in brackets.

    Args:
        fits: from `regress_by_baseline`, or others that have the columns of a `Regression`.
        keys: the columns that name a row.
    """
    columns = {
        "R²": with_interval(fits, "r2"),
        "correlation": with_interval(fits, "correlation", "+.2f"),
        **({"slope": with_interval(fits, "slope", ".3g")} if "slope" in fits else {}),
    }
    others = {"partial_r2": ("partial R²", ".3f"), "norm": ("length", ".2f"), "lee": ("lee", ".2f")}
    for name, (heading, form) in (others | {"n_words": ("words", "d")}).items():
        if name in fits:
            columns[heading] = [f"{value:{form}}" for value in fits[name]]
    return display_table(fits, keys, columns)


def headline(words: pd.DataFrame, fits: pd.DataFrame) -> dict[str, float | int | str]:
    """The numbers that prose quotes of `weigh_corpus` and `regress_by_baseline`: of the first baseline, by quantity.

    Returns:
        baseline, words, sentences, share_once (of its words, those that occur once in the sample); r2, correlation and
        partial_r2 with the suffix _kl or _self, the former two also with _low and _high before it; direction, whether
        the weights surely rise or fall with both quantities; missed and worst_error, over all baselines.
    """
    baseline = words["baseline"].iloc[0]
    first, of_first = words[words["baseline"] == baseline], fits[fits["baseline"] == baseline].set_index("x")
    quoted = [f"{name}{end}" for name in ("r2", "correlation") for end in ("", "_low", "_high")] + ["partial_r2"]
    per_baseline = words.groupby("baseline").first()
    return {
        "baseline": str(baseline),
        "words": len(first),
        "sentences": int(first["sentences"].iloc[0]),
        "share_once": float((first["occurrences"] == 1).mean()),
        "missed": int(per_baseline["missed"].sum()),
        "worst_error": float(per_baseline["worst_error"].max()),
        "direction": _direction(of_first["correlation_low"].min(), of_first["correlation_high"].max()),
        **{
            f"{name}_{short}": float(of_first.loc[x, name])
            for x, short in (("kl", "kl"), ("self_information", "self"))
            for name in quoted
        },
    }


def _direction(lowest: float, highest: float) -> str:
    if lowest > 0:
        return "rises"
    return "falls" if highest < 0 else "neither surely rises nor surely falls"


def changes(occurrences: pd.DataFrame, setup: Setup, *, bootstrap: int = 1000, seed: int = 0) -> pd.DataFrame:
    """How the regression changes, from `train_and_weigh`.

    Returns:
        One row a setting, baseline and quantity: for each of r2, correlation and slope the columns …_before, …_after
        and …_difference, each also with _low and _high; ceiling_before and ceiling_after, the highest R² that noise
        leaves possible (`reliability`); lee_before and lee_after, means over seeds; n_words and runs.
    """
    rows = []
    for (*setting, baseline), table in occurrences.groupby([*SETTING, "baseline"], sort=False):
        start = table[table["seed"].isna()]
        runs = [run for _, run in table[table["seed"].notna()].groupby("seed")]
        before, after = mean_weights(start), [mean_weights(run) for run in runs]
        common = {
            "ceiling_before": reliability(start),
            "ceiling_after": sum(map(reliability, runs)) / len(runs),
            "lee_before": start["lee"].iloc[0],
            "lee_after": sum(run["lee"].iloc[0] for run in runs) / len(runs),
        }
        for x in QUANTITIES:
            change = compare(before, after, setup.information, x=x, bootstrap=bootstrap, seed=seed)
            named = dict(zip(SETTING, setting, strict=True)) | {"baseline": baseline}
            rows.append({**named, **change_row(change), **common})
    return pd.DataFrame(rows)


def change_row(change: Change) -> dict[str, object]:
    """A change as a row: x, n_words, runs, and …_before, …_after and …_difference of each statistic, each also with
    _low and _high."""
    row: dict[str, object] = {"x": change.x, "n_words": change.n_words, "runs": change.runs}
    for name in STATISTICS:
        for side in ("before", "after", "difference"):
            value, low, high = getattr(change, side)[name]
            row |= {f"{name}_{side}": value, f"{name}_{side}_low": low, f"{name}_{side}_high": high}
    return row


def display_changes(table: pd.DataFrame, keys: Sequence[str] = ("setting", "baseline", "x")) -> pd.DataFrame:
    """The rows of `changes` as text, intervals of the differences in brackets.

    Args:
        table: from `changes`, or another with differences.
        keys: the columns that name a row; "setting" is all of `SETTING` together.
    """
    if "setting" in keys:
        table = table.assign(setting=[" ".join(row) for row in table[SETTING].itertuples(index=False)])
    columns = {
        "R²": before_to_after(table, "r2"),
        "ΔR²": with_interval(table, "r2_difference", "+.3f"),
        "correlation": before_to_after(table, "correlation", "+.2f"),
        "Δ": with_interval(table, "correlation_difference", "+.2f"),
        "slope": before_to_after(table, "slope", ".3g"),
        **({"lee": before_to_after(table, "lee", ".2f")} if "lee_before" in table else {}),
    }
    return display_table(table, keys, columns)


Floats = NDArray[np.float64]


def r2_of(x: Floats, y: Floats) -> float:
    """R² of the least-squares fit of y on the columns of x and a constant; 0 with no column."""
    dx, dy = x - x.mean(0), y - y.mean()
    if not x.shape[1]:
        return 0.0
    coefficients, *_ = np.linalg.lstsq(dx, dy, rcond=None)
    return float(1 - ((dy - dx @ coefficients) ** 2).sum() / (dy @ dy))
