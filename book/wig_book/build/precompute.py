"""The dear steps of pages ahead of the pages, perhaps in several processes: `accelerate launch -m wig_core warm`.

A page is executed by one kernel, which has one process. But what takes its time, training and attribution, is kept in
the cache (`wig_core.cache`), and there processes share the work. So each of them runs the page's code
here, as plain Python; afterwards `wig book` finds all of it done.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

import jupytext

from wig_book.build.progress import Progress
from wig_book.build.run import Run
from wig_core.training.distributed import is_main_process


def warm(runs: Iterable[Run], progress: Progress) -> None:
    """Run the code of pages for what it leaves in the cache; what it shows and publishes is dropped.

    Raises:
        InputError: see the functions that the pages call.
    """
    os.environ["MPLBACKEND"] = "agg"  # before the first page imports it
    for run in runs:
        if is_main_process():
            progress.say(f"{run.page.name} · {run.page.title}")
        with tempfile.TemporaryDirectory() as nowhere, chdir(run.root):
            _run_code(run, nowhere)


def _run_code(run: Run, results: str) -> None:
    from matplotlib import pyplot

    values = run.values | ({"results": results} if run.page.has_results else {})
    names: dict[str, Any] = {"__name__": "__main__"}
    with Path(os.devnull).open("w") as nothing, redirect_stdout(nothing):
        for cell in jupytext.read(run.page.path).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, run.page.name, "exec"), names)
            if "parameters" in cell.metadata.get("tags", []):
                names |= values
    pyplot.close("all")
