"""The nearest of many documents, explained: in order, in constant memory, and once if the cache is asked."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from wig_core.attribution import explainer as explainer_module
from wig_core.attribution import nearest
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.nearest import explain_nearest
from wig_core.attribution.similarity import explain_similarity
from wig_core.cache import cache_dir
from wig_core.cli import main
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

QUERY = "the cat sat on a mat"
DOCUMENTS = ["it rains", "the cat sat on a mat, well", "on and on", "the cat sat on a mat"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIG_CACHE", str(tmp_path / "cache"))


def test_the_nearest_of_many(bert: SentenceEncoder) -> None:
    explainer = Explainer("shap")
    shown = explain_nearest(bert, QUERY, DOCUMENTS, explainer, top=2)
    assert [(one.facts["rank"], one.facts["document"]) for one in shown] == [(1, 3), (2, 1)]
    alone = explain_similarity(bert, QUERY, DOCUMENTS[1], explainer)
    np.testing.assert_allclose(shown[1].parts, alone.parts, atol=1e-5)
    known = explain_nearest(bert, QUERY, DOCUMENTS, explainer, top=9, embeddings=bert.encode(DOCUMENTS))
    assert len(known) == 4
    np.testing.assert_allclose(known[1].parts, alone.parts, atol=1e-5)


def test_documents_are_read_in_chunks_and_may_be_many(bert: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "CHUNK", 3)
    encoded, read, encode = [], [], SentenceEncoder.encode

    def stream() -> Iterator[str]:
        for number in range(40):
            read.append(number)
            yield QUERY if number == 31 else f"rain {number}"

    def note(self: SentenceEncoder, sentences: str | list[str]) -> torch.Tensor:
        encoded.append((len(read), 1 if isinstance(sentences, str) else len(sentences)))
        return encode(self, sentences)

    monkeypatch.setattr(SentenceEncoder, "encode", note)
    [shown] = explain_nearest(bert, QUERY, stream(), Explainer("shap"), top=1)
    assert shown.facts["document"] == 31
    assert max(size for _, size in encoded) == 3
    assert sorted({seen for seen, size in encoded if size > 1})[:3] == [3, 6, 9]  # each chunk before the next is read


def test_a_second_call_computes_nothing(bert: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "CHUNK", 2)
    first = explain_nearest(bert, QUERY, DOCUMENTS, Explainer(), top=2, cache=True)
    assert len([path for path in cache_dir("embeddings").iterdir() if path.is_dir()]) == 2

    def encode(_encoder: SentenceEncoder, sentences: str | list[str]) -> torch.Tensor:
        assert sentences == QUERY
        return of_query

    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("contributions are computed again")

    of_query = bert.encode(QUERY)
    monkeypatch.setattr(SentenceEncoder, "encode", encode)
    monkeypatch.setattr(explainer_module, "integrated_gradients", refuse)
    again = explain_nearest(bert, QUERY, iter(DOCUMENTS), Explainer(), top=2, cache=True)
    assert [one.to_dict() for one in again] == [one.to_dict() for one in first]


def test_after_an_interruption_the_rest_is_explained(bert: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    measured, original = [], explainer_module.integrated_gradients

    def interrupted(encoder: SentenceEncoder, sentences: list[str], **options: object) -> object:
        measured.extend(sentences)
        if len(measured) == 3:
            raise KeyboardInterrupt
        return original(encoder, sentences, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(explainer_module, "integrated_gradients", interrupted)
    with pytest.raises(KeyboardInterrupt):
        explain_nearest(bert, QUERY, DOCUMENTS[:3], Explainer(), top=3, cache=True)
    explain_nearest(bert, QUERY, DOCUMENTS[:3], Explainer(), top=3, cache=True)
    assert measured[:3] != measured[3:]
    assert measured[2] == measured[3]
    assert len(measured) == 5  # the query, and each document once, but for the one that was interrupted


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"documents": []}, "there are no documents; give at least one"),
        ({"documents": "a cat"}, "documents is a single string"),
        ({"top": 0}, "top is 0; give 1 or more"),
        ({"query": " "}, "sentence 0 is blank"),
        ({"documents": ["a", " "]}, "sentence 1 is blank"),
        ({"embeddings": torch.ones(3, 32)}, r"embeddings have the shape \(3, 32\), not \(2, 32\)"),
        ({"explainer": Explainer(target="norm")}, "a similarity needs the target vector"),
    ],
)
def test_what_cannot_be_compared(bert: SentenceEncoder, options: dict[str, object], fault: str) -> None:
    given = {"query": QUERY, "documents": ["a cat", "a mat"], "top": 2} | options
    with pytest.raises(InputError, match=fault):
        explain_nearest(bert, **given)  # type: ignore[arg-type]


def test_the_command_explains_the_nearest_of_a_file(
    tiny_folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "texts.txt"
    file.write_text("it rains\nthe cat sat on a mat\na mat\n")
    asked = ["explain", QUERY, "--encoder", str(tiny_folders["bert"]), "--corpus", str(file), "--top", "2"]
    assert main([*asked, "--json", "--html", str(tmp_path / "map.html")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["rank"] for one in found] == [1, 2]
    assert found[0]["document"] == 1
    assert found[0]["similarity"] == pytest.approx(1)
    assert (tmp_path / "map.html").read_text().count('class="wig-pair"') == 2
    assert main([*asked, "--granularity", "sentence", "--method", "shap"]) == 0
    assert "similarity: 1\n" in capsys.readouterr().out
    assert main([*asked, "--refine", "1", "--granularity", "phrase", "--budget", "600"]) == 0
    assert "budget: 300 s" in capsys.readouterr().out
