"""Arbitrary text, through the public functions that take one: the result keeps its promises, or one named error says
what is wrong; never anything else.

Each function gets 50 examples in an ordinary run, and ten thousand with `pytest -m fuzz` (one function alone:
`pytest -m fuzz -k segment`).
"""

import re
from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wig_core import (
    Contributions,
    InputError,
    SentenceEncoder,
    integrated_gradients,
    regress,
    shapley_values,
    word_information,
    word_weights,
)
from wig_core.attribution.inputs import tokenize_sentences
from wig_core.text.words import normalise, segment, words_of

pytestmark = [
    pytest.mark.filterwarnings("error::RuntimeWarning"),  # numpy's sign that a number overflowed or is NaN
    pytest.mark.filterwarnings("ignore:.* sentences are longer than:UserWarning"),
    pytest.mark.filterwarnings("ignore:.* has no token for:UserWarning"),
]

# Every character that UTF-8 can encode, all planes equally often; characters at which text is split or joined; words.
PLANES = st.integers(0, 16).map(lambda plane: (plane << 16, (plane << 16) + 0xFFFF))
ANY = PLANES.flatmap(lambda ends: st.characters(codec="utf-8", min_codepoint=ends[0], max_codepoint=ends[1]))
JOINTS = st.sampled_from(
    "\t\n\r\x0b\x1c\x85\xa0\u2028\u3000\0\xad\u200b\u200d\ufeff\ufe0f\u20e3\u0301\u093f'’.,- 🏽🇫🇷👩ﬁİßΣ東が"
)
PIECES = st.sampled_from(["the cat", " sat", " unbelievable", " don't ", " 3.14 ", "[MASK]", "</s>", "[UNK] "])
TEXTS = st.lists(st.text(ANY | JOINTS | st.characters(codec="utf-8"), max_size=10) | PIECES, max_size=4).map("".join)
SENTENCES = st.lists(TEXTS, max_size=3)
NUMBERS = st.integers(-3, 3).map(float) | st.floats(-1e3, 1e3) | st.floats()
BLANK = r"^sentence \d is blank; leave blank sentences out$"

FEW = settings(max_examples=50, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=10_000)


@pytest.fixture(params=[FEW, pytest.param(MANY, marks=pytest.mark.fuzz)], ids=["50", "10000"])
def examples(request: pytest.FixtureRequest) -> settings:
    """How often the body of a test is tried."""
    return request.param


@pytest.fixture(params=["bert", "roberta", "mpnet", "xlm-roberta"])
def encoder(request: pytest.FixtureRequest, tiny_encoders: dict[str, SentenceEncoder]) -> SentenceEncoder:
    return tiny_encoders[request.param]


def is_explained(one: Contributions, text: str, encoder: SentenceEncoder) -> bool:
    """Whether the contributions are of the words of a text and sum to what they explain, up to the reported error."""
    rest = iter("".join(unit.text for unit in segment(text)))  # units may be merged, or dropped by the tokenizer
    difference = one.embedding - one.baseline_embedding
    scale = difference.norm() if difference.norm() > 1e-6 * one.embedding.norm() else one.embedding.norm()
    missing = (one.vectors.double().sum(0) - difference).norm() / scale
    return (
        all(character in rest for character in "".join(one.words).replace(" ", ""))
        and one.vectors.shape == (len(one.words), encoder.dimension)
        and bool(one.vectors.isfinite().all() and one.baseline_embedding.isfinite().all())
        and torch.allclose(one.embedding, encoder.encode([text])[0], atol=1e-4)
        and abs(missing - one.completeness_error) < 1e-4
    )


def test_segment(examples: settings) -> None:
    @examples
    @given(TEXTS)
    def holds(text: str) -> None:
        units, end, between = segment(text), 0, ""
        for unit in units:
            assert end <= unit.start < unit.end
            assert unit.text == normalise(text[unit.start : unit.end])
            between, end = between + text[end : unit.start], unit.end
        between += text[end:]
        assert not re.search(r"\w", between)
        assert set(words_of(text)) <= {unit.text for unit in units}

    holds()


def test_encode(examples: settings, encoder: SentenceEncoder) -> None:
    @examples
    @given(SENTENCES)
    def holds(sentences: list[str]) -> None:
        embeddings = encoder.encode(sentences)
        assert embeddings.shape == (len(sentences), encoder.dimension)
        assert embeddings.isfinite().all()
        for sentence, embedding in zip(sentences, embeddings, strict=True):
            assert torch.allclose(encoder.encode([sentence])[0], embedding, atol=1e-4)

    holds()


