"""Texts in installed packages: Wikipedia articles and news in gensim, WordNet in this one."""

from __future__ import annotations

import functools
import gzip
import itertools
import json
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

from wig_core.errors import needs_extra
from wig_core.text.wikipedia import Article, split_sentences, wikipedia_articles

_WIKIPEDIA_SAMPLE = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"


@functools.cache
def wikipedia_sample() -> tuple[Article, ...]:
    """The articles of the packaged corpus "wikipedia-sample", parsed once per process, which takes seconds."""
    return tuple(wikipedia_articles(_gensim_file(_WIKIPEDIA_SAMPLE)))


@needs_extra("data")
def _gensim_file(name: str) -> Path:
    from gensim.test.utils import datapath

    return Path(datapath(name))


def _wikipedia_sample() -> Iterator[str]:
    return (sentence for article in wikipedia_sample() for paragraph in article.paragraphs for sentence in paragraph)


def _lee_texts() -> list[str]:
    # The one byte beyond ASCII is a pound sign in Latin-1.
    return [" ".join(line.split()) for line in _gensim_file("lee.cor").read_text(encoding="latin-1").splitlines()]


def _lee_sentences() -> Iterator[str]:
    return (sentence for text in _lee_texts() for sentence in split_sentences(text))


def news_texts() -> list[list[str]]:
    """The sentences of each text of the packaged corpus "news"."""
    background = _gensim_file("lee_background.cor").read_text(encoding="latin-1").splitlines()
    texts = dict.fromkeys([*_lee_texts(), *(" ".join(line.split()) for line in background)])
    return [list(split_sentences(text)) for text in texts]


def _news_sentences() -> Iterator[str]:
    return itertools.chain(*news_texts())


def wordnet_glosses() -> Iterator[tuple[str, str]]:
    """Each gloss of WordNet 3.0 with a usage example."""
    file = resources.files("wig_core") / "data" / "wordnet_glosses.jsonl.gz"
    with file.open("rb") as packed, gzip.open(packed, "rt", encoding="utf-8") as lines:
        yield from (tuple(json.loads(line)) for line in lines)


def _wordnet_sentences() -> Iterator[str]:
    return iter(dict.fromkeys(example for _, example in wordnet_glosses()))


def lee_pairs() -> tuple[list[str], list[str], list[float]]:
    """The pairs of the Lee texts and their mean human similarity in [0, 1]: left, right, scores."""
    texts = _lee_texts()
    rows = _gensim_file("similarities0-1.txt").read_text(encoding="ascii").splitlines()
    matrix = [[float(score) for score in row.split()] for row in rows]
    # The file fills only the upper triangle; its diagonal compares each text with itself.
    cells = list(itertools.combinations(range(len(texts)), 2))
    left, right = [texts[i] for i, _ in cells], [texts[j] for _, j in cells]
    return left, right, [matrix[i][j] for i, j in cells]


PACKAGED: dict[str, Callable[[], Iterator[str]]] = {
    "wikipedia-sample": _wikipedia_sample,
    "lee": _lee_sentences,
    "news": _news_sentences,
    "wordnet": _wordnet_sentences,
}
