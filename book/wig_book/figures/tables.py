"""Tables for display: numbers as text, intervals in brackets, before and after in one cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from wig_book.labels import COLUMNS, MEASURE_NAMES, setting_names


def show(table: pd.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Build the display of a table: index columns, then formatted columns under the headings of `labels.COLUMNS`.

    Args:
        table: one row per row of the result, in the row format of `wig_book.experiments.rows`.
        by: the columns that name a row; "x" is shown as "quantity", and "setting" is all of `SETTING` in one column.
        columns: statistics of the table. One that has an interval is shown with it; one of which the table has
            `<name>_before` and `<name>_after` is shown as a change; one that the table lacks is left out.

    Example:
        >>> fits = pd.DataFrame({"x": ["kl"], "r2": [0.25], "r2_low": [0.125], "r2_high": [0.5], "n_words": [9]})
        >>> show(fits, ["x"], ["r2", "n_words", "lacking"]).reset_index().to_dict("records")
        [{'quantity': 'KL(w)', 'R²': '0.250 [0.125, 0.500]', 'words': '9'}]
        >>> show(pd.DataFrame({"x": ["kl"], "r2_before": [0.1], "r2_after": [0.2]}), ["x"], ["r2"])["R²"].tolist()
        ['0.100 →\\xa00.200']
    """
    if "setting" in by:
        table = table.assign(setting=setting_names(table))
    index = {"quantity" if key == "x" else key: [MEASURE_NAMES.get(one, one) for one in table[key]] for key in by}
    shown = {}
    for name in columns:
        heading, form = COLUMNS.get(name, (name.replace("_", " "), ""))
        if name in table:
            shown[heading] = _with_interval(table, name, form)
        elif f"{name}_before" in table:
            shown[heading] = _as_change(table, name, form)
    return pd.DataFrame({**index, **shown}).set_index([*index])


def paper_nearest(levels: pd.DataFrame) -> pd.DataFrame:
    """The table of the reading that is nearest to the paper's: R² and correlation of own subwords under [PAD] with KL.

    Args:
        levels: from `wig_book.experiments.levels.levels`.

    Returns:
        One row per encoder and text. The columns are what the summary of the paper leaves open: types or occurrences,
        and KL of the text itself or of the source. On the source itself the two are one.
    """
    chosen = "unit == 'subword' and baseline == 'pad' and quantity == 'kl' and method == 'ig'"
    rows = levels.query(chosen)
    own = rows["information"] == rows["text"]
    column = rows["estimand"] + ", KL of " + rows["information"].mask(own, "the text")
    cells = [f"{r2:.2f} (r\xa0=\xa0{r:.2f})" for r2, r in zip(rows["r2"], rows["correlation"], strict=True)]
    wide = rows.assign(column=column, cell=cells).pivot(index=["encoder", "text"], columns="column", values="cell")
    order = list(dict.fromkeys(zip(rows["encoder"], rows["text"], strict=True)))
    return wide.reindex(order).fillna("the same").rename_axis(columns=None)


def _with_interval(table: pd.DataFrame, name: str, form: str) -> list[str]:
    middle = [_text(value, form) for value in table[name]]
    if f"{name}_low" not in table:
        return middle
    ends = zip(table[f"{name}_low"], table[f"{name}_high"], strict=True)
    brackets = [f" [{_text(low, form)}, {_text(high, form)}]" for low, high in ends]
    return [value + bracket for value, bracket in zip(middle, brackets, strict=True)]


def _as_change(table: pd.DataFrame, name: str, form: str) -> list[str]:
    sides = zip(table[f"{name}_before"], table[f"{name}_after"], strict=True)
    return [f"{_text(before, form)} →\N{NO-BREAK SPACE}{_text(after, form)}" for before, after in sides]


def _text(value: Any, form: str) -> str:
    return f"{value:{form}}".replace("e-", "e−")