def test_integrated_gradients(examples: settings, encoder: SentenceEncoder) -> None:
    @examples
    @given(SENTENCES, st.sampled_from(["mask", "pad", "unk", "zero"]), st.sampled_from([16, 16, 16, None]))
    def holds(sentences: list[str], baseline: str, steps: int | None) -> None:
        if not all(map(str.strip, sentences)):
            with pytest.raises(InputError, match=BLANK):
                integrated_gradients(encoder, sentences)
            return
        found = integrated_gradients(encoder, sentences, baseline=baseline, steps=steps, tolerance=0.05)
        for one, sentence in zip(found, sentences, strict=True):
            assert is_explained(one, sentence, encoder)
            assert steps or one.completeness_error < 1e-3  # the steps add up, whatever their estimated error

    holds()


def test_shapley_values(examples: settings, encoder: SentenceEncoder) -> None:
    @examples
    @given(SENTENCES, st.sampled_from(["mask", "pad", "unk", "zero", "deleted"]))
    def holds(sentences: list[str], baseline: str) -> None:
        if not all(map(str.strip, sentences)):
            with pytest.raises(InputError, match=BLANK):
                shapley_values(encoder, sentences)
            return
        found = shapley_values(encoder, sentences, baseline=baseline, permutations=2, exact_up_to=4)
        for one, sentence in zip(found, sentences, strict=True):
            assert is_explained(one, sentence, encoder)
            assert one.completeness_error < 1e-3

    holds()


def test_word_information(examples: settings) -> None:
    @examples
    @given(SENTENCES, st.integers(1, 3), st.integers(0, 1))
    def holds(sentences: list[str], min_count: int, shuffles: int) -> None:
        counts = Counter(word for sentence in sentences for word in words_of(sentence))
        if max(counts.values(), default=0) < min_count:
            with pytest.raises(InputError, match=r"no words|no word occurs"):
                word_information(sentences, min_count=min_count)
            return
        table = word_information(sentences, min_count=min_count, shuffles=shuffles)
        assert table["count"].to_dict() == {word: count for word, count in counts.items() if count >= min_count}
        assert np.allclose(table["self_information"], np.log(counts.total()) - np.log(table["count"]))
        assert not (table["kl"] < 0).any()
        assert not np.isinf(table.to_numpy()).any()

    holds()


def test_word_weights(examples: settings) -> None:
    @examples
    @given(SENTENCES, st.booleans())
    def holds(sentences: list[str], scale_by_length: bool) -> None:
        explained, expected = [], defaultdict(list)
        for sentence in sentences:
            words = [unit.text for unit in segment(sentence)]
            vectors = torch.randn(len(words), 3, generator=torch.Generator().manual_seed(len(words)))
            explained.append(Contributions(words, vectors, torch.zeros(3), torch.zeros(3), 0.0, 16))
            for word, vector in zip(words, vectors, strict=True):
                expected[word].append(float(vector.norm()) * (len(words) if scale_by_length else 1))
        table = word_weights(explained, scale_by_length=scale_by_length)
        assert table.index.tolist() == sorted(expected)
        assert table["occurrences"].tolist() == [len(expected[word]) for word in table.index]
        assert np.allclose(table["weight"].to_numpy(float), [np.mean(expected[word]) for word in table.index])

    holds()


def test_regress(examples: settings) -> None:
    @examples
    @given(st.dictionaries(TEXTS, st.tuples(NUMBERS, NUMBERS), max_size=8))
    def holds(numbers: dict[str, tuple[float, float]]) -> None:
        words = pd.DataFrame(numbers.values(), numbers.keys(), ["weight", "kl"], dtype=float)
        try:
            fit = regress(words[["weight"]], words[["kl"]], bootstrap=10)
        except InputError:
            return
        assert 3 <= fit.n_words <= len(words)
        assert 0 <= fit.r2 <= 1 + 1e-9
        assert np.isfinite([fit.slope, fit.intercept, fit.correlation]).all()

    holds()


def test_tokenize_sentences(examples: settings, encoder: SentenceEncoder) -> None:
    @examples
    @given(TEXTS.filter(str.strip))
    def holds(text: str) -> None:
        [reading] = tokenize_sentences(encoder, [text])
        owners = set(reading.owners.tolist())
        assert owners - {-1} == set(range(len(reading.units)))
        known = [*reading.units, *reading.dropped]
        lost = [unit for unit in segment(text) if not any(one.start <= unit.start < one.end for one in known)]
        assert reading.is_cut == bool(lost)

    holds()
