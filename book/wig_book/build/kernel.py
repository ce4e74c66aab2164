"""Execute one notebook in a Jupyter kernel of this interpreter: jupytext, then papermill."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import jupytext
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbformat import NotebookNode

from wig_book.build.progress import Progress
from wig_core.cache import write_atomically
from wig_core.errors import InputError

if TYPE_CHECKING:
    from wig_book.build.run import Run


class BuildError(RuntimeError):
    """A page or the book could not be made; the first line says where and why."""


class _OwnKernel(AsyncKernelManager):
    """A kernel of the interpreter that runs this, whatever the machine has registered as python3."""

    transport_encryption = "auto"  # without it a new ipykernel warns at every start

    @property
    def kernel_spec(self) -> KernelSpec:
        env = {
            "IPYTHONDIR": "book/_build/ipython",  # no start-up files of the user's
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "PYTHONHASHSEED": "0",
            "PYTHONWARNINGS": "ignore:IProgress not found",  # tqdm's, at every start: there is no widget to show
        }
        return KernelSpec(env=env, **get_kernel_dict(["--InlineBackend.figure_formats={'retina'}"]))


def execute_notebook(run: Run, progress: Progress) -> NotebookNode:
    """Execute a page with its values and return the notebook with its outputs.

    Raises:
        InputError: the page was given values that it cannot use.
        BuildError: a cell failed, or the kernel died.
    """
    import papermill  # takes a second to load
    from nbclient.exceptions import DeadKernelError

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what it says of annotations and faults, we say better
    notebook = jupytext.read(run.page.path)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    number, start = 0, time.monotonic()

    def on_cell(cell: NotebookNode, cell_index: int) -> None:
        nonlocal number
        number += not _has_tag(cell, "injected-parameters")
        progress.show(f"cell {number}/{len(cells)} · {time.monotonic() - start:.0f} s")

    values = run.values | ({"results": run.results} if run.page.has_results else {})
    kernel = {"kernel_manager_class": _OwnKernel, "shutdown_kernel": "immediate", "on_cell_execute": on_cell}
    options = {"cwd": run.root, "progress_bar": False, "stderr_file": progress, "coalesce_streams": True}
    try:
        executed = papermill.execute_notebook(notebook, None, values, **options, **kernel)
        errors = [one for cell in executed.cells for one in cell.get("outputs", []) if one.output_type == "error"]
        if not errors:
            return _tidy(executed)
        fault = errors[0].ename  # SystemExit, which papermill lets pass
    except papermill.PapermillExecutionError as error:
        if error.ename == "InputError":  # what the reader gave, not what the page does with it
            raise InputError(f"{run.page.name}: {first_line(error.evalue)}") from None
        fault = _ran_out(error.ename, error.evalue, run) or f"{error.ename}: {first_line(error.evalue)}"
        write_atomically({run.traceback: str(error)})
        progress.say(f"traceback in {run.traceback.relative_to(run.root)}")
    except DeadKernelError:
        fault = f"the kernel died, most often because memory ran out; {_less_memory(run)}"
    except RuntimeError as error:  # the kernel never came up
        fault = first_line(str(error))
    source = first_line(cells[max(number - 1, 0)])
    raise BuildError(f"{run.page.path.relative_to(run.root)}, cell {number} (`{source}`): {fault}")


def _ran_out(name: str, text: str, run: Run) -> str | None:
    """What to say of an error that is for want of memory: Python's, numpy's or torch's; None for any other."""
    wants = name.endswith(("MemoryError", "OutOfMemoryError")) or "can't allocate memory" in text
    return f"ran out of memory; {_less_memory(run)}" if wants else None


def _less_memory(run: Run) -> str:
    return ("lower max_sentences or " if "max_sentences" in run.values else "") + "close other programs"


def _tidy(notebook: NotebookNode) -> NotebookNode:
    """Take out of an executed notebook what differs between two runs, and what only the terminal should see."""
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
    """Return the first line of a text that is not blank."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
