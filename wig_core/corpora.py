"""Collections of sentences and of sentence pairs: packaged, from the hub, or the user's own file.

`load_corpus` and `load_similarities` read any of the three.
"""

import difflib
import glob
import gzip
import itertools
import json
import math
import os
import random
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from wig_core.errors import InputError
from wig_core.wikipedia import Article, split_sentences, whole_sentences, wikipedia_articles, wikipedia_sentences
from wig_core.words import segment as units

PathOrName = str | os.PathLike[str]
Columns = dict[str, list[Any]]

_WIKIPEDIA_SAMPLE = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
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


@dataclass(frozen=True)
class Corpus:
    """A named list of sentences, each a non-empty string without line breaks or doubled spaces."""

    name: str
    sentences: list[str]

    def __len__(self) -> int:
        return len(self.sentences)

    def __iter__(self) -> Iterator[str]:
        return iter(self.sentences)

    def sample(self, size: int, *, seed: int = 0) -> "Corpus":
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

    def up_to(self, words: int | None) -> "Corpus":
        """The sentences of at most so many units (`wig_core.words.segment`); all of them for None.

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
        place, split = _place_of(source, split)
        column = column or HUB_CORPORA[source].column
        found = load_corpus(place, split=split, column=column, max_sentences=max_sentences, seed=seed)
        return Corpus(source, found.sentences)
    if source in _PACKAGED:
        if split or column:
            raise InputError(f"{source}: a packaged corpus has no splits or columns; leave them out")
        sentences = list(_PACKAGED[source]())
    else:
        columns = read_columns(
            name_or_path, split, lambda head: _text_columns(source, head, column), [*_PACKAGED, *HUB_CORPORA]
        )
        sentences = [text for values in columns.values() for value in values if (text := normalised(value))]
        if not sentences:
            raise InputError(f"{source}: no sentences, every line is blank; put one sentence in each line or row")
    corpus = Corpus(_name(name_or_path), sentences)
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
    if source in _PACKAGED:
        return _PACKAGED[source]()
    if source.endswith((".xml.bz2", ".xml")):
        return wikipedia_sentences(source)
    if source not in HUB_CORPORA:
        return (sentence for cell in _cells(name_or_path, split, column) if (sentence := normalised(cell)))
    known = HUB_CORPORA[source]
    cells = _cells(*_place_of(source, split), column or known.column)
    if known.of_articles:
        return (sentence for cell in cells for line in cell.splitlines() for sentence in whole_sentences(line))
    return (sentence for cell in cells if (sentence := normalised(cell)))


def _cells(name_or_path: PathOrName, split: str | None, column: str | None) -> Iterator[str]:
    """The texts of a file or hub data set, row by row."""

    def choose(head: Columns) -> list[str]:
        return _text_columns(os.fspath(name_or_path), head, column)

    for rows in _batches(name_or_path, split, choose, [*_PACKAGED, *HUB_CORPORA], stream=True):
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
        return _lee_pairs()
    if source in HUB_CORPORA:
        place, split = _place_of(source, split)
        return replace(load_similarities(place, split=split), name=source)
    names = ["sentence1", "sentence2", "score"]
    columns = read_columns(name_or_path, split, lambda head: present(source, head, names), ["lee", *HUB_CORPORA])
    pairs = SimilarityPairs(_name(name_or_path), [], [], [])
    for row, (left, right, score) in enumerate(zip(*(columns.get(name, []) for name in names), strict=True), start=1):
        left, right = normalised(left), normalised(right)
        if not left or not right or not math.isfinite(number := _number(score)):
            raise InputError(f"{source}: pair {row} needs two sentences and a number as score, not {score!r}")
        pairs.left.append(left)
        pairs.right.append(right)
        pairs.scores.append(number)
    if not pairs.scores:
        raise InputError(f"{source}: no pairs; put one pair in each row")
    return pairs


# ── packaged texts ──


def wikipedia_sample() -> Iterator[Article]:
    """The articles of the packaged corpus "wikipedia-sample"."""
    from gensim.test.utils import datapath

    return wikipedia_articles(datapath(_WIKIPEDIA_SAMPLE))


def _wikipedia_sample() -> Iterator[str]:
    return (sentence for article in wikipedia_sample() for paragraph in article.paragraphs for sentence in paragraph)


def _lee_texts() -> list[str]:
    from gensim.test.utils import datapath

    # The one byte beyond ASCII is a pound sign in Latin-1.
    return [" ".join(line.split()) for line in Path(datapath("lee.cor")).read_text(encoding="latin-1").splitlines()]


def _lee_sentences() -> Iterator[str]:
    return (sentence for text in _lee_texts() for sentence in split_sentences(text))


def _news_sentences() -> Iterator[str]:
    from gensim.test.utils import datapath

    background = Path(datapath("lee_background.cor")).read_text(encoding="latin-1").splitlines()
    texts = dict.fromkeys([*_lee_texts(), *(" ".join(line.split()) for line in background)])
    return (sentence for text in texts for sentence in split_sentences(text))


def wordnet_glosses() -> Iterator[tuple[str, str]]:
    """Each gloss of WordNet 3.0 with an example of its use."""
    file = resources.files("wig_core") / "data" / "wordnet_glosses.jsonl.gz"
    with file.open("rb") as packed, gzip.open(packed, "rt", encoding="utf-8") as lines:
        yield from (tuple(json.loads(line)) for line in lines)


def _wordnet_sentences() -> Iterator[str]:
    return iter(dict.fromkeys(example for _, example in wordnet_glosses()))


def _lee_pairs() -> SimilarityPairs:
    from gensim.test.utils import datapath

    texts = _lee_texts()
    rows = Path(datapath("similarities0-1.txt")).read_text(encoding="ascii").splitlines()
    matrix = [[float(score) for score in row.split()] for row in rows]
    # The file fills the upper triangle alone; its diagonal compares each text with itself.
    cells = list(itertools.combinations(range(len(texts)), 2))
    left, right = [texts[i] for i, _ in cells], [texts[j] for _, j in cells]
    return SimilarityPairs("lee", left, right, [matrix[i][j] for i, j in cells])


_PACKAGED: dict[str, Callable[[], Iterator[str]]] = {
    "wikipedia-sample": _wikipedia_sample,
    "lee": _lee_sentences,
    "news": _news_sentences,
    "wordnet": _wordnet_sentences,
}


# ── files and the hub ──


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
    return None if _is_path(name) or not _HUB_NAME.fullmatch(name.partition(":")[0]) else name


def _place_of(name: str, split: str | None) -> tuple[str, str | None]:
    """Where a key of `HUB_CORPORA` is read from, a local copy or the hub, and which split of it."""
    if copy := local_copy(name):
        return str(copy), split
    known = HUB_CORPORA[name]
    return known.dataset, split or known.split


def _is_path(source: PathOrName) -> bool:
    if isinstance(source, os.PathLike):
        return True
    path = Path(source).expanduser()
    if source != "" and path.exists():
        return True
    of_hub = _HUB_NAME.fullmatch(source.partition(":")[0]) and ":" in source
    return source.startswith((".", "/", "~")) or (path.suffix.lower() in _READERS and not of_hub)


def _name(source: PathOrName) -> str:
    return Path(source).stem if _is_path(source) else os.fspath(source)


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
    for rows in _batches(source, split, choose, named):
        for name, values in rows.items():
            columns.setdefault(name, []).extend(values)
    return columns


def _batches(
    source: PathOrName,
    split: str | None,
    choose: Callable[[Columns], list[str]],
    named: Iterable[str],
    *,
    stream: bool = False,
) -> Iterator[Columns]:
    """The rows of `read_columns`, some at a time; with `stream` nothing of a hub data set is kept on disk."""
    is_file = _is_path(source)
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
    if not _HUB_NAME.fullmatch(source.partition(":")[0]):
        close = difflib.get_close_matches(source.lower(), named, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise InputError(f"{source!r}: no such name; {hint}use {', '.join(named)}, a file, or owner/name on the hub")


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


def _text_columns(source: str, head: Columns, column: str | None) -> list[str]:
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


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _one_line(error: Exception) -> str:
    return normalised(str(error))[:200] or type(error).__name__
