"""Columns of text from files and from data sets of the Hugging Face hub."""

from __future__ import annotations

import glob
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wig_core.errors import InputError, did_you_mean, needs_extra

PathOrName = str | os.PathLike[str]
Columns = dict[str, list[Any]]

HUB_NAME = re.compile(r"(?!\.)[\w.-]+/[\w.-]+")  # "owner/name"
_OUT_OF_REACH = "the hub cannot be reached and no copy is cached; check the network, or give a local file"
_CSV = {"keep_default_na": False}  # cells such as "NA" or "None" are text, not missing values
_READERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".txt": ("text", {"encoding": "utf-8-sig"}),
    ".csv": ("csv", _CSV),
    ".tsv": ("csv", {**_CSV, "sep": "\t"}),
    ".jsonl": ("json", {}),
    ".json": ("json", {}),
    ".parquet": ("parquet", {}),
}
SUFFIXES = tuple(_READERS)


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
        known: its entry in `HUB_CORPORA`, if the name is a key of it.
    """

    name: str
    place: str
    path: Path | None = None
    dataset: str = ""
    part: str = ""
    known: HubCorpus | None = None

    @classmethod
    def parse(cls, source: PathOrName) -> DataSource:
        """Find out what a name or path stands for.

        Example:
            >>> DataSource.parse("own/texts:english").part
            'english'
            >>> DataSource.parse("texts/own.csv").name
            'own'
        """
        place = os.fspath(source)
        if known := HUB_CORPORA.get(place):
            return replace(cls.parse(local_copy(place) or known.dataset), name=place, known=known)
        path = Path(place).expanduser()
        dataset, _, part = place.partition(":")
        if not HUB_NAME.fullmatch(dataset):
            dataset = part = ""
        looks_like_path = place.startswith((".", "/", "~")) or (path.suffix.lower() in _READERS and not part)
        if isinstance(source, os.PathLike) or looks_like_path or (place and path.exists()):
            return cls(path.stem, place, path)
        return cls(place, place, None, dataset, part)

    @property
    def split(self) -> str | None:
        """The split to read by default."""
        return self.known.split if self.known and not self.path else None

    @property
    def column(self) -> str | None:
        """The column of sentences, if it is known."""
        return self.known.column if self.known else None

    @property
    def of_articles(self) -> bool:
        """Whether a cell is a text of many sentences."""
        return self.known is not None and self.known.of_articles


def local_copy(name: str) -> Path | None:
    """The file in the folder `$WIG_DATA` that replaces a data set of `HUB_CORPORA`, if there is one."""
    folder = os.environ.get("WIG_DATA")
    if not folder or name not in HUB_CORPORA:
        return None
    return next(filter(Path.is_file, (Path(folder) / f"{name}{suffix}" for suffix in SUFFIXES)), None)


def place_on_hub(name: str) -> str | None:
    """Where a corpus is on the hub, "owner/name" or "owner/name:part"; None for one that is packaged or a file.

    Example:
        >>> place_on_hub("own/texts:english"), place_on_hub("lee"), place_on_hub("own/texts.csv")
        ('own/texts:english', None, None)
    """
    source = DataSource.parse(name)
    return source.place if source.dataset else None


def read_columns(
    source: PathOrName, split: str | None, choose: Callable[[Columns], list[str]], names: Iterable[str]
) -> Columns:
    """Read columns of a file or hub data set.

    Args:
        source: a file or hub data set, named as in `load_corpus`.
        split: split of a hub data set; by default that of `HUB_CORPORA`, else "train".
        choose: given the first rows by column, returns the names of the columns to read.
        names: other names that the caller accepts, for the message about an unknown name.

    Raises:
        InputError: the source is unknown, out of reach or cannot be read, or `choose` refuses it.
    """
    columns: Columns = {}
    for rows in row_batches(source, split, choose, names):
        for name, values in rows.items():
            columns.setdefault(name, []).extend(values)
    return columns


def row_batches(
    source: PathOrName,
    split: str | None,
    choose: Callable[[Columns], list[str]],
    names: Iterable[str],
    *,
    stream: bool = False,
) -> Iterator[Columns]:
    """The rows of `read_columns` in batches; with `stream`, nothing of a hub data set is kept on disk."""
    parsed = DataSource.parse(source)
    place, path = parsed.place, parsed.path
    if not path and not parsed.dataset:
        hint = did_you_mean(place.lower(), names) or ";"
        raise InputError(f"{place!r}: no such name{hint} use {', '.join(names)}, a file, or owner/name on the hub")
    columns: list[str] = []
    try:
        offline = path is not None or not _hub_answers()
        with _quiet_datasets(offline), tempfile.TemporaryDirectory() as scratch:
            if path or (path := _fetched_file(parsed, offline)):
                dataset = _open_file(place, path, split, scratch)
            else:
                dataset = _open_hub(parsed, split or parsed.split, stream)
            for batch in dataset.iter(batch_size=1_000 if stream else 10_000):
                columns = columns or choose(batch)
                yield {name: batch[name] for name in columns}
    except InputError:
        raise
    except Exception as error:  # pandas, pyarrow, datasets and the hub client each raise their own kinds
        remedy = "repair the file" if parsed.path else "check name, config and split"
        raise InputError(f"{place}: cannot be read ({_one_line(error)}); {remedy}") from error


def _open_file(place: str, path: Path, split: str | None, scratch: str) -> Any:
    path = path.absolute()
    if not path.exists():
        raise InputError(f"{place}: file not found; check the name, paths start from {Path.cwd()}")
    if path.is_dir():
        raise InputError(f"{place}: is a folder; give one file in it")
    if path.suffix.lower() not in _READERS:
        raise InputError(f"{place}: cannot read {path.suffix or 'a file without suffix'}; use {', '.join(_READERS)}")
    if split not in (None, "train"):
        raise InputError(f"{place}: a file has no split {split!r}; leave split out")
    if path.stat().st_size == 0:
        raise InputError(f"{place}: the file is empty; put one sentence in each line or row")
    if path.suffix.lower() != ".parquet":
        _check_utf8(place, path)
    builder, options = _READERS[path.suffix.lower()]
    # Streaming keeps no copy that could become stale; datasets would read the path as a glob pattern.
    return _datasets().load_dataset(
        builder, data_files=glob.escape(str(path)), split="train", streaming=True, cache_dir=scratch, **options
    )


def _check_utf8(place: str, path: Path) -> None:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                at = f"line {number}, byte {error.start + 1}"
                raise InputError(f"{place}: not UTF-8 at {at}; save the file as UTF-8") from None


def _open_hub(source: DataSource, split: str | None, stream: bool) -> Any:
    try:
        return _datasets().load_dataset(source.dataset, source.part or None, split=split or "train", streaming=stream)
    except ConnectionError:
        raise InputError(f"{source.place}: {_OUT_OF_REACH}") from None


def _fetched_file(source: DataSource, offline: bool) -> Path | None:
    """The cached copy of a single file of a hub data set, "owner/name:file"; None for a whole data set."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    if Path(source.part).suffix.lower() not in _READERS:
        return None
    try:
        return Path(hf_hub_download(source.dataset, source.part, repo_type="dataset", local_files_only=offline))
    except LocalEntryNotFoundError:
        raise InputError(f"{source.place}: {_OUT_OF_REACH}") from None


