"""The shipped numbers of the profile full: those of prose follow from the shipped tables, and a cheap page gives them
again."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from repository import ROOT

from wig_book.build.pages import Project
from wig_book.build.precompute import run_cells
from wig_book.build.run import Run
from wig_book.build.verify import differences
from wig_book.experiments.across_corpora import corpus_numbers
from wig_book.experiments.across_models import model_numbers
from wig_book.experiments.before_after import change_numbers
from wig_book.experiments.parts_of_speech import parts_numbers
from wig_book.experiments.reversal import reversal_numbers
from wig_book.experiments.rival_measures import share_numbers
from wig_book.experiments.rows import Numbers, fit_numbers
from wig_book.experiments.specifications import specification_numbers
from wig_book.experiments.theorem import theorem_numbers
from wig_book.experiments.theorem_real_text import real_text_numbers
from wig_book.experiments.weighted_static_vectors import agreement_numbers

SHIPPED = ROOT / "results/full"
# By page: what makes the numbers of its tables, and which tables these are.
MADE: dict[str, tuple[Callable[..., Numbers], list[str]]] = {
    "across_corpora": (corpus_numbers, ["fits", "changes"]),
    "across_models": (model_numbers, ["fits", "changes"]),
    "ig_vs_shap": (specification_numbers, ["specifications"]),
    "parts_of_speech": (parts_numbers, ["classes", "weights", "split", "fits"]),
    "pooling_similarity": (specification_numbers, ["specifications"]),
    "regression": (fit_numbers, ["words", "fits"]),
    "retrieval": (change_numbers, ["changes"]),
    "reversal": (reversal_numbers, ["course", "rise"]),
    "rival_measures": (share_numbers, ["shares"]),
    "specifications": (specification_numbers, ["specifications"]),
    "table_before_after": (change_numbers, ["changes"]),
    "theorem": (theorem_numbers, ["exact", "broken"]),
    "theorem_real_text": (real_text_numbers, ["fits", "changes"]),
    "weighted_static_vectors": (agreement_numbers, ["agreements"]),
}


def shipped(page: str) -> dict[str, object]:
    return json.loads((SHIPPED / f"{page}.json").read_text("utf-8"))


def test_every_page_with_shipped_numbers_is_tested() -> None:
    assert {*MADE} == {path.stem for path in SHIPPED.glob("*.json")}


@pytest.mark.parametrize("page", MADE)
def test_shipped_numbers_follow_from_the_shipped_tables(page: str) -> None:
    make, names = MADE[page]
    made = make(*(pd.read_csv(SHIPPED / f"{page}_{name}.csv") for name in names))
    numbers = {name: value for name, value in shipped(page).items() if name in made}
    assert len(numbers) > 0.7 * len(shipped(page))  # the others, such as names of encoders, are in no table
    for name, value in numbers.items():
        assert made[name] == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value), name


def test_a_page_gives_the_shipped_numbers_again(tmp_path: Path) -> None:
    """All but the ends of intervals, for which it takes thousands of resamples."""
    project = Project(ROOT)
    run = Run.of(ROOT, project.page("weighted_static_vectors"), project.profile("full"), {"bootstrap": 20})
    run_cells(run, tmp_path)
    found = json.loads((tmp_path / "weighted_static_vectors.json").read_text("utf-8"))
    points = {name: value for name, value in shipped(run.page.short).items() if not name.endswith(("_low", "_high"))}
    assert len(points) >= 9
    assert [str(one) for one in differences(run.page.short, points, found)] == []
