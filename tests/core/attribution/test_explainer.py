"""Explainers: what decides a cache key, streams of sentences, and the forms in which an encoder is given."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from wig_core.attribution import explainer
from wig_core.attribution.contributions import ContributionSet
from wig_core.attribution.explainer import Explainer, iter_contributions
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.shapley import shapley_values
from wig_core.cache import cache_dir
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

SENTENCES = ["the cat sat on a mat", "rain", "the well-known cats don't sit", "it rains, the mat sits", "a cat, a mat"]
FAST = Explainer(tolerance=10.0)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIG_CACHE", str(tmp_path / "cache"))


def folders() -> list[Path]:
    return sorted(path for path in cache_dir("contributions").iterdir() if path.is_dir() and path.name != "locks")


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (Explainer("lime"), "method 'lime' is unknown"),  # type: ignore[arg-type]
        (Explainer("ig", "deleted"), "'deleted' has no path"),
    ],
)
def test_wrong_explainers(bert: SentenceEncoder, wrong: Explainer, line: str) -> None:
    for cache in (True, False):
        with pytest.raises(InputError, match=line):
            wrong.explain(bert, SENTENCES, cache=cache)


# ── the cache ──


def test_equal_requests_are_computed_once(bert: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    shapley, gradients = shapley_values, integrated_gradients
    monkeypatch.setattr(explainer, "shapley_values", lambda *a, **k: asked.append("shap") or shapley(*a, **k))
    monkeypatch.setattr(explainer, "integrated_gradients", lambda *a, **k: asked.append("ig") or gradients(*a, **k))
    explainers = [Explainer(), Explainer("shap"), Explainer("shap", "deleted"), Explainer(tolerance=0.5)]
    first = [one.explain(bert, SENTENCES[:2], cache=True) for one in explainers]
    assert asked == ["ig", "shap", "shap", "ig"]
    for one, expected in zip(explainers, first, strict=True):
        assert one.explain(bert, SENTENCES[:2], cache=True) == expected
        assert one.explain(bert, SENTENCES[:2]) == expected
    assert asked == ["ig", "shap", "shap", "ig"] * 2  # the cache is asked only with cache=True
    Explainer().explain(bert, SENTENCES[:1], cache=True)
    assert len(asked) == 9


@pytest.mark.parametrize(
    ("one", "other"),
    [(FAST, Explainer(tolerance=10.0, permutations=4, seed=3)), (Explainer("shap"), Explainer("shap", tolerance=0.5))],
)
def test_settings_that_a_method_does_not_use_do_not_matter(
    bert: SentenceEncoder, one: Explainer, other: Explainer
) -> None:
    assert one.explain(bert, SENTENCES[:2], cache=True) == other.explain(bert, SENTENCES[:2], cache=True)
    assert len(folders()) == 1


def test_settings_that_a_method_uses_do(bert: SentenceEncoder) -> None:
    explainers = [
        FAST,
        Explainer(tolerance=5.0),
        Explainer("ig", "pad", tolerance=10.0),
        Explainer("shap"),
        Explainer("shap", seed=1),
        Explainer("shap", permutations=2),
    ]
    for one in explainers:
        one.explain(bert, SENTENCES[1:2], cache=True)
    assert len(folders()) == len(explainers)


def test_directions_and_units_decide_the_key(bert: SentenceEncoder) -> None:
    one, other = torch.eye(32)[:2], torch.eye(32)[1:3]
    found = [FAST.explain(bert, SENTENCES[:1], directions=rows, cache=True)[0] for rows in (None, one, other, one)]
    assert len(folders()) == 3
    assert found[1] == found[3]
    torch.testing.assert_close(found[2].embedding, found[0].embedding[1:3])
    divided = replace(FAST, granularity=(0, 8)).explain(bert, SENTENCES[:1], cache=True)
    assert divided[0].words == ["the cat", "sat on a mat"]
    assert len(folders()) == 4
    with pytest.raises(InputError, match="granularity divides one text, 2 are given"):
        replace(FAST, granularity=(0, 8)).explain(bert, SENTENCES[:2])


def test_a_key_covers_every_module_that_measures(bert: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the modules of attribution that the two methods import, only those that show results do not decide them."""
    hashed: set[str] = set()
    monkeypatch.setattr(explainer, "source_hash", lambda *modules: hashed.update(modules) or "")
    for one in (FAST, Explainer("shap")):
        one.explain(bert, SENTENCES[1:2], cache=True)
    reached, found = {"wig_core.attribution.integrated_gradients", "wig_core.attribution.shapley"}, set()
    while reached:
        module = reached.pop()
        found.add(module)
        tree = ast.parse(Path(sys.modules[module].__file__ or "").read_text("utf-8"))
        imports = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        reached |= {name for name in imports if name.startswith("wig_core.attribution.")} - found
    assert found <= hashed


