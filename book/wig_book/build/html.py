"""From executed pages and prose to HTML, with Jupyter Book; the last good book stays until the new one is complete."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import yaml

from wig_book.build.claims import read_claims, read_run
from wig_book.build.claims_page import claims_page, summary
from wig_book.build.execute import build_lock, execute_pages
from wig_book.build.kernel import BuildError
from wig_book.build.opening import opening
from wig_book.build.pages import TITLE, Profile, Project
from wig_book.build.progress import Progress
from wig_book.build.provenance import caption, provenance, write_provenance
from wig_book.build.run import Run, digest, versions

FAULT = re.compile(r"WARNING|ERROR|^\w+Error: \S")  # in Sphinx's output: its messages, the end of a traceback

MATHJAX = ["tex-chtml.js", "output/chtml/fonts/woff-v2"]  # what pages ask for: the program and its fonts
JUPYTER_BOOK = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]


def make_book(project: Project, profile: Profile, progress: Progress, *, jobs: int | None = None) -> Path:
    """Execute the pages of a profile that are not current, build the book, and return its first page.

    Args:
        project: the pages and the prose.
        profile: the values that the pages take.
        progress: shows how far it is.
        jobs: how many pages to execute at a time; see `execute_pages`.

    Raises:
        InputError: a page was given values that it cannot use.
        BuildError: a page failed, or the book gives warnings.
    """
    runs = [Run.of(project.root, page, profile) for page in profile.pages]
    with build_lock(project.root, progress):
        execute_pages(runs, progress, jobs=jobs)
        write_provenance(project.root, runs)
        build = project.root / "book/_build"
        source = assemble(project, runs, build / "source")
        prune(source / "_toc.yml", {f"notebooks/{page.name}" for page in project.pages if page not in profile.pages})
        return build_html(source, build / "html", progress, strict=True) / "index.html"


def make_page(project: Project, run: Run, progress: Progress, *, force: bool = False) -> Path:
    """Execute one page if it is not current, or by `force`; build a small book around it and return its HTML page.

    Raises:
        InputError, BuildError: see `make_book`.
    """
    with build_lock(project.root, progress):
        execute_pages([run], progress, force=force)
        write_provenance(project.root, [run])
        folder = project.root / f"book/_build/runs/{run.page.name}-{run.label}"
        source = assemble(project, [run], folder / "source")
        name = f"notebooks/{run.page.name}"
        toc = {"format": "jb-book", "root": name, "chapters": [{"file": "provenance"}, {"file": "references"}]}
        (source / "_toc.yml").write_text(yaml.safe_dump(toc), "utf-8")
        return build_html(source, folder / "html", progress, strict=False) / f"{name}.html"


def assemble(project: Project, runs: list[Run], source: Path) -> Path:
    """Put prose, configuration, executed pages and their provenance into a new folder `source`."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(project.root / "book", source, ignore=shutil.ignore_patterns("_build", "wig_book"))
    (source / "notebooks").mkdir()
    for run in runs:
        nbformat.write(for_reading(run), source / f"notebooks/{run.page.name}.ipynb")
    (source / "provenance.md").write_text(provenance(project.root, runs), "utf-8")
    write_claims(project, runs, source)
    (source / "opening.txt").write_text(opening(project.root / "results/full"), "utf-8")
    config = yaml.safe_load((source / "_config.yml").read_text("utf-8"))
    config.setdefault("parse", {}).setdefault("myst_substitutions", {})["profile"] = runs[0].profile
    config.setdefault("html", {})["extra_footer"] = f"<p>Profile {runs[0].profile}</p>"
    (source / "_config.yml").write_text(yaml.safe_dump(config), "utf-8")
    return source


def write_claims(project: Project, runs: list[Run], source: Path) -> None:
    """Put the page of claims, and the short table that the front page includes, into the book's source.

    The shipped run of the profile full has a column beside the run's own.
    """
    path = project.root / "book/claims.yml"
    if not path.is_file():
        return
    claims, own = read_claims(path), read_run(project.root, runs[0].results, {run.page.short for run in runs})
    measured = {runs[0].profile: own}
    if runs[0].profile != "full":
        measured["full"] = read_run(project.root, "results/full")
    links = {run.page.short: f"/notebooks/{run.page.name}" for run in runs}
    (source / "claims.md").write_text(claims_page(claims, measured, links), "utf-8")
    (source / "claims_table.txt").write_text(summary(claims, measured), "utf-8")


def for_reading(run: Run) -> nbformat.NotebookNode:
    """Return the executed page as the book shows it: a caption below its title and answer, and its code folded.

    The caption holds the parameters, so that their cell is left out.
    """
    notebook = nbformat.read(run.notebook, as_version=4)
    titled = next(cell for cell in notebook.cells if cell.cell_type == "markdown" and TITLE.search(cell.source))
    titled.source += f"\n\n{caption(run)}"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            tags = cell.metadata.get("tags", [])
            cell.metadata["tags"] = [*tags, "remove-input" if "parameters" in tags else "hide-input"]
    return notebook


def prune(toc: Path, dropped: set[str]) -> None:
    """Remove pages from a table of contents."""
    entries = yaml.safe_load(toc.read_text("utf-8"))
    toc.write_text(yaml.safe_dump(_without(entries, dropped), sort_keys=False), "utf-8")


def build_html(source: Path, target: Path, progress: Progress, *, strict: bool) -> Path:
    """Build the HTML of `source` as `target`, unless it was built from the same source already.

    Args:
        source: the folder of a Jupyter Book.
        target: the folder for its HTML.
        progress: shows that it is being built.
        strict: every warning is an error.

    Raises:
        BuildError: Jupyter Book fails; `target` stays as it is.
    """
    stamp = target / ".source"
    made_of = f"{digest(source)} {versions(['jupyter-book', 'sphinx', 'sphinx-book-theme', 'myst-nb'])}"
    if stamp.exists() and stamp.read_text("utf-8") == made_of:
        progress.say("nothing changed since this was built")
        return target
    progress.say("building the HTML …")
    new = target.with_name(f"{target.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    options = ["-W", "-n", "--keep-going"] if strict else []
    command = [*JUPYTER_BOOK, "build", "-q", *options, "--path-output", str(new), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        faults = [line.replace(f"{source}/", "") for line in done.stderr.splitlines() if FAULT.search(line)]
        raise BuildError("\n".join([f"the book was not built; {target} is as it was", *dict.fromkeys(faults)]))
    built = new / "_build/html"
    trim_mathjax(built / "_static/mathjax")
    (built / stamp.name).write_text(made_of, "utf-8")
    if target.exists():
        target.rename(new / "old")
    built.rename(target)
    shutil.rmtree(new)
    return target


def trim_mathjax(folder: Path) -> None:
    """Remove from a copy of MathJax everything but `MATHJAX`; that leaves 1.5 of 24 MB."""
    whole = folder.rename(folder.with_name("mathjax.whole"))
    for part in MATHJAX:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (whole / part).rename(folder / part)
    shutil.rmtree(whole)


def _without(entry: Any, dropped: set[str]) -> Any:
    if isinstance(entry, list):
        return [_without(one, dropped) for one in entry if not (isinstance(one, dict) and one.get("file") in dropped)]
    return {name: _without(one, dropped) for name, one in entry.items()} if isinstance(entry, dict) else entry
