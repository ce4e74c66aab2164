"""Collections of sentences and of sentence pairs: packaged, from the hub, or from the user's own file."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from wig_core.errors import InputError
from wig_core.text.packaged import PACKAGED, lee_pairs
from wig_core.text.sentences import check_sentences
from wig_core.text.sources import (
    HUB_CORPORA,
    DataSource,
    PathOrName,
    normalised,
    present,
    read_rows,
    text_columns,
    text_of,
    to_number,
)
from wig_core.text.wikipedia import whole_sentences, wikipedia_sentences
from wig_core.text.words import segment as units


@dataclass(frozen=True)
class Corpus:
    """A named list of sentences, each a non-empty string without line breaks or doubled spaces."""

    name: str
    sentences: list[str]

    def __post_init__(self) -> None:
        """Check that each sentence is text and not blank."""
        object.__setattr__(self, "sentences", check_sentences(self.sentences, blank=False))

    def __len__(self) -> int:
        return len(self.sentences)

    def __iter__(self) -> Iterator[str]:
        return iter(self.sentences)

    def sample(self, size: int, *, seed: int = 0) -> Corpus:
        """A random sample without replacement.

        Args:
            size: how many sentences; all of them if the corpus has no more.
            seed: decides the sample.

        Returns:
            The sampled sentences in the order of the corpus.

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
        """The sentences of at most `words` words and punctuation marks; all of them for None.

        Raises:
            InputError: every sentence is longer.
        """
        if words is None:
            return self
        short = [sentence for sentence in self.sentences if len(units(sentence)) <= words]
        if not short:
            raise InputError(f"{self.name}: no sentence has at most {words} words; give a larger max_words, or None")
        return Corpus(self.name, short)


