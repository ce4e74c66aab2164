"""The types that a user's type checker sees: those of the wheel, with a real type for every public name."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wig_core

SCRIPT = """\
import wig_core
from wig_core import SentenceEncoder, load_corpus, word_information

encoder = SentenceEncoder.load("wig-base")
reveal_type(encoder.similarity)
reveal_type(load_corpus("wordnet").sentences)
reveal_type(wig_core.as_encoder(encoder))
reveal_type(wig_core.__version__)
load_corpus(3)
word_information(["a b"], min_cuont=1)
wig_core.load_corpsu
"""
# The other libraries count as Any: their types are theirs, and reading them takes a minute.
SETTINGS = """\
[mypy]
ignore_missing_imports = True
follow_imports = silent
[mypy-torch.*,numpy.*,pandas.*,scipy.*,transformers.*,sentence_transformers.*,datasets.*,matplotlib.*,huggingface_hub.*]
follow_imports = skip
"""


@pytest.fixture(scope="module")
def checked(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy reports about the script, and about the type of each public name."""
    root = tmp_path_factory.mktemp("types")
    (root / "mypy.ini").write_text(SETTINGS)
    (root / "script.py").write_text(SCRIPT)
    (root / "names.py").write_text(
        "".join(["import wig_core\n", *(f"reveal_type(wig_core.{name})\n" for name in wig_core.__all__)])
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", os.devnull, "script.py", "names.py"],
        cwd=root,
        env={**os.environ, "MYPYPATH": str(installed)},
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()


def test_every_public_name_has_a_type(checked: list[str]) -> None:
    found = [re.fullmatch(r'names.py:(\d+): note: Revealed type is "(.*)"', line) for line in checked]
    types = {wig_core.__all__[int(match[1]) - 2]: match[2] for match in found if match}
    assert [*types] == wig_core.__all__
    assert {name: kind for name, kind in types.items() if kind == "Any" or not kind.startswith("def ")} == {}


def test_a_script_is_checked(checked: list[str]) -> None:
    reports = re.findall(r"^script.py:\d+: (error: .*|note: Revealed .*)$", "\n".join(checked), re.MULTILINE)
    expected = [
        r"""note: Revealed type is "Literal\['dot'\] | Literal\['cosine'\]".*""",
        r'note: Revealed type is "(builtins\.)?list\[(builtins\.)?str\]"',
        r'note: Revealed type is "wig_core.encoders.encoder.SentenceEncoder"',
        r'note: Revealed type is "(builtins\.)?str"',
        r'error: Argument 1 to "load_corpus" has incompatible type "int".*',
        r'error: Unexpected keyword argument "min_cuont" for "word_information".*',
        r'error: Module has no attribute "load_corpsu".*',
    ]
    assert len(reports) == len(expected)
    assert [pattern for pattern, report in zip(expected, reports, strict=True) if not re.match(pattern, report)] == []
