"""Execute one notebook in a Jupyter kernel of this interpreter: jupytext, then papermill."""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import jupytext
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbformat import NotebookNode

from wig_book.build.progress import Task
from wig_core.cache import write_atomically
from wig_core.errors import InputError

if TYPE_CHECKING:
    from wig_book.build.run import Run


class BuildError(RuntimeError):
    """A page or the book could not be made; the first line of the message says where and why."""


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_per_kernel() -> int:
    """How many threads a kernel computes with: half of the cores, however many kernels run at the same time.

    Sums are split between threads, so their last digits depend on the number of threads. With a fixed number, results
    do not depend on how many pages are executed at a time. If `OMP_NUM_THREADS` is set, kernels use that.
    """
    return max(1, cores() // 2)


class Kernels:
    """The running kernels, which can be stopped together."""

    def __init__(self) -> None:
        self.stopped = False
        self._pids: set[int] = set()

    def add(self, pid: int) -> None:
        """Remember a kernel that has been started."""
        self._pids.add(pid)
        if self.stopped:
            self.stop()

    def remove(self, pid: int) -> None:
        """Forget a kernel that has ended."""
        self._pids.discard(pid)

    def stop(self) -> None:
        """Kill the running kernels, and from now on each one that is started."""
        self.stopped = True
        for pid in [*self._pids]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class _OwnKernel(AsyncKernelManager):
    """A kernel of the interpreter that runs this, whatever is registered as python3 on the machine."""

    transport_encryption = "auto"  # without it a new ipykernel warns at every start

    @property
    def kernel_spec(self) -> KernelSpec:
        env = {
            "IPYTHONDIR": "book/_build/ipython",  # no start-up files of the user's
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads_per_kernel())),
            "PYTHONHASHSEED": "0",
            "PYTHONWARNINGS": "ignore:IProgress not found",  # tqdm's, at every start: there is no widget to show
        }
        return KernelSpec(env=env, **get_kernel_dict())


def _manager(kernels: Kernels) -> type[AsyncKernelManager]:
    """A kernel manager whose kernel is one of `kernels` while it runs."""

    class RegisteredKernel(_OwnKernel):
        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
            await super().start_kernel(**options)
            kernels.add(self.provisioner.pid)  # type: ignore[union-attr]

        async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
            kernels.remove(getattr(self.provisioner, "pid", 0))
            await super().cleanup_resources(restart)

    return RegisteredKernel


def execute_notebook(run: Run, task: Task, kernels: Kernels) -> NotebookNode:
    """Execute a page with its values and return the notebook with its outputs.

    Args:
        run: the page and its values.
        task: shows which cell runs, and takes what the page writes to stderr.
        kernels: where the page's kernel is registered while it runs.

    Raises:
        InputError: the page was given values that it cannot use.
        BuildError: a cell failed, or the kernel died.
    """
    import papermill  # takes a second to load
    from nbclient.exceptions import DeadKernelError

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # our own messages say what it warns of
    notebook = jupytext.read(run.page.path)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    number, start, expected = 0, time.monotonic(), run.record().get("seconds")

    def on_cell(cell: NotebookNode, cell_index: int) -> None:
        nonlocal number
        number += not _has_tag(cell, "injected-parameters")
        task.show(state_of(number, len(cells), time.monotonic() - start, expected))

    task.show(state_of(1, len(cells), 0, expected))

    values = run.values | ({"results": run.results} if run.page.has_results else {})
    kernel = {"kernel_manager_class": _manager(kernels), "shutdown_kernel": "immediate", "on_cell_execute": on_cell}
    options = {"cwd": run.root, "progress_bar": False, "stderr_file": task, "coalesce_streams": True}
    try:
        executed = papermill.execute_notebook(notebook, None, values, **options, **kernel)
        errors = [one for cell in executed.cells for one in cell.get("outputs", []) if one.output_type == "error"]
        if not errors:
            return _tidy(executed)
        fault = errors[0].ename  # SystemExit, which papermill lets pass
    except papermill.PapermillExecutionError as error:
        if error.ename == "InputError":  # the reader's values are at fault, not the page
            raise InputError(f"{run.page.name}: {first_line(error.evalue)}") from None
        fault = _out_of_memory(error.ename, error.evalue, run) or f"{error.ename}: {first_line(error.evalue)}"
        write_atomically({run.traceback: str(error)})
        task.say(f"traceback in {run.traceback.relative_to(run.root)}")
    except DeadKernelError:
        fault = f"the kernel died, most often because memory ran out; {_less_memory(run)}"
    except RuntimeError as error:  # the kernel did not start
        fault = first_line(str(error))
    source = first_line(cells[max(number - 1, 0)])
    raise BuildError(f"{run.page.path.relative_to(run.root)}, cell {number} (`{source}`): {fault}")


def state_of(cell: int, cells: int, elapsed: float, expected: float | None) -> str:
    """How far a page is: its running cell, the share of cells that are done, and the time.

    Args:
        cell: the number of the running cell, from 1.
        cells: how many there are.
        elapsed: seconds since the page began.
        expected: seconds that the page took when it was last executed; None if that is not known.

    Example:
        >>> state_of(3, 8, 12, 40), state_of(1, 8, 0, None)
        ('cell 3/8 · 25% · 12 s, about 28 s left', 'cell 1/8 · 0% · 0 s')
    """
    left = f", about {max(expected - elapsed, 0):.0f} s left" if expected else ""
    return f"cell {cell}/{cells} · {(cell - 1) / cells:.0%} · {elapsed:.0f} s{left}"


def _out_of_memory(name: str, text: str, run: Run) -> str | None:
    """The message for an error of Python, numpy or torch that means that memory ran out; None for any other error."""
    is_meant = name.endswith(("MemoryError", "OutOfMemoryError")) or "can't allocate memory" in text
    return f"ran out of memory; {_less_memory(run)}" if is_meant else None


def _less_memory(run: Run) -> str:
    return ("lower max_sentences or " if "max_sentences" in run.values else "") + "close other programs"


def _tidy(notebook: NotebookNode) -> NotebookNode:
    """Remove from an executed notebook what differs between two runs, and what only the terminal should show."""
    notebook.metadata = {name: notebook.metadata[name] for name in ("kernelspec", "language_info")}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02}"
        cell.metadata = {name: value for name, value in cell.metadata.items() if name not in ("papermill", "execution")}
        if _has_tag(cell, "injected-parameters"):
            cell.metadata["tags"].append("remove-input")
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


def _has_tag(cell: NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", [])


def first_line(text: str) -> str:
    """The first line of a text that is not blank."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
