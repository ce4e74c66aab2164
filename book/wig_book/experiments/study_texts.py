"""The texts of the study, what they say about words, and the fixed population of words that is weighed on each."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from wig_book.experiments.quantities import Documents, quantities, reliabilities
from wig_book.experiments.setup import from_parameters
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.corpus import load_corpus
from wig_core.text.packaged import PACKAGED, news_texts, wikipedia_sample
from wig_core.text.words import is_word, segment, words_of

DRAWN = 20_000  # sentences of a text that would be too long to count
SHORTEST = 4  # words of a sentence in which words are weighed


def documents_of(corpus: str) -> Documents:
    """The sentences of a text by document: an article or a news text; elsewhere each sentence is one.

    Args:
        corpus: a name or path, as `load_corpus` takes it.

    Returns:
        Lists of sentences, of which no two are equal.
    """
    match corpus:
        case "wikipedia-sample":
            whole = [[one for part in article.paragraphs for one in part] for article in wikipedia_sample()]
        case "news":
            whole = news_texts()
        case _:
            most = None if corpus in PACKAGED else DRAWN
            whole = [[one] for one in load_corpus(corpus, max_sentences=most)]
    seen: set[str] = set()
    fresh = [[one for one in dict.fromkeys(part) if not (one in seen or seen.add(one))] for part in whole]  # type: ignore[func-returns-value]
    return [part for part in fresh if part]


@dataclass(frozen=True)
class StudyText:
    """A text of the study.

    Attributes:
        corpus: its name or path, as `load_corpus` takes it.
        types: how many words are weighed, see `choose_population`.
        occurrences: in how many sentences each is.
        max_words: only sentences of at most so many words and marks are weighed; None for all.
        min_count: words rarer than this have no information and are in no population.
        shuffles: shuffled texts for the corrected KL.
        splits: of the documents in halves, for the reliability of each quantity.
        seed: of the shuffles and splits, and of the population.
    """

    corpus: str
    types: int = 2000
    occurrences: int = 3
    max_words: int | None = 20
    min_count: int = 10
    shuffles: int = 3
    splits: int = 5
    seed: int = 0
    _of_tokenizers: dict[int, pd.DataFrame] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def documents(self) -> Documents:
        """Its sentences by document, see `documents_of`."""
        return documents_of(self.corpus)

    @cached_property
    def words(self) -> pd.DataFrame:
        """The `quantities` of its words."""
        return self._count(words_of)

    @cached_property
    def reliability(self) -> pd.Series:
        """The `reliabilities` of the quantities of its words."""
        return reliabilities(self.documents, words_of, min_count=self.min_count, splits=self.splits, seed=self.seed)

    def subwords(self, encoder: SentenceEncoder) -> pd.DataFrame:
        """The `quantities` of an encoder's own subwords; counted once for encoders with the same tokenizer."""
        tokenizer = hash(encoder.tokenizer.backend_tokenizer.to_str())
        if tokenizer not in self._of_tokenizers:
            self._of_tokenizers[tokenizer] = self._count(subwords_of(encoder))
        return self._of_tokenizers[tokenizer]

    def _count(self, tokenize: Callable[[str], list[str]]) -> pd.DataFrame:
        options = {"min_count": self.min_count, "shuffles": self.shuffles, "seed": self.seed}
        return quantities(self.documents, tokenize, **options)

    @cached_property
    def population(self) -> Population:
        """The words that are weighed, and their sentences."""
        sentences = [one for part in self.documents for one in part]
        size = (self.types, self.occurrences, self.max_words)
        return choose_population(sentences, self.words.index, *size, seed=self.seed)


@dataclass(frozen=True)
class Population:
    """Words that are weighed, and the sentences in which they are.

    Attributes:
        words: drawn at random from those with information.
        sentences: in the order in which they were chosen, so that the first n are the best n.
    """

    words: list[str]
    sentences: list[str]

    def at_most(self, sentences: int | None) -> Population:
        """The same words in the first sentences only; None is no limit."""
        return Population(self.words, self.sentences[:sentences])


