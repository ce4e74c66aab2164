"""Examples to train on: sentences, pairs, triplets or labelled pairs, from packaged texts, files, the hub or memory."""

from __future__ import annotations

import itertools
import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from wig_core.errors import InputError
from wig_core.text.packaged import wikipedia_sample, wordnet_glosses
from wig_core.text.sources import DataSource, PathOrName, Sample, normalised, present, read_rows, text_of
from wig_core.text.tables import TableRow
from wig_core.text.wikipedia import Article

HALF = 4  # the fewest words of a half or a crop

Row: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Examples:
    """The examples of a contrastive objective.

    Attributes:
        name: the name or path that they were loaded from.
        texts: the texts of each example: one sentence, an anchor and its positive, or these and hard negatives.
        labels: the class of each example, counted from 0, if the examples are labelled.
    """

    name: str
    texts: list[Row]
    labels: list[int] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def columns(self) -> int:
        """The number of texts per example."""
        return len(self.texts[0])


ExamplesLike: TypeAlias = "Examples | Sequence[Sequence[str]] | PathOrName"


def as_examples(examples: ExamplesLike, *, seed: int = 0) -> Examples:
    """Examples, whichever way they are given.

    Args:
        examples: `Examples` (returned as they are), a sequence of rows of texts such as pairs, or a name or path as
            `load_examples` takes it.
        seed: see `load_examples`.

    Raises:
        InputError: a row is not a sequence of texts, has a blank text or another number of texts than the first, or a
            name or path cannot be loaded.

    Example:
        >>> as_examples([("It rained all day.", "The day was wet.")]).columns
        2
    """
    if isinstance(examples, Examples):
        return examples
    if isinstance(examples, str | os.PathLike):
        return load_examples(examples, seed=seed)
    rows = [(row,) if isinstance(row, str) else tuple(row) for row in examples]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]) or not all(isinstance(text, str) and text.strip() for text in row):
            raise InputError(f"examples: row {number} is {row!r:.80}; give each row {len(rows[0])} texts, none blank")
    return Examples("examples", rows)


def load_examples(name_or_path: PathOrName, *, split: str | None = None, seed: int = 0) -> Examples:
    """Load examples by the name of a packaged kind, or from a file or a data set on the hub.

    Args:
        name_or_path: one of

            - `"sentences"`: the sentences of the Wikipedia sample, one text each;
            - `"halves"`: the two halves of a sentence of it;
            - `"neighbours"`: two consecutive sentences of a paragraph;
            - `"neighbours-and-far"`: the same, with a sentence of another paragraph of the article as hard negative;
            - `"relations"`: two sentences and their relation: neighbours (0), same article (1), different articles (2);
            - `"titles"`: an article's title and one of its sentences;
            - `"glosses"`: a gloss of WordNet and an example of the word's use;
            - `"crops"`: two runs of words of one paragraph, drawn independently (as Contriever, Izacard et al. 2022);
            - `"passages"`: a sentence, the rest of its paragraph (the inverse cloze task of Lee et al. 2019), and
              another paragraph of the article as hard negative (in the manner of DPR, Karpukhin et al. 2020);

            or a file or data set, named as in `load_corpus`, with the columns `anchor`, `positive` and, optionally,
            `negative`, or with `sentence1`, `sentence2` and `label` (0, 1, 2, …), or with one column `sentence`.
        split: as in `load_corpus`.
        seed: decides which sentences are paired where that is random.

    Raises:
        InputError: see `load_corpus`; also if a text is blank or a label is no class.

    Example:
        >>> load_examples("halves").texts[2]
        ('Anarchism considers the state to', 'be undesirable, unnecessary, and harmful.')
    """
    parsed = DataSource.parse(name_or_path)
    source = parsed.place
    if source in _LABELLED:
        rows = _LABELLED[source](random.Random(seed))
        return Examples(source, [texts for texts, _ in rows], [label for _, label in rows])
    if source in _PACKAGED:
        return Examples(source, list(dict.fromkeys(_PACKAGED[source](random.Random(seed)))))
    choose = partial(_used_columns, source)
    return _from_rows(source, read_rows(parsed, split, choose, NAMES))


# ── packaged texts ──


def _sentences(_: random.Random) -> Iterator[Row]:
    return ((sentence,) for sentence in _all_sentences())


def _halves(_: random.Random) -> Iterator[Row]:
    for sentence in _all_sentences():
        words = sentence.split()
        if len(words) >= 2 * HALF:
            yield " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])


def _neighbours(_: random.Random) -> Iterator[Row]:
    return (pair for article in wikipedia_sample() for pair in _consecutive(article))


