"""The rules of the house: what may import what, and how long a module may be."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest
from repository import ROOT

LIBRARY, BOOK = ROOT / "wig_core", ROOT / "book/wig_book"
EXPERIMENTS = sorted(set((BOOK / "experiments").glob("*.py")) - {BOOK / "experiments/__init__.py"})
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
STUDY = ("experiments.quantities", "experiments.readings", "experiments.study_texts")
SHARED_NAMES = ("labels", "units", "theory", "reference", "experiments.rows", "experiments.setup", *STUDY)
SHARED = {f"wig_book.{name}" for name in SHARED_NAMES}

MOST_LINES_OF_CODE = 5_650  # of the library, without docstrings and comments


def imported(file: Path, package: str) -> set[str]:
    """The modules of a package that a file imports, inside of functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            of_package = node.module == package  # from wig_book import units
            names |= {f"{package}.{alias.name}" for alias in node.names} if of_package else {node.module}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if re.match(rf"{re.escape(package)}(\.|$)", name)}


def test_the_library_does_not_know_the_book() -> None:
    found = {file.relative_to(ROOT).as_posix(): imported(file, "wig_book") for file in LIBRARY.rglob("*.py")}
    # The command line adds the book's commands where the book is installed.
    assert {name: modules for name, modules in found.items() if modules} == {"wig_core/cli.py": {"wig_book.cli"}}


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_knows_the_library_and_the_shared_modules_alone(file: Path) -> None:
    assert imported(file, "wig_book") <= SHARED


def test_a_figure_knows_no_experiment() -> None:
    assert set().union(*(imported(file, "wig_book.experiments") for file in (BOOK / "figures").glob("*.py"))) == set()


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_knows_one_experiment(file: Path) -> None:
    assert len(imported(file, "wig_book.experiments")) <= 1


def test_no_module_is_long() -> None:
    files = [*LIBRARY.rglob("*.py"), *BOOK.rglob("*.py")]
    lengths = {file.relative_to(ROOT).as_posix(): len(file.read_text("utf-8").splitlines()) for file in files}
    assert {name: length for name, length in lengths.items() if length > 350} == {}


def lines_of_code(file: Path) -> int:
    """The lines that hold more than white space, comments and docstrings."""
    source = file.read_text("utf-8")
    layout = [tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER]
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in layout:
            lines |= {*range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            lines -= {*range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)}
    return len(lines)


def test_the_library_stays_small() -> None:
    assert sum(map(lines_of_code, LIBRARY.rglob("*.py"))) <= MOST_LINES_OF_CODE
