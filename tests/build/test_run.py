import io
import json
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import nbformat
import pytest
import yaml
from toy_book import HEADER, write_toy

from wig_book.build.kernel import BuildError
from wig_book.build.pages import Parameter, ParameterError, Project, read_page
from wig_book.build.progress import Progress
from wig_book.build.provenance import write_provenance
from wig_book.build.run import Run, execute_pages
from wig_core.errors import InputError

DIED = "the kernel died, most often because memory ran out; close other programs"


@pytest.fixture
def toy(tmp_path: Path) -> Project:
    return Project(write_toy(tmp_path / "toy"))


def run_of(project: Project, page: str, **given: object) -> Run:
    return Run.of(project.root, project.page(page), project.profile("quick"), given)


def executed(*runs: Run) -> int:
    return execute_pages(runs, Progress(io.StringIO()))


def test_a_page_declares_its_parameters_with_type_default_and_help(toy):
    page = toy.page("squares")
    assert (page.name, page.title, page.has_results) == ("01_squares", "Squares", True)
    assert page.parameters["steps"] == Parameter("steps", "int", 4, "how many squares")
    assert [str(page.parameters[name]) for name in ("limit", "words")] == [
        "limit: int | None = None",
        "words: list[str] = ['a', 'b']  # what to square",
    ]


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("# %%\nsteps: int = 1\n", "exactly one cell tagged parameters, has 0"),
        ('# %% tags=["parameters"]\nsteps = 1\n', "unlike `steps = 1`"),
        ('# %% tags=["parameters"]\nsteps: int = "many"\n', "unlike `steps: int = 'many'`"),
        ('# %% tags=["parameters"]\nsteps: integer = 1\n', "unlike `steps: integer = 1`"),
        ('# %% tags=["parameters"]\nsteps: int = len("ab")\n', "unlike `steps: int = len('ab')`"),
        ('# %% tags=["parameters"]\nsteps: int = (\n', "not Python"),
    ],
)
def test_a_notebook_with_a_faulty_parameters_cell_is_named(tmp_path, cell, fault):
    path = tmp_path / "01_faulty.py"
    path.write_text(f"{HEADER}# %% [markdown]\n# # Title\n\n{cell}")
    with pytest.raises(InputError, match=r"^01_faulty\.py: .*") as caught:
        read_page(path)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        ("int", "3", 3),
        ("int", -3, -3),
        ("float", "1e-3", 0.001),
        ("float", 2, 2.0),
        ("bool", "true", True),
        ("str", "3", "3"),
        ("str | None", "None", None),
        ("int | None", "null", None),
        ("int | None", "7", 7),
        ("list[int]", "[1, 2]", [1, 2]),
        ("list[str]", "The cat: it sat.", ["The cat: it sat."]),
        ("list[float]", "[1e-3, 2]", [0.001, 2.0]),
        ("Literal['mask', 'pad']", "pad", "pad"),
    ],
)
def test_a_value_becomes_its_parameter_s_type(annotation, value, expected):
    parameter = Parameter("x", annotation, None, "")
    result = parameter.parse(value) if isinstance(value, str) else parameter.validate(value)
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", "abc"),
        ("steps", 3.5),
        ("steps", True),
        ("steps", None),
        ("rate", "fast"),
        ("rate", True),
        ("encoder", 3),
        ("loud", 2),
        ("limit", "few"),
        ("words", "[a, b"),
        ("words", [1]),
        ("words", {"a": 1}),
    ],
)
def test_a_value_of_another_type_is_refused(toy, name, value):
    with pytest.raises(ParameterError, match=rf"^here: {name} of 01_squares is .*, which .* is not$"):
        toy.page("squares").check(name, value, "here")


def test_values_come_from_notebook_then_profile_then_reader(toy):
    run = run_of(toy, "squares", rate=0.1, encoder="toy")
    assert {name: run.values[name] for name in ("encoder", "steps", "rate")} == {
        "encoder": "toy",
        "steps": 6,
        "rate": 0.1,
    }
    assert run.changed == {"rate": 0.1}
    assert run_of(toy, "letters").values == {"corpus": "lee", "seed": 1}


def test_a_page_s_section_goes_before_common(toy):
    (toy.root / "notebooks/profiles/quick.yml").write_text("common: {seed: 1}\nletters: {seed: 2}\n")
    assert run_of(toy, "letters").values["seed"] == 2


def test_a_profile_may_list_its_pages(toy):
    assert [page.name for page in toy.profile("short").pages] == ["01_squares"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("common: {sede: 1}", "no page has the common parameter 'sede'; did you mean 'seed'?"),
        ("01_squares: {stesp: 1}", "01_squares has no parameter 'stesp'; did you mean 'steps'?"),
        ("01_squares: {results: elsewhere}", "01_squares has no parameter 'results'"),
        ("common: {seed: x}", "seed of 02_letters is int, which 'x' is not"),
        ("01_sqares: {steps: 1}", "no page '01_sqares'"),
        ("pages: [circles]", "no page 'circles'; the pages are 01_squares, 02_letters"),
        ("pages: squares", "pages is a list"),
        ("common: {seed: 1", "quick.yml, line 1: is not YAML"),
        ("- seed", "wants lines of `name: value`"),
        ("common: 3", "wants lines of `name: value`"),
    ],
)
def test_a_faulty_profile_is_refused(toy, text, fault):
    (toy.root / "notebooks/profiles/quick.yml").write_text(text)
    with pytest.raises(InputError) as caught:
        toy.profile("quick")
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


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


def test_numbers_lie_beside_what_made_them(toy):
    (toy.root / "toy").write_text("an encoder")  # the name of the parameter `encoder`
    run = run_of(toy, "squares")
    executed(run)
    write_provenance(toy.root, [run])
    path = toy.root / "results/quick/squares.provenance.yml"
    told = yaml.safe_load(path.read_text())
    assert (told["page"], told["profile"], told["parameters"]["steps"]) == ("01_squares", "quick", 6)
    assert told["versions"]["torch"]
    assert told["files"] == {"toy": sha256(b"an encoder").hexdigest()}
    path.write_text(path.read_text().replace("profile: quick", "profile: kept"))
    write_provenance(toy.root, [run])
    assert "profile: kept" in path.read_text()
