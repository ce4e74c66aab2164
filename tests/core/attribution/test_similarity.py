"""Why two texts are similar: parts that add up, long texts, the nearest of many, and how it is shown."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import ARCHITECTURES, WORDS, save_architecture

from wig_core.attribution import division, path_steps, similarity
from wig_core.attribution.contributions import Contributions
from wig_core.attribution.explainer import Explainer
from wig_core.attribution.inputs import tokenize_sentences
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.similarity import (
    SimilarityExplanation,
    explain_similarity,
    least_baseline,
    similarity_of,
)
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.static import StaticModel
from wig_core.errors import InputError
from wig_core.text.words import segment

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
    for baseline in ("mask", "pad", "unk"):
        found = integrated_gradients(bert, [LEFT, RIGHT], baseline=baseline, steps=1)
        left[baseline] = sum(float(one.baseline_embedding.norm() / one.embedding.norm()) for one in found)
    assert chosen == min(left, key=left.__getitem__)
    assert explain_similarity(bert, LEFT, RIGHT).facts["baseline"] == chosen


def test_the_zero_vector_is_for_static_encoders(bert: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        similarity, "InterpolationPath", lambda _e, _s, absent, _t: _Ends(0.0 if absent is None else 1.0)
    )
    assert least_baseline(bert, [LEFT]) != "zero"
    static = StaticModel(torch.ones(len(bert.tokenizer), 32))
    assert least_baseline(replace(bert, model=static), [LEFT]) == "zero"


class _Ends:
    """A path whose baseline is so long."""

    def __init__(self, length: float) -> None:
        self.first, self.last = torch.tensor([length]), torch.ones(1)


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


# ── derivatives along the shorter text, where the other is long ──


@pytest.fixture
def _soon_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts of more than 10 tokens are long."""
    monkeypatch.setattr(path_steps, "LONG", 10)


