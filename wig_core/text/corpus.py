"""Collections of sentences and of sentence pairs: packaged, from the hub, or the user's own file.

`load_corpus` and `load_similarities` read any of the three.
"""

from __future__ import annotations

import itertools
import math
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from wig_core.errors import InputError
from wig_core.text.packaged import PACKAGED, lee_pairs
from wig_core.text.sources import (
    HUB_CORPORA,
    Columns,
    PathOrName,
    corpus_name,
    normalised,
    place_of_known,
    present,
    read_columns,
    row_batches,
    text_columns,
    to_number,
)
from wig_core.text.wikipedia import whole_sentences, wikipedia_sentences
from wig_core.text.words import segment as units


@dataclass(frozen=True)
class Corpus:
    """A named list of sentences, each a non-empty string without line breaks or doubled spaces."""

    name: str
    sentences: list[str]

    def __len__(self) -> int:
        return len(self.sentences)

    def __iter__(self) -> Iterator[str]:
        return iter(self.sentences)

    def sample(self, size: int, *, seed: int = 0) -> Corpus:
        """A random sample without replacement, in the order of the corpus; all of it if it has no more than `size`.

        Raises:
            InputError: `size` is below 1.
        """
        if size < 1:
            raise InputError(f"max_sentences={size}: give 1 or more, or None for all sentences")
        if size >= len(self):
            return self
        kept = sorted(random.Random(seed).sample(range(len(self)), size))
        return Corpus(self.name, [self.sentences[i] for i in kept])

    def max_words(self, words: int | None) -> Corpus:
        """The sentences of at most so many units (`wig_core.text.words.segment`); all of them for None.

        Raises:
            InputError: no sentence is so short.
        """
        if words is None:
            return self
        short = [sentence for sentence in self.sentences if len(units(sentence)) <= words]
        if not short:
            raise InputError(f"{self.name}: no sentence has at most {words} words; give a larger max_words, or None")
        return Corpus(self.name, short)


@dataclass(frozen=True)
class SimilarityPairs:
    """Pairs of texts with a judgement of their similarity: `left[i]` and `right[i]` were given `scores[i]`."""

    name: str
    left: list[str]
    right: list[str]
    scores: list[float]

    def __len__(self) -> int:
        return len(self.scores)


def load_corpus(
    name_or_path: PathOrName,
    *,
    split: str | None = None,
    column: str | None = None,
    max_sentences: int | None = None,
    seed: int = 0,
) -> Corpus:
    """Load sentences by the name of a packaged corpus, the path of a file, or the name of a hub data set.

    Args:
        name_or_path: one of
            `"wikipedia-sample"` (106 English Wikipedia articles), `"lee"` (50 news texts), `"news"` (these, and the 300
            of their background), all in gensim; `"wordnet"` (examples of use in WordNet 3.0, packaged here);
            a UTF-8 file: `.txt` with one sentence a line, `.csv`, `.tsv`, `.jsonl`, `.json`, or a `.parquet`;
            a key of `HUB_CORPORA` (`"sts-b"`, `"sts12"`, `"nli"`, `"wikipedia-1m"`): a file of that name in the folder
            `$WIG_DATA`, if one is there, else from the Hugging Face hub; of `"wikipedia"`, all of it, the first
            `max_sentences`;
            `"owner/name"` or `"owner/name:config"` on the hub.
        split: split of a hub data set, default `"train"`; slices such as `"train[:1%]"` work.
        column: column that holds the sentences; default the only column of text.
            `"sentence1,sentence2"` takes both columns, one after the other.
        max_sentences: size of a random sample without replacement, kept in corpus order; default all.
        seed: decides that sample.

    Returns:
        A `Corpus`. Blank lines and cells are skipped, white space is normalised, nothing else is changed.

    Raises:
        InputError: nothing of that name; a file that is missing, empty, of another kind, or not UTF-8; no such
            column, or several to choose from; no sentences; a hub out of reach; `max_sentences` below 1.

    Example:
        >>> corpus = load_corpus("lee", max_sentences=2)
        >>> corpus.name, len(corpus)
        ('lee', 2)
    """
    source = os.fspath(name_or_path)
    if source in HUB_CORPORA and HUB_CORPORA[source].of_articles:
        if max_sentences is None:
            raise InputError(f"{source}: too large to be held; say how many (max_sentences), or use stream_corpus")
        return Corpus(source, list(itertools.islice(stream_corpus(source, split=split), max_sentences)))
    if source in HUB_CORPORA:
        place, split = place_of_known(source, split)
        column = column or HUB_CORPORA[source].column
        found = load_corpus(place, split=split, column=column, max_sentences=max_sentences, seed=seed)
        return Corpus(source, found.sentences)
    if source in PACKAGED:
        if split or column:
            raise InputError(f"{source}: a packaged corpus has no splits or columns; leave them out")
        sentences = list(PACKAGED[source]())
    else:
        columns = read_columns(
            name_or_path, split, lambda head: text_columns(source, head, column), [*PACKAGED, *HUB_CORPORA]
        )
        sentences = [text for values in columns.values() for value in values if (text := normalised(value))]
        if not sentences:
            raise InputError(f"{source}: no sentences, every line is blank; put one sentence in each line or row")
    corpus = Corpus(corpus_name(name_or_path), sentences)
    return corpus if max_sentences is None else corpus.sample(max_sentences, seed=seed)


