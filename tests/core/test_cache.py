"""The cache: made once, whole or not at all, made again when damaged."""

import hashlib
import multiprocessing
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from small_files import small_files

from wig_core.cache import (
    cache_dir,
    cached,
    cached_files,
    file_hash,
    find_cached,
    source_files,
    source_hash,
    stable_hash,
)
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
    assert stable_hash({"a": 1, "b": [2]}) == stable_hash({"b": [2], "a": 1}) != stable_hash({"a": 1, "b": [3]})


@pytest.mark.parametrize("damage", ["changed", "gone", "unsealed", "more"])
def test_a_damaged_folder_is_made_again_with_a_warning(damage: str) -> None:
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


def test_files_of_a_folder_are_made_once() -> None:
    made = []

    def make(path: Path) -> None:
        made.append(path)
        path.write_text("made")

    folder = cached_files("things", {"a": 1}, dict.fromkeys(["one", "two"], make))
    assert sorted(path.name for path in folder.iterdir()) == ["cache.json", "one", "two"]
    assert cached_files("things", {"a": 1}, dict.fromkeys(["one", "two"], make)) == folder
    assert len(made) == 2


def test_an_interrupted_folder_keeps_its_finished_files() -> None:
    def interrupted(path: Path) -> None:
        path.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_files("things", {}, {"one": lambda path: write_text(path, "first"), "two": interrupted})
    again = dict.fromkeys(["one", "two"], lambda path: write_text(path, "second"))
    folder = cached_files("things", {}, again)
    assert [(folder / name).read_text() for name in ("one", "two")] == ["first", "second"]


def write_text(path: Path, text: str) -> None:
    path.write_text(text)


def slow_file(path: Path) -> None:
    time.sleep(0.1)
    path.write_text(str(os.getpid()))


def want_files(_: int) -> list[str]:
    folder = cached_files("things", {}, dict.fromkeys(map(str, range(6)), slow_file))
    return [(folder / str(number)).read_text() for number in range(6)]


def test_processes_share_the_files_of_a_folder(own_cache: Path) -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        first, second = pool.map(want_files, range(2), chunksize=1)
    assert first == second
    assert len(set(first)) == 2
    assert not list((own_cache / "things/locks").iterdir())


def die(path: Path) -> None:
    path.write_text("half")
    os._exit(1)


def test_a_file_whose_maker_dies_is_made_by_another(own_cache: Path) -> None:
    dying = multiprocessing.get_context("fork").Process(target=cached_files, args=("things", {}, {"0": die}))
    dying.start()
    dying.join()
    assert want_files(0)[0] == str(os.getpid())


def slow(folder: Path) -> None:
    (folder / "made.txt").write_text(str(time.monotonic_ns()))
    time.sleep(0.5)


def want(_: int) -> str:
    return (cached("things", {}, slow) / "made.txt").read_text()


def test_concurrent_requests_share_one_result() -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        first, second = pool.map(want, range(2), chunksize=1)
    assert first == second


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WIG_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"cannot be written .*, or set WIG_CACHE") as caught:
        cached("things", {}, write(""))
    assert "(Not a directory); move the file or folder that is in the way" in str(caught.value)


def test_a_cache_that_is_read_only_serves_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cached("things", {}, write("first"))
    files = cached_files("things", {"a": 1}, {"one": lambda path: write_text(path, "one")})

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert cached("things", {}, write("second")) == folder
    assert cached_files("things", {"a": 1}, {}) == files
    assert find_cached("things", {"a": 2}) is None
    with pytest.raises(InputError, match=r"\(Permission denied\); make its folder writable, or set WIG_CACHE"):
        cached("things", {"a": 2}, write("new"))


def test_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for setting in ("~/own", ""):
        monkeypatch.setenv("WIG_CACHE", setting)
        assert cache_dir("x") == tmp_path / ("own/x" if setting else ".cache/wig/x")
    monkeypatch.setenv("WIG_CACHE", "~nosuchuser/own")
    with pytest.raises(InputError, match=r"^no home folder is known for the cache; set WIG_CACHE to a folder$"):
        cache_dir("x")


def fill_text(folder: Path) -> None:
    (folder / "full").symlink_to("/dev/full")
    try:
        (folder / "full").write_text("more")
    finally:
        (folder / "full").unlink()


def fill_tensors(folder: Path) -> None:
    with small_files():
        save_file({"x": torch.zeros(1000)}, folder / "x.safetensors")


def fill_checkpoint(folder: Path) -> None:
    with small_files():
        torch.save({"x": torch.zeros(100_000)}, folder / "x.pt")


@pytest.mark.parametrize("fill", [fill_text, fill_tensors, fill_checkpoint])
def test_a_full_disk_is_one_line_and_what_was_done_is_kept(fill: Callable[[Path], None], own_cache: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "half.txt").write_text("half")
        fill(folder)

    with pytest.raises(InputError) as caught:
        cached("things", {}, make)
    fault = (
        rf"cache '{own_cache}/things' cannot be written \((No space left on device|File too large)\); free some space"
    )
    assert re.fullmatch(f"{fault}, or set WIG_CACHE to another folder", str(caught.value))

    def go_on(folder: Path) -> None:
        assert (folder / "half.txt").read_text() == "half"

    assert (cached("things", {}, go_on) / "half.txt").exists()


@pytest.mark.parametrize("fault", [ValueError("bad"), InputError("no [Errno 28] of ours"), OSError("no model there")])
def test_a_fault_of_another_kind_is_passed_on(fault: Exception) -> None:
    def make(_: Path) -> None:
        raise fault

    with pytest.raises(type(fault), match=re.escape(str(fault))):
        cached("things", {}, make)


def test_a_seal_that_cannot_be_written_leaves_nothing_that_looks_whole(own_cache: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "made.txt").write_text("made")
        (folder / "cache.json").symlink_to("/dev/full")

    with pytest.raises(InputError, match="No space left on device"):
        cached("things", {}, make)
    assert [path.suffix for path in (own_cache / "things").iterdir() if path.is_dir()] == [".unfinished"]


def test_a_source_hash_of_a_missing_module_is_an_error() -> None:
    for missing in ("wig_core.no_such_module", "no_such_package"):
        with pytest.raises(ModuleNotFoundError, match=missing):
            source_hash("wig_core.errors", missing)


def test_a_package_stands_for_all_its_modules() -> None:
    assert source_files("wig_core.errors")[0] in source_files("wig_core")
    assert source_hash("wig_core.errors") != source_hash("wig_core.errors", "wig_core.cache") != source_hash("wig_core")


def test_a_file_is_hashed_again_when_it_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "file"
    hashes = set()
    for text in ("one", "two", "three"):
        file.write_text(text)
        hashes.add(file_hash(file))
    assert len(hashes) == 3
    assert file_hash(file) == hashlib.sha256(b"three").hexdigest()


def test_an_unchanged_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    os.utime(file, (0, 0))
    first = file_hash(file)
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("read again"))
    assert file_hash(file) == first
