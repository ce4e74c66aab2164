import pytest
from toy_book import write_toy

from wig_book.build.execute import execute_pages
from wig_book.build.kernel import BuildError
from wig_book.build.pages import Project
from wig_book.build.progress import Progress
from wig_book.build.run import Run
from wig_book.build.verify import differences, verify
from wig_core.errors import InputError


def test_numbers_may_move_a_little():
    shipped = {"x": 1.0, "small": 0.001, "n": 3, "word": "a"}
    assert list(differences("p", shipped, {"x": 1.049, "small": 0.02, "n": 3, "word": "a"})) == []
    moved = [one.name for one in differences("p", shipped, {"x": 1.06, "small": 0.03, "n": 4, "word": "b"})]
    assert moved == ["x", "small", "n", "word"]
    assert [one.found for one in differences("p", {"x": 1.0}, {})] == [None]


def test_a_fresh_run_is_compared(tmp_path):
    project = Project(write_toy(tmp_path))
    page = tmp_path / "notebooks/01_squares.py"
    page.write_text(page.read_text() + '\nPath(results, "squares.json").write_text(f\'{{"steps": {steps}.0}}\')\n')
    profile = project.profile("quick")
    with pytest.raises(InputError, match="has no numbers"):
        verify(project, profile, Progress())
    run = Run.of(project.root, project.page("squares"), profile)
    execute_pages([run], Progress())
    shipped = tmp_path / "results/quick/squares.json"
    assert verify(project, profile, Progress()) == 1
    assert (tmp_path / "results/quick-again/squares.json").read_text() == shipped.read_text() == '{"steps": 6.0}'
    shipped.write_text('{"steps": 6.0, "extra": 1}')
    with pytest.raises(BuildError, match="1 of 2 numbers differ"):
        verify(project, profile, Progress())
