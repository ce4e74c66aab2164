"""The cache: made once, whole or not at all, made anew when damaged."""

import multiprocessing
import time
from pathlib import Path

import pytest

from wig_core.cache import cached, hash_of
from wig_core.errors import InputError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WIG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(text: str):
    def make(folder: Path) -> None:
        (folder / "made.txt").write_text(text)

    return make


def test_is_made_once_for_a_key() -> None:
    first = cached("things", {"a": 1}, write("first"))
    assert cached("things", {"a": 1}, write("second")) == first
    assert (first / "made.txt").read_text() == "first"


def test_another_key_or_kind_is_another_thing() -> None:
    folders = [
        cached("things", {"a": 1}, write("")),
        cached("things", {"a": 2}, write("")),
        cached("more", {"a": 1}, write("")),
    ]
    assert len(set(folders)) == 3


def test_the_order_of_a_key_does_not_matter() -> None:
    assert hash_of({"a": 1, "b": [2]}) == hash_of({"b": [2], "a": 1}) != hash_of({"a": 1, "b": [3]})


@pytest.mark.parametrize("damage", ["changed", "gone", "unsealed", "more"])
def test_a_damaged_folder_is_made_anew_with_a_warning(damage: str) -> None:
    folder = cached("things", {}, write("first"))
    match damage:
        case "changed":
            (folder / "made.txt").write_text("tampered")
        case "gone":
            (folder / "made.txt").unlink()
        case "unsealed":
            (folder / "cache.json").write_text("{")
        case "more":
            (folder / "more.txt").write_text("")
    with pytest.warns(UserWarning, match="is damaged"):
        assert cached("things", {}, write("second")) == folder
    assert [path.name for path in folder.iterdir() if path.name != "cache.json"] == ["made.txt"]
    assert (folder / "made.txt").read_text() == "second"


def test_an_interrupted_step_finds_what_it_had_done() -> None:
    def interrupted(folder: Path) -> None:
        (folder / "half.txt").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached("things", {}, interrupted)

    def go_on(folder: Path) -> None:
        assert (folder / "half.txt").read_text() == "half"

    assert (cached("things", {}, go_on) / "half.txt").exists()


def slow(folder: Path) -> None:
    (folder / "made.txt").write_text(str(time.monotonic_ns()))
    time.sleep(0.5)


def want(_: int) -> str:
    return (cached("things", {}, slow) / "made.txt").read_text()


def test_of_two_that_want_the_same_the_second_waits_for_the_first() -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.map(want, range(2))
    assert first == second


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WIG_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"cannot be written .*; set WIG_CACHE"):
        cached("things", {}, write(""))
