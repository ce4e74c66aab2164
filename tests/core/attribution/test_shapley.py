"""Shapley values: small games by hand, captum and shap on real models, efficiency and symmetry everywhere."""

import itertools
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from wig_book.reference import captum_shapley_values, shap_values
from wig_core.attribution import coalitions, shapley
from wig_core.attribution.coalitions import coalition_values
from wig_core.attribution.contributions import Contributions
from wig_core.attribution.inputs import tokenize_sentences
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.shapley import forward_passes, shapley_values
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.words import Unit, segment

ABSENCES = ["mask", "pad", "unk", "zero", "deleted"]
SHORT = "the cat sat believably"
LONG = "the unbelievable cats don't sit on a well-known mat, it rains and rains"
SENTENCES = [SHORT, LONG, "rain", "the the the", "?!", "un-known 🎸"]


def explain(encoder: SentenceEncoder, sentence: str, **given) -> Contributions:
    [explained] = shapley_values(encoder, [sentence], **given)
    return explained


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


# ── games by hand ──


def sentence_of(words: int):
    units = [Unit(str(i), i, i + 1) for i in range(words)]
    return coalitions.TokenizedSentence(units, torch.arange(words), torch.arange(words))


def test_the_glove_game_by_hand() -> None:
    """One left glove (0) and two right ones (1, 2); a pair is worth 1. The values are 2/3, 1/6, 1/6."""
    values = torch.tensor([[float(s & 1 and s >> 1 > 0)] for s in range(8)])
    found = shapley._exact(sentence_of(3), values)
    torch.testing.assert_close(found.vectors, torch.tensor([[4.0], [1.0], [1.0]]) / 6)


def test_exact_values_equal_the_mean_over_all_orders() -> None:
    torch.manual_seed(0)
    values = torch.randn(16, 3)
    expected = torch.zeros(4, 3)
    for order in itertools.permutations(range(4)):
        present = 0
        for word in order:
            expected[word] += (values[present | 1 << word] - values[present]) / math.factorial(4)
            present |= 1 << word
    torch.testing.assert_close(shapley._exact(sentence_of(4), values).vectors, expected)


def test_the_coalitions_along_an_order() -> None:
    passed = shapley._along(torch.tensor([[2, 0, 1]]))
    assert passed[0].int().tolist() == [[0, 0, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1]]


def test_orders_come_with_their_reverses() -> None:
    orders = shapley._orders(sentence_of(5), 6, seed=3)
    assert orders[1::2].tolist() == orders[::2].flip(1).tolist()
    assert orders.sort(1).values.tolist() == [[0, 1, 2, 3, 4]] * 6


def test_a_pair_of_orders_is_exact_for_interactions_of_two() -> None:
    torch.manual_seed(0)
    alone, together = torch.randn(5), torch.randn(5, 5).triu(1)
    sentence = sentence_of(5)
    orders = shapley._orders(sentence, 2, seed=0)
    present = shapley._along(orders).flatten(0, 1).float()
    values = present @ alone + torch.einsum("si,ij,sj->s", present, together, present)
    found = shapley._sampled(sentence, orders, values.unsqueeze(1))
    expected = alone + (together + together.T).sum(1) / 2
    torch.testing.assert_close(found.vectors[:, 0], expected)


def test_the_jackknife_of_one_dimension_is_the_usual_standard_error() -> None:
    pairs = torch.tensor([4.0, 5.0, 9.0]).view(3, 1, 1)
    expected = pairs.flatten().std() / math.sqrt(3)
    torch.testing.assert_close(shapley._jackknife(pairs), expected.view(1))


# ── against other libraries ──


@pytest.mark.parametrize("baseline", ["mask", "pad", "unk"])
def test_exact_values_equal_captums(tiny: SentenceEncoder, baseline) -> None:
    expected = captum_shapley_values(tiny, SHORT, baseline=baseline)
    assert relative(explain(tiny, SHORT, baseline=baseline).vectors, expected) < 1e-5


def test_exact_values_equal_captums_and_shaps_on_minilm(minilm: SentenceEncoder) -> None:
    sentence = "A fox jumps."
    found = explain(minilm, sentence).vectors
    assert relative(found, captum_shapley_values(minilm, sentence)) < 1e-5
    assert relative(shap_values(minilm, sentence, permutations=100), found) < 0.05


def test_winter_values_differ_but_add_up(bert: SentenceEncoder) -> None:
    exact = explain(bert, LONG.split(",")[0], exact_up_to=16)
    winter = shap_values(bert, "the cat sat on a mat", algorithm="partition")
    short = explain(bert, "the cat sat on a mat")
    torch.testing.assert_close(winter.sum(0), short.vectors.sum(0), atol=1e-4, rtol=1e-4)
    assert relative(winter, short.vectors) > 1e-3
    assert exact.completeness_error < 1e-5


