"""Run the code of pages in this process, without a kernel.

`accelerate launch -m wig_core precompute` does so in several processes, for the expensive steps: a page is executed by
one kernel, which has one process, but what takes its time, training and attribution, is kept in the cache
(`wig_core.cache`), and there processes share the work. Afterwards `wig book` finds all of it done.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

import jupytext

from wig_book.build.kernel import threads_per_kernel
from wig_book.build.progress import Progress
from wig_book.build.run import Run
from wig_core.training.distributed import is_main_process


def precompute(runs: Iterable[Run], progress: Progress) -> None:
    """Fill the cache with everything that pages need of it; what they show and publish is dropped.

    Raises:
        InputError: see the functions that the pages call.
    """
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(threads_per_kernel())  # the results are those of kernels, to the last digit
    for run in runs:
        if is_main_process():
            progress.say(f"{run.page.name} · {run.page.title}")
        with tempfile.TemporaryDirectory() as results:
            run_cells(run, Path(results))


def run_cells(run: Run, results: Path) -> None:
    """Run the code cells of a page with its values, as plain Python; what they show is dropped.

    Args:
        run: the page and its values.
        results: the folder that the page writes its numbers to.

    Raises:
        InputError: see the functions that the page calls.
    """
    os.environ["MPLBACKEND"] = "agg"  # before the first page imports matplotlib
    from matplotlib import pyplot

    values = run.values | ({"results": str(results)} if run.page.has_results else {})
    names: dict[str, Any] = {"__name__": "__main__"}
    with chdir(run.root), Path(os.devnull).open("w") as nothing, redirect_stdout(nothing):
        for cell in jupytext.read(run.page.path).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, run.page.name, "exec"), names)  # the repository's own notebook
            if "parameters" in cell.metadata.get("tags", []):
                names |= values
    pyplot.close("all")
