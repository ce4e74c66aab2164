"""The texts of the study, and the words and sentences that are drawn from them."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wig_book.experiments.study_texts import StudyText, choose_population, documents_of, subwords_of, texts_and_source
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.words import segment, words_of


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=7).map(" ".join), min_size=8, max_size=30),
    st.integers(1, 3),
    st.integers(1, 8),
)
def test_each_drawn_word_is_in_enough_sentences(sentences: list[str], occurrences: int, types: int) -> None:
    try:
        found = choose_population(sentences, "abcdefgh", types, occurrences, 6)
    except InputError:
        usable = [set(words_of(one)) for one in sentences if 4 <= len(segment(one)) <= 6]
        assert max(Counter(word for words in usable for word in words).values(), default=0) < occurrences
        return
    holding = Counter(word for one in found.sentences for word in set(words_of(one)))
    assert len(found.words) <= types
    assert all(holding[word] >= occurrences for word in found.words)
    assert all(4 <= len(segment(one)) <= 6 for one in found.sentences)
    assert found == choose_population(sentences, "abcdefgh", types, occurrences, 6)


def test_fewer_sentences_keep_the_words() -> None:
    population = choose_population(["a cat sat here", "a dog sat here", "a cat saw a dog"], ["cat", "dog"], 2, 2, None)
    assert population.at_most(1).words == population.words
    assert population.at_most(1).sentences == population.sentences[:1]
    assert population.at_most(None) == population


def test_a_text_of_its_own_has_sentences_for_documents_and_none_twice(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("One cat.\nTwo cats.\nOne cat.\n")
    assert documents_of(str(tmp_path / "own.txt")) == [["One cat."], ["Two cats."]]


def test_documents_are_articles_and_news_texts() -> None:
    for corpus, least in (("wikipedia-sample", 100), ("news", 300)):
        documents = documents_of(corpus)
        assert least <= len(documents) < 400
        sentences = [one for part in documents for one in part]
        assert len(sentences) == len(set(sentences)) > 2000


def test_subwords_have_a_letter_or_digit(bert: SentenceEncoder) -> None:
    assert subwords_of(bert)("the cat, 3!") == [
        token for token in bert.tokenizer.tokenize("the cat, 3!") if any(map(str.isalnum, token))
    ]


def test_texts_share_the_source() -> None:
    texts, source = texts_and_source({"corpora": ["lee", "news"], "source": "lee", "min_count": 3})
    assert source is texts["lee"]
    assert texts["news"].min_count == 3
    texts, source = texts_and_source({"corpora": ["news"], "source": "lee"})
    assert [*texts] == ["news"]
    assert source.corpus == "lee"


def test_a_text_without_a_word_that_is_frequent_enough(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("One cat sat on a mat.\n" * 3 + "Two dogs ran off with it.\n")
    with pytest.raises(InputError, match="no word is in 3 sentences"):
        _ = StudyText(str(tmp_path / "own.txt"), min_count=1).population
