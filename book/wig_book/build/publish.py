"""From a page's numbers to the files and the prose that quote them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from wig_core.cache import write_atomically, write_failure
from wig_core.errors import InputError


def shipped_table(folder: str | None, name: str, *, then: Callable[[pd.DataFrame], Any] = lambda table: table) -> Any:
    """A table that an earlier run left in a folder, shown by `then`; a line that says so where there is none.

    Args:
        folder: such as "results/full".
        name: of the table, without its ending.
        then: what to make of it.
    """
    from IPython.display import Markdown

    path = Path(folder or "") / f"{name}.csv"
    missing = Markdown(f"No run of the profile has left `{name}.csv`.")
    return then(pd.read_csv(path)) if folder and path.is_file() else missing


DIGITS = 8  # significant; what lies behind them is rounding, and differs between machines


def publish(results: str, name: str, numbers: Mapping[str, float | int | str], **tables: pd.DataFrame) -> None:
    """Write a page's numbers and tables, and make each number known to the prose.

    Args:
        results: the folder to write to; it is made if need be.
        name: the page's name; files are `<name>.json` for the numbers and `<name>_<table>.csv` for each table.
        numbers: what the prose quotes, by the name under which it is glued; null in the file where there is none (nan).
        tables: tidy frames; their index is left out.

    Raises:
        InputError: the folder cannot be written; older files in it stay as they were.
    """
    from myst_nb import glue

    folder = Path(results)
    plain = {key: value if isinstance(value, str) else _rounded(value) for key, value in numbers.items()}
    known = {key: None if value != value else value for key, value in plain.items()}  # JSON has no nan
    texts: dict[Path, str] = {folder / f"{name}.json": json.dumps(known, indent=1, allow_nan=False) + "\n"}
    for table, frame in tables.items():
        texts[folder / f"{name}_{table}.csv"] = frame.to_csv(None, index=False, float_format=f"%.{DIGITS}g")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(texts)
    except OSError as error:
        if not (why := write_failure(error)):
            raise
        raise InputError(f"results {results!r} cannot be written {why}, or give another folder") from None
    for key, value in plain.items():
        glue(key, value, display=False)


def _rounded(value: float | int) -> float | int:
    return int(value) if float(value).is_integer() and not isinstance(value, float) else float(f"{value:.{DIGITS}g}")
