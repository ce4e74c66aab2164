"""Why two texts are similar: parts that add up, long texts, the nearest of many, and how it is shown."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import ARCHITECTURES, WORDS, save_architecture

from wig_core.attribution.contributions import Contributions
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.inputs import tokenize_sentences
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.similarity import (
    SimilarityExplanation,
    explain_nearest,
    explain_similarity,
    least_baseline,
    similarity_of,
)
from wig_core.cli import main
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

LEFT, RIGHT = "the cat sat on a mat", "a cat, it sat <well>"
LONG = "The cat sat on a mat. It sat well, unbelievable rain!\n\nA mat is on the cat. The known rain."
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


# ── what adds up ──


@settings(max_examples=15)
@given(left=texts, right=texts)
@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("explainer", [Explainer("shap"), Explainer("ig", "zero")], ids=["shap", "ig"])
def test_the_parts_add_up_to_the_similarity(bert: SentenceEncoder, similarity, explainer, left, right) -> None:
    encoder = replace(bert, similarity=similarity)
    shown = explain_similarity(encoder, left, right, explainer)
    u, v = encoder.encode([left, right])
    scale = 1.0 if similarity == "cosine" else float(u.norm() * v.norm())
    assert shown.parts.sum() == pytest.approx(float(encoder.similarity_pairwise(u, v)), abs=1e-5 * scale)


@pytest.mark.parametrize("model_type", ARCHITECTURES)
def test_they_do_in_every_architecture(tmp_path: Path, model_type: str) -> None:
    save_architecture(tmp_path, model_type)
    try:
        encoder = SentenceEncoder.load(tmp_path, device="cpu")
    except InputError:
        pytest.skip("refused when it is loaded")
    shown = explain_similarity(encoder, "the cat sat", "a mat, rain", Explainer(baseline="zero", tolerance=10))
    u, v = encoder.encode(["the cat sat", "a mat, rain"])
    scale = max(1.0, np.abs(shown.parts).sum())
    assert shown.similarity == pytest.approx(float(encoder.similarity_pairwise(u, v)), abs=1e-5 * scale)


def test_parts_by_hand(bert: SentenceEncoder) -> None:
    """s = (3, 4) from b = (1, 0), t = (0, 2) from b' = (0, 0); ‖s‖‖t‖ = 10."""
    vectors = torch.tensor([[2.0, 0], [0, 4]])
    left = Contributions(["x", "y"], vectors, torch.tensor([3.0, 4]), torch.tensor([1.0, 0]), 0, 0)
    right = Contributions(["z"], torch.tensor([[0.0, 2]]), torch.tensor([0.0, 2]), torch.zeros(2), 0, 0)
    shown = similarity_of(replace(bert, similarity="cosine"), Explainer(), left, right)
    np.testing.assert_allclose(shown.parts, [[0, 0], [0.8, 0], [0, 0]])
    assert (shown.similarity, shown.left_shares.tolist(), shown.right_shares.tolist()) == (0.8, [0, 0.8], [0.8])
    shown = similarity_of(replace(bert, similarity="dot", normalize=False), Explainer(), left, right)
    np.testing.assert_allclose(shown.parts, [[0, 0], [8, 0], [0, 0]])


def test_an_encoder_that_normalises_compares_what_it_returns(bert: SentenceEncoder) -> None:
    encoder = replace(bert, similarity="dot", normalize=True)
    u, v = encoder.encode([LEFT, RIGHT])
    assert explain_similarity(encoder, LEFT, RIGHT).similarity == pytest.approx(float(u @ v), abs=1e-5)


# ── baselines ──


def test_the_baseline_that_leaves_least(bert: SentenceEncoder) -> None:
    chosen = least_baseline(bert, [LEFT, RIGHT])
    left = {}
    for baseline in ("mask", "pad", "unk", "zero"):
        found = integrated_gradients(bert, [LEFT, RIGHT], baseline=baseline, steps=1)
        left[baseline] = sum(float(one.baseline_embedding.norm() / one.embedding.norm()) for one in found)
    assert chosen == min(left, key=left.__getitem__)
    assert explain_similarity(bert, LEFT, RIGHT).facts["baseline"] == chosen