def stream_corpus(name_or_path: PathOrName, *, split: str | None = None, column: str | None = None) -> Iterator[str]:
    """The sentences of a corpus one by one, for texts that no memory holds.

    Args:
        name_or_path: as in `load_corpus`; or a dump of Wikipedia, `.xml.bz2`, as it is published.
        split, column: as in `load_corpus`; of several columns the cells of a row follow one another.

    Raises:
        InputError: as in `load_corpus`, when the fault is met.

    Example:
        >>> next(stream_corpus("wordnet"))
        'able to swim'
    """
    source = os.fspath(name_or_path)
    if source in PACKAGED:
        return PACKAGED[source]()
    if source.endswith((".xml.bz2", ".xml")):
        return wikipedia_sentences(source)
    if source not in HUB_CORPORA:
        return (sentence for cell in _cells(name_or_path, split, column) if (sentence := normalised(cell)))
    known = HUB_CORPORA[source]
    cells = _cells(*place_of_known(source, split), column or known.column)
    if known.of_articles:
        return (sentence for cell in cells for line in cell.splitlines() for sentence in whole_sentences(line))
    return (sentence for cell in cells if (sentence := normalised(cell)))


def _cells(name_or_path: PathOrName, split: str | None, column: str | None) -> Iterator[str]:
    """The texts of a file or hub data set, row by row."""

    def choose(head: Columns) -> list[str]:
        return text_columns(os.fspath(name_or_path), head, column)

    for rows in row_batches(name_or_path, split, choose, [*PACKAGED, *HUB_CORPORA], stream=True):
        for cell in itertools.chain.from_iterable(zip(*rows.values(), strict=True)):
            if isinstance(cell, str):
                yield cell


def load_similarities(name_or_path: PathOrName, *, split: str | None = None) -> SimilarityPairs:
    """Load pairs of texts with similarity scores.

    Args:
        name_or_path: `"lee"`, the 1225 pairs of gensim's 50 news texts with people's mean judgement from 0 to 1
            (Lee, Pincombe and Welsh 2005); or a file or hub data set, named as in `load_corpus`, with the
            columns `sentence1`, `sentence2` and `score` (`"sts-b"` and `"sts12"` have them).
        split: split of a hub data set, default `"train"`.

    Raises:
        InputError: as in `load_corpus`; also a blank sentence or a score that is not a number.

    Example:
        >>> pairs = load_similarities("lee")
        >>> len(pairs), pairs.scores[0]
        (1225, 0.3)
    """
    source = os.fspath(name_or_path)
    if source == "lee":
        return SimilarityPairs("lee", *lee_pairs())
    if source in HUB_CORPORA:
        place, split = place_of_known(source, split)
        return replace(load_similarities(place, split=split), name=source)
    names = ["sentence1", "sentence2", "score"]
    columns = read_columns(name_or_path, split, lambda head: present(source, head, names), ["lee", *HUB_CORPORA])
    pairs = SimilarityPairs(corpus_name(name_or_path), [], [], [])
    for row, (left, right, score) in enumerate(zip(*(columns.get(name, []) for name in names), strict=True), start=1):
        left, right = normalised(left), normalised(right)
        if not left or not right or not math.isfinite(number := to_number(score)):
            raise InputError(f"{source}: pair {row} needs two sentences and a number as score, not {score!r}")
        pairs.left.append(left)
        pairs.right.append(right)
        pairs.scores.append(number)
    if not pairs.scores:
        raise InputError(f"{source}: no pairs; put one pair in each row")
    return pairs
