import functools
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from toy_book import write_toy

from wig_book.cli import clickable
from wig_core.cli import main


@pytest.fixture
def toy(tmp_path: Path, monkeypatch) -> Path:
    root = write_toy(tmp_path / "toy")
    monkeypatch.chdir(root)
    return root


def test_list_shows_pages_and_parameters(toy, capsys):
    assert main(["list"]) == 0
    assert "02_letters · Letters\n    corpus: str = 'lee'  # a name or a file\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "line", "lists"),
    [
        ("run squares -p stesp 3", "-p: 01_squares has no parameter 'stesp'; did you mean 'steps'?", True),
        ("run squares -p steps abc", "-p: steps of 01_squares is int, which 'abc' is not", True),
        ("run squares -p steps 3.5", "-p: steps of 01_squares is int, which '3.5' is not", True),
        ("run squares -f own.yml", "own.yml: 01_squares has no parameter 'colour'", True),
        ("run squares -f missing.yml", "missing.yml: cannot be read: No such file or directory", False),
        (
            "run squares -f broken.yml",
            "broken.yml, line 1: is not YAML: expected ',' or '}', but got '<stream end>'",
            False,
        ),
        (
            "run squares -f latin.yml",
            "latin.yml: is not text in UTF-8 (unexpected end of data, position 8); save the file as UTF-8",
            False,
        ),
        ("run squares -f empty.yml", "empty.yml: is empty; write lines of `name: value`", False),
        ("run squares -f .", ".: cannot be read: Is a directory", False),
        ("run squares -f twice.yml", "twice.yml, line 2: is not YAML: steps is given twice", False),
        ("run squares -f items.yml", "items.yml: words of 01_squares is list[str]; item 1 is the number 750", True),
        (
            "run squares -p steps 1 -p steps 2",
            "-p: steps is given twice; give it once, several values as '[a, b]'",
            False,
        ),
        ("run squares -p words [Yes,No]", "-p: words of 01_squares is list[str]; item 0 is the truth value true", True),
        (
            "run squares -p encoder caf\udce9",
            "'caf\\udce9' has a character that is not text (U+DCE9, position 3)",
            False,
        ),
        ("run sqares", "no page 'sqares'; the pages are 01_squares, 02_letters; did you mean 'squares'?", False),
        (
            "run squares --profile quik",
            "no profile 'quik'; the profiles are quick, short; did you mean 'quick'?",
            False,
        ),
        ("book --profile nightly", "no profile 'nightly'; the profiles are quick, short", False),
    ],
)
def test_a_fault_of_the_user_s_is_one_line_and_exit_2(toy, capsys, arguments, line, lists):
    Path("own.yml").write_text("colour: red\n")
    Path("empty.yml").write_text("# nothing yet\n")
    Path("twice.yml").write_text("steps: 1\nsteps: 2\n")
    Path("items.yml").write_text("words:\n- ok\n- 12:30\n")
    Path("broken.yml").write_text("{steps: 1")
    Path("latin.yml").write_bytes("nom: café".encode("latin-1"))
    assert main(arguments.split()) == 2
    first, *others = capsys.readouterr().err.splitlines()
    assert first.startswith(f"wig: {line}")
    assert others[:1] == (["  steps: int = 4  # how many squares"] if lists else [])
    assert not Path("book/_build").exists()


def test_outside_a_project_the_package_s_own_is_used(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "no_such_page"]) == 2
    assert "no page 'no_such_page'" in capsys.readouterr().err


def test_run_takes_files_from_where_the_user_stands(toy, capsys, monkeypatch):
    (toy / "own").mkdir()
    monkeypatch.chdir(toy / "own")
    Path("mine.txt").write_text("one sentence")
    Path("own.yml").write_text("{corpus: mine.txt, seed: 3}")
    assert main(["run", "letters", "-f", "own.yml", "-p", "seed", "4"]) == 0
    html, notebook = map(Path, capsys.readouterr().out.split())
    assert notebook.parent.parent == toy / "book/_build/runs"
    page = html.read_text()
    assert "corpus = <code" in page
    assert "own/mine.txt" in page
    assert "seed = 4" in notebook.read_text()


def test_only_parameters_that_name_files_are_taken_for_paths(toy, monkeypatch):
    for name in ("text", "my/folder"):
        (toy / "own" / name).mkdir(parents=True)
    monkeypatch.chdir(toy / "own")
    Path("own.yml").write_text("encoder: my/folder:cls\nwords: [text, '[1] text.']\n")
    given = {}

    def note(project, run, *_, **__):
        given.update(run.values)
        return toy

    monkeypatch.setattr("wig_book.build.html.make_page", note)
    assert main(["run", "squares", "-f", "own.yml", "-p", "steps", "010"]) == 0
    assert [given[name] for name in ("encoder", "words", "steps")] == ["own/my/folder:cls", ["text", "[1] text."], 10]
    assert main(["run", "squares", "-p", "words", "text", "-p", "encoder", "text"]) == 0
    assert [given[name] for name in ("encoder", "words")] == ["own/text", ["text"]]


def test_book_is_made_once_and_stays_when_a_page_fails(toy, capsys):
    assert main(["book"]) == 0
    index = Path(capsys.readouterr().out.strip())
    intro = index.with_name("intro.html").read_text()
    assert "The largest is" in intro
    assert "25" in intro
    assert "in quick" in intro

    assert main(["book"]) == 0
    output = capsys.readouterr()
    assert output.err == "nothing changed since this was built\n"

    profile = toy / "notebooks/profiles/quick.yml"
    profile.write_text(f"{profile.read_text()}02_letters: {{corpus: bad}}\n")
    assert main(["book"]) == 1
    fault = "wig: notebooks/02_letters.py, cell 3 (`# a comment first`): ValueError: no such corpus"
    assert capsys.readouterr().err.splitlines()[-1] == fault

    with (toy / "book/intro.md").open("a") as prose:
        prose.write("\n\nSee {doc}`nowhere`.\n")
    assert main(["book", "--profile", "short"]) == 1
    output = capsys.readouterr()
    assert "wig: the book was not built" in output.err
    assert "intro.md:5: WARNING: unknown document: 'nowhere'" in output.err
    assert index.with_name("intro.html").read_text() == intro


def test_an_interrupted_book_keeps_its_finished_pages(toy):
    profile = toy / "notebooks/profiles/quick.yml"
    profile.write_text("02_letters: {corpus: slow}\n")
    command = [sys.executable, "-m", "wig_core", "book", "--jobs", "2"]
    listening = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # background jobs ignore SIGINT
    process = subprocess.Popen(command, cwd=toy, stderr=subprocess.PIPE, text=True, preexec_fn=listening)
    squares, pid = toy / "book/_build/pages/quick/01_squares.json", ""
    for _ in range(600):
        if squares.exists() and (toy / "pid").exists() and (pid := (toy / "pid").read_text()):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "wig: interrupted; finished pages are kept"
    assert not psutil.pid_exists(int(pid))

    profile.write_text("02_letters: {corpus: lee}\n")
    done = subprocess.run(command, cwd=toy, capture_output=True, text=True, check=True)
    assert "[1/1] 02_letters" in done.stderr
    assert "01_squares" not in done.stderr


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_gets_a_link(monkeypatch, terminal):
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    link = "\x1b]8;;file:///a%20b/c.html\x1b\\/a b/c.html\x1b]8;;\x1b\\"
    assert clickable(Path("/a b/c.html")) == (link if terminal else "/a b/c.html")