def test_a_tokenizer_without_a_token_has_one_baseline_less(bert: SentenceEncoder) -> None:
    class Tokenizer:
        mask_token_id = unk_token_id = pad_token_id = None

        def __getattr__(self, name: str) -> object:
            return getattr(bert.tokenizer, name)

        def __call__(self, *args: object, **kwargs: object) -> object:
            return bert.tokenizer(*args, **kwargs)

    assert least_baseline(replace(bert, tokenizer=Tokenizer()), [LEFT]) == "zero"


# ── long texts ──


@pytest.mark.parametrize(("granularity", "units"), [("sentence", 4), ("paragraph", 2)])
def test_passages_contribute_the_sums_of_their_words(bert: SentenceEncoder, granularity: str, units: int) -> None:
    precise = {"steps": 64, "baseline": "mask"}
    [whole] = integrated_gradients(bert, [LONG], granularity=granularity, **precise)
    [words] = integrated_gradients(bert, [LONG], **precise)
    [passages], [read] = tokenize_sentences(bert, [LONG], granularity), tokenize_sentences(bert, [LONG])
    assert len(whole) == units
    for unit, vector in zip(passages.units, whole.vectors, strict=True):
        inside = [i for i, word in enumerate(read.units) if unit.start <= word.start < unit.end]
        torch.testing.assert_close(vector, words.vectors[inside].sum(0), atol=1e-4, rtol=1e-3)


def test_a_query_meets_the_sentences_of_a_document(bert: SentenceEncoder) -> None:
    shown = explain_similarity(bert, LEFT, LONG, Explainer("shap", granularity="sentence"))
    assert shown.left == LEFT.split()
    assert shown.right == [
        "The cat sat on a mat.",
        "It sat well, unbelievable rain!",
        "A mat is on the cat.",
        "The known rain.",
    ]
    assert shown.parts.shape == (7, 5)


def test_a_text_beyond_the_limit_is_cut_as_the_encoder_cuts_it(bert: SentenceEncoder) -> None:
    document = "The cat sat on a mat. " * 20
    with pytest.warns(UserWarning, match="longer than the 64 tokens"):
        shown = explain_similarity(bert, LEFT, document, Explainer(granularity="sentence"))
    assert shown.facts["cut"] == "right, after 64 tokens"
    assert shown.right == ["The cat sat on a mat."] * 8 + ["The cat sat on a mat"]  # 62 tokens, 7 a sentence...
    u, v = bert.encode([LEFT, document])
    assert shown.similarity == pytest.approx(float(bert.similarity_pairwise(u, v)), abs=1e-5)


# ── one and many ──


def test_the_nearest_of_many(bert: SentenceEncoder) -> None:
    documents = ["it rains", "the cat sat on a mat, well", "on and on", "the cat sat on a mat"]
    explainer = Explainer("shap")
    shown = explain_nearest(bert, LEFT, documents, explainer, top=2)
    assert [(one.facts["rank"], one.facts["document"]) for one in shown] == [(1, 3), (2, 1)]
    alone = explain_similarity(bert, LEFT, documents[1], explainer)
    np.testing.assert_allclose(shown[1].parts, alone.parts, atol=1e-5)
    known = explain_nearest(bert, LEFT, documents, explainer, top=9, embeddings=bert.encode(documents))
    assert len(known) == 4
    np.testing.assert_allclose(known[1].parts, alone.parts, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"documents": []}, "top is 2 of 0 documents"),
        ({"top": 0}, "top is 0 of 2 documents"),
        ({"documents": ["a", " "]}, "sentence 1 is blank"),
        ({"embeddings": torch.ones(3, 32)}, r"embeddings have the shape \(3, 32\), not \(2, 32\)"),
        ({"explainer": Explainer(target="norm")}, "a similarity needs the target vector"),
    ],
)
def test_what_cannot_be_compared(bert: SentenceEncoder, options: dict[str, object], fault: str) -> None:
    given = {"documents": ["a cat", "a mat"], "top": 2} | options
    with pytest.raises(InputError, match=fault):
        explain_nearest(bert, LEFT, **given)  # type: ignore[arg-type]