def choose_population(
    sentences: Sequence[str],
    known: Iterable[str],
    types: int,
    occurrences: int,
    max_words: int | None,
    *,
    seed: int = 0,
) -> Population:
    """Draw words, and choose sentences until each of these words is in several.

    The words are drawn first, at random from all that are known and in enough sentences, so that frequent ones are not
    preferred. Sentences are then chosen one by one: always the one that holds most words still wanted, for its length.

    Args:
        sentences: to choose from.
        known: words that may be drawn.
        types: how many to draw; all if there are no more.
        occurrences: the number of sentences that each is to be in.
        max_words: only sentences of at most so many words and marks are chosen; None for all.
        seed: of the draw, and of the order of sentences that are equally good.

    Raises:
        InputError: no word is in enough sentences.

    Example:
        >>> texts = ["the cat sat on it", "the dog sat on it", "a cat saw a dog"]
        >>> choose_population(texts, ["cat", "dog"], 2, 1, None).sentences
        ['a cat saw a dog']
    """
    rng = np.random.default_rng(seed)
    lengths = [len(segment(one)) for one in sentences]
    usable = [i for i in rng.permutation(len(sentences)) if SHORTEST <= lengths[i] <= (max_words or lengths[i])]
    holding = {i: set(words_of(sentences[i])) for i in usable}
    counts = pd.Series([word for words in holding.values() for word in words], dtype=object).value_counts()
    eligible = sorted(set(known) & set(counts.index[counts >= occurrences]))
    if not eligible:
        raise InputError(f"no word is in {occurrences} sentences of at most {max_words} words; give a larger text")
    words = rng.permutation(eligible)[:types].tolist()
    wanted = dict.fromkeys(words, occurrences)
    chosen: list[int] = []

    def loss(place: int) -> float:
        return -sum(1 for word in holding[place] if wanted.get(word)) / lengths[place]

    queue = [(loss(place), order, place) for order, place in enumerate(usable)]
    heapq.heapify(queue)
    while any(wanted.values()):
        known_loss, order, best = heapq.heappop(queue)
        if (now := loss(best)) > known_loss:  # losses only rise, so the first that has not risen is the least
            heapq.heappush(queue, (now, order, best))
            continue
        chosen.append(best)
        for word in holding[best]:
            if wanted.get(word):
                wanted[word] -= 1
    return Population(words, [sentences[i] for i in chosen])


def texts_and_source(parameters: Mapping[str, Any]) -> tuple[dict[str, StudyText], StudyText]:
    """The texts of a page by name, and the one whose information is used for all.

    Args:
        parameters: of the page, by name: corpora, source, and the other fields of `StudyText`.
    """
    named = [*parameters["corpora"], parameters["source"]]
    texts = {name: from_parameters(StudyText, {**parameters, "corpus": name}) for name in dict.fromkeys(named)}
    return {name: texts[name] for name in parameters["corpora"]}, texts[parameters["source"]]


def limited(population: Population, encoder: str, text: str, parameters: Mapping[str, Any]) -> Population:
    """The population in as many of its first sentences as are allowed of an encoder, of a text and of the two together.

    Args:
        population: of the text.
        encoder, text: their names.
        parameters: max_sentences, and limits: by the name of an encoder or text, or "encoder on text"; 0 for none.
    """
    names = (encoder, text, f"{encoder} on {text}")
    limits = [parameters["max_sentences"], *(parameters["limits"].get(name) for name in names)]
    return population.at_most(min((limit for limit in limits if limit is not None), default=None))


def subwords_of(encoder: SentenceEncoder) -> Callable[[str], list[str]]:
    """A function from a sentence to an encoder's subwords, without those that have no letter or digit."""
    backend = encoder.tokenizer.backend_tokenizer
    return lambda sentence: [
        token for token in backend.encode(sentence, add_special_tokens=False).tokens if is_word(token)
    ]
