"""Tables for people: numbers as text, intervals in brackets, before and after in one cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

QUANTITY_NAMES = {"kl": "KL", "self_information": "−log P", "kl_corrected": "KL corrected"}


def bracketed(
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


def moved(table: pd.DataFrame, name: str, form: str = ".3f") -> list[str]:
    """The numbers `<name>_before` and `<name>_after`.

    Example:
        >>> moved(pd.DataFrame({"r2_before": [0.25], "r2_after": [0.5]}), "r2", ".2f")
        ['0.25 →\\xa00.50']
    """
    rows = zip(table[f"{name}_before"], table[f"{name}_after"], strict=True)
    return [f"{before:{form}} →\N{NO-BREAK SPACE}{after:{form}}" for before, after in rows]


def readable(table: pd.DataFrame, keys: Sequence[str], columns: Mapping[str, Iterable[Any]]) -> pd.DataFrame:
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
