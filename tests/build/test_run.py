from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from repository import ROOT
from toy_book import run_of

from wig_book.build.pages import Project
from wig_book.build.run import Run
from wig_core.cache import file_hash


def test_everything_that_decides_a_page_is_in_its_key(toy):
    (toy.root / "mine.txt").write_text("one sentence")
    run = run_of(toy, "letters", corpus="mine.txt")
    keys = [run.key()]
    (toy.root / "mine.txt").write_text("another sentence")
    keys.append(run.key())
    with run.page.path.open("a") as notebook:
        notebook.write("# more\n")
    keys.append(run.key())
    assert len({*keys, run_of(toy, "letters", corpus="x" * 5000).key()}) == 4


def test_a_changed_experiment_changes_the_keys_of_its_own_pages_alone(monkeypatch):
    project = Project(ROOT)
    runs = [Run.of(ROOT, page, project.profile("smoke")) for page in project.pages]
    keys = [run.key() for run in runs]

    def changed(path: Path) -> str:
        return "changed" if path.match("experiments/theorem.py") else file_hash(path)

    monkeypatch.setattr("wig_book.build.run.file_hash", changed)
    assert [run.page.short for run, key in zip(runs, keys, strict=True) if run.key() != key] == ["theorem"]


def test_files_are_found_wherever_a_value_names_them(toy, tmp_path, monkeypatch):
    """In the home folder, in a mapping, behind a pooling, and where one stands for a data set."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WIG_DATA", str(tmp_path))
    for name in ("home.txt", "folder/config.json", "base/config.json", "sts-b.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    values = {
        "corpora": ["~/home.txt", "sts-b", "sts12", "~nobody/x", "\0"],
        "encoder": f"{tmp_path}/folder:cls",
        "pairs": {"own/tiny": f"{tmp_path}/base"},
    }
    run = replace(run_of(toy, "letters"), values=values)
    assert [*run.files()] == ["~/home.txt", "sts-b", f"{tmp_path}/folder:cls", f"{tmp_path}/base"]
    assert run.files()["~/home.txt"] == sha256(b"home.txt").hexdigest()
    key = run.key()
    (tmp_path / "sts-b.csv").write_text("other")
    assert run.key() != key


def test_a_reader_s_run_leaves_the_profile_s_numbers_alone(toy):
    own, standard = run_of(toy, "squares", steps=2), run_of(toy, "squares")
    assert standard.results == "results/quick"
    assert own.results.startswith("results/runs/squares-")
    assert own.notebook.parent != standard.notebook.parent
