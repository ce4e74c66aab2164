"""What the documentation promises exists: paths of the README, commands of every document, tables that pages write."""

import re
import shlex
from pathlib import Path

import pytest
from repository import ROOT

import wig_core
from wig_book.build.pages import Project
from wig_core.cli import _parser
from wig_core.encoders.wheels import PYPI_ENCODERS

PROJECT = Project(ROOT)
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("book/*.md")), *sorted(ROOT.glob("notebooks/[0-9]*.py"))]
FENCED = re.compile(r"^(?:# )?```(?:bash)?\n(.*?)^(?:# )?```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:# )?(?:wig|.* -m wig_core) (.*)$|^make run NAME=(\S+) ARGS='(.*)'$", re.MULTILINE)


def commands(document: Path) -> list[list[str]]:
    """The arguments of every `wig` call in the code blocks of a document."""
    blocks = [re.sub(r"\\\n(?:# )? *", "", block) for block in FENCED.findall(document.read_text("utf-8"))]
    found = [match for block in blocks for match in COMMAND.finditer(block)]
    return [shlex.split(match[1] or f"run {match[2]} {match[3]}", comments=True) for match in found]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_commands_exist_with_their_pages_and_parameters(document: Path) -> None:
    for words in commands(document):
        options = _parser().parse_args(words)
        if words[0] == "encoders":
            assert set(options.names) <= {encoder.name for encoder in PYPI_ENCODERS}
            continue
        for name in [getattr(options, "name", None), *getattr(options, "names", [])]:
            if name:
                PROJECT.page(name)
        for key, value in getattr(options, "parameters", []):
            PROJECT.page(options.name).check(key, value, "-p")
        if hasattr(options, "profile"):
            PROJECT.profile(options.profile)


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if path.suffix == ".md"], ids=lambda path: path.name)
def test_imported_names_are_public(document: Path) -> None:
    imports = re.findall(r"^from wig_core import (.+)$", document.read_text("utf-8"), re.MULTILINE)
    assert [name for line in imports for name in line.split(", ") if name not in wig_core.__all__] == []


def test_there_are_commands() -> None:
    assert len(commands(ROOT / "README.md")) >= 5
    assert len(commands(ROOT / "book/rerun.md")) >= 12
    assert commands(ROOT / "notebooks/22_analyse_your_encoder.py")


@pytest.mark.parametrize(("document", "at_least"), [("README.md", 9), ("book/api.md", 20)])
def test_things_are_where_they_are_said_to_be(document: str, at_least: int) -> None:
    section = (ROOT / document).read_text("utf-8").partition("## Where things are\n")[2].partition("\n## ")[0]
    paths = [code for code in re.findall(r"`([^`]+)`", section) if "/" in code]
    assert len(paths) >= at_least
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_tests_are_where_they_are_said_to_be() -> None:
    sources = {"core": "wig_core"} | {kind: f"book/wig_book/{kind}" for kind in ("build", "experiments", "figures")}
    tests = {kind: {path.parent for path in (ROOT / "tests" / kind).rglob("test_*.py")} for kind in sources}
    stray = [
        folder
        for kind, source in sources.items()
        for folder in tests[kind]
        if not (ROOT / source / folder.relative_to(ROOT / "tests" / kind)).is_dir()
    ]
    assert all(tests.values())
    assert stray == []


def test_the_table_of_files_names_every_table_that_is_shipped() -> None:
    rows = re.findall(r"^\| (\w+(?:, \w+)*) \| (\w+(?:, \w+)*) \|$", (ROOT / "book/rerun.md").read_text("utf-8"), re.M)
    named = {page: tables.split(", ") for pages, tables in rows for page in pages.split(", ")}
    assert [page.short for page in PROJECT.pages if page.short not in named] == []
    files = {f"{page}{f'_{table}' * (table != page)}.csv" for page, tables in named.items() for table in tables}
    assert {path.name for path in (ROOT / "results/full").glob("*.csv")} <= files