def test_winter_values_by_hand(bert: SentenceEncoder) -> None:
    """Of the 24 orders of four words in two branches, those count that keep the branches together: 2 · 2 · 2."""
    [tokenized] = tokenize_sentences(bert, ["the cat sat on"])
    [values] = coalition_values(bert, [tokenized], [shapley._all_coalitions(4)])
    orders = [
        [*a, *b]
        for halves in ([(0, 1), (2, 3)], [(2, 3), (0, 1)])
        for a in itertools.permutations(halves[0])
        for b in itertools.permutations(halves[1])
    ]
    expected = torch.zeros(4, values.shape[1])
    for order in orders:
        present = 0
        for word in order:
            expected[word] += (values[present | 1 << word] - values[present]) / len(orders)
            present |= 1 << word
    assert relative(shap_values(bert, "the cat sat on", algorithm="partition"), expected) < 1e-5


# ── sampling ──


def test_the_error_falls_with_the_square_root_of_the_orders(bert: SentenceEncoder) -> None:
    exact = explain(bert, LONG.split(",")[0], exact_up_to=16).vectors
    errors = []
    for permutations in (4, 64):
        found = [
            explain(bert, LONG.split(",")[0], exact_up_to=0, permutations=permutations, seed=seed).vectors
            for seed in range(12)
        ]
        errors.append(math.sqrt(sum(relative(one, exact) ** 2 for one in found) / len(found)))
    assert 2.5 < errors[0] / errors[1] < 6.4  # √(64/4) = 4


def test_standard_errors_are_the_spread_of_norms_over_seeds(bert: SentenceEncoder) -> None:
    sentence = LONG.split(",")[0]
    found = [explain(bert, sentence, exact_up_to=0, permutations=32, seed=seed) for seed in range(24)]
    spread = torch.stack([one.norms for one in found]).std(0)
    reported = torch.stack([one.standard_errors for one in found]).square().mean(0).sqrt()
    assert 0.6 < float((reported / spread).median()) < 1.6


def test_exact_values_have_no_standard_error_and_those_of_one_pair_are_nan(bert: SentenceEncoder) -> None:
    assert explain(bert, SHORT).standard_errors is None
    assert explain(bert, LONG, permutations=2).standard_errors.isnan().all()


@pytest.mark.parametrize("baseline", ABSENCES)
@pytest.mark.parametrize("settings", [{}, {"exact_up_to": 0, "permutations": 2}, {"exact_up_to": 0}])
def test_efficiency(tiny: SentenceEncoder, baseline, settings) -> None:
    for one in shapley_values(tiny, SENTENCES, baseline=baseline, **settings):
        torch.testing.assert_close(one.vectors.sum(0), one.embedding - one.baseline_embedding, atol=1e-5, rtol=1e-4)


@given(st.text(min_size=1, max_size=30).filter(str.strip), st.sampled_from(ABSENCES))
@settings(max_examples=60)
def test_efficiency_for_any_text(bert: SentenceEncoder, sentence: str, baseline) -> None:
    one = explain(bert, sentence, baseline=baseline, exact_up_to=4, permutations=2)
    torch.testing.assert_close(one.vectors.sum(0), one.embedding - one.baseline_embedding, atol=1e-5, rtol=1e-4)


