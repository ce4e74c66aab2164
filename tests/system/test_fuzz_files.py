"""Arbitrary tables, written by the usual writers and read again: the same texts to the letter. Damaged ones: one line
that says what is wrong, or every word of the file; never anything else.

Each function gets 50 examples in an ordinary run, and ten thousand with `pytest -m fuzz`.
"""

import bz2
import csv
import gzip
import io
import json
import lzma
import re
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fuzz import ANY, FEW, JOINTS, MANY

from wig_core import InputError, load_corpus, load_examples, stream_corpus
from wig_core.text.corpus import load_similarities

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*reads like rows of the table:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*is read as a blank:UserWarning"),
]

SUFFIXES = [".txt", ".csv", ".tsv", ".jsonl", ".json", ".parquet"]
LOOKS = ["NA", "null", "nan", "007", "1.50", "true", "2020-01-01", '"', '""', 'a "b" c', '"a"', "a,b", "a;b", "a\tb"]
LOOKS += ["a\nb", "a\r\nb", "\r", "\\", '\\"', "{}", "[1]", "'", " a ", "", "#", "=1", "\ufeff", "word " * 99]
CELLS = (st.sampled_from(LOOKS) | st.text(ANY | JOINTS, max_size=8)).filter(lambda cell: not re.search("\0|\x1b", cell))
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=6)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])
PACKED = st.sampled_from([bytes, gzip.compress, bz2.compress, lzma.compress])
# What parts cells and lines or quotes them, and what does not; broken tables are made of it.
BROKEN = st.text(st.sampled_from("ab1 ,;|\t\n\r\"'\\\u2028"), max_size=30)


@pytest.fixture(params=[FEW, pytest.param(MANY, marks=pytest.mark.fuzz)], ids=["50", "10000"])
def examples(request: pytest.FixtureRequest) -> settings:
    """How often the body of a test is tried."""
    return request.param


def cleaned(texts: list[str]) -> list[str]:
    return [" ".join(text.split()) for text in texts if text.split()]


def is_read(path: Path, texts: list[str], **options: Any) -> None:
    """Whether a file gives these texts, at once and as a stream."""
    if cleaned(texts):
        assert list(stream_corpus(path, **options)) == load_corpus(path, **options).sentences == cleaned(texts)
    else:
        with pytest.raises(InputError, match=r"no sentences|the file is empty"):
            load_corpus(path, **options)


def attempt(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """The result of a function, or None if it refuses its input in one line."""
    try:
        return function(*arguments, **options)
    except InputError as error:
        if len(str(error).splitlines()) != 1:
            raise AssertionError(f"not one line: {error}") from error
        return None


def test_text(examples: settings, tmp_path: Path) -> None:
    @examples
    @given(st.lists(CELLS, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]), ENCODINGS, PACKED)
    def holds(cells: list[str], end: str, encoding: str, pack: Callable[[bytes], bytes]) -> None:
        lines = [re.sub("[\r\n]", " ", cell) for cell in cells]
        path = tmp_path / "a.txt"
        lines[:1] = [line.lstrip("\ufeff") for line in lines[:1]]  # a mark of its own, at the start of a file
        path.write_bytes(pack("".join(line + end for line in lines).encode(encoding)))
        is_read(path, lines)

    holds()


def test_csv(examples: settings, tmp_path: Path) -> None:
    dialects = st.tuples(st.sampled_from(",;\t|"), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))

    @examples
    @given(ROWS, dialects, st.sampled_from(["\n", "\r\n", "\r"]), ENCODINGS, PACKED)
    def holds(rows: list, dialect: tuple, end: str, encoding: str, pack: Callable[[bytes], bytes]) -> None:
        written, path = io.StringIO(), tmp_path / "a.csv"
        writer = csv.writer(written, delimiter=dialect[0], quoting=dialect[1], lineterminator=end)
        if dialect[1] == csv.QUOTE_MINIMAL:  # before Python 3.13, it quotes no ends of lines but its own
            rows = [[re.sub(f"(?![{end}])[\r\n]", "", cell) for cell in row] for row in rows]
        writer.writerows([("text", "note"), *rows])
        path.write_bytes(pack(written.getvalue().encode(encoding)))
        is_read(path, [text for text, _ in rows], column="text")

    holds()


