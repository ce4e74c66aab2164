"""The command ``wig``: list the pages, run one with other parameters, or make the book."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wig_core.book.html import make_book, make_page
from wig_core.book.pages import Page, ParameterError, Project, read_yaml
from wig_core.errors import InputError
from wig_core.runner import BuildError, Progress, Run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 2 for a fault of the user's, 1 for a page or book that fails."""
    options = _parser().parse_args(arguments)
    try:
        options.command(Project.find(Path.cwd()), options)
    except ParameterError as error:
        return _fail(2, str(error), *(f"  {parameter}" for parameter in error.page.parameters.values()))
    except InputError as error:
        return _fail(2, str(error))
    except BuildError as error:
        return _fail(1, str(error))
    except KeyboardInterrupt:
        return _fail(130, "interrupted; finished pages are kept")
    return 0


def show_pages(project: Project, options: argparse.Namespace) -> None:
    """Print every page with its parameters."""
    for page in project.pages:
        print(f"{page.name} · {page.title}", *page.parameters.values(), sep="\n    ")


def run_page(project: Project, options: argparse.Namespace) -> None:
    """Execute one page and print where it is, its notebook and its numbers."""
    page = project.page(options.name)
    run = Run.of(project.root, page, project.profile(options.profile), _given(project, page, options))
    html = make_page(project, run, Progress(), force=options.force)
    print(html, run.notebook, *([project.root / run.results] if page.has_results else []), sep="\n")


def make(project: Project, options: argparse.Namespace) -> None:
    """Make the book and print where it begins."""
    print(make_book(project, project.profile(options.profile), Progress()))


def _given(project: Project, page: Page, options: argparse.Namespace) -> dict[str, Any]:
    """Return the checked values of ``-f`` and ``-p``; a file's name is meant from where the user stands."""
    read = read_yaml(options.file) if options.file else {}
    given = {name: page.check(name, value, str(options.file)) for name, value in read.items()}
    given |= {name: page.check(name, text, "-p") for name, text in options.parameters}
    return {name: _from_here(project, value) for name, value in given.items()}


def _from_here(project: Project, value: Any) -> Any:
    if isinstance(value, list):
        return [_from_here(project, one) for one in value]
    try:
        here = isinstance(value, str) and value and Path(value).exists()
    except OSError:
        return value
    if not here:
        return value
    path = Path(value).resolve()
    return str(path.relative_to(project.root) if path.is_relative_to(project.root) else path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="wig", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="show the pages and their parameters")
    listing.set_defaults(command=show_pages)
    run = commands.add_parser("run", help="execute one page, with other parameters if you like")
    run.add_argument("name", metavar="NAME", help="a page: 03_regression, or just regression")
    run.add_argument(
        "-p", dest="parameters", nargs=2, action="append", default=[], metavar=("KEY", "VALUE"), help="a parameter"
    )
    run.add_argument("-f", dest="file", type=Path, metavar="FILE.yml", help="a file of parameters; -p goes before it")
    run.add_argument("--force", action="store_true", help="execute the page even if nothing has changed")
    run.set_defaults(command=run_page)
    book = commands.add_parser("book", help="execute what has changed and build the book")
    book.set_defaults(command=make)
    for command in (run, book):
        command.add_argument("--profile", default="quick", help="one of notebooks/profiles (default: quick)")
    return parser


def _fail(code: int, *lines: str) -> int:
    print(f"wig: {lines[0]}", *lines[1:], sep="\n", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