def test_shards(bert: SentenceEncoder, capsys: pytest.CaptureFixture[str]) -> None:
    found = FAST.explain(bert, SENTENCES, cache=True, shard_size=2, progress=True)
    assert "shards: 100%" in capsys.readouterr().err
    [folder] = folders()
    assert sorted(path.name for path in folder.glob("shard-*")) == [f"shard-00000{n}.safetensors" for n in range(3)]
    assert [one.words for one in found] == [one.words for one in FAST.explain(bert, SENTENCES)]
    assert FAST.explain(bert, SENTENCES, cache=True, shard_size=2) == found
    assert FAST.explain(bert, [], cache=True) == ContributionSet([])


def test_a_blank_sentence_of_a_later_shard_is_named_before_any_work(bert: SentenceEncoder) -> None:
    with pytest.raises(InputError, match="sentence 4 is blank"):
        FAST.explain(bert, [*SENTENCES[:4], " "], cache=True, shard_size=2)
    assert not cache_dir("contributions").exists()


# ── streams ──


def test_a_stream_is_read_one_chunk_ahead(bert: SentenceEncoder) -> None:
    read = 0

    def million() -> Iterator[str]:
        nonlocal read
        for read in range(1, 1_000_001):
            yield f"cat {read}"

    explained = iter_contributions(bert, million(), FAST, chunk=3)
    assert read == 0
    for number in range(1, 8):
        assert next(explained).words == ["cat", str(number)]
        assert read == 3 * ((number + 2) // 3)


@pytest.mark.parametrize("one", [None, Explainer("shap", "pad")])
def test_a_stream_gives_what_a_list_gives(bert: SentenceEncoder, one: Explainer | None) -> None:
    whole = (one or Explainer()).explain(bert, SENTENCES)
    chunks = ContributionSet(iter_contributions(bert, iter(SENTENCES), one, chunk=2))
    assert [one.words for one in chunks] == [one.words for one in whole]
    assert chunks.to_frame()["norm"].tolist() == pytest.approx(whole.to_frame()["norm"].tolist(), rel=1e-4, abs=1e-6)


def test_streams_that_cannot_be_explained(bert: SentenceEncoder) -> None:
    assert list(iter_contributions(bert, [])) == []
    explained = iter_contributions(bert, [*SENTENCES[:3], ""], FAST, chunk=2)
    assert len([next(explained), next(explained)]) == 2
    with pytest.raises(InputError, match="sentence 3 is blank"):
        next(explained)
    with pytest.raises(InputError, match="single string"):
        next(iter_contributions(bert, "the cat"))
    with pytest.raises(InputError, match="chunk is 0; give 1 or more"):
        next(iter_contributions(bert, SENTENCES, chunk=0))


# ── encoders ──


def test_an_encoder_may_be_a_name_or_a_sentence_transformer(
    tiny_folders: dict[str, Path], bert: SentenceEncoder
) -> None:
    from sentence_transformers import SentenceTransformer

    folder = str(tiny_folders["bert"])
    for encoder in (folder, SentenceTransformer(folder, device="cpu")):
        for found, expected in [
            (integrated_gradients(encoder, SENTENCES[:1], steps=2), integrated_gradients(bert, SENTENCES[:1], steps=2)),
            (shapley_values(encoder, SENTENCES[:1]), shapley_values(bert, SENTENCES[:1])),
            (FAST.explain(encoder, SENTENCES[:1]), FAST.explain(bert, SENTENCES[:1])),
        ]:
            assert found[0].norms.tolist() == pytest.approx(expected[0].norms.tolist(), rel=1e-4)
