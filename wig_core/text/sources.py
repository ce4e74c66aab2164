"""Read columns of text from files and from data sets of the hub."""

from __future__ import annotations

import glob
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wig_core.errors import InputError, did_you_mean

PathOrName = str | os.PathLike[str]


Columns = dict[str, list[Any]]


HUB_NAME = re.compile(r"(?!\.)[\w.-]+/[\w.-]+")  # "owner/name"


_OUT_OF_REACH = "the hub cannot be reached and no copy is cached; check the network, or give a local file"


# Empty cells and words such as "NA" or "None" are what they say, not missing values.
_CSV = {"keep_default_na": False}


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
    """A data set of the hub under a short name.

    Attributes:
        dataset: "owner/name", "owner/name:config", or "owner/name:file" where a repository holds several data sets.
        split: which part of it.
        column: of sentences; two with a comma between are taken one after the other.
        of_articles: whether a cell is a text of many sentences; such a data set is streamed, never held whole.
    """

    dataset: str
    split: str
    column: str
    of_articles: bool = False


# The paper names STS-B and Wikipedia; the others are our choice of what its four data sets may have been.
HUB_CORPORA = {
    "sts-b": HubCorpus("sentence-transformers/stsb", "test", "sentence1,sentence2"),
    "sts12": HubCorpus("mteb/sts12-sts", "test", "sentence1,sentence2"),
    "nli": HubCorpus("sentence-transformers/all-nli:pair-class", "test", "premise,hypothesis"),
    "wikipedia-1m": HubCorpus("princeton-nlp/datasets-for-simcse:wiki1m_for_simcse.txt", "train", "text"),
    "wikipedia": HubCorpus("wikimedia/wikipedia:20231101.en", "train", "text", of_articles=True),
}


def local_copy(name: str) -> Path | None:
    """The file in the folder `$WIG_DATA` that is read in place of a data set of `HUB_CORPORA`, if there is one."""
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
    if name in HUB_CORPORA:
        return None if local_copy(name) else HUB_CORPORA[name].dataset
    return None if is_path(name) or not HUB_NAME.fullmatch(name.partition(":")[0]) else name


def place_of_known(name: str, split: str | None) -> tuple[str, str | None]:
    """Where a key of `HUB_CORPORA` is read from, a local copy or the hub, and which split of it."""
    if copy := local_copy(name):
        return str(copy), split
    known = HUB_CORPORA[name]
    return known.dataset, split or known.split


def is_path(source: PathOrName) -> bool:
    """Whether a corpus is named by the path of a file, and not by a name."""
    if isinstance(source, os.PathLike):
        return True
    path = Path(source).expanduser()
    if source != "" and path.exists():
        return True
    of_hub = HUB_NAME.fullmatch(source.partition(":")[0]) and ":" in source
    return source.startswith((".", "/", "~")) or (path.suffix.lower() in _READERS and not of_hub)


def corpus_name(source: PathOrName) -> str:
    """The name of a corpus: for a file, its name without folder and suffix."""
    return Path(source).stem if is_path(source) else os.fspath(source)


def read_columns(
    source: PathOrName, split: str | None, choose: Callable[[Columns], list[str]], named: Iterable[str]
) -> Columns:
    """Read the columns that `choose` names when shown the first rows, of a file or hub data set.

    Args:
        source: as in `load_corpus`.
        split: of a hub data set.
        choose: from the first rows, by column, to the names of the columns to read.
        named: names that would also have been understood, for the error's advice.

    Raises:
        InputError: as in `load_corpus`.
    """
    columns: Columns = {}
    for rows in row_batches(source, split, choose, named):
        for name, values in rows.items():
            columns.setdefault(name, []).extend(values)
    return columns


def row_batches(
    source: PathOrName,
    split: str | None,
    choose: Callable[[Columns], list[str]],
    named: Iterable[str],
    *,
    stream: bool = False,
) -> Iterator[Columns]:
    """The rows of `read_columns`, some at a time; with `stream` nothing of a hub data set is kept on disk."""
    is_file = is_path(source)
    if not is_file:
        _check_hub_name(os.fspath(source), named)
    names: list[str] = []
    try:
        offline = is_file or not _hub_answers()
        with _tamed_datasets(offline), tempfile.TemporaryDirectory() as scratch:
            path = source if is_file else _fetched(os.fspath(source), offline)
            dataset = _open_file(path, split, scratch) if path else _open_hub(os.fspath(source), split, stream)
            for batch in dataset.iter(batch_size=1_000 if stream else 10_000):
                names = names or choose(batch)
                yield {name: batch[name] for name in names}
    except InputError:
        raise
    except Exception as error:  # pandas, pyarrow, datasets and the hub client each raise their own kinds
        remedy = "mend the file" if is_file else "check name, config and split"
        raise InputError(f"{os.fspath(source)}: cannot be read ({_one_line(error)}); {remedy}") from error


