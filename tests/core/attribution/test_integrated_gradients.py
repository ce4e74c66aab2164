"""Integrated Gradients: closed forms by hand, captum and plain autograd on real models, completeness everywhere."""

import copy
import dataclasses
import math
import warnings
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from wig_book.reference import backward_integrated_gradients, captum_integrated_gradients
from wig_core.attribution import derivatives, inputs
from wig_core.attribution.contributions import Contributions
from wig_core.attribution.inputs import activations_per_token, apply_target, baseline_id, tokenize_sentences
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.paths import interpolation_paths
from wig_core.attribution.quadrature import quadrature
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.registry import Pooling
from wig_core.errors import InputError
from wig_core.text.words import Unit, segment

BASELINES = ["mask", "pad", "unk", "zero"]
SENTENCE = "the unbelievable cats don't sit, well"
SENTENCES = [SENTENCE, "rain", "a cat on the mat", "the the the", "?!", "un-known 🎸"]


def explain(encoder: SentenceEncoder, sentence: str, **settings) -> Contributions:
    [explained] = integrated_gradients(encoder, [sentence], **settings)
    return explained


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def assert_same(left: Sequence[Contributions], right: Sequence[Contributions]) -> None:
    assert [one.words for one in left] == [other.words for other in right]
    assert [one.steps for one in left] == [other.steps for other in right]
    for one, other in zip(left, right, strict=True):
        torch.testing.assert_close(one.vectors, other.vectors, atol=1e-5, rtol=1e-4)


# ── closed forms ──


