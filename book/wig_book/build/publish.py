"""The numbers of a page: written to files, glued for prose, and read back from earlier runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from wig_core.cache import write_atomically, write_failure
from wig_core.errors import InputError

DIGITS = 8  # significant; those beyond are rounding, and differ between machines


def publish(results: str, name: str, numbers: Mapping[str, float | int | str], **tables: pd.DataFrame) -> None:
    """Write a page's numbers and tables, and in a kernel glue each number for the prose.

    Args:
        results: the folder to write to; it is made if necessary.
        name: the page's name; files are `<name>.json` for the numbers and `<name>_<table>.csv` for each
            table, or `<name>.csv` for the table of the page's own name.
        numbers: what the prose quotes, by the name under which it is glued; NaN is null in the file.
        tables: tidy frames; their index is left out.

    Raises:
        InputError: the folder cannot be written; older files in it stay as they were.
    """
    folder = Path(results)
    plain = {key: value if isinstance(value, str) else _rounded(value) for key, value in numbers.items()}
    known = {key: None if value != value else value for key, value in plain.items()}  # JSON has no NaN
    texts: dict[Path, str] = {folder / f"{name}.json": json.dumps(known, indent=1, allow_nan=False) + "\n"}
    for table, frame in tables.items():
        file = name if table == name else f"{name}_{table}"
        texts[folder / f"{file}.csv"] = frame.to_csv(None, index=False, float_format=f"%.{DIGITS}g")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(texts)
    except OSError as error:
        if not (why := write_failure(error)):
            raise
        raise InputError(f"results {results!r} cannot be written {why}, or give another folder") from None
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython():  # else there is no notebook to glue to
        from myst_nb import glue

        for key, value in plain.items():
            glue(key, value, display=False)


def _rounded(value: float | int) -> float | int:
    return int(value) if float(value).is_integer() and not isinstance(value, float) else float(f"{value:.{DIGITS}g}")


def read_shipped(folder: str | None, name: str) -> pd.DataFrame | None:
    """A table that an earlier run left in a folder, or None if there is none.

    Args:
        folder: such as "results/full"; None for no folder.
        name: of the table, without its ending.
    """
    path = Path(folder or "") / f"{name}.csv"
    return pd.read_csv(path) if folder and path.is_file() else None