@dataclass(frozen=True)
class SimilarityPairs:
    """Pairs of texts with a human judgement of their similarity.

    Attributes:
        name: what they were loaded as.
        left, right: the two texts of each pair.
        scores: the judgement of each pair; higher is more similar.
    """

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

            - `"wikipedia-sample"` (106 English Wikipedia articles), `"lee"` (50 news texts) or `"news"` (these and the
              300 of their background), which come with gensim;
            - `"wordnet"`, the usage examples of WordNet 3.0, which comes with this package;
            - a file: `.txt` with one sentence per line, `.csv`, `.tsv`, `.jsonl` or `.json` in UTF-8, or in UTF-16 with
              its mark; or `.parquet`; also packed, as in `.txt.gz`;
            - `"sts-b"`, `"sts12"`, `"sick"`, `"nli"`, `"wikipedia-1m"` or `"wikipedia"`: a file of that name in the
              folder `$WIG_DATA` (`sts-b.csv`, else `sts-b.test.csv`), if there is one, else a data set of the Hugging
              Face hub. Of `"wikipedia"` the first `max_sentences` are loaded;
            - on the hub `"owner/name"`, `"owner/name:config"`, `"owner/name:file.txt"` for one file of several, or
              `"owner/name:config:split"` (`"owner/name::split"` if there is one configuration).
        split: split of a hub data set, such as `"test"` or `"train[:1%]"`; default `"train"`, or the only one.
        column: column of sentences; default the only column that holds words. `"sentence1,sentence2"` reads both, the
            second after the first. In CSV every cell of a column is text, whatever it looks like.
        max_sentences: size of a random sample without replacement, in corpus order; default all.
        seed: decides the sample.

    Returns:
        A `Corpus`. Blank lines and cells are skipped and white space is normalised; nothing else is changed.

    Raises:
        InputError: there is nothing of that name; a file is missing, empty, damaged, of another kind or encoding; a row
            has more or fewer fields than the header, or a cell that is no text; the column is missing, or there are
            several to choose from; there are no sentences; the hub is out of reach; `max_sentences` is below 1; an
            extra is not installed. The message names the line.

    Example:
        >>> corpus = load_corpus("lee", max_sentences=2)
        >>> corpus.name, len(corpus)
        ('lee', 2)
    """
    source = DataSource.parse(name_or_path)
    if source.of_articles:
        if max_sentences is None:
            raise InputError(f"{source.name}: too large for memory; set max_sentences, or use stream_corpus")
        return Corpus(source.name, list(itertools.islice(stream_corpus(name_or_path, split=split), max_sentences)))
    if source.place in PACKAGED:
        if split or column:
            raise InputError(f"{source.place}: a packaged corpus has no splits or columns; leave them out")
        corpus = Corpus(source.place, list(PACKAGED[source.place]()))
    else:
        columns: dict[str, list[str]] = {}
        for name, text in _texts(source, split, column):
            columns.setdefault(name, []).append(text)
        sentences = [text for texts in columns.values() for cell in texts if (text := normalised(cell))]
        if not sentences:
            raise InputError(f"{source.place}: no sentences, every line is blank; put one sentence in each line or row")
        corpus = Corpus(source.name, sentences)
    return corpus if max_sentences is None else corpus.sample(max_sentences, seed=seed)


def stream_corpus(name_or_path: PathOrName, *, split: str | None = None, column: str | None = None) -> Iterator[str]:
    """The sentences of a corpus one by one, for texts that do not fit into memory.

    Args:
        name_or_path: as in `load_corpus`; or a published dump of Wikipedia, `.xml.bz2`.
        split: as in `load_corpus`.
        column: column of sentences; default the only column of text. Of several columns, `"left,right"`, the cells of
            a row follow one another.

    Raises:
        InputError: as in `load_corpus`, when the fault is met.

    Example:
        >>> next(stream_corpus("wordnet"))
        'able to swim'
    """
    source = DataSource.parse(name_or_path)
    if source.place in PACKAGED:
        return PACKAGED[source.place]()
    if source.place.endswith((".xml.bz2", ".xml")):
        return wikipedia_sentences(source.place)
    texts = (text for _, text in _texts(source, split, column, stream=True))
    if source.of_articles:
        return (sentence for text in texts for line in text.splitlines() for sentence in whole_sentences(line))
    return (sentence for text in texts if (sentence := normalised(text)))


def _texts(
    source: DataSource, split: str | None, column: str | None, *, stream: bool = False
) -> Iterator[tuple[str, str]]:
    """Each column of sentences and its text, row by row."""
    choose = partial(text_columns, source, column=column or source.column)
    for row in read_rows(source, split, choose, [*PACKAGED, *HUB_CORPORA], stream=stream):
        for name in row.cells:
            yield name, text_of(source.place, row, name)


def load_similarities(name_or_path: PathOrName, *, split: str | None = None) -> SimilarityPairs:
    """Load pairs of texts with human similarity scores.

    Args:
        name_or_path: `"lee"`, the 1225 pairs of gensim's 50 news texts with the mean human judgement from 0 to 1 (Lee,
            Pincombe and Welsh 2005); or a file or hub data set, named as in `load_corpus`, with the columns
            `sentence1`, `sentence2` and `score`, such as `"sts-b"` and `"sts12"`.
        split: as in `load_corpus`, but by default `"test"` for `"sts-b"`, `"sts12"` and `"sick"`.

    Raises:
        InputError: as in `load_corpus`; also a blank sentence, or a score that is not a number.

    Example:
        >>> pairs = load_similarities("lee")
        >>> len(pairs), pairs.scores[0]
        (1225, 0.3)
    """
    source = DataSource.parse(name_or_path)
    if source.place == "lee":
        return SimilarityPairs("lee", *lee_pairs())
    choose = partial(present, source.place, names=["sentence1", "sentence2", "score"])
    pairs = SimilarityPairs(source.name, [], [], [])
    for number, row in enumerate(read_rows(source, split, choose, ["lee", *HUB_CORPORA]), start=1):
        where = f"{source.place}: pair {number} ({row.where})"
        left, right, score = row.cells
        texts = [normalised(text_of(source.place, row, side)) for side in (left, right)]
        if "" in texts:
            raise InputError(f"{where}: {(left, right)[texts.index('')]} is blank; fill it or leave the pair out")
        if not math.isfinite(value := to_number(row.cells[score])):
            raise InputError(f"{where}: score is {row.cells[score]!r:.40}, not a number; correct it, as in 0.5")
        pairs.left.append(texts[0])
        pairs.right.append(texts[1])
        pairs.scores.append(value)
    if not pairs.scores:
        raise InputError(f"{source.place}: no pairs; put one pair in each row")
    return pairs