def test_tsv(examples: settings, tmp_path: Path) -> None:
    @examples
    @given(ROWS, ENCODINGS)
    def holds(rows: list[tuple[str, str]], encoding: str) -> None:
        rows = [(re.sub("[\t\r\n]", " ", text), re.sub("[\t\r\n]", " ", note)) for text, note in rows]
        path = tmp_path / "a.tsv"
        path.write_bytes("".join(f"{text}\t{note}\n" for text, note in [("text", "note"), *rows]).encode(encoding))
        if attempt(list, stream_corpus(path, column="note")) is not None:  # no cell is quoted as in CSV
            is_read(path, [text for text, _ in rows], column="text")

    holds()


def test_json(examples: settings, tmp_path: Path) -> None:
    others = st.none() | st.integers() | st.floats() | st.booleans() | st.lists(CELLS, max_size=2)

    @examples
    @given(st.lists(st.tuples(CELLS | st.none(), others), max_size=6), st.booleans(), ENCODINGS)
    def holds(rows: list[tuple[str | None, Any]], ascii_only: bool, encoding: str) -> None:
        records = [{"n": other, "text": text} for text, other in rows]
        lines, array = tmp_path / "a.jsonl", tmp_path / "a.json"
        texts = [text for text, _ in rows if text is not None]
        lines.write_bytes("".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in records).encode(encoding))
        array.write_bytes(json.dumps(records, ensure_ascii=ascii_only, indent=1).encode(encoding))
        is_read(lines, texts, column="text")
        is_read(array, texts, column="text")

    holds()


def test_parquet(examples: settings, tmp_path: Path) -> None:
    types = st.sampled_from([pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])

    @examples
    @given(st.lists(st.tuples(CELLS | st.none(), st.floats()), max_size=6), types, st.integers(1, 3))
    def holds(rows: list[tuple[str | None, float]], kind: pa.DataType, group: int) -> None:
        texts, path = [text for text, _ in rows], tmp_path / "a.parquet"
        table = pa.table({"text": pa.array(texts, pa.string()).cast(kind), "n": [n for _, n in rows]})
        pq.write_table(table, path, row_group_size=group)
        is_read(path, [text for text in texts if text is not None], column="text")

    holds()


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".tsv"])
def test_no_word_is_lost_in_a_broken_table(examples: settings, tmp_path: Path, suffix: str) -> None:
    headers = {".txt": [""], ".csv": ["text\n", "text,b\n", "text;b\n"], ".tsv": ["text\n", "text\tb\n"]}[suffix]

    @examples
    @given(st.sampled_from(headers), BROKEN)
    def holds(header: str, body: str) -> None:
        path = tmp_path / f"a{suffix}"
        path.write_bytes((header + body).encode())
        names = re.findall(r"\w+", header)
        sentences = attempt(lambda: list(stream_corpus(path, column=",".join(names) or "text")))
        if sentences is not None:
            assert Counter(re.findall(r"\w+", " ".join(sentences))) == Counter(re.findall(r"\w+", body))

    holds()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_bytes(examples: settings, tmp_path: Path, suffix: str) -> None:
    good = io.BytesIO()
    pq.write_table(pa.table({"text": ["Hello there", "Bye"], "n": [1, 2]}), good)
    seeds = [b"sentence1,sentence2,score\na,b,0.5\n", b'{"text": "a"}\n{"text": "b"}\n', b'[{"text": "a", "n": [1]}]']
    seeds += [b"id\ttext\n1\ta\n", "text\nGrüße\n".encode("utf-16"), gzip.compress(b"text\na\n"), good.getvalue(), b""]
    edits = st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 9), st.binary(max_size=4)), max_size=3)

    @examples
    @given(st.sampled_from(seeds) | BROKEN.map(str.encode), edits)
    def holds(content: bytes, edits: list[tuple[int, int, bytes]]) -> None:
        for start, length, new in edits:
            at = start % (len(content) + 1)
            content = content[:at] + new + content[at + length :]
        path = tmp_path / f"a{suffix}"
        path.write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            corpus = attempt(load_corpus, path)
            assert corpus is None or corpus.sentences == cleaned(corpus.sentences) != []
            attempt(list, stream_corpus(path, column="text"))
            attempt(load_similarities, path)
            attempt(load_examples, path)

    holds()
