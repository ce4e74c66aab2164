"""Steps of single words along the path: exact cases by hand, captum on a smooth encoder, and honest error estimates."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from wig_book.reference import captum_integrated_gradients
from wig_core.attribution import path_steps
from wig_core.attribution.contributions import Contributions
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.path_steps import MOST, ArcLength, SteppedPath, Walk, parts_of
from wig_core.attribution.paths import fused_attention, interpolation_paths
from wig_core.encoders.encoder import SentenceEncoder

SENTENCES = ["the unbelievable cats don't sit, well", "rain", "a cat on the mat", "the the the", "?!"]


class Polynomial(nn.Module):
    """A model whose every token vector is one function of the word vectors' sum ``[sentences, 2]``."""

    def __init__(self, vectors: dict[int, list[float]], function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.words = nn.Embedding(200, 2)
        self.words.weight.data.zero_()
        for word, vector in vectors.items():
            self.words.weight.data[word] = torch.tensor(vector)
        self.function = function
        self.config = SimpleNamespace(hidden_size=2, num_hidden_layers=1)

    def get_input_embeddings(self) -> nn.Module:
        return self.words

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **_: object) -> SimpleNamespace:
        total = (self.words(input_ids) * attention_mask.unsqueeze(-1)).sum(1, keepdim=True)
        return SimpleNamespace(last_hidden_state=self.function(total).expand(-1, input_ids.shape[1], -1))


def of_sums(
    bert: SentenceEncoder, function: Callable[[Tensor], Tensor], vectors: dict[str, list[float]]
) -> SentenceEncoder:
    """An encoder that is `function` of the sum of its word vectors; every other token is the zero vector."""
    vocabulary = bert.tokenizer.get_vocab()
    model = Polynomial({vocabulary[word]: vector for word, vector in vectors.items()}, function)
    return SentenceEncoder("toy", bert.tokenizer, model, "mean", "dot", normalize=False, max_tokens=64)


def explain(encoder: SentenceEncoder, sentence: str, **options) -> Contributions:
    [explained] = integrated_gradients(encoder, [sentence], **options)
    return explained


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


# ── exact cases ──


def test_a_linear_encoder_by_hand(bert: SentenceEncoder) -> None:
    encoder = of_sums(bert, lambda x: 3 * x, {"the": [1.0, 0.0], "cat": [0.0, 2.0]})
    explained = explain(encoder, "the cat", baseline="zero")
    torch.testing.assert_close(explained.vectors, torch.tensor([[3.0, 0.0], [0.0, 6.0]]))
    assert explained.estimated_error == pytest.approx(0, abs=1e-6)
    assert explained.steps == path_steps.FIRST