@needs_extra("data")
def _datasets() -> Any:
    import datasets

    return datasets


def _hub_answers() -> bool:
    from huggingface_hub import get_session

    endpoint = _datasets().config.HF_ENDPOINT
    try:
        get_session().head(endpoint, timeout=5)
    except Exception:  # the client's HTTP library, and so the kind of its errors, changes between releases
        return False
    return True


@contextmanager
def _quiet_datasets(offline: bool) -> Iterator[None]:
    """Within, the library reports nothing to a server, shows no bars, and logs no error that it raises anyway.

    If `offline`, it uses its cache without half a minute of retries.
    """
    import huggingface_hub

    datasets = _datasets()
    config = datasets.config
    before = config.HF_HUB_OFFLINE, config.HF_UPDATE_DOWNLOAD_COUNTS, datasets.logging.get_verbosity()
    with_bars = [library for library in (datasets, huggingface_hub) if not library.utils.are_progress_bars_disabled()]
    config.HF_HUB_OFFLINE, config.HF_UPDATE_DOWNLOAD_COUNTS = offline or config.HF_HUB_OFFLINE, False
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    for library in with_bars:
        library.utils.disable_progress_bars()
    try:
        yield
    finally:
        config.HF_HUB_OFFLINE, config.HF_UPDATE_DOWNLOAD_COUNTS, level = before
        datasets.logging.set_verbosity(level)
        for library in with_bars:
            library.utils.enable_progress_bars()


def present(source: str, head: Columns, names: list[str]) -> list[str]:
    """Return `names` if `head`, the first rows by column, has all of them.

    Raises:
        InputError: it lacks one.
    """
    if missing := [name for name in names if name not in head]:
        raise InputError(f"{source}: no column {', '.join(missing)}; the columns are {', '.join(head)}")
    return names


def text_columns(source: str, head: Columns, column: str | None) -> list[str]:
    """The names of the columns of sentences: those in `column`, or the only one that holds text.

    Raises:
        InputError: a column is missing or holds no text, or several hold text and `column` is None.
    """
    texts = [name for name, values in head.items() if any(isinstance(value, str) for value in values)]
    if column is None:
        if not texts:
            raise InputError(f"{source}: no column of text; the columns are {', '.join(head)}")
        if len(texts) > 1:
            raise InputError(f"{source}: several columns of text; choose one with column: {', '.join(texts)}")
        return texts
    names = [column] if column in head else [name.strip() for name in column.split(",")]
    for name in present(source, head, names):
        if name not in texts and any(value is not None for value in head[name]):
            raise InputError(f"{source}: column {name} holds no text; those with text: {', '.join(texts) or 'none'}")
    return names


def normalised(value: Any) -> str:
    """Collapse white space to single blanks; return "" for anything but a string."""
    return " ".join(value.split()) if isinstance(value, str) else ""


def to_number(value: Any) -> float:
    """The number in a cell; NaN if there is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _one_line(error: Exception) -> str:
    return normalised(str(error))[:200] or type(error).__name__
