"""The command line in all surroundings: each fault is one line, and output that nobody reads ends it quietly."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest

import wig_core.cli
from wig_core.cli import main

Run = Callable[..., SimpleNamespace]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tiny_folders: dict[str, Path]) -> Run:
    """Runs `wig explain` with the tiny BERT in this process; returns its exit code, output and errors."""

    def run(*arguments: str) -> SimpleNamespace:
        code = main(["explain", "--encoder", str(tiny_folders["bert"]), *arguments])
        output = capsys.readouterr()
        return SimpleNamespace(code=code, out=output.out, err=output.err)

    return run


def wig(arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
    command = f"'{sys.executable}' -W ignore -m wig_core {arguments}"
    return subprocess.run(["bash", "-c", command], stderr=subprocess.PIPE, text=True, **options)  # type: ignore


# ── explain ──


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([""], "sentence 0 is blank"),
        (["the cat", " "], "sentence 1 is blank"),
        (["the cat", "--similar-to", ""], "sentence 1 is blank"),
        (["the cat", "a mat", "--similar-to", "a cat"], "--similar-to compares one sentence, 2 are given"),
        (["the cat", "--baseline", "deleted"], "baseline 'deleted' has no path for Integrated Gradients"),
        (["the cat", "--encoder", "no_such"], "encoder 'no_such' is neither a known name nor a folder"),
        (["the cat", "--encoder", "A long sentence. " * 300], "encoder 'A long sentence. A long"),
        (["the cat", "--encoder", "~nosuchuser/model"], "encoder '~nosuchuser/model' is neither a known name"),
        (["the cat", "--encoder", ""], "encoder '' is neither a known name nor a folder"),
        (["the cat", "--html", "/"], "--html '/' cannot be written (Is a directory); give another file"),
        (["the cat", "--html", "no/such/folder.html"], "--html 'no/such/folder.html' cannot be written (No such file"),
        (["the cat", "--html", "/dev/full"], "--html '/dev/full' cannot be written (No space left on device)"),
    ],
)
def test_each_bad_option_is_one_line(run: Run, arguments: list[str], fault: str) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert done.err.startswith(f"wig: {fault}")
    assert len(done.err.splitlines()) == 1
    assert len(done.err) < 300


@pytest.mark.parametrize("number", ["0", "-3", "1.5", "x"])
def test_a_number_of_orders_is_positive(run: Run, number: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = run("the cat", "--method", "shap", "--permutations", number)
    assert done.code == 2
    assert done.err.endswith(f"argument --permutations: '{number}' is no positive whole number\n")


def test_half_a_character_is_named_with_its_position(run: Run) -> None:
    assert run("caf\udce9 au lait").err == (
        "wig: 'caf\\udce9 au lait' has a character that is not text (U+DCE9, position 3); give it as UTF-8\n"
    )


@pytest.mark.parametrize("question", [[], ["--similar-to"]])
def test_html_shows_the_sentence_and_runs_nothing_of_it(run: Run, tmp_path: Path, question: list[str]) -> None:
    sentence = "<script>alert(1)</script> the <b>cat</b> & \"sat\" 'on'"
    file = tmp_path / "map.html"
    file.write_text("older")
    assert run(sentence, "--html", str(file), *question, *[sentence] * len(question)).code == 0
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.append(tag)  # type: ignore[method-assign]
    parser.feed(file.read_text())
    assert tags
    assert tags.count("script") == len(question)  # one of our own
    assert "alert(" not in file.read_text()  # the words, each in its own element
    assert "b" not in tags
    assert [path.name for path in tmp_path.iterdir()] == ["map.html"]


# ── output ──


def test_a_reader_who_has_had_enough_ends_it_quietly(tmp_path: Path) -> None:
    done = wig("list | head -1; exit ${PIPESTATUS[0]}", stdout=subprocess.PIPE)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
    done = wig("list | true; exit ${PIPESTATUS[0]}", stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_output_that_is_full_is_one_line() -> None:
    done = wig("list > /dev/full")
    assert (done.returncode, done.stderr) == (
        1,
        "wig: the output cannot be written (No space left on device); free some space\n",
    )


def test_no_output_at_all_is_none() -> None:
    assert (wig("list >&-").returncode, wig("list >&-").stderr) == (0, "")


@pytest.mark.parametrize("setting", ["PYTHONIOENCODING=ascii", "LC_ALL=POSIX PYTHONCOERCECLOCALE=0 PYTHONUTF8=0"])
def test_a_terminal_that_lacks_a_character_shows_its_code(setting: str) -> None:
    environment = os.environ | dict(one.split("=") for one in setting.split())
    done = wig("list", stdout=subprocess.PIPE, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "01_word_weights \\xb7 How much does each word weigh in a sentence?" in done.stdout


# ── interruptions, folders ──


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], int]:
    """Runs a command that raises an error, and returns the exit code."""

    def fail_with(error: BaseException) -> int:
        def command(_: object) -> None:
            raise error

        monkeypatch.setattr(wig_core.cli, "explain", command)
        return main(["explain", "the cat"])

    return fail_with


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"), 1, "no folder for temporary files "),
        (PermissionError(13, "Permission denied", "/a/file"), 1, "/a/file cannot be written (Permission denied); make"),
        (OSError(30, "Read-only file system", "/a/file"), 1, "/a/file cannot be written (Read-only file system); make"),
        (OSError(122, "Disk quota exceeded", "/a/file"), 1, "/a/file cannot be written (Disk quota exceeded); free"),
    ],
)
def test_what_stops_a_command_is_one_line(
    failing: Callable[[BaseException], int],
    error: BaseException,
    code: int,
    line: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wig_core.cli, "_drop_output", lambda: None)  # it is pytest's
    assert failing(error) == code
    shown = capsys.readouterr().err
    assert shown.startswith(f"wig: {line}")
    assert len(shown.splitlines()) == 1


def test_a_fault_of_our_own_is_not_hidden(failing: Callable[[BaseException], int]) -> None:
    with pytest.raises(OSError, match="no such device"):
        failing(OSError(6, "no such device"))


def test_ctrl_c_is_one_line(tiny_folders: dict[str, Path]) -> None:
    """Real signal, sent when the process has come to wait."""
    script = "import os, signal, sys, time, wig_core.cli as cli\n"
    script += "cli.explain = lambda _: (os.kill(os.getpid(), signal.SIGINT), time.sleep(60))\n"
    script += "sys.exit(cli.main(['explain', 'the cat']))"

    def listening() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, preexec_fn=listening)
    assert (done.returncode, done.stderr) == (130, "wig: interrupted\n")


def test_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert run("the cat").err == "wig: the current folder no longer exists; change to another\n"


def test_json_is_whole(run: Run) -> None:
    [words] = json.loads(run("the café", "--json").out)["sentences"]
    assert [one["word"] for one in words] == ["the", "café"]
