"""The first screen of the book, from the shipped run and from one that differs."""

import json
import shutil
from pathlib import Path

from repository import ROOT

from wig_book.build.opening import NUMBERS, finding, numbers, opening

SHIPPED = ROOT / "results/full"


def test_the_shipped_run_has_a_figure_and_its_numbers() -> None:
    text = opening(SHIPPED)
    assert 'role="img"' in text
    assert all(says in text for says in NUMBERS)
    changes = json.loads((SHIPPED / "changes.json").read_text("utf-8"))
    page, value = next(iter(NUMBERS.values()))
    assert page == "changes"
    assert next(iter(numbers(SHIPPED).values())).startswith(f"{changes[value]:+.2f}")


def test_the_sentence_follows_the_numbers(tmp_path: Path) -> None:
    assert finding(SHIPPED).startswith("Contrastive training makes")
    shutil.copy(SHIPPED / "changes.json", tmp_path)
    changes = json.loads((tmp_path / "changes.json").read_text("utf-8"))
    changes["r2_difference_all-MiniLM-L6-v2_contrastive_sham_pad_kl_low"] = -0.1
    (tmp_path / "changes.json").write_text(json.dumps(changes))
    assert "does not show" in finding(tmp_path)


def test_without_a_run_it_says_how_to_make_one(tmp_path: Path) -> None:
    assert "PROFILE=full" in opening(tmp_path)