def test_the_ends_are_those_of_integrated_gradients(tiny: SentenceEncoder) -> None:
    for baseline in ABSENCES[:-1]:
        [other] = integrated_gradients(tiny, [LONG], baseline=baseline, steps=2)
        one = explain(tiny, LONG, baseline=baseline, permutations=2)
        torch.testing.assert_close(one.embedding, other.embedding, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(one.baseline_embedding, other.baseline_embedding, atol=1e-5, rtol=1e-4)


def test_deleted_words_leave_a_shorter_sentence(tiny: SentenceEncoder) -> None:
    [tokenized] = tokenize_sentences(tiny, ["the cat sat"])
    [found] = coalition_values(tiny, [tokenized], [torch.tensor([[True, False, True]])], baseline="deleted")
    torch.testing.assert_close(found, tiny.encode(["the sat"]), atol=1e-5, rtol=1e-4)


def test_each_coalition_is_embedded_once(bert: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded: list[int] = []
    embed = coalitions._embed
    monkeypatch.setattr(
        coalitions, "_embed", lambda encoder, rows, target: embedded.append(len(rows)) or embed(encoder, rows, target)
    )
    explain(bert, "the cat", exact_up_to=0, permutations=64)
    assert sum(embedded) == 4


def test_the_other_sentences_do_not_matter(bert: SentenceEncoder) -> None:
    together = shapley_values(bert, SENTENCES, exact_up_to=0)
    for sentence, one in zip(SENTENCES, together, strict=True):
        torch.testing.assert_close(one.vectors, explain(bert, sentence, exact_up_to=0).vectors, atol=1e-5, rtol=1e-4)


def test_a_small_memory_changes_nothing(bert: SentenceEncoder) -> None:
    torch.testing.assert_close(
        explain(bert, LONG, memory_mb=1).vectors, explain(bert, LONG).vectors, atol=1e-5, rtol=1e-4
    )


def test_bfloat16_is_near_and_adds_up(minilm: SentenceEncoder) -> None:
    sentence = "The committee met in the old castle."
    narrow = explain(minilm, sentence, precision="bfloat16")
    assert relative(narrow.vectors, explain(minilm, sentence).vectors) < 0.05
    assert narrow.completeness_error < 1e-5


def test_scalar_targets(bert: SentenceEncoder) -> None:
    one = explain(bert, SHORT)
    direction = torch.randn(bert.dimension, generator=torch.Generator().manual_seed(0))
    along = explain(bert, SHORT, target=direction)
    torch.testing.assert_close(along.vectors[:, 0], one.vectors @ direction, atol=1e-5, rtol=1e-4)
    length = explain(bert, SHORT, target="norm")
    torch.testing.assert_close(length.embedding[0], one.embedding.norm())


def test_sentences_are_the_players(bert: SentenceEncoder) -> None:
    """Against all six orders in which three sentences can join, each embedded as a text with the others masked."""
    passages = ["The cat sat.", "It sat, well!", "A mat."]  # each word is one token, as is its mask
    masked = [" ".join("[MASK]" for _ in segment(passage)) for passage in passages]
    value = {
        present: bert.encode(" ".join(passages[i] if i in present else masked[i] for i in range(3)))
        for size in range(4)
        for present in map(frozenset, itertools.combinations(range(3), size))
    }
    expected = torch.zeros(3, bert.dimension)
    for order in itertools.permutations(range(3)):
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            expected[player] += (value[before | {player}] - value[before]) / 6
    found = explain(bert, " ".join(passages), granularity="sentence")
    assert found.words == passages
    torch.testing.assert_close(found.vectors, expected, atol=1e-5, rtol=1e-4)


def test_subwords(bert: SentenceEncoder) -> None:
    one = explain(bert, "unbelievable cats", granularity="subword")
    assert one.words == ["un", "##believ", "##able", "cat", "##s"]
    [other] = integrated_gradients(bert, ["unbelievable cats"], steps=16, granularity="subword")
    assert other.words == one.words
    [whole] = integrated_gradients(bert, ["unbelievable cats"], steps=16)
    torch.testing.assert_close(other.vectors[:3].sum(0), whole.vectors[0], atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"baseline": "blank"}, "baseline 'blank' is unknown"),
        ({"permutations": 3}, "permutations is 3; give an even number"),
        ({"permutations": 0}, "permutations is 0"),
        ({"exact_up_to": 20}, r"takes 1,048,576 forward passes"),
        ({"precision": "int8"}, "precision 'int8' is unknown"),
        ({"target": "length"}, "target 'length' is unknown"),
        ({"granularity": "letter"}, "granularity 'letter' is unknown"),
    ],
)
def test_bad_input(bert: SentenceEncoder, given, line) -> None:
    with pytest.raises(InputError, match=line):
        explain(bert, SHORT, **given)


def test_a_sentence_without_units_has_no_contributions(bert: SentenceEncoder) -> None:
    one = explain(bert, "\x1b")
    assert one.words == []
    assert one.completeness_error == 0


def test_the_cost_is_at_most_forward_passes(bert: SentenceEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded: list[int] = []
    embed = coalitions._embed
    monkeypatch.setattr(
        coalitions, "_embed", lambda encoder, rows, target: embedded.append(len(rows)) or embed(encoder, rows, target)
    )
    words = len(explain(bert, LONG).words)
    assert sum(embedded) <= forward_passes(words)


def test_one_word_many_words_and_words_the_tokenizer_does_not_know(minilm: SentenceEncoder) -> None:
    long = " ".join(f"word{i % 40}" for i in range(80))
    for sentence in ("Rain", "漢字 😀 བོད་སྐད", "the the the"):
        one = explain(minilm, sentence)
        assert torch.isfinite(one.vectors).all()
        assert one.completeness_error < 1e-5
    with pytest.warns(UserWarning, match="longer than the 100 tokens"):
        one = explain(replace(minilm, max_tokens=100), long, permutations=2, memory_mb=16)
    assert 40 < len(one.words) < 80
    assert one.completeness_error < 1e-5
