"""The commands of ``wig`` that need the book: list, run, book, pdf, notebooks, verify, precompute and plan.

The packages they need are imported when a command runs, so that `wig explain` and `wig --help` work without them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wig_core.cli import fail, positive
from wig_core.errors import InputError

if TYPE_CHECKING:
    from wig_book.build.pages import Page, Project

Command = Callable[["Project", argparse.Namespace], None]


def in_project(command: Command, options: argparse.Namespace) -> None:
    """Run a command in the project around the current folder.

    Raises:
        InputError: bad input, or the book's packages are not installed.
        SystemExit: 1 for a page or book that fails.
    """
    try:
        from wig_book.build.kernel import BuildError
        from wig_book.build.pages import Project
        from wig_core.cache import write_failure
    except ModuleNotFoundError as error:
        raise InputError(f"the book's packages are missing ({error.name}); pip install 'wig-core[book]'") from None
    try:
        command(Project.find(Path.cwd()), options)
    except BuildError as error:
        raise SystemExit(fail(1, str(error))) from None
    except KeyboardInterrupt:
        raise SystemExit(fail(130, "interrupted; finished pages are kept")) from None
    except OSError as error:
        if not (why := write_failure(error)) or not error.filename:  # without a name it is standard output
            raise
        message = f"{error.filename} cannot be written {why} and run again: finished pages are kept"
        raise SystemExit(fail(1, message)) from None


def show_pages(project: Project, options: argparse.Namespace) -> None:
    """Print every page with its parameters."""
    for page in project.pages:
        print(f"{page.name} · {page.title}", *page.parameters.values(), sep="\n    ")


def run_page(project: Project, options: argparse.Namespace) -> None:
    """Execute one page and print the paths of its HTML, its notebook and its numbers."""
    from wig_book.build.html import make_page
    from wig_book.build.progress import Progress
    from wig_book.build.run import Run

    page = project.page(options.name)
    run = Run.of(project.root, page, project.profile(options.profile), _given(project, page, options))
    html = make_page(project, run, Progress(), force=options.force)
    written = [html, run.notebook, *([project.root / run.results] if page.has_results else [])]
    print(*map(clickable, written), sep="\n")


def make(project: Project, options: argparse.Namespace) -> None:
    """Make the book and print the path of its first page."""
    from wig_book.build.html import make_book
    from wig_book.build.progress import Progress

    print(clickable(make_book(project, project.profile(options.profile), Progress(), jobs=options.jobs)))


def print_book(project: Project, options: argparse.Namespace) -> None:
    """Print the built book as one PDF and print its path."""
    from wig_book.build.pdf import make_pdf
    from wig_book.build.progress import Progress

    build = project.root / "book/_build"
    print(clickable(make_pdf(build / "html", build / "source/_toc.yml", build / "book.pdf", Progress())))


def write_pages(project: Project, options: argparse.Namespace) -> None:
    """Write the pages as .ipynb files and print their paths."""
    from wig_book.build.notebooks import write_notebooks

    folder = options.folder or project.root / "book/_build/notebooks"
    print(*map(clickable, write_notebooks(project, project.profile(options.profile), folder)), sep="\n")


def verify_numbers(project: Project, options: argparse.Namespace) -> None:
    """Execute pages again and compare their numbers with the shipped ones."""
    from wig_book.build.progress import Progress
    from wig_book.build.verify import verify

    agreed = verify(project, project.profile(options.profile), Progress(), options.names, jobs=options.jobs)
    print(f"{agreed} numbers agree with results/{options.profile}")


def fill_cache(project: Project, options: argparse.Namespace) -> None:
    """Do the expensive steps of pages, shared by all processes that were launched; pages find the results cached."""
    from wig_book.build.precompute import precompute
    from wig_book.build.progress import Progress
    from wig_book.build.run import Run

    profile = project.profile(options.profile)
    pages = [project.page(name) for name in options.names] or profile.pages
    precompute((Run.of(project.root, page, profile) for page in pages), Progress())


def show_plan(project: Project, options: argparse.Namespace) -> None:
    """Print an estimate of what pages need."""
    from wig_book.build.plan import as_text, plan
    from wig_book.build.progress import Progress
    from wig_book.build.run import Run

    profile = project.profile(options.profile)
    pages = [project.page(name) for name in options.names] or profile.pages
    runs = [Run.of(project.root, page, profile) for page in pages]
    found = plan(runs, Progress())
    print(json.dumps(found.as_json(), indent=1) if options.json else as_text(found))


def clickable(path: Path) -> str:
    """A path as a link that a terminal opens (OSC 8); the path alone where no terminal reads it."""
    return f"\x1b]8;;{path.resolve().as_uri()}\x1b\\{path}\x1b]8;;\x1b\\" if sys.stdout.isatty() else str(path)


def _given(project: Project, page: Page, options: argparse.Namespace) -> dict[str, Any]:
    """The checked values of ``-f`` and ``-p``; paths are relative to the current folder."""
    from wig_book.build.values import PLACES, from_here, read_yaml

    read = read_yaml(options.file) if options.file else {}
    if options.file and not read:
        raise InputError(f"{options.file}: is empty; write lines of `name: value`")
    names = [name for name, _ in options.parameters]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"-p: {twice} is given twice; give it once, several values as '[a, b]'")
    given = {name: page.check(name, value, str(options.file)) for name, value in read.items()}
    given |= {name: page.check(name, text, "-p") for name, text in options.parameters}
    return {name: from_here(value, project.root) if name in PLACES else value for name, value in given.items()}


def add_commands(commands: Any) -> None:
    """Add the book's commands to those of a parser."""
    listing = commands.add_parser("list", help="show the pages and their parameters")
    listing.set_defaults(command=partial(in_project, show_pages))
    run = commands.add_parser("run", help="execute one page, with other parameters if you like")
    run.add_argument("name", metavar="NAME", help="a page: 03_regression, or just regression")
    run.add_argument(
        "-p", dest="parameters", nargs=2, action="append", default=[], metavar=("KEY", "VALUE"), help="a parameter"
    )
    run.add_argument("-f", dest="file", type=Path, metavar="FILE.yml", help="a file of parameters; -p overrides it")
    run.add_argument("--force", action="store_true", help="execute the page even if nothing has changed")
    run.set_defaults(command=partial(in_project, run_page))
    book = commands.add_parser("book", help="execute what has changed and build the book")
    book.set_defaults(command=partial(in_project, make))
    printing = commands.add_parser("pdf", help="print the built book as one PDF, with Chromium")
    printing.set_defaults(command=partial(in_project, print_book))
    writing = commands.add_parser("notebooks", help="write the pages as .ipynb files, for Jupyter Lab and papermill")
    writing.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="for the files (default: book/_build/notebooks)"
    )
    writing.set_defaults(command=partial(in_project, write_pages))
    verifying = commands.add_parser(
        "verify", help="execute pages again and compare their numbers with those in the repository"
    )
    verifying.add_argument("names", nargs="*", metavar="NAME", help="pages (default: all that have shipped numbers)")
    verifying.set_defaults(command=partial(in_project, verify_numbers))
    filling = commands.add_parser(
        "precompute",
        help="cache the expensive steps of pages; with `accelerate launch -m wig_core precompute` on several GPUs",
    )
    filling.add_argument("names", nargs="*", metavar="NAME", help="pages (default: all of the profile)")
    filling.set_defaults(command=partial(in_project, fill_cache))
    planning = commands.add_parser("plan", help="estimate what the book needs: downloads, work, time, memory")
    planning.add_argument("names", nargs="*", metavar="NAME", help="pages (default: all of the profile)")
    planning.add_argument("--json", action="store_true", help="print JSON")
    planning.set_defaults(command=partial(in_project, show_plan))
    for command in (book, verifying):
        command.add_argument(
            "--jobs",
            type=positive,
            metavar="N",
            help="pages executed at a time (default: 2 if cores and memory allow and there is no GPU, else 1)",
        )
    for command in (run, book, writing, verifying, filling, planning):
        command.add_argument("--profile", default="quick", help="one of notebooks/profiles (default: quick)")
