"""Pages as notebooks for Jupyter Lab and plain papermill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jupytext
import nbformat

from wig_book.build.pages import Parameter, Profile, Project
from wig_book.build.run import Run
from wig_book.build.values import PLACES

RESULTS = Parameter("results", "str", "results/notebooks", "folder for the numbers")


def write_notebooks(project: Project, profile: Profile, folder: Path) -> list[Path]:
    """Write each page of a profile as an .ipynb file, whose parameters have the profile's values.

    The notebooks do not depend on where they lie: files of the project are named by their whole path. Their numbers go
    to `results/notebooks`, so that those of the book stay as they are.

    Args:
        project: where the pages are.
        profile: the pages and their values.
        folder: for the notebooks; it is made if necessary, and older notebooks are replaced.

    Returns:
        The files written, in the order of the pages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(Run.of(project.root, page, profile), folder) for page in profile.pages]


def _write(run: Run, folder: Path) -> Path:
    notebook = jupytext.read(run.page.path)
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02}"
        if "parameters" in cell.metadata.get("tags", []):
            given = [replace(one, default=_absolute(run, name)) for name, one in run.page.parameters.items()]
            cell.source = "\n".join(map(str, [*given, *([RESULTS] if run.page.has_results else [])]))
    path = folder / f"{run.page.name}.ipynb"
    path.write_text(nbformat.writes(notebook) + "\n", "utf-8")
    return path


def _absolute(run: Run, name: str) -> object:
    """The value of a parameter; a file of the project by its whole path."""
    value = run.values[name]
    is_file = name in PLACES and isinstance(value, str) and value and (run.root / value).exists()
    return str(run.root / value) if is_file else value
