"""From a page's numbers to the files and the prose that quote them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from wig_core.errors import InputError

DIGITS = 8  # significant; what lies behind them is rounding, and differs between machines


def publish(results: str, name: str, numbers: Mapping[str, float | int | str], **tables: pd.DataFrame) -> None:
    """Write a page's numbers and tables, and make each number known to the prose.

    Args:
        results: the folder to write to; it is made if need be.
        name: the page's name; files are `<name>.json` for the numbers and `<name>_<table>.csv` for each table.
        numbers: what the prose quotes, by the name under which it is glued.
        tables: tidy frames; their index is left out.

    Raises:
        InputError: the folder cannot be written.
    """
    from myst_nb import glue

    folder = Path(results)
    plain = {key: value if isinstance(value, str) else _rounded(value) for key, value in numbers.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
        for table, frame in tables.items():
            frame.to_csv(folder / f"{name}_{table}.csv", index=False, float_format=f"%.{DIGITS}g")
    except OSError as error:
        raise InputError(f"results {results!r} cannot be written ({error.strerror}); give another folder") from None
    for key, value in plain.items():
        glue(key, value, display=False)


def _rounded(value: float | int) -> float | int:
    return int(value) if float(value).is_integer() and not isinstance(value, float) else float(f"{value:.{DIGITS}g}")
