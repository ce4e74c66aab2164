import io
import json
import sys
import time

import nbformat
import psutil
import pytest
from toy_book import run_of

from wig_book.build.execute import execute_pages
from wig_book.build.kernel import BuildError
from wig_book.build.progress import Progress
from wig_book.build.run import Run

DIED = "the kernel died, most often because memory ran out; close other programs"


def executed(*runs: Run, jobs: int = 1) -> int:
    return execute_pages(runs, Progress(io.StringIO()), jobs=jobs)


def test_only_what_changed_is_executed_again(toy):
    squares, letters = run_of(toy, "squares"), run_of(toy, "letters")
    assert executed(squares, letters) == 2
    assert executed(squares, letters) == 0
    (toy.root / "results/quick/squares.csv").write_text("tampered")
    assert executed(squares, letters) == 1
    (toy.root / "notebooks/profiles/quick.yml").write_text(
        "02_letters: {seed: 5}\n01_squares: {steps: 6, rate: 1e-3}\n"
    )
    assert executed(run_of(toy, "squares"), run_of(toy, "letters")) == 1


def test_two_runs_are_byte_identical_and_show_only_the_page(toy, monkeypatch, tmp_path):
    kernel = tmp_path / "jupyter/kernels/python3/kernel.json"  # one that cannot start, and would be found first
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps({"argv": ["false"], "display_name": "Python 3", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    run, terminal = run_of(toy, "squares"), io.StringIO()
    execute_pages([run], Progress(terminal))
    first = run.outputs()
    assert execute_pages([run], Progress(terminal), force=True) == 1
    assert run.outputs() == first
    assert list(first) == ["book/_build/pages/quick/01_squares.ipynb", "results/quick/squares.csv"]

    assert terminal.getvalue().count("half done") == 2
    notebook = nbformat.read(run.notebook, as_version=4)
    assert f"{sys.executable}\n" == notebook.cells[3].outputs[0].text
    assert "half done" not in json.dumps(notebook.cells[3].outputs)
    assert notebook.cells[2].metadata.tags == ["injected-parameters", "remove-input"]
    assert "rate = 0.001\n" in notebook.cells[2].source
    assert (toy.root / "results/quick/squares.csv").read_text().endswith("16\n25")


@pytest.mark.parametrize(
    ("corpus", "fault"),
    [
        ("bad", "cell 3 (`# a comment first`): ValueError: no such corpus"),
        ("early", "cell 3 (`# a comment first`): SystemExit"),
        ("deadly", f"cell 3 (`# a comment first`): {DIED}"),
        ("killed", f"cell 3 (`# a comment first`): {DIED}"),
        ("hungry", "cell 3 (`# a comment first`): ran out of memory; close other programs"),
    ],
)
def test_a_failing_page_is_named_and_the_older_one_stays(toy, corpus, fault):
    page, profile = toy.page("letters"), toy.profile("quick")
    run = Run.of(toy.root, page, profile)
    run.notebook.parent.mkdir(parents=True)
    run.notebook.write_text("the older one")
    profile.values[page.name]["corpus"] = corpus
    with pytest.raises(BuildError) as caught:
        executed(Run.of(toy.root, page, profile))
    assert str(caught.value) == f"notebooks/02_letters.py, {fault}"
    assert run.notebook.read_text() == "the older one"
    assert {path.suffix for path in run.notebook.parent.iterdir()} <= {".ipynb", ".traceback"}
    assert run.traceback.exists() == (corpus in ("bad", "hungry"))


# ── several pages at a time ──


def test_the_number_of_jobs_changes_neither_notebooks_nor_numbers(toy):
    runs = [run_of(toy, "squares"), run_of(toy, "letters")]
    assert executed(*runs) == 2
    first = [run.outputs() for run in runs]
    terminal = io.StringIO()
    assert execute_pages(runs, Progress(terminal), force=True, jobs=2) == 2
    assert [run.outputs() for run in runs] == first
    lines = terminal.getvalue().splitlines()
    assert {line.partition(" · ")[0] for line in lines} == {"[1/2] 01_squares", "[2/2] 02_letters"}
    assert "[1/2] 01_squares · half done" in lines


def test_a_failing_page_stops_the_others(toy):
    page = toy.page("squares").path
    waiting = "while not (Path('pid').exists() and Path('pid').read_text()):\n    pass\nraise ValueError('no square')\n"
    page.write_text(f"{page.read_text()}{waiting}")
    slow = run_of(toy, "letters", corpus="slow")
    start = time.monotonic()
    with pytest.raises(BuildError, match=r"^notebooks/01_squares\.py, cell 2 \(`import sys`\): ValueError: no square$"):
        executed(run_of(toy, "squares"), slow, run_of(toy, "letters"), jobs=2)
    assert time.monotonic() - start < 30  # the slow page sleeps for a minute
    assert not psutil.pid_exists(int((toy.root / "pid").read_text()))
    assert not slow.notebook.exists()
    assert not run_of(toy, "letters").notebook.exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_state_of_every_running_page_in_its_last_line():
    terminal = Terminal()
    progress = Progress(terminal)
    with progress.task("first") as first, progress.task("second") as second:
        first.show("cell 1/2")
        second.show("cell 3/4")
        second.write("\rhalf 50%")
        assert terminal.getvalue().rpartition("\r\x1b[K")[2] == "first · cell 1/2  |  second · cell 3/4 · half 50%"
        first.write("a warning\n")
        assert "\r\x1b[Kfirst · a warning\nfirst · cell 1/2  |  second" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_log_has_finished_lines_and_no_progress_bars():
    log = io.StringIO()
    with Progress(log).task("page") as task:
        task.show("cell 1/2")
        task.write("\rtraining 0%")
        task.write("\rtraining 100%\nhalf a ")
        task.write("line\nthe end")
    assert log.getvalue() == "page · half a line\npage · the end\n"