def _open_file(source: PathOrName, split: str | None, scratch: str) -> Any:
    import datasets

    path = Path(source).expanduser().absolute()
    if not path.exists():
        raise InputError(f"{source}: file not found; check the name, paths start from {Path.cwd()}")
    if path.is_dir():
        raise InputError(f"{source}: is a folder; give one file in it")
    if path.suffix.lower() not in _READERS:
        raise InputError(f"{source}: cannot read {path.suffix or 'a file without suffix'}; use {', '.join(_READERS)}")
    if split not in (None, "train"):
        raise InputError(f"{source}: a file has no split {split!r}; leave split out")
    if path.stat().st_size == 0:
        raise InputError(f"{source}: the file is empty; put one sentence in each line or row")
    if path.suffix.lower() != ".parquet":
        _check_utf8(source, path)
    builder, options = _READERS[path.suffix.lower()]
    # Streaming keeps no copy that could go stale when the file changes; datasets takes the path for a glob pattern.
    files = glob.escape(str(path))
    return datasets.load_dataset(builder, data_files=files, split="train", streaming=True, cache_dir=scratch, **options)


def _check_utf8(source: PathOrName, path: Path) -> None:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                place = f"line {number}, byte {error.start + 1}"
                raise InputError(f"{source}: not UTF-8 at {place}; save the file as UTF-8") from None


def _check_hub_name(source: str, named: Iterable[str]) -> None:
    if not HUB_NAME.fullmatch(source.partition(":")[0]):
        hint = did_you_mean(source.lower(), named) or ";"
        raise InputError(f"{source!r}: no such name{hint} use {', '.join(named)}, a file, or owner/name on the hub")


def _open_hub(source: str, split: str | None, stream: bool) -> Any:
    import datasets

    name, _, config = source.partition(":")
    try:
        return datasets.load_dataset(name, config or None, split=split or "train", streaming=stream)
    except ConnectionError:
        raise InputError(f"{source}: {_OUT_OF_REACH}") from None


def _fetched(source: str, offline: bool) -> str | None:
    """The local copy of a single file of a hub data set, "owner/name:file"; None for a source of another kind."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    name, _, file = source.partition(":")
    if Path(file).suffix.lower() not in _READERS:
        return None
    try:
        return hf_hub_download(name, file, repo_type="dataset", local_files_only=offline)
    except LocalEntryNotFoundError:
        raise InputError(f"{source}: {_OUT_OF_REACH}") from None


def _hub_answers() -> bool:
    import datasets
    from huggingface_hub import get_session

    try:
        get_session().head(datasets.config.HF_ENDPOINT, timeout=5)
    except Exception:  # the client's HTTP library, and so the kind of its errors, changes between releases
        return False
    return True


@contextmanager
def _tamed_datasets(offline: bool) -> Iterator[None]:
    """Within, the library reports to no server what is read, shows no bars, and logs no error that it raises anyway.

    When `offline`, it also spares us half a minute of retries; what it has cached still serves.
    """
    import datasets
    import huggingface_hub

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
    """`names`, if `head` has all of them.

    Raises:
        InputError: it lacks one.
    """
    if missing := [name for name in names if name not in head]:
        raise InputError(f"{source}: no column {', '.join(missing)}; the columns are {', '.join(head)}")
    return names


def text_columns(source: str, head: Columns, column: str | None) -> list[str]:
    """The columns of sentences: the ones asked for, or the only one that holds text."""
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
    """A text with its white space made single blanks; empty for what is no text."""
    return " ".join(value.split()) if isinstance(value, str) else ""


def to_number(value: Any) -> float:
    """The number that a cell holds, NaN if it holds none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _one_line(error: Exception) -> str:
    return normalised(str(error))[:200] or type(error).__name__