def _neighbours_and_far(rng: random.Random) -> Iterator[Row]:
    for article in wikipedia_sample():
        for place, paragraph in enumerate(article.paragraphs):
            others = list(itertools.chain(*article.paragraphs[:place], *article.paragraphs[place + 1 :]))
            for pair in itertools.pairwise(paragraph):
                if others:
                    yield *pair, rng.choice(others)


def _relations(rng: random.Random) -> list[tuple[Row, int]]:
    articles = [article for article in wikipedia_sample() if len(article.paragraphs) > 1]
    rows: list[tuple[Row, int]] = []
    for article in articles:
        sentences = list(itertools.chain(*article.paragraphs))
        for left, right in _consecutive(article):
            stranger = rng.choice([other for other in articles if other is not article])
            far = rng.choice(rng.choice(stranger.paragraphs))
            rows += [((left, right), 0), ((left, rng.choice(sentences)), 1), ((left, far), 2)]
    return rows


def _titles(_: random.Random) -> Iterator[Row]:
    for article in wikipedia_sample():
        for sentence in itertools.chain(*article.paragraphs):
            yield article.title, sentence


def _glosses(_: random.Random) -> Iterator[Row]:
    return wordnet_glosses()


def _crops(rng: random.Random) -> Iterator[Row]:
    for paragraph in _paragraphs():
        words = " ".join(paragraph).split()
        if len(words) >= 4 * HALF:
            yield _crop(words, rng), _crop(words, rng)


def _crop(words: list[str], rng: random.Random) -> str:
    """A random run of 10% to 50% of the words, at least `HALF` of them."""
    size = max(HALF, round(len(words) * rng.uniform(0.1, 0.5)))
    start = rng.randrange(len(words) - size + 1)
    return " ".join(words[start : start + size])


def _passages(rng: random.Random) -> Iterator[Row]:
    for article in wikipedia_sample():
        for place, paragraph in enumerate(article.paragraphs):
            others = [*article.paragraphs[:place], *article.paragraphs[place + 1 :]]
            for i, query in enumerate(paragraph):
                rest = paragraph[:i] + paragraph[i + 1 :]
                if rest and others:
                    yield query, " ".join(rest), " ".join(rng.choice(others))


def _all_sentences() -> Iterator[str]:
    return (sentence for article in wikipedia_sample() for sentence in itertools.chain(*article.paragraphs))


def _paragraphs() -> Iterator[list[str]]:
    return itertools.chain(*(article.paragraphs for article in wikipedia_sample()))


def _consecutive(article: Article) -> Iterator[Row]:
    """Pairs of consecutive sentences of a paragraph."""
    return itertools.chain(*(itertools.pairwise(paragraph) for paragraph in article.paragraphs))


_PACKAGED: dict[str, Callable[[random.Random], Iterator[Row]]] = {
    "sentences": _sentences,
    "halves": _halves,
    "neighbours": _neighbours,
    "neighbours-and-far": _neighbours_and_far,
    "titles": _titles,
    "glosses": _glosses,
    "crops": _crops,
    "passages": _passages,
}
_LABELLED = {"relations": _relations}
NAMES = [*_PACKAGED, *_LABELLED]


# ── files and data sets ──


def _used_columns(source: str, sample: Sample) -> list[str]:
    names = [*map(normalised, sample)]
    if "sentence" in names:
        return present(source, sample, ["sentence"])
    if "sentence1" in names:
        return present(source, sample, ["sentence1", "sentence2", "label"])
    return present(source, sample, ["anchor", "positive", *(name for name in names if name.startswith("negative"))])


def _from_rows(source: str, rows: Iterator[TableRow]) -> Examples:
    texts: list[Row] = []
    labels: list[int] = []
    for row in rows:
        *_, last = row.cells
        if normalised(last) == "label":
            labels.append(_class(source, row.where, row.cells.pop(last)))
        texts.append(tuple(normalised(text_of(source, row, column)) for column in row.cells))
        if not all(texts[-1]):
            blank = list(row.cells)[texts[-1].index("")]
            raise InputError(f"{source}: {row.where}: {blank} is blank; fill it or leave the row out")
    if not texts:
        raise InputError(f"{source}: no examples; put one in each row")
    return Examples(source, texts, labels or None)


def _class(source: str, where: str, label: Any) -> int:
    if not re.fullmatch("[0-9]{1,9}", str(label)):
        raise InputError(f"{source}: {where}: the label is {label!r:.40}; give a class, counted from 0")
    return int(label)
