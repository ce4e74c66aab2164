"""Columns of text from files and from data sets of the Hugging Face hub."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from wig_core.errors import InputError, did_you_mean
from wig_core.text.hub import fetched_file, hub_cache_fault, hub_rows, reaching_hub
from wig_core.text.tables import SUFFIXES, Rows, TableRow, file_rows, kind_of, suffix_of

PathOrName = str | os.PathLike[str]
Sample = dict[str, Any]  # of each column, the cell in the first rows that is most like a sentence

HUB_NAME = re.compile(r"(?!\.)[\w.-]+/[\w.-]+")  # "owner/name"
_FIRST_ROWS = 1_000  # among which the column of sentences is looked for


@dataclass(frozen=True)
class HubCorpus:
    """A data set of the hub with a short name.

    Attributes:
        dataset: "owner/name", "owner/name:config", or "owner/name:file" if a repository holds several data sets.
        split: the split to read.
        column: the column of sentences; of two, separated by a comma, the second is read after the first.
        of_articles: whether a cell is a text of many sentences; such a data set is streamed, never held whole.
    """

    dataset: str
    split: str
    column: str
    of_articles: bool = False


# The paper names STS-B and Wikipedia; the others are our guess at the rest of its four data sets.
HUB_CORPORA = {
    "sts-b": HubCorpus("sentence-transformers/stsb", "test", "sentence1,sentence2"),
    "sts12": HubCorpus("mteb/sts12-sts", "test", "sentence1,sentence2"),
    "sick": HubCorpus("mteb/sickr-sts", "test", "sentence1,sentence2"),
    "nli": HubCorpus("sentence-transformers/all-nli:pair-class", "test", "premise,hypothesis"),
    "wikipedia-1m": HubCorpus("princeton-nlp/datasets-for-simcse:wiki1m_for_simcse.txt", "train", "text"),
    "wikipedia": HubCorpus("wikimedia/wikipedia:20231101.en", "train", "text", of_articles=True),
}


@dataclass(frozen=True)
class DataSource:
    """Where a table of text is read from: a file or a data set of the hub; neither for a name of another kind.

    Attributes:
        name: the name of a corpus that is read from it.
        place: the path, or "owner/name" or "owner/name:part" on the hub.
        path: the file.
        dataset: "owner/name" on the hub.
        part: the data set's configuration, or a file of it.
        named_split: the split that the name ends in.
        known: its entry in `HUB_CORPORA`, if the name is a key of it.
    """

    name: str
    place: str
    path: Path | None = None
    dataset: str = ""
    part: str = ""
    named_split: str | None = None
    known: HubCorpus | None = None

    @classmethod
    def parse(cls, source: PathOrName) -> DataSource:
        """Find out what a name or path stands for.

        Example:
            >>> DataSource.parse("own/texts:english").part, DataSource.parse("own/texts::test").split
            ('english', 'test')
            >>> DataSource.parse("texts/own.csv").name
            'own'
        """
        if not isinstance(source, str | os.PathLike):
            raise InputError(f"{source!r:.60}: is no name; give one, or the path of a file")
        place = os.fspath(source)
        if known := HUB_CORPORA.get(place):
            return replace(cls.parse(local_copy(place) or known.dataset), name=place, known=known)
        dataset, _, part = place.partition(":")
        part, _, split = part.partition(":")
        if not HUB_NAME.fullmatch(dataset):
            dataset = part = split = ""
        looks_like_path = place.startswith((".", "/", "~")) or (suffix_of(Path(place)) in SUFFIXES and not part)
        if isinstance(source, os.PathLike) or looks_like_path or existing_path(place):
            return cls(Path(place).stem, place, _expanded(place))
        return cls(place, place, None, dataset, part, split or None)

    @property
    def split(self) -> str | None:
        """The split to read if none is given, if it is known."""
        return self.known.split if self.known and not self.path else self.named_split

    @property
    def column(self) -> str | None:
        """The column of sentences, if it is known."""
        return self.known.column if self.known else None

    @property
    def has_header(self) -> bool:
        """Whether the names of the columns stand in a line of the file, which may be a row taken for them."""
        return self.path is not None and suffix_of(self.path) in (".csv", ".tsv")

    @property
    def of_articles(self) -> bool:
        """Whether a cell is a text of many sentences."""
        return self.known is not None and self.known.of_articles


def local_copy(name: str) -> Path | None:
    """The file in the folder `$WIG_DATA` that replaces a data set of `HUB_CORPORA`, if there is one.

    It has the name of the data set, or that and the name of its usual split: `sts-b.csv`, else `sts-b.test.csv`.
    """
    folder = os.environ.get("WIG_DATA")
    if not folder or name not in HUB_CORPORA:
        return None
    names = [name, f"{name}.{HUB_CORPORA[name].split}"]
    return next(filter(Path.is_file, (Path(folder) / f"{one}{suffix}" for one in names for suffix in SUFFIXES)), None)


def place_on_hub(name: str) -> str | None:
    """Where a corpus is on the hub, "owner/name" or "owner/name:part"; None for one that is packaged or a file.

    Example:
        >>> place_on_hub("own/texts:english"), place_on_hub("lee"), place_on_hub("own/texts.csv")
        ('own/texts:english', None, None)
    """
    source = DataSource.parse(name)
    return source.place if source.dataset else None


def read_rows(
    source: DataSource,
    split: str | None,
    choose: Callable[[Sample], list[str]],
    names: Iterable[str],
    *,
    stream: bool = False,
) -> Iterator[TableRow]:
    """The rows of a file or hub data set, with the columns that are chosen.

    Args:
        source: a file or hub data set.
        split: split of a hub data set; by default that of the source, else "train" or the only one.
        choose: given a sample of the columns, returns the names of those to read.
        names: other names that the caller accepts, for the message about an unknown name.
        stream: whether nothing of a hub data set is kept on disk.

    Raises:
        InputError: the source is unknown, out of reach or cannot be read, or `choose` refuses it.
    """
    place, path = source.place, source.path
    if not path and not source.dataset:
        hint = did_you_mean(place.lower(), names) or ";"
        shown = place if len(place) <= 60 else f"{place[:60]}…"
        raise InputError(f"{shown!r}: no such name{hint} use {', '.join(names)}, a file, or owner/name on the hub")
    if path and split not in (None, "train"):
        raise InputError(f"{place}: a file has no split {split!r}; leave split out")
    varied = suffix_of(path or Path(source.part)) in (".json", ".jsonl")
    try:
        if path:
            yield from _chosen(partial(file_rows, place, path), choose, varied)
            return
        with reaching_hub() as offline:
            if suffix_of(Path(source.part)) in SUFFIXES:
                rows: Rows = partial(file_rows, place, fetched_file(source.dataset, source.part, offline=offline))
            else:
                rows = hub_rows(source.dataset, source.part, split or source.split, offline=offline, stream=stream)
            yield from _chosen(rows, choose, varied)
    except InputError:
        raise
    except Exception as error:  # the system, pyarrow, datasets and the hub client each raise their own kinds
        if not path and (fault := hub_cache_fault(error)):
            raise InputError(f"{place}: {fault}") from None
        reason = getattr(error, "strerror", None) or normalised(str(error))[:200] or type(error).__name__
        remedy = "check the file and its permissions" if path else "check name, config and split"
        raise InputError(f"{place}: cannot be read ({reason}); {remedy}") from error


def _chosen(rows: Rows, choose: Callable[[Sample], list[str]], varied: bool) -> Iterator[TableRow]:
    """The rows with the chosen columns; cells that a row lacks are None.

    A choice that fails on the first rows is tried again on ten times as many if these may bring other columns, as in
    JSON (`varied`), or text where there is none so far.
    """
    sample: Sample = {}
    limit = _FIRST_ROWS
    for number, row in enumerate(rows(None), start=1):
        for name, cell in row.cells.items():
            if name not in sample or _likeness(cell) > _likeness(sample[name]):
                sample[name] = cell
        if number == limit:
            try:
                choose(sample)
                break
            except InputError:
                if not varied and all(map(_likeness, sample.values())):
                    raise
                limit *= 10
    columns = choose(sample) if sample else []
    for row in rows(columns) if columns else ():
        yield TableRow(row.where, {name: row.cells.get(name) for name in columns})


def _likeness(cell: Any) -> int:
    """How much a cell is like a sentence: 3 for words, 2 for what reads as a number, 0 for a blank."""
    if isinstance(cell, str):
        plain = cell.strip().lower()
        return 0 if not plain else 2 if plain in ("true", "false") or not math.isnan(to_number(plain)) else 3
    return 0 if cell is None or cell != cell else 1


def present(place: str, sample: Sample, names: list[str]) -> list[str]:
    """The names of columns as a table has them: white space in and around them does not count.

    Raises:
        InputError: the table lacks one.
    """
    known = {normalised(name): name for name in sample} | {name: name for name in sample}
    found = [known.get(name, known.get(normalised(name))) for name in names]
    if missing := [name.strip() for name, column in zip(names, found, strict=True) if column is None]:
        hint = did_you_mean(missing[0], known)
        raise InputError(f"{place}: no column {', '.join(missing)}; the columns are {_listed(sample)}{hint}")
    return [name for name in found if name is not None]


def text_columns(source: DataSource, sample: Sample, column: str | None) -> list[str]:
    """The names of the columns of sentences: those in `column`, or the only one that holds words.

    Raises:
        InputError: a column is missing or holds no text, or several hold words and `column` is None.
    """
    place = source.place
    if column is not None:
        names = present(place, sample, [column] if column in sample else column.split(","))
        for name in names:
            if _likeness(sample[name]) and not isinstance(sample[name], str):
                remedy = "choose another, or give a file with the text at the top level"
                raise InputError(f"{place}: column {name} holds {kind_of(sample[name])}, no text; {remedy}")
        return names
    texts = [name for name, cell in sample.items() if _likeness(cell) == 3]
    if len(sample) == 1 and all(isinstance(cell, str) for cell in sample.values()):
        texts = list(sample)  # whatever it looks like
    if not texts:
        remedy = "choose one with column, or give a file with the text at the top level"
        raise InputError(f"{place}: no column of text; the columns are {_listed(sample)}; {remedy}")
    if len(texts) > 1:
        raise InputError(f"{place}: several columns of text; choose one with column: {', '.join(texts)}")
    reads_like_data = len(texts[0].split()) > 1 or texts[0][-1] in ".!?…。！？" or 2 in map(_likeness, sample)
    if source.has_header and reads_like_data:
        remedy = f"put a line such as text above it, or, if it is the header, choose column {texts[0]!r}"
        raise InputError(f"{place}: its first row reads like data: {', '.join(sample):.80}; {remedy}")
    return texts


def _listed(sample: Sample) -> str:
    """The names of columns, each with what it holds if that is nested or no text at all."""
    nested = dict | list | bytes
    listed = (f"{name} ({kind_of(cell)})" if isinstance(cell, nested) else name for name, cell in sample.items())
    return f"{', '.join(listed):.300}"


def text_of(place: str, row: TableRow, column: str) -> str:
    """The text in a cell; "" if there is no value.

    Raises:
        InputError: the cell holds something else, or half a character.
    """
    cell = row.cells[column]
    if cell is None or cell != cell:
        return ""
    if not isinstance(cell, str):
        raise InputError(f"{place}: {row.where}: {column} is {cell!r:.40}, not text; put text there, or leave it out")
    if not cell.isascii() and (half := re.search("[\ud800-\udfff]", cell)):
        fault = f"{column} has half a character, U+{ord(half[0]):X}"
        raise InputError(f"{place}: {row.where}: {fault}; complete or remove it")
    return cell


def normalised(text: str) -> str:
    """Collapse white space to single blanks."""
    return " ".join(text.split())


def to_number(value: Any) -> float:
    """The number in a cell; NaN if there is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def existing_path(text: str) -> Path | None:
    """The file or folder of that name, "~" expanded; None if there is none, or if the text can be no path at all.

    Example:
        >>> existing_path("A long sentence. " * 100)
    """
    try:
        path = _expanded(text)
        return path if text and path.exists() else None
    except (OSError, ValueError):  # too long, or with a NUL
        return None


def _expanded(place: str | os.PathLike[str]) -> Path:
    return Path(os.path.expanduser(place))  # noqa: PTH111  # the method fails for an unknown user
