"""The shipped numbers of the profile full: those of prose follow from the shipped tables, and a cheap page gives them
again."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from repository import ROOT

from wig_book.build.pages import Project
from wig_book.build.precompute import run_cells
from wig_book.build.run import Run
from wig_book.build.verify import differences
from wig_book.experiments.changes import change_numbers
from wig_book.experiments.convergence import convergence_numbers
from wig_book.experiments.examples_before_after import example_numbers
from wig_book.experiments.faithfulness import faithfulness_numbers
from wig_book.experiments.levels import level_numbers
from wig_book.experiments.parts_of_speech import parts_numbers
from wig_book.experiments.rows import Numbers, fit_numbers
from wig_book.experiments.scale import scale
from wig_book.experiments.single_encoder import information_numbers, occurrence_numbers
from wig_book.experiments.specifications import specification_numbers
from wig_book.experiments.theorem import theorem_numbers
from wig_book.experiments.training_dynamics import dynamics_numbers
from wig_book.experiments.weighted_static_vectors import agreement_numbers
from wig_book.experiments.why_similar import similarity_numbers

SHIPPED = ROOT / "results/full"
# By page: what makes the numbers of its tables, and which tables these are.
MADE: dict[str, tuple[Callable[..., Numbers], list[str]]] = {
    "analyse_your_encoder": (fit_numbers, ["words", "fits"]),
    "baselines": (specification_numbers, ["specifications"]),
    "convergence": (convergence_numbers, ["paths", "errors"]),
    "examples_before_after": (example_numbers, ["words"]),
    "faithfulness": (faithfulness_numbers, ["areas"]),
    "ig_vs_shap": (specification_numbers, ["specifications"]),
    "parts_of_speech": (parts_numbers, ["classes", "weights", "split", "fits"]),
    "pooling_similarity": (specification_numbers, ["specifications"]),
    "regression": (fit_numbers, ["words", "fits"]),
    "specifications": (specification_numbers, ["specifications"]),
    "targets": (specification_numbers, ["specifications"]),
    "theorem": (theorem_numbers, ["exact", "broken"]),
    "training_dynamics": (dynamics_numbers, ["course"]),
    "weighted_static_vectors": (agreement_numbers, ["agreements"]),
    "why_similar": (similarity_numbers, ["remainders", "areas"]),
    "word_information": (information_numbers, ["words"]),
    "word_weights": (occurrence_numbers, ["occurrences"]),
}
# By page whose numbers follow from its parameters, too.
GIVEN: dict[str, tuple[Callable[..., Numbers], list[str]]] = {
    "changes": (change_numbers, ["changes", "checks"]),
    "levels": (level_numbers, ["levels"]),
    "scale": (lambda _, parameters: scale(parameters).numbers, []),  # from the shipped throughput
}


def shipped(page: str) -> dict[str, object]:
    return json.loads((SHIPPED / f"{page}.json").read_text("utf-8"))


def table_of(page: str, name: str) -> Path:
    """The file of a table, which has the name of the page alone if the table is called so."""
    return SHIPPED / (f"{page}.csv" if name == page else f"{page}_{name}.csv")


def test_every_page_with_shipped_numbers_is_tested() -> None:
    assert {*MADE, *GIVEN} == {path.stem for path in SHIPPED.glob("*.json")}


def test_the_shipped_numbers_are_of_one_run() -> None:
    # Only the page on similarities is younger: it is no part of the study, and its sample was drawn after its rule.
    files = {*SHIPPED.glob("*.provenance.yml")} - {SHIPPED / "why_similar.provenance.yml"}
    provenances = [yaml.safe_load(path.read_text("utf-8")) for path in files]
    assert len({one["commit"] for one in provenances}) == 1
    assert len({str(one["protocol"]) for one in provenances}) == 1


@pytest.mark.parametrize("page", MADE)
def test_shipped_numbers_follow_from_the_shipped_tables(page: str) -> None:
    make, names = MADE[page]
    made = make(*(pd.read_csv(table_of(page, name)) for name in names))
    numbers = {name: value for name, value in shipped(page).items() if name in made}
    assert len(numbers) > 0.7 * len(shipped(page))  # the others, such as names of encoders, are in no table
    for name, value in numbers.items():
        assert made[name] == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value), name


@pytest.mark.parametrize("page", GIVEN)
def test_shipped_numbers_follow_from_tables_and_parameters(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    make, names = GIVEN[page]
    provenance = yaml.safe_load((SHIPPED / f"{page}.provenance.yml").read_text("utf-8"))
    made = make({name: pd.read_csv(table_of(page, name)) for name in names}, provenance["parameters"])
    for name, value in shipped(page).items():
        made_again = None if made[name] != made[name] else made[name]
        assert made_again == (pytest.approx(value, rel=1e-5) if isinstance(value, float) else value), name


def test_a_page_gives_the_shipped_numbers_again(tmp_path: Path) -> None:
    """All but the ends of intervals, for which it takes thousands of resamples."""
    project = Project(ROOT)
    run = Run.of(ROOT, project.page("weighted_static_vectors"), project.profile("full"), {"bootstrap": 20})
    run_cells(run, tmp_path)
    found = json.loads((tmp_path / "weighted_static_vectors.json").read_text("utf-8"))
    points = {name: value for name, value in shipped(run.page.short).items() if not name.endswith(("_low", "_high"))}
    assert len(points) >= 9
    assert [str(one) for one in differences(run.page.short, points, found)] == []
