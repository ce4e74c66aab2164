"""Specifications: their short forms, and the tables of the pages."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from wig_book.experiments.setup import Setup
from wig_book.experiments.specifications import (
    Specification,
    convergence,
    fit_specifications,
    parse_specifications,
    specification_numbers,
    weigh_specifications,
    weights_side_by_side,
)
from wig_book.figures.specifications import SPECIFICATION_COLUMNS
from wig_book.figures.tables import show
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.corpus import Corpus
from wig_core.training.fine_tuning import Recipe

SENTENCES = ["the cat sat on a mat", "rain", "the well-known cats don't sit", "it rains, the mat sits", "a cat, a mat"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WIG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def setup() -> Setup:
    return on(SENTENCES, SENTENCES * 2)


def on(sentences: list[str], whole: list[str]) -> Setup:
    """A setup that weighs the given sentences; the whole corpus gives the information."""
    setup = Setup("cats", tolerance=0.05, min_count=1)
    vars(setup).update(whole=Corpus("cats", whole), sentences=sentences)
    return setup


# ── specifications ──


def test_short_forms() -> None:
    assert str(Specification.parse("deleted shap")) == "shap deleted"
    assert Specification.parse("default") == Specification()
    parsed = parse_specifications(["pad", "default", "pad mean"])
    assert parsed == [Specification(baseline="pad"), Specification()]


@pytest.mark.parametrize("text", ["shap ig", "lime"])
def test_wrong_short_forms(text: str) -> None:
    with pytest.raises(InputError, match=f"specification '{text}'"):
        Specification.parse(text)


def test_directions_and_scales(bert: SentenceEncoder, setup: Setup, cache: Path) -> None:
    [one] = integrated_gradients(bert, SENTENCES[:1], tolerance=0.05)
    table = Specification(target="direction", scale="unscaled").weigh(bert, setup)
    expected = (one.vectors @ one.embedding / one.embedding.norm()).abs()
    np.testing.assert_allclose(table.loc[table["sentence"] == 0, "weight"], expected.numpy(), rtol=1e-4)
    scaled = Specification(target="direction").weigh(bert, setup)
    assert (scaled["weight"] / table["weight"]).round(4).tolist() == [
        float(n) for n in table.groupby("sentence")["word"].transform("size")
    ]


def test_the_norm_is_what_its_contributions_add_up_to(bert: SentenceEncoder) -> None:
    [one] = Explainer("shap", target="norm").explain(bert, SENTENCES[:1])
    torch.testing.assert_close(one.vectors.sum(0), one.embedding - one.baseline_embedding, atol=1e-5, rtol=1e-4)


def test_fits_of_specifications(tiny_folders: dict[str, Path], setup: Setup, cache: Path) -> None:
    base, recipe = str(tiny_folders["bert"]), Recipe(examples="halves", steps=2, batch_size=4, bf16=False)
    asked = parse_specifications(["default", "shap", "unscaled", "subword", "cls"])
    occurrences = weigh_specifications(base, recipe, [0, 1], setup, asked)
    assert set(occurrences["seed"].dropna()) == {0, 1}
    table = fit_specifications(base, occurrences, setup, bootstrap=20)
    assert table["specification"].tolist() == [str(one) for one in asked for _ in range(2)]
    of_kl = table[table["x"] == "kl"].set_index("specification")
    assert of_kl.loc["default", "agreement_after"] == 1
    assert -1 <= of_kl.loc["shap", "agreement_before"] < 1
    assert math.isnan(of_kl.loc["subword", "agreement_before"])
    assert set(of_kl["runs"]) == {2}
    numbers = specification_numbers(table)
    assert numbers["specifications"] == 5
    assert numbers["r2_after_least_kl"] <= numbers["r2_after_kl"] <= numbers["r2_after_greatest_kl"]
    assert numbers["correlation_after_shap_low"] == of_kl.loc["shap", "correlation_after_low"]
    words = weights_side_by_side(occurrences[occurrences["scale"] == "scaled"], setup)
    assert {"ig", "shap", "kl"} < set(words.columns)
    shown = show(table[table["x"] == "kl"], ["specification"], SPECIFICATION_COLUMNS)
    assert shown.loc["default", "agreement"].endswith("1.00")
    assert shown.shape == (5, 7)


def test_convergence(bert: SentenceEncoder) -> None:
    table = convergence(bert, on(SENTENCES, SENTENCES), permutations=(2, 32), seeds=(0, 1))
    means = table.groupby("permutations")["error"].mean()
    assert means[32] < means[2]
    assert means[0] > 0
    with pytest.raises(InputError, match="no sentence has 6 to 10 words"):
        convergence(bert, on(["rain"], ["rain"]))