# ── how it is shown ──


@pytest.fixture(scope="module")
def shown(bert: SentenceEncoder) -> SimilarityExplanation:
    return explain_similarity(bert, LEFT, RIGHT, Explainer("shap"))


def test_the_table_holds_every_part(shown: SimilarityExplanation) -> None:
    table = shown.to_frame()
    assert len(table) == 7 * 9
    assert table["share"].sum() == pytest.approx(shown.similarity)
    one = table[(table["left_position"] == 1) & (table["right_position"] == 1)].iloc[0]
    assert (one["left"], one["right"], one["share"]) == ("cat", "cat", shown.matrix[1, 1])
    assert table.iloc[-1][["left", "right"]].tolist() == ["(baseline)", "(baseline)"]
    assert table["share"].iloc[-1] == shown.facts["baselines"]


def test_the_terminal_lists_both_texts_and_the_largest_pairs(shown: SimilarityExplanation) -> None:
    plain = shown.to_terminal(pairs=3)
    assert "\x1b" not in plain
    blocks = plain.split("\n\n")
    assert [line.split()[-1] for line in blocks[1].splitlines()] == LEFT.split()
    i, j = np.unravel_index(np.abs(shown.matrix).argmax(), shown.matrix.shape)
    assert f"{shown.left[i]} × {shown.right[j]}" in blocks[3].splitlines()[1]
    assert len(blocks[3].splitlines()) == 4
    assert "\x1b[0m" in shown.to_terminal(colours=True)


def test_json_holds_the_shares_and_the_parts(shown: SimilarityExplanation) -> None:
    found = json.loads(shown.to_json())
    assert np.array(found["parts"]).sum() == pytest.approx(found["similarity"])
    assert [one["word"] for one in found["sentences"][0]] == LEFT.split()
    assert [one["value"] for one in found["sentences"][1]] == pytest.approx(shown.right_shares.tolist())


def test_html_holds_both_texts_and_every_part_and_loads_nothing(shown: SimilarityExplanation) -> None:
    page, tags = shown.to_html(), []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append((tag, dict(attributes)))  # type: ignore[method-assign]
    parser.feed(page)
    assert "http" not in page
    assert "&lt;" in page
    assert sum(tag == "td" for tag, _ in tags) == 7 * 9
    assert sum(tag == "span" for tag, _ in tags) == 7 + 9
    assert not any({"src", "href"} & set(attributes) for _, attributes in tags)
    assert shown._repr_html_() in page


def test_the_longer_text_makes_the_rows(bert: SentenceEncoder) -> None:
    page = explain_similarity(bert, "a cat", RIGHT, Explainer("shap")).to_html()
    assert 'data-rows="1"' in page
    assert page.count("<tr>") == 10  # a head, 8 words and marks, and the baseline


def test_the_command_explains_the_nearest_of_a_file(
    tiny_folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "texts.txt"
    file.write_text("it rains\nthe cat sat on a mat\na mat\n")
    asked = ["explain", LEFT, "--encoder", str(tiny_folders["bert"]), "--corpus", str(file), "--top", "2"]
    assert main([*asked, "--json", "--html", str(tmp_path / "map.html")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["rank"] for one in found] == [1, 2]
    assert found[0]["document"] == 1
    assert found[0]["similarity"] == pytest.approx(1)
    assert (tmp_path / "map.html").read_text().count('class="wig-pair"') == 2
    assert main([*asked, "--granularity", "sentence", "--method", "shap"]) == 0
    assert "similarity: 1\n" in capsys.readouterr().out
