"""The command ``wig``: list the pages, run one with other parameters, make the book, or explain a sentence."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wig_core.book.html import make_book, make_page
from wig_core.book.pages import Page, ParameterError, Project, read_yaml
from wig_core.book.verify import verify
from wig_core.cache import unwritten
from wig_core.errors import InputError
from wig_core.runner import BuildError, Progress, Run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 2 for a fault of the user's, 1 for a page or book that fails."""
    options = _parser().parse_args(arguments)
    try:
        if options.command is explain:
            explain(options)
        else:
            options.command(Project.find(Path.cwd()), options)
    except ParameterError as error:
        return _fail(2, str(error), *(f"  {parameter}" for parameter in error.page.parameters.values()))
    except InputError as error:
        return _fail(2, str(error))
    except BuildError as error:
        return _fail(1, str(error))
    except OSError as error:
        if not (why := unwritten(error)):
            raise
        return _fail(1, f"{error.filename or 'a file'} cannot be written {why} and run again: finished pages are kept")
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


def verify_numbers(project: Project, options: argparse.Namespace) -> None:
    """Run the pages again and compare their numbers with the shipped ones."""
    agreed = verify(project, project.profile(options.profile), Progress(), options.names)
    print(f"{agreed} numbers agree with results/{options.profile}")


def warm_cache(project: Project, options: argparse.Namespace) -> None:
    """Do what takes the pages their time, in as many processes as there are; the pages find it in the cache."""
    from wig_core.book.warm import warm

    profile = project.profile(options.profile)
    pages = [project.page(name) for name in options.names] or profile.pages
    warm((Run.of(project.root, page, profile) for page in pages), Progress())


def show_plan(project: Project, options: argparse.Namespace) -> None:
    """Print what pages will need, before any of it is done."""
    from wig_core.book.plan import as_text, plan

    profile = project.profile(options.profile)
    pages = [project.page(name) for name in options.names] or profile.pages
    runs = [Run.of(project.root, page, profile) for page in pages]
    found = plan(runs, Progress(), calibrated=options.calibration)
    print(json.dumps(found.as_json(), indent=1) if options.json else as_text(found))


def explain(options: argparse.Namespace) -> None:
    """Print which words drive the embedding of sentences, or the similarity of two."""
    from wig_core.attribution.method import Attribution
    from wig_core.attribution.shapley import forward_passes
    from wig_core.encoders import SentenceEncoder
    from wig_core.explain import explain_similarity, explain_weights
    from wig_core.words import segment

    attribution = Attribution(options.method, options.baseline, permutations=options.permutations)
    if options.similar_to and len(options.sentences) > 1:
        raise InputError(f"--similar-to compares one sentence, {len(options.sentences)} are given; ask one by one")
    encoder = SentenceEncoder.load(options.encoder)
    progress = sys.stderr.isatty()
    if options.method == "shap":
        texts = [*options.sentences, *([options.similar_to] if options.similar_to else [])]
        passes = sum(forward_passes(len(segment(text)), permutations=options.permutations) for text in texts)
        print(f"wig: up to {passes:,} forward passes", file=sys.stderr)
    if options.similar_to:
        [left] = options.sentences
        shown = explain_similarity(encoder, left, options.similar_to, attribution, progress=progress)
    else:
        shown = explain_weights(encoder, options.sentences, attribution, progress=progress)
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    print(shown.to_json() if options.json else shown.to_terminal(colours=colours))
    if options.html:
        _write(options.html, shown.to_html())


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--html {str(path)!r} cannot be written ({error.strerror}); give another file") from None


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
    verifying = commands.add_parser("verify", help="run again, and compare with the numbers in the repository")
    verifying.add_argument("names", nargs="*", metavar="NAME", help="pages (default: all that have shipped numbers)")
    verifying.set_defaults(command=verify_numbers)
    warming = commands.add_parser(
        "warm", help="fill the cache for pages: by `accelerate launch -m wig_core.cli warm`, on several GPUs"
    )
    warming.add_argument("names", nargs="*", metavar="NAME", help="pages (default: all of the profile)")
    warming.set_defaults(command=warm_cache)
    planning = commands.add_parser("plan", help="tell what the book will need: downloads, work, time, memory")
    planning.add_argument("names", nargs="*", metavar="NAME", help="pages (default: all of the profile)")
    planning.add_argument("--json", action="store_true", help="print JSON")
    planning.add_argument(
        "--no-calibration", dest="calibration", action="store_false", help="leave the time out, and its ten seconds"
    )
    planning.set_defaults(command=show_plan)
    for command in (run, book, verifying, warming, planning):
        command.add_argument("--profile", default="quick", help="one of notebooks/profiles (default: quick)")
    _add_explain(commands)
    return parser


def _add_explain(commands: Any) -> None:
    explaining = commands.add_parser("explain", help="show which words drive an embedding, or a similarity")
    explaining.add_argument("sentences", nargs="+", metavar="SENTENCE", help="what to explain")
    explaining.add_argument("--encoder", default="all-MiniLM-L6-v2", help="packaged, a folder, or a hub name")
    explaining.add_argument("--method", choices=["ig", "shap"], default="ig", help="attribution (default: ig)")
    explaining.add_argument(
        "--baseline",
        choices=["mask", "pad", "unk", "zero", "deleted"],
        default="mask",
        help="what stands for an absent word (default: mask; deleted is for shap)",
    )
    explaining.add_argument(
        "--permutations", type=int, default=16, metavar="N", help="orders drawn by shap beyond 10 words (default: 16)"
    )
    explaining.add_argument("--similar-to", metavar="SENTENCE", help="explain the similarity to this one instead")
    explaining.add_argument("--html", type=Path, metavar="FILE", help="write a heat map too, one file by itself")
    explaining.add_argument("--json", action="store_true", help="print JSON")
    explaining.set_defaults(command=explain)


def _fail(code: int, *lines: str) -> int:
    print(f"wig: {lines[0]}", *lines[1:], sep="\n", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
