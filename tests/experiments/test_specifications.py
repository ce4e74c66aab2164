"""Specifications: their short forms, contributions kept on disk, and the tables of the pages."""

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
from wig_core.attribution import explainer
from wig_core.attribution.contributions import Contributions, load_contributions, save_contributions
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.shapley import shapley_values
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


def same(these: list[Contributions], those: list[Contributions]) -> None:
    for one, other in zip(these, those, strict=True):
        assert one.words == other.words
        assert (one.completeness_error, one.steps) == (other.completeness_error, other.steps)
        for name in ("vectors", "embedding", "baseline_embedding"):
            assert torch.equal(getattr(one, name), getattr(other, name))
        assert (one.standard_errors is None) == (other.standard_errors is None)
        if one.standard_errors is not None and other.standard_errors is not None:
            assert torch.equal(one.standard_errors, other.standard_errors)


# ── on disk ──


def test_contributions_come_back_from_a_file(bert: SentenceEncoder, tmp_path: Path) -> None:
    explained = [*shapley_values(bert, SENTENCES, exact_up_to=3), *integrated_gradients(bert, SENTENCES, steps=2)]
    save_contributions(explained, tmp_path / "file.safetensors")
    same(load_contributions(tmp_path / "file.safetensors"), explained)


def test_a_file_without_contributions(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no")
    for name in ("file", "none"):
        with pytest.raises(InputError, match="holds no contributions"):
            load_contributions(tmp_path / name)
    with pytest.raises(InputError, match="no contributions to save"):
        save_contributions([], tmp_path / "file")


def test_equal_requests_are_computed_once(bert: SentenceEncoder, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    shapley, gradients = shapley_values, integrated_gradients
    monkeypatch.setattr(explainer, "shapley_values", lambda *a, **k: asked.append("shap") or shapley(*a, **k))
    monkeypatch.setattr(explainer, "integrated_gradients", lambda *a, **k: asked.append("ig") or gradients(*a, **k))
    ways = [Explainer(), Explainer("shap"), Explainer("shap", "deleted"), Explainer(tolerance=0.5)]
    first = [way.explain(bert, SENTENCES[:2], cache=True) for way in ways]
    assert asked == ["ig", "shap", "shap", "ig"]
    for way, expected in zip(ways, first, strict=True):
        same(way.explain(bert, SENTENCES[:2], cache=True), expected)
        same(way.explain(bert, SENTENCES[:2]), expected)
    assert asked == ["ig", "shap", "shap", "ig"] * 2  # the cache is asked only with cache=True
    Explainer().explain(bert, SENTENCES[:1], cache=True)
    assert len(asked) == 9


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (Explainer("lime"), "method 'lime' is unknown"),  # type: ignore[arg-type]
        (Explainer("ig", "deleted"), "'deleted' has no path"),
    ],
)
def test_wrong_explainers(bert: SentenceEncoder, wrong: Explainer, line: str) -> None:
    with pytest.raises(InputError, match=line):
        wrong.explain(bert, SENTENCES)


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
