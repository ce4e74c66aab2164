"""Pages as notebooks: with the parameters of each page, and executed by plain papermill."""

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
from repository import ROOT

from wig_book.build.notebooks import write_notebooks
from wig_book.build.pages import Project
from wig_core.cli import main


def test_plain_papermill_executes_a_notebook_with_other_parameters(toy: Project, monkeypatch, capsys) -> None:
    monkeypatch.chdir(toy.root)
    assert main(["notebooks", "own", "--profile", "quick"]) == 0
    assert capsys.readouterr().out.split() == ["own/01_squares.ipynb", "own/02_letters.ipynb"]
    folder = toy.root / "elsewhere"
    (folder / "results/notebooks").mkdir(parents=True)  # the toy page does not make it
    command = [sys.executable, "-m", "papermill", "../own/01_squares.ipynb", "done.ipynb", "-p", "rate", "0.25"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    squares = (folder / "results/notebooks/squares.csv").read_text().split()
    assert squares == ["square", "0", "1", "4", "9", "16", "25"]  # six steps, as the profile has it


def test_every_page_of_the_book_is_written_with_its_parameters(tmp_path: Path) -> None:
    project = Project(ROOT)
    first, second = (write_notebooks(project, project.profile("quick"), tmp_path / name) for name in "ab")
    assert [path.stem for path in first] == [page.name for page in project.pages]
    assert [path.read_text() for path in first] == [path.read_text() for path in second]
    for page, path in zip(project.pages, first, strict=True):
        [source] = [
            cell.source
            for cell in nbformat.read(path, as_version=4).cells
            if "parameters" in cell.metadata.get("tags", [])
        ]
        declared = {ast.unparse(one.target): ast.literal_eval(one.value) for one in ast.parse(source).body}
        assert [*declared] == [*page.parameters, *(["results"] if page.has_results else [])]
        assert "throughput" not in declared or Path(declared["throughput"]).is_absolute()