def test_a_bilinear_encoder_by_hand(bert: SentenceEncoder) -> None:
    # s = (x₁ x₂, x₁ x₂) of the sum x = (a, b) of "the" (a, 0) and "cat" (0, b): along the path x₁ x₂ = α² a b, and
    # c_the = ∫ α b · a dα = a b / 2 = c_cat. The mean of two opposite orders is exact in every interval.
    encoder = of_sums(
        bert, lambda x: x.prod(-1, keepdim=True).expand(*x.shape[:-1], 2), {"the": [3.0, 0.0], "cat": [0.0, 4.0]}
    )
    explained = explain(encoder, "the cat", baseline="zero")
    torch.testing.assert_close(explained.vectors, torch.full((2, 2), 6.0), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("tolerance", [0.05, 0.005])
def test_a_cubic_encoder_by_hand(bert: SentenceEncoder, tolerance: float) -> None:
    # s = (Σx)³ in each dimension: c_i = x_i ∫ 3 α² (Σx)² dα = x_i (Σx)².
    encoder = of_sums(bert, lambda x: x**3, {"the": [1.0, 2.0], "cat": [3.0, 1.0], "sat": [0.5, -1.0]})
    explained = explain(encoder, "the cat sat", baseline="zero", tolerance=tolerance)
    expected = torch.tensor([[1.0, 2.0], [3.0, 1.0], [0.5, -1.0]]) * torch.tensor([4.5, 2.0]) ** 2
    assert relative(explained.vectors, expected) < tolerance
    torch.testing.assert_close(explained.vectors.sum(0), torch.tensor([4.5**3, 8.0]))


def test_one_word_takes_the_whole_change(bert: SentenceEncoder) -> None:
    explained = explain(bert, "rain")
    torch.testing.assert_close(explained.vectors[0], explained.embedding - explained.baseline_embedding)


@pytest.mark.parametrize("baseline", ["mask", "pad", "unk", "zero"])
def test_equal_to_quadrature_on_a_smooth_encoder(tiny: SentenceEncoder, baseline: str) -> None:
    for sentence in SENTENCES[:3]:
        exact = explain(tiny, sentence, baseline=baseline, steps=64)
        assert exact.completeness_error < 1e-3
        found = explain(tiny, sentence, baseline=baseline, tolerance=0.01)
        assert relative(found.vectors, exact.vectors) < max(0.02, 2 * found.estimated_error)


def test_equal_to_captum_on_minilm(minilm: SentenceEncoder) -> None:
    sentence, dimensions = "It rains in Geneva.", [3, 100, 200, 300]
    expected = captum_integrated_gradients(minilm, sentence, steps=64, dimensions=dimensions)
    found = explain(minilm, sentence, tolerance=0.02)
    assert relative(found.vectors[:, dimensions], expected) < 0.05


# ── steep stretches ──


@pytest.mark.filterwarnings("ignore:.* miss the tolerance")
@settings(max_examples=40)
@given(
    steepness=st.floats(0.1, 500),
    place=st.floats(0.02, 0.98),
    vectors=st.lists(st.lists(st.floats(0.1, 3), min_size=2, max_size=2), min_size=2, max_size=4),
)
def test_a_steep_stretch_is_neither_lost_nor_hidden(
    bert: SentenceEncoder, steepness: float, place: float, vectors: list[list[float]]
) -> None:
    # s = tanh(k (x₁/Σx₁ − place)), the same for both dimensions: c_i is the word's share of Σx₁ times the whole change.
    words = ["the", "cat", "sat", "mat"][: len(vectors)]
    whole = sum(vector[0] for vector in vectors)
    encoder = of_sums(
        bert,
        lambda x: torch.tanh(steepness * (x[..., :1] / whole - place)).expand(*x.shape[:-1], 2),
        dict(zip(words, vectors, strict=True)),
    )
    explained = explain(encoder, " ".join(words), baseline="zero")
    change = explained.embedding - explained.baseline_embedding
    torch.testing.assert_close(explained.vectors.sum(0), change, rtol=1e-4, atol=1e-5)
    expected = torch.tensor([[vector[0] / whole] for vector in vectors]) * change
    assert relative(explained.vectors, expected) < 0.01 + 2 * explained.estimated_error


def test_a_missed_tolerance_is_named(bert: SentenceEncoder) -> None:
    with pytest.warns(UserWarning, match=f"1 of 1 sentences miss the tolerance of 1e-09 with {MOST} intervals"):
        explained = explain(bert, SENTENCES[0], tolerance=1e-9)
    assert explained.estimated_error > 1e-9
    assert explained.steps <= MOST
    assert f"estimated error {explained.estimated_error:.2g}" in repr(explained)


@pytest.mark.filterwarnings("ignore:.* miss the tolerance")
@pytest.mark.parametrize("tolerance", [0.1, 1e-9])
def test_the_passes_of_a_sentence_are_few(bert: SentenceEncoder, tolerance: float) -> None:
    passes = 0

    def count(_module: nn.Module, _args: tuple, options: dict) -> None:
        nonlocal passes
        passes += len(options["input_ids"])

    handle = bert.model.register_forward_pre_hook(count, with_kwargs=True)
    explained = explain(bert, "the cat sat on a mat, the rain don", tolerance=tolerance)
    handle.remove()
    assert len(explained) == 10
    assert passes <= (150 if tolerance == 0.1 else 450)


def test_an_interval_of_no_length_errs_by_no_more_than_its_rounding(bert: SentenceEncoder) -> None:
    # Both orders find the same rounding, each with another word: the mean is 0, and half their distance 8e−7.
    [path] = interpolation_paths(bert, ["the cat"])
    stepped, rounding = SteppedPath(path), torch.full((32,), 1e-7)
    stepped.pending, stepped.known = [(0.5, 0.5)], {0.5: torch.zeros(32)}
    measured = Walk(stepped, 0).measure([rounding, rounding])
    assert (float(measured.vectors.norm()), measured.error) == (0, pytest.approx(8e-7))


# ── company, memory, precision, targets ──


def assert_same(left: Contributions, right: Contributions) -> None:
    assert (left.words, left.steps) == (right.words, right.steps)
    torch.testing.assert_close(left.vectors, right.vectors, atol=1e-5, rtol=1e-4)


def test_neither_other_sentences_nor_memory_matter(tiny: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    together = integrated_gradients(tiny, SENTENCES)
    for index, sentence in enumerate(SENTENCES):
        assert_same(explain(tiny, sentence), together[index])
        assert_same(explain(tiny, sentence, memory_mb=0), together[index])
    monkeypatch.setattr("wig_core.attribution.integrated_gradients.CHUNK", 1)
    for one, other in zip(integrated_gradients(tiny, SENTENCES), together, strict=True):
        assert_same(one, other)


def test_a_direction_is_the_vectors_times_it(bert: SentenceEncoder) -> None:
    direction = torch.randn(32, generator=torch.Generator().manual_seed(0))
    whole, along = (explain(bert, SENTENCES[0], target=target, tolerance=0.01) for target in ("vector", direction))
    assert relative(along.vectors[:, 0], whole.vectors @ direction) < 0.05


def test_bfloat16_is_close_and_reports_its_rounding(minilm: SentenceEncoder) -> None:
    exact, narrow = (explain(minilm, "It rains in Geneva.", precision=p) for p in ("float32", "bfloat16"))
    torch.testing.assert_close(narrow.norms, exact.norms, rtol=0.05, atol=0)
    assert exact.completeness_error < 1e-4 < narrow.completeness_error < 0.03
    assert narrow.vectors.dtype == torch.float32


def test_attention_is_eager_again_afterwards(bert: SentenceEncoder) -> None:
    with fused_attention(bert):
        assert bert.model.config._attn_implementation == "sdpa"
    assert bert.model.config._attn_implementation == "eager"


# ── where intervals are cut ──


def test_equal_arc_length_by_hand() -> None:
    # All of the way lies in the second half; a fifth of the length is spread evenly: 0, 0.1, 1 at 0, 0.5, 1.
    length = ArcLength.of(np.array([0.0, 0.5, 1.0]), np.array([0.0, 3.0]))
    assert length.travelled.tolist() == pytest.approx([0, 0.1, 1])
    assert length.cut(0.0, 1.0, 2) == pytest.approx([0, 0.5 + 0.5 * 0.4 / 0.9, 1])
    still = ArcLength.of(np.array([0.0, 1.0]), np.array([0.0]))
    assert still.cut(0.0, 1.0, 4) == pytest.approx([0, 0.25, 0.5, 0.75, 1])


errors = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(errors=errors, tolerance=st.floats(1e-4, 0.5), most=st.integers(0, 40))
def test_parts_are_enough_or_within_their_number(errors: list[float], tolerance: float, most: int) -> None:
    parts = parts_of(errors, tolerance, most)
    cut = sum(part for part in parts if part > 1)
    assert cut <= most
    left = sum(error / part**2 for error, part in zip(errors, parts, strict=True))
    assert left <= tolerance * (1 + 1e-9) or cut >= most - 1