class Toy(nn.Module):
    """A model of two dimensions: a word table, and a function of the vectors it looks up ``[sentences, tokens, 2]``."""

    def __init__(self, table: dict[int, list[float]], function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        weights = torch.zeros(200, 2)
        for word, vector in table.items():
            weights[word] = torch.tensor(vector)
        self.embeddings = ToyEmbeddings(weights)
        self.function = function
        self.config = SimpleNamespace(hidden_size=2, num_hidden_layers=1)

    def get_input_embeddings(self) -> nn.Module:
        return self.embeddings.words

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SimpleNamespace:
        return SimpleNamespace(last_hidden_state=self.function(self.embeddings(input_ids=input_ids)))


class ToyEmbeddings(nn.Module):
    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.words = nn.Embedding.from_pretrained(weights)

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.words(input_ids)


VECTORS = {
    "[CLS]": [5.0, -5.0],
    "[SEP]": [7.0, 1.0],
    "[MASK]": [1.0, 1.0],
    "[UNK]": [-1.0, 2.0],
    "the": [1.0, 0.0],
    "cat": [0.0, 2.0],
    "##s": [2.0, 3.0],
}


def toy(bert: SentenceEncoder, function: Callable[[Tensor], Tensor], pooling: Pooling = "mean") -> SentenceEncoder:
    vocabulary = bert.tokenizer.get_vocab()
    model = Toy({vocabulary[token]: vector for token, vector in VECTORS.items()}, function)
    return SentenceEncoder("toy", bert.tokenizer, model, pooling, "dot", normalize=False, max_tokens=64)


@pytest.mark.parametrize("steps", [1, 5])
def test_a_linear_encoder_by_hand(bert: SentenceEncoder, steps: int) -> None:
    # "the cats" is [CLS] the cat ##s [SEP]: five tokens, and the mean over them of x A, with A = ((1, 2), (0, -1)).
    #   the:  ((1, 0) - (1, 1)) A / 5 = (0, -1) A / 5 = (0, 1) / 5
    #   cats: ((0, 2) + (2, 3) - 2 (1, 1)) A / 5 = (0, 3) A / 5 = (0, -3) / 5
    # [CLS] and [SEP] keep their values in the baseline, so they contribute nothing.
    matrix = torch.tensor([[1.0, 2.0], [0.0, -1.0]])
    explained = explain(toy(bert, lambda x: x @ matrix), "the cats", steps=steps)
    assert explained.words == ["the", "cats"]
    torch.testing.assert_close(explained.vectors, torch.tensor([[0.0, 0.2], [0.0, -0.6]]))
    torch.testing.assert_close(explained.norms, torch.tensor([0.2, 0.6]))
    # The embedding: (5 + 7 + 1 + 0 + 2, -5 + 1 + 0 + 2 + 3) = (15, 1), times A over 5 = (15, 29) / 5.
    torch.testing.assert_close(explained.embedding, torch.tensor([3.0, 5.8]))
    # Its baseline: (5 + 7 + 3, -5 + 1 + 3) = (15, -1), times A over 5 = (15, 31) / 5.
    torch.testing.assert_close(explained.baseline_embedding, torch.tensor([3.0, 6.2]))
    assert explained.completeness_error < 1e-5
    assert explained.steps == steps


@pytest.mark.parametrize("rule", ["gauss-legendre", "midpoint"])
def test_an_encoder_whose_words_meet_by_hand(bert: SentenceEncoder, rule: str) -> None:
    # s = (Σ x)² / 5 in each dimension, so c_i = (x_i - b_i) ∫ 2 (Σb + α Σ(x - b)) dα / 5 = (x_i - b_i)(Σx + Σb) / 5.
    # Σx = (15, 1) and Σb = (15, -1) from the test above: their sum is (30, 0).
    #   the:  (0, -1) · (30, 0) / 5 = (0, 0);  cats: (0, 3) · (30, 0) / 5 = (0, 0)
    # With the zero baseline Σb = (12, -4) and the sum is (27, -3):
    #   the:  (1, 0) · (27, -3) / 5;  cats: (2, 5) · (27, -3) / 5
    square = toy(bert, lambda x: x.sum(1, keepdim=True).expand_as(x) ** 2 / 5)
    torch.testing.assert_close(explain(square, "the cats", steps=1, rule=rule).vectors, torch.zeros(2, 2))
    expected = torch.tensor([[27.0, 0.0], [54.0, -15.0]]) / 5
    found = explain(square, "the cats", steps=1, rule=rule, baseline="zero")
    torch.testing.assert_close(found.vectors, expected)


def test_a_rule_that_is_not_exact_by_hand(bert: SentenceEncoder) -> None:
    # s = x² / 3 of [CLS] the [SEP], and the zero baseline: "the" should contribute (1, 0)² / 3. One node at α = 1 gives
    # 2 x² / 3 instead, and the completeness error is |2 - 1| / 1.
    explained = explain(toy(bert, torch.square), "the", steps=1, rule="right-riemann", baseline="zero")
    torch.testing.assert_close(explained.vectors, torch.tensor([[2.0, 0.0]]) / 3)
    assert explained.completeness_error == pytest.approx(1.0, rel=1e-4)


def test_the_norm_by_hand(bert: SentenceEncoder) -> None:
    # The mean of [CLS] the [SEP] is ((5, -5) + (1, 0) + (7, 1)) / 3 = (13, -4) / 3, and (13, -3) / 3 under the mask.
    explained = explain(toy(bert, lambda x: x), "the", target="norm")
    assert explained.embedding.item() == pytest.approx(185**0.5 / 3)
    assert explained.baseline_embedding.item() == pytest.approx(178**0.5 / 3)
    assert explained.vectors.item() == pytest.approx((185**0.5 - 178**0.5) / 3, rel=1e-4)


def test_where_no_word_is_read_nothing_is_explained(bert: SentenceEncoder) -> None:
    # The embedding is that of [CLS], which the words do not reach here.
    explained = explain(toy(bert, lambda x: x, pooling="cls"), "the cats")
    assert explained.vectors.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert explained.embedding.tolist() == VECTORS["[CLS]"]
    assert explained.completeness_error == 0


def test_an_unknown_word_under_the_unknown_baseline_contributes_nothing(bert: SentenceEncoder) -> None:
    explained = explain(toy(bert, lambda x: x), "the 🎸", baseline="unk")
    torch.testing.assert_close(explained.vectors, torch.tensor([[2.0, -2.0], [0.0, 0.0]]) / 4)


# ── against captum and plain autograd ──


def by_autograd(
    encoder: SentenceEncoder, sentence: str, baseline: str, steps: int, target: str | Tensor = "vector"
) -> Tensor:
    """Integrated Gradients in the plainest way: one node, one dimension, one backward pass at a time."""
    [tokenized] = tokenize_sentences(encoder, [sentence])
    ids, is_word = tokenized.input_ids[None], tokenized.owners >= 0
    end = encoder.embedding_layer(ids)
    absent = baseline_id(encoder, baseline)
    if absent is None:
        start = end * ~is_word[None, :, None]
    else:
        start = encoder.embedding_layer(ids, torch.where(is_word, absent, ids))
    total = 0.0
    for node, weight in zip(*quadrature("gauss-legendre", steps), strict=True):
        point = (start + float(node) * (end - start)).requires_grad_()
        [values] = apply_target(encoder.embed_from(point, torch.ones_like(ids)), target)
        gradients = [torch.autograd.grad(value, point, retain_graph=True)[0][0] for value in values]
        total = total + float(weight) * torch.stack([((end - start)[0] * g).sum(-1) for g in gradients], dim=1)
    return torch.stack([total[tokenized.owners == unit].sum(0) for unit in range(len(tokenized.units))])


@pytest.mark.parametrize("baseline", ["mask", "pad", "unk"])
def test_equal_to_captum(bert: SentenceEncoder, baseline: str) -> None:
    expected = captum_integrated_gradients(bert, SENTENCE, baseline=baseline, steps=16)
    assert relative(explain(bert, SENTENCE, baseline=baseline, steps=16).vectors, expected) < 1e-4


@pytest.mark.parametrize("baseline", ["mask", "pad"])
@pytest.mark.parametrize("kind", ["roberta", "mpnet", "xlm-roberta"])
def test_equal_to_captum_where_padding_decides_positions(
    tiny_encoders: dict[str, SentenceEncoder], kind: str, baseline: str
) -> None:
    encoder, dimensions = tiny_encoders[kind], [0, 7, 31]
    expected = captum_integrated_gradients(encoder, SENTENCE, baseline=baseline, steps=16, dimensions=dimensions)
    assert relative(explain(encoder, SENTENCE, baseline=baseline, steps=16).vectors[:, dimensions], expected) < 1e-4


def test_equal_to_captum_on_minilm(minilm: SentenceEncoder) -> None:
    sentence, dimensions = "Unbelievably, it rains.", [3, 200]
    expected = captum_integrated_gradients(minilm, sentence, steps=16, dimensions=dimensions)
    assert relative(explain(minilm, sentence, steps=16).vectors[:, dimensions], expected) < 1e-4


@pytest.mark.parametrize("baseline", BASELINES)
def test_equal_to_one_backward_pass_a_dimension(tiny: SentenceEncoder, baseline: str) -> None:
    nodes, weights = (torch.tensor(part).float() for part in quadrature("gauss-legendre", 8))
    expected = backward_integrated_gradients(tiny, SENTENCE, nodes=nodes, weights=weights, baseline=baseline)
    assert relative(explain(tiny, SENTENCE, baseline=baseline, steps=8).vectors, expected) < 1e-4


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
@pytest.mark.parametrize("target", ["vector", "norm"])
def test_equal_to_plain_autograd(bert: SentenceEncoder, pooling: Pooling, target: str) -> None:
    encoder = dataclasses.replace(bert, pooling=pooling)
    for baseline in ("mask", "zero"):
        expected = by_autograd(encoder, "the cats sat", baseline, 3, target)
        assert (
            relative(explain(encoder, "the cats sat", baseline=baseline, steps=3, target=target).vectors, expected)
            < 1e-4
        )


def test_captum_takes_no_zero_baseline(bert: SentenceEncoder) -> None:
    with pytest.raises(InputError, match="'zero' has no token ids"):
        captum_integrated_gradients(bert, SENTENCE, baseline="zero")


@pytest.mark.parametrize("target", ["vector", "norm"])
def test_forwards_equals_backwards(bert: SentenceEncoder, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    found = []
    for backward in (False, True):
        monkeypatch.setattr(derivatives, "is_backward", lambda _path, backward=backward: backward)
        found.append(integrated_gradients(bert, SENTENCES, steps=8, target=target))
    assert_same(*found)


def test_more_words_than_dimensions_go_backwards(bert: SentenceEncoder) -> None:
    sentence = "the cat sat on a mat " * 6  # 36 words, 32 dimensions
    [path] = interpolation_paths(bert, [sentence])
    assert derivatives.is_backward(path)
    assert relative(explain(bert, sentence, steps=2).vectors, by_autograd(bert, sentence, "mask", 2)) < 1e-4


# ── completeness ──

words = st.lists(st.sampled_from(["the", "cats", "unbelievable", "don't", "rain", ",", "!", "🎸", "x"]), min_size=1)


@settings(max_examples=15)
@given(words=words, baseline=st.sampled_from(BASELINES), target=st.sampled_from(["vector", "norm"]))
def test_contributions_add_up(bert: SentenceEncoder, words: list[str], baseline: str, target: str) -> None:
    explained = explain(bert, " ".join(words), baseline=baseline, target=target)
    assert explained.words == words
    difference = explained.embedding - explained.baseline_embedding
    assume(difference.norm() > 1e-4 * explained.embedding.norm())
    error = relative(explained.vectors.sum(0), difference)
    assert error < 0.01
    assert explained.completeness_error == pytest.approx(error, rel=1e-3, abs=1e-6)


def test_embeddings_are_the_encoders_own(tiny: SentenceEncoder) -> None:
    encoded = tiny.encode(SENTENCES)
    for explained, embedding in zip(integrated_gradients(tiny, SENTENCES, steps=2), encoded, strict=True):
        torch.testing.assert_close(explained.embedding, embedding, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("baseline", BASELINES)
def test_baselines(tiny: SentenceEncoder, baseline: str) -> None:
    # Subwords are replaced at the output of the embedding layer, at their own positions; special tokens stay.
    ids = tiny.tokenize([SENTENCE]).input_ids
    inside = slice(1, ids.shape[1] - 1)
    hidden = tiny.embedding_layer(ids)
    if baseline == "zero":
        hidden[:, inside] = 0
    else:
        others = ids.clone()
        others[:, inside] = getattr(tiny.tokenizer, f"{baseline}_token_id")
        hidden = tiny.embedding_layer(ids, others)
    expected = tiny.embed_from(hidden, torch.ones_like(ids))[0]
    torch.testing.assert_close(explain(tiny, SENTENCE, baseline=baseline, steps=1).baseline_embedding, expected)


def test_the_mask_baseline_is_a_sentence_of_masks(bert: SentenceEncoder) -> None:
    explained = explain(bert, "the cat", steps=1)
    torch.testing.assert_close(explained.baseline_embedding, bert.encode(["[MASK] [MASK]"])[0], atol=1e-5, rtol=1e-5)


# ── steps ──


@pytest.mark.parametrize("rule", ["gauss-legendre", "clenshaw-curtis", "trapezoid"])
def test_fixed_steps_are_honoured(bert: SentenceEncoder, rule: str) -> None:
    found = integrated_gradients(bert, SENTENCES[:3], steps=3, rule=rule)
    assert [explained.steps for explained in found] == [3, 3, 3]
    assert all(math.isnan(explained.estimated_error) for explained in found)


# ── targets and precision ──


def test_a_direction_is_the_vectors_times_it(bert: SentenceEncoder) -> None:
    direction = torch.randn(32, generator=torch.Generator().manual_seed(0))
    whole, along = (integrated_gradients(bert, SENTENCES, steps=8, target=t) for t in ("vector", direction))
    for vectors, numbers in zip(whole, along, strict=True):
        assert numbers.vectors.shape == (len(vectors.words), 1)
        torch.testing.assert_close(numbers.vectors[:, 0], vectors.vectors @ direction, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(numbers.embedding[0], vectors.embedding @ direction, atol=1e-5, rtol=1e-4)


def test_the_norm_is_the_length_of_the_embedding(bert: SentenceEncoder) -> None:
    whole, length = explain(bert, SENTENCE, steps=1), explain(bert, SENTENCE, target="norm")
    torch.testing.assert_close(length.embedding[0], whole.embedding.norm())
    torch.testing.assert_close(length.baseline_embedding[0], whole.baseline_embedding.norm())


def test_bfloat16_is_close_and_reports_its_error(minilm: SentenceEncoder) -> None:
    sentence = "It rains unbelievably in Geneva."
    exact, narrow = (explain(minilm, sentence, steps=24, precision=p) for p in ("float32", "bfloat16"))
    torch.testing.assert_close(narrow.norms, exact.norms, rtol=0.02, atol=0)
    assert exact.completeness_error < narrow.completeness_error < 0.05
    difference = narrow.embedding - narrow.baseline_embedding
    assert narrow.completeness_error == pytest.approx(relative(narrow.vectors.sum(0), difference), rel=1e-4)
    assert torch.equal(narrow.embedding, exact.embedding)
    assert narrow.vectors.dtype == torch.float32


# ── batches ──


def test_neither_other_sentences_nor_memory_matter(tiny: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = [*SENTENCES, "the cat sat on a mat " * 3]
    together = integrated_gradients(tiny, sentences, steps=4)
    assert_same(integrated_gradients(tiny, sentences, steps=4, memory_mb=1), together)
    assert_same([explain(tiny, sentence, steps=4) for sentence in sentences], together)
    assert_same(integrated_gradients(tiny, sentences[::-1], steps=4), together[::-1])
    monkeypatch.setattr("wig_core.attribution.integrated_gradients.CHUNK", 3)
    assert_same(integrated_gradients(tiny, sentences, steps=4), together)


def test_one_row_at_a_time(bert: SentenceEncoder) -> None:
    assert_same(
        integrated_gradients(bert, SENTENCES[:3], steps=2, memory_mb=0),
        integrated_gradients(bert, SENTENCES[:3], steps=2),
    )


def test_batches_stay_within_their_budget() -> None:
    # Padded sizes are number × longest × most: {4·2, 3·3} makes 2 · 4 · 3 = 24, and with 2·2 it would be 36.
    sizes = [(4, 2), (3, 3), (2, 2), (9, 9), (1, 1), (1, 2)]
    found = list(inputs.batches("abcdef", sizes, budget=24))
    assert found == [["a", "b"], ["c"], ["d"], ["e", "f"]]  # d alone exceeds it, and must still be a batch


def test_no_sentences(bert: SentenceEncoder) -> None:
    assert integrated_gradients(bert, []) == []


def test_results_are_plain(bert: SentenceEncoder, capsys: pytest.CaptureFixture[str]) -> None:
    explained = explain(bert, SENTENCE, steps=1)
    for tensor in (explained.vectors, explained.embedding, explained.baseline_embedding, explained.norms):
        assert type(tensor) is Tensor
        assert not tensor.requires_grad
        assert (tensor.dtype, tensor.device.type) == (torch.float32, "cpu")
    assert capsys.readouterr().err == ""
    integrated_gradients(bert, [SENTENCE], steps=1, progress=True)
    assert "integrated gradients: 100%" in capsys.readouterr().err


# ── words ──


def test_subwords_are_summed(tiny: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = explain(tiny, SENTENCE, steps=8)
    offsets = [(start, end) for start, end in tiny.tokenize([SENTENCE]).offsets[0] if end > start]
    parts = [Unit(SENTENCE[start:end], start, end) for start, end in offsets]
    monkeypatch.setattr(inputs, "segment", lambda sentence: parts)
    each = explain(tiny, SENTENCE, steps=8)
    assert len(each.words) > len(whole.words)
    ends = torch.tensor([unit.end for unit in segment(SENTENCE)])
    owners = torch.searchsorted(ends, torch.tensor([part.end for part in parts]))
    summed = torch.zeros_like(whole.vectors).index_add_(0, owners, each.vectors)
    torch.testing.assert_close(whole.vectors, summed, atol=1e-5, rtol=1e-4)


def test_one_word(tiny: SentenceEncoder) -> None:
    explained = explain(tiny, "Unbelievable")
    assert explained.words == ["unbelievable"]
    torch.testing.assert_close(
        explained.vectors[0], explained.embedding - explained.baseline_embedding, atol=1e-4, rtol=1e-2
    )


@pytest.mark.parametrize(
    ("sentence", "units"),
    [
        ("🎸", ["🎸"]),
        ("🎸 👩‍👩‍👧", ["🎸", "👩‍👩‍👧"]),
        ("?!…", ["?", "!", "…"]),
        ("the the", ["the", "the"]),
        ("3.14", ["3.14"]),
    ],
    ids=["emoji", "two emoji", "marks", "repeated", "number"],
)
def test_unusual_sentences(tiny: SentenceEncoder, sentence: str, units: list[str]) -> None:
    explained = explain(tiny, sentence)
    assert explained.words == units
    assert explained.vectors.shape == (len(units), 32)
    assert explained.vectors.isfinite().all()
    assert explained.completeness_error < 0.01


def test_repeated_words_have_contributions_of_their_own(bert: SentenceEncoder) -> None:
    explained = explain(bert, "the the the")
    assert explained.vectors.unique(dim=0).shape == (3, 32)  # their positions differ


def test_nothing_to_explain(bert: SentenceEncoder) -> None:
    # WordPiece reads the emoji as [UNK], which is the baseline: the ends of the path are the same.
    explained = explain(bert, "🎸", baseline="unk")
    assert explained.vectors.abs().max() < 1e-6
    assert explained.completeness_error < 1e-6


def test_a_sentence_of_formatting_alone_has_no_words(tiny: SentenceEncoder) -> None:
    explained = explain(tiny, "\u200b")
    assert explained.words == []
    assert explained.vectors.shape == (0, 32)
    assert explained.completeness_error < 1e-5


def test_two_thousand_words_are_cut_with_a_warning(bert: SentenceEncoder) -> None:
    with pytest.warns(UserWarning, match="1 of 2 sentences are longer than the 64 tokens that .* reads"):
        long, short = integrated_gradients(bert, ["cat " * 2000, "the cat"], steps=1)
    assert long.words == ["cat"] * 62
    assert short.words == ["the", "cat"]


def test_a_sentence_that_just_fits_is_not_cut(bert: SentenceEncoder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(explain(bert, "cat " * 62, steps=1).words) == 62


# ── errors ──


@pytest.mark.parametrize("blank", ["", "  ", "\t\n", "\u3000"])
def test_a_blank_sentence(bert: SentenceEncoder, blank: str) -> None:
    with pytest.raises(InputError, match="sentence 1 is blank; leave blank sentences out"):
        integrated_gradients(bert, ["the cat", blank])


def test_a_string_instead_of_a_list(bert: SentenceEncoder) -> None:
    with pytest.raises(InputError, match="sentences is a single string; give a list of strings"):
        integrated_gradients(bert, "the cat")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"baseline": "comma"}, "baseline 'comma' is unknown; choose one of mask, pad, unk, zero"),
        ({"rule": "simpson", "steps": 4}, "quadrature rule 'simpson' is unknown"),
        ({"target": "length"}, "target 'length' is unknown; choose vector, norm or a tensor of 32 numbers"),
        ({"target": torch.ones(3)}, r"target direction has shape \(3,\), the encoder's embeddings \(32,\)"),
        ({"precision": "int8"}, "precision 'int8' is unknown; choose one of float32, bfloat16"),
        ({"tolerance": 0.0}, "tolerance is 0.0; give a positive number"),
        ({"tolerance": float("nan")}, "tolerance is nan; give a positive number"),
        ({"rule": "midpoint"}, "rule 'midpoint' needs a number of nodes; give steps, such as steps=50"),
        ({"steps": -1}, "steps is -1; the path integral needs at least one node"),
        ({"steps": 0}, "steps is 0; the path integral needs at least one node"),
    ],
)
def test_settings_that_cannot_be_used(bert: SentenceEncoder, settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        integrated_gradients(bert, ["the cat"], **settings)


def test_a_tokenizer_without_the_baselines_token(bert: SentenceEncoder) -> None:
    tokenizer = copy.deepcopy(bert.tokenizer)
    tokenizer.mask_token = None
    with pytest.raises(InputError, match="has no mask token; choose another baseline"):
        integrated_gradients(dataclasses.replace(bert, tokenizer=tokenizer), ["the cat"])


def test_attention_maps_count_in_the_memory_of_a_batch(bert: SentenceEncoder) -> None:
    # Two layers of width 32 and 64 with four heads; three maps of scores, and twice as many for a backward pass.
    assert activations_per_token(bert, 10) == (
        3 * 64 + 4 * 32 + 3 * 4 * 10,
        2 * (3 * 64 + 10 * 32 + 2 * 3 * 4 * 10),
    )
    with pytest.warns(UserWarning, match="a sentence of 8 tokens takes about 0 MiB of memory, more than memory_mb=0"):
        integrated_gradients(bert, ["the cat sat on a mat"], steps=1, memory_mb=0)