@pytest.mark.usefixtures("_soon_long")
@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("granularity", ["word", "sentence"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_long_text_is_explained_along_the_short_one(bert: SentenceEncoder, similarity, granularity, turned) -> None:
    encoder = replace(bert, similarity=similarity, normalize=False)
    pair = (LONG, "a cat") if turned else ("a cat", LONG)
    explainer = Explainer(baseline="mask", tolerance=0.02, granularity=granularity)
    found = [
        integrated_gradients(encoder, [text], steps=64, granularity=granularity if text == LONG else "word")[0]
        for text in pair
    ]
    exact = similarity_of(encoder, explainer, *found).parts
    shown = explain_similarity(encoder, *pair, explainer)
    assert np.linalg.norm(shown.parts - exact) <= 0.02 * np.linalg.norm(exact)
    u, v = encoder.encode(pair)
    assert shown.similarity == pytest.approx(float(encoder.similarity_pairwise(u, v)), rel=1e-5)


@pytest.mark.usefixtures("_soon_long")
@pytest.mark.parametrize("tolerance", [0.5, 0.1, 0.02])
def test_the_estimated_error_is_no_less_than_the_true_one(bert: SentenceEncoder, tolerance: float) -> None:
    directions = torch.randn(3, 32, generator=torch.Generator().manual_seed(0))
    [exact] = integrated_gradients(bert, [LONG], steps=64, target=directions)
    [found] = integrated_gradients(bert, [LONG], tolerance=tolerance, target=directions)
    assert float((found.vectors - exact.vectors).norm() / exact.vectors.norm()) <= found.estimated_error <= tolerance
    torch.testing.assert_close(found.vectors.sum(0), found.embedding - found.baseline_embedding)


@pytest.mark.usefixtures("_soon_long")
def test_passes_do_not_grow_with_the_text(bert: SentenceEncoder) -> None:
    counted = []

    def count(_module: object, _args: tuple[()], options: dict[str, torch.Tensor]) -> None:
        counted[-1] += len(options["input_ids"])

    handle = bert.model.register_forward_pre_hook(count, with_kwargs=True)
    for document in (LONG, f"{LONG} {LONG}"):
        counted.append(0)
        integrated_gradients(bert, [document], target=torch.eye(32)[:2], tolerance=10)
    handle.remove()
    assert max(counted) < 45  # about 20 for the arc length, and two in each of six intervals


# ── refinement and budgets ──


@settings(max_examples=10)
@given(left=texts, count=st.integers(1, 5), document=st.lists(texts, min_size=1, max_size=4))
@pytest.mark.parametrize("granularity", ["phrase", "sentence", "paragraph"])
def test_what_is_refined_adds_up(bert: SentenceEncoder, granularity, left, count, document) -> None:
    right = "".join(f"{one.capitalize()}, well. " for one in document)
    shown = explain_similarity(bert, left, right, Explainer("shap", granularity=granularity), refine=count)
    u, v = bert.encode([left, right])
    assert shown.similarity == pytest.approx(float(bert.similarity_pairwise(u, v)), abs=1e-5)
    assert "".join(shown.right).replace(" ", "").lower() == right.replace(" ", "").lower()


@pytest.mark.parametrize("count", [1, 2])
def test_the_words_of_a_refined_sentence_make_its_contribution(bert: SentenceEncoder, count: int) -> None:
    explainer = Explainer(baseline="mask", granularity="sentence", tolerance=0.01)
    whole = explain_similarity(bert, LEFT, LONG, explainer)
    shown = explain_similarity(bert, LEFT, LONG, explainer, refine=count)
    [read] = tokenize_sentences(bert, [LONG])
    heaviest = np.argsort(-np.abs(whole.right_shares))[:count]
    at, sums = 0, []
    for sentence, passage in enumerate(whole.right):
        size = len(segment(passage)) if sentence in heaviest else 1
        expected = [word.text for word in segment(passage)] if sentence in heaviest else [passage]
        assert shown.right[at : at + size] == expected
        sums.append(shown.parts[:, at : at + size].sum(1))
        at += size
    assert at == len(shown.right) < len(read.units)
    error = np.linalg.norm(np.array(sums).T - whole.parts[:, :-1]) / np.linalg.norm(whole.parts[:, :-1])
    assert error < 0.03
    assert shown.facts["granularity"] == f"sentence, the heaviest {count} by word"


@pytest.mark.parametrize(
    ("budget", "chosen"),
    [(1e9, "word"), (600.0, r"sentence, the heaviest \d by word"), (300.0, "sentence"), (100.0, "paragraph")],
)
def test_a_budget_chooses_the_finest_granularity_that_fits(
    bert: SentenceEncoder, monkeypatch: pytest.MonkeyPatch, budget: float, chosen: str
) -> None:
    monkeypatch.setattr(division, "_seconds", lambda _encoder, _text: 1.0)
    shown = explain_similarity(bert, LONG, LONG, Explainer(baseline="mask"), budget=budget)
    assert re.fullmatch(chosen, shown.facts["granularity"])
    assert shown.facts["budget"].startswith(f"{budget:.3g} s, of which about ")


def test_words_are_not_refined(bert: SentenceEncoder) -> None:
    shown = explain_similarity(bert, LEFT, RIGHT, Explainer("shap"), refine=2)
    assert shown.facts["granularity"] == "word"
    assert (shown.parts == explain_similarity(bert, LEFT, RIGHT, Explainer("shap")).parts).all()


def test_a_budget_that_nothing_fits(bert: SentenceEncoder) -> None:
    with pytest.warns(UserWarning, match="by paragraph the texts take about .* more than the budget of 1e-09 s"):
        shown = explain_similarity(bert, LONG, LONG, budget=1e-9)
    assert shown.facts["granularity"] == "paragraph"


def test_expected_passes_are_about_those_taken(bert: SentenceEncoder) -> None:
    counted = 0

    def count(_module: object, _args: tuple[()], options: dict[str, torch.Tensor]) -> None:
        nonlocal counted
        counted += len(options["input_ids"])

    explainer = Explainer(baseline="mask")
    handle = bert.model.register_forward_pre_hook(count, with_kwargs=True)
    explain_similarity(bert, LEFT, RIGHT, explainer)
    handle.remove()
    assert sum(division.passes(explainer, 32, [8, 10], [6, 8])) == pytest.approx(counted, rel=0.35)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"refine": -1}, "refine is -1"),
        ({"budget": 0.0}, "the budget 0.0; give"),
        ({"explainer": Explainer(granularity=(0, 3))}, "granularity divides one text, a similarity has two"),
        ({"explainer": Explainer(target="norm")}, "a similarity needs the target vector"),
    ],
)
def test_what_cannot_be_compared(bert: SentenceEncoder, options: dict[str, object], fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        explain_similarity(bert, LEFT, RIGHT, **options)  # type: ignore[arg-type]


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
