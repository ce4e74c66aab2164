"""What readers write: YAML in which nothing is lost or changed in silence, and paths from where they stand."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from repository import ROOT

from wig_book.build.pages import Project
from wig_book.build.values import PLACES, from_here, read_yaml
from wig_core.errors import InputError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.yml"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("-1.5E+3", -1500.0),
        (".5", 0.5),
        ("010", 10),
        ("-7", -7),
        ("1_000", 1000),
        ("0x10", "0x10"),
        ("2020-01-01", "2020-01-01"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("no", False),
        ("~", None),
        ("'12:30'", "12:30"),
        ("v1.2", "v1.2"),
        ("1.2.3", "1.2.3"),
        ("[a, 2]", ["a", 2]),
    ],
)
def test_a_value_is_what_it_is_on_the_command_line(file: Path, text: str, value: object) -> None:
    file.write_text(f"value: {text}\n")
    read = read_yaml(file)["value"]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfnom: caf\xc3\xa9", "nom: café".encode("utf-16")])
def test_a_byte_order_mark_is_no_part_of_a_name(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert read_yaml(file) == {"nom": "café"}


BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("seed: 1\nsteps: 2\nseed: 1\n", ", line 3: is not YAML: seed is given twice"),
        ("a:\n  x: 1\n  'x': 2\n", ", line 3: is not YAML: x is given twice"),
        (BOMB, ", line 2: is not YAML: it has an alias; write the value out"),
        ("a: &a {x: 1}\nb:\n  <<: *a\n", ", line 3: is not YAML: it has an alias"),
        ("a: !!python/object/apply:os.system [touch x]\n", ", line 1: is not YAML: could not determine a constructor"),
        ("a: !own x\n", ", line 1: is not YAML: could not determine a constructor"),
        ("a: " + "[" * 5000, ": cannot be read: its values are nested too deeply"),
        ("a: !!int many\n", ": cannot be read: invalid literal"),
        ("just text\n", ": needs lines of `name: value`, not 'just text'"),
        ("- a\n- b\n", ": needs lines of `name: value`, not ['a', 'b']"),
        ("a: 1\n---\nb: 2\n", ", line 2: is not YAML: but found another document"),
        ("a: \x00\n", ": is not text in UTF-8 (special characters are not allowed, position 3)"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", ": is a Git LFS pointer"),
    ],
)
def test_what_is_no_plain_yaml_is_one_line(file: Path, content: str, fault: str) -> None:
    file.write_text(content)
    with pytest.raises(InputError) as caught:
        read_yaml(file)
    assert str(caught.value).startswith(f"{file}{fault}")
    assert "\n" not in str(caught.value)
    assert not Path("x").exists()


def test_a_folder_is_no_file_of_parameters(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_yaml(tmp_path)


@settings(max_examples=200)
@given(content=st.one_of(st.binary(max_size=60), st.text("ab:-[]{}&*!'\"#\n\t 10.e~", max_size=40).map(str.encode)))
def test_any_bytes_are_a_mapping_or_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yml"
    file.write_bytes(content)
    fault = None
    try:
        assert isinstance(read_yaml(file), dict)
    except InputError as error:
        fault = str(error)
    assert fault is None or len(fault.splitlines()) == 1


# ── paths ──


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the reader stands, below the project, with files and folders."""
    here = tmp_path / "project/data"
    for folder in ("my/folder", "news", "own/model@v1"):
        (here / folder).mkdir(parents=True)
    (here / "mine.txt").write_text("A sentence.")
    (tmp_path / "other.csv").write_text("text\nA sentence.\n")
    (here / "link.txt").symlink_to(tmp_path / "other.csv")
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(tmp_path))
    return here


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("mine.txt", "data/mine.txt"),
        ("./mine.txt", "data/mine.txt"),
        ("my/folder", "data/my/folder"),
        ("my/folder:cls", "data/my/folder:cls"),
        ("../data/my/folder:mean", "data/my/folder:mean"),
        ("own/model@v1:max", "data/own/model@v1:max"),
        ("my/folder:last", "my/folder:last"),
        ("link.txt", "data/link.txt"),
        ("missing.csv", "data/missing.csv"),  # so that its absence is noticed here, not below the root
        ("./missing", "data/missing"),
        ("news", "news"),
        ("./news", "data/news"),
        ("wig-base:cls", "wig-base:cls"),
        ("owner/name@v2:cls", "owner/name@v2:cls"),
        ("owner/texts:english", "owner/texts:english"),
        ("", ""),
        ("A long sentence. " * 300, "A long sentence. " * 300),
        (["wig-base", "my/folder:cls"], ["wig-base", "data/my/folder:cls"]),
        ({"my/folder": "wig-base"}, {"data/my/folder": "wig-base"}),
        (None, None),
        (1000, 1000),
    ],
)
def test_paths_start_from_where_the_reader_stands(here: Path, value: object, meant: object) -> None:
    assert from_here(value, here.parent) == meant


def test_what_lies_elsewhere_is_absolute(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert from_here("../../other.csv", here.parent) == str(tmp_path / "other.csv")
    assert from_here("~/other.csv", here.parent) == str(tmp_path / "other.csv")
    monkeypatch.chdir(here.parent)
    (here.parent / "news").mkdir()
    assert from_here("./news", here.parent) == "./news"  # without the dot it would be the packaged corpus


def test_every_parameter_of_a_page_that_names_files_is_a_place() -> None:
    parameters = [parameter for page in Project(ROOT).pages for parameter in page.parameters.values()]
    named = {one.name for one in parameters if any(word in one.help for word in ("file", "folder", "hub name"))}
    assert named <= PLACES <= {one.name for one in parameters}
    assert not PLACES & {"column", "baselines", "sentences", "settings", "specifications"}
