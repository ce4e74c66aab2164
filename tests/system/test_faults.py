"""What happens when something fails that is no fault of the page's: two at once, a full disk, a folder that cannot be
written, weights that are not numbers. One line says what and what to do, and what was done before is kept.
"""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
import torch
from safetensors.torch import load_file, save_file
from toy_book import write_toy

from wig_book.build.execute import build_lock, execute_pages
from wig_book.build.kernel import _out_of_memory
from wig_book.build.pages import Project
from wig_book.build.progress import Progress
from wig_book.build.run import Run
from wig_core.cache import write_atomically, write_failure
from wig_core.cli import main
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.regression import compare, regress

AGAIN = "run again: finished pages are kept"
FULL = "(No space left on device); free some space"
PUBLISHING = """
# %%
import pandas as pd

from wig_book.build.publish import publish

publish(results, "squares", {"largest": 25}, values=pd.DataFrame({"square": squares}))
"""
NAN, INFINITE = float("nan"), float("inf")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = write_toy(tmp_path / "toy")
    monkeypatch.chdir(root)
    return root


def executed(root: Path, page: str) -> int:
    project = Project(root)
    return execute_pages([Run.of(root, project.page(page), project.profile("quick"))], Progress(io.StringIO()))


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.splitlines()[-1]


# ── two at once ──


def wig(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "wig_core", *arguments]
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # which a job in the background would not inherit
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heeding)


def until(holds: Callable[[], object]) -> None:
    for _ in range(1200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it does not come about")


@pytest.mark.parametrize("command", ["book", "run letters", "verify squares"])
def test_a_second_wig_waits_and_can_be_interrupted(toy: Path, command: str) -> None:
    (toy / "results/quick").mkdir(parents=True)
    (toy / "results/quick/squares.json").write_text("{}")
    with build_lock(toy, Progress(io.StringIO())):
        second = wig(*command.split())
        assert second.stderr.readline() == f"wig: another wig is running in {toy} (pid {os.getpid()}); waiting\n"
        second.send_signal(signal.SIGINT)
        _, errors = second.communicate(timeout=60)
    assert (second.returncode, errors) == (130, "wig: interrupted; finished pages are kept\n")
    assert not (toy / "pid").exists()


EXECUTE = """
import sys
from pathlib import Path

from wig_book.build.execute import build_lock, execute_pages
from wig_book.build.pages import Project
from wig_book.build.progress import Progress
from wig_book.build.run import Run

project = Project(Path.cwd())
name, *given = sys.argv[1:]
run = Run.of(project.root, project.page(name), project.profile("quick"), dict(zip(given[::2], given[1::2])))
with build_lock(project.root, Progress()):
    execute_pages([run], Progress())
"""


def executing(*arguments: str) -> subprocess.Popen[str]:
    """A process that executes a page as wig does, without the book around it."""
    return subprocess.Popen([sys.executable, "-c", EXECUTE, *arguments], stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("end", ["ends", "is killed"])
def test_a_second_wig_goes_on_when_the_first(toy: Path, end: str) -> None:
    first = executing("letters", "corpus", "patient")
    until(lambda: (toy / "pid").exists() and (toy / "pid").read_text())
    kernel = psutil.Process(int((toy / "pid").read_text()))
    second = executing("squares")
    assert second.stderr.readline() == f"wig: another wig is running in {toy} (pid {first.pid}); waiting\n"
    assert not (toy / "results/quick/squares.csv").exists()
    if end == "ends":
        (toy / "go").touch()
    else:
        first.kill()
    first.communicate(timeout=120)
    _, errors = second.communicate(timeout=120)
    assert (first.returncode, second.returncode) == (0 if end == "ends" else -signal.SIGKILL, 0), errors
    assert (toy / "results/quick/squares.csv").exists()
    assert "[1/1] 01_squares" in errors
    until(lambda: not kernel.is_running() or kernel.status() == psutil.STATUS_ZOMBIE)  # a kernel ends with its wig


# ── a full disk ──


@pytest.mark.parametrize("file", ["02_letters.ipynb", "02_letters.json"])
def test_a_page_that_finds_no_room_is_named_and_the_older_one_stays(
    toy: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    folder = toy / "book/_build/pages/quick"
    folder.mkdir(parents=True)
    (folder / file).write_text("the older one")
    (folder / f"{file}.part").symlink_to("/dev/full")
    assert main(["run", "letters"]) == 1
    assert last_line(capsys) == f"wig: {folder / file} cannot be written {FULL} and {AGAIN}"
    assert (folder / file).read_text() == "the older one"
    assert not list(folder.glob("*.part"))
    assert executed(toy, "letters") == 1


def test_numbers_that_find_no_room_are_one_line_and_the_older_ones_stay(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (toy / "notebooks/01_squares.py").open("a") as page:
        page.write(PUBLISHING)
    results = toy / "results/quick"
    results.mkdir(parents=True)
    for name in ("squares.json", "squares_values.csv"):
        (results / name).write_text("the older one")
    (results / "squares_values.csv.part").symlink_to("/dev/full")
    assert main(["run", "squares"]) == 2
    said = f"results 'results/quick' cannot be written {FULL}, or give another folder"
    assert last_line(capsys) == f"wig: 01_squares: {said}"
    assert [(results / name).read_text() for name in ("squares.json", "squares_values.csv")] == ["the older one"] * 2
    assert executed(toy, "squares") == 1
    assert json.loads((results / "squares.json").read_text()) == {"largest": 25}
    assert (results / "squares_values.csv").read_text() == "square\n0\n1\n4\n9\n16\n25\n"


def test_a_page_that_writes_by_itself_ends_in_one_line_too(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "results/quick").mkdir(parents=True)
    (toy / "results/quick/squares.csv").symlink_to("/dev/full")
    assert main(["run", "squares"]) == 1
    fault = "OSError: [Errno 28] No space left on device"
    assert last_line(capsys) == f"wig: notebooks/01_squares.py, cell 2 (`import sys`): {fault}"


def test_of_several_files_all_are_written_or_none(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("old")
    (tmp_path / "second.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        write_atomically({first: "new", second: "new"})
    assert caught.value.filename == str(second)
    assert first.read_text() == "old"
    assert list(tmp_path.iterdir()) == [first]
    write_atomically({first: "new", second: "new"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


def test_errors_of_writing_are_known_from_others(tmp_path: Path) -> None:
    copying = shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")])
    assert write_failure(copying) == FULL
    assert write_failure(FileNotFoundError(2, "No such file or directory")) is None
    assert write_failure(RuntimeError("shapes do not match")) is None


def test_a_page_with_a_damaged_record_is_executed_again(toy: Path) -> None:
    assert executed(toy, "letters") == 1
    (toy / "book/_build/pages/quick/02_letters.json").write_text("{")
    assert executed(toy, "letters") == 1
    assert executed(toy, "letters") == 0


# ── a folder that cannot be written ──


@pytest.mark.parametrize("place", ["results", "results/quick", "book/_build", "book/_build/pages"])
def test_a_file_in_a_folder_s_place_is_named_before_anything_runs(
    toy: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    (toy / place).parent.mkdir(exist_ok=True)
    (toy / place).write_text("a file")
    assert main(["book"]) == 1
    line = last_line(capsys)
    assert line.startswith(f"wig: {toy / place}")
    assert line.endswith(f"; move the file or folder that is in the way and {AGAIN}")
    assert not (toy / "pid").exists()


# Root may write everywhere, unless it is without its capabilities.
AS_ANY_USER = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


@pytest.mark.parametrize("place", ["results/quick", "book/_build"])
def test_a_read_only_folder_is_named_before_anything_runs(toy: Path, place: str) -> None:
    (toy / place).mkdir(parents=True)
    (toy / place).chmod(0o555)
    command = [*AS_ANY_USER, sys.executable, "-m", "wig_core", "book"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith(f"wig: {toy / place}")
    assert line.endswith(f" cannot be written (Permission denied); make its folder writable and {AGAIN}")
    assert not (toy / "results/quick/squares.csv").exists()


def test_a_book_that_cannot_be_put_down_says_why(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "book/_build").mkdir()
    (toy / "book/_build/html.new").write_text("a file")
    assert main(["book"]) == 1
    first, *reasons = capsys.readouterr().err.partition("wig: ")[2].splitlines()
    assert first == f"the book was not built; {toy}/book/_build/html is as it was"
    assert len(reasons) == 1
    assert reasons[0].startswith("NotADirectoryError: [Errno 20] Not a directory: ")


# ── want of memory ──


@pytest.mark.parametrize("allocate", [bytearray, np.ones, torch.empty], ids=["Python", "numpy", "torch"])
def test_want_of_memory_is_told_from_other_errors(toy: Path, allocate: Callable[[int], object]) -> None:
    project = Project(toy)
    run = Run.of(toy, project.page("letters"), project.profile("quick"))
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        allocate(2**48)
    assert _out_of_memory(caught.type.__name__, str(caught.value), run) == "ran out of memory; close other programs"
    assert _out_of_memory("ValueError", "no memory of it", run) is None


def test_a_page_that_takes_fewer_sentences_is_told_to(toy: Path) -> None:
    page = toy / "notebooks/02_letters.py"
    page.write_text(page.read_text().replace("seed: int = 0", "max_sentences: int = 9\nseed: int = 0"))
    project = Project(toy)
    run = Run.of(toy, project.page("letters"), project.profile("quick"))
    assert _out_of_memory("MemoryError", "", run) == "ran out of memory; lower max_sentences or close other programs"


# ── weights that are not numbers ──


@pytest.mark.parametrize("value", [NAN, INFINITE])
def test_weights_that_are_not_finite_are_refused(tiny_folders: dict[str, Path], tmp_path: Path, value: float) -> None:
    folder = Path(shutil.copytree(tiny_folders["bert"], tmp_path / "damaged"))
    weights = load_file(folder / "model.safetensors")
    name = "encoder.layer.0.attention.self.query.weight"
    weights[name][3, 4] = value
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError) as caught:
        SentenceEncoder.load(folder)
    fault = f"hold a value that is not finite, in {name}; save the model again"
    assert str(caught.value) == f"the weights in folder '{folder}' {fault}"


@pytest.mark.parametrize(("column", "value"), [("weight", NAN), ("weight", INFINITE), ("kl", -INFINITE)])
def test_a_regression_on_what_is_no_number_is_refused(column: str, value: float) -> None:
    words = pd.DataFrame({"weight": [1.0, 2.0, 4.0, 3.0], "kl": [1.0, 3.0, 2.0, 4.0]}, ["a", "b", "c", "d"])
    words.loc["b", column] = value
    weights, information = words[["weight"]], words[["kl"]]
    for fit in (lambda: regress(weights, information), lambda: compare(weights, [weights], information)):
        with pytest.raises(InputError, match=f"^{column} of 'b' is {value}, which no line can be fitted to; fix"):
            fit()
