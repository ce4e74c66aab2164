"""Rows of tables in files, read as a stream: each cell of CSV is text, and no row is cut, merged or dropped."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import itertools
import json
import lzma
import re
import stat
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from wig_core.errors import InputError, needs_extra

csv.field_size_limit(2**31 - 1)  # a cell may be a book; the default is 128 KiB

_BZIP2 = rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"  # the second for an empty file
_UNPACK: dict[bytes, Any] = {rb"\x1f\x8b\x08": gzip.open, _BZIP2: bz2.open, rb"\xfd7zXZ\0": lzma.open}
_PACKED = (".gz", ".bz2", ".xz")
_MARKS = {  # of byte order; UTF-32 first, since its mark begins as that of UTF-16
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"\xef\xbb\xbf": "utf-8-sig",
}
_FOREIGN = {  # what a file is whose first bytes are these, and what to do
    rb"version https://git-lfs": "is a Git LFS pointer, not the data; run git lfs pull",
    rb"PK[\x03\x05]": "is a zip archive or an Office document; unpack it, or save its text as .csv or .txt",
    rb"\xd0\xcf\x11\xe0|\{\\rtf": "is an Office document; save its text as .csv or .txt",
    rb"%PDF-": "is a PDF; save its text as .txt",
    rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype\s|html\b|\?xml\s)": "is a web page or XML; save its text as .txt",
    rb"\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!\x1a": "is packed in a way that cannot be read here; unpack it",
}
_PARQUET = rb"PAR1[\0-\x1f]"
_JSON = rb'(\xef\xbb\xbf)?[\s\[]*\{\s*"[^"]*"\s*:'
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_KINDS = {str: "text", bool: "truth values", int: "numbers", float: "numbers", type(None): "nothing", bytes: "bytes"}
_CONTROL = re.compile(r"\0|\x1b\$")  # of UTF-16 without its mark, and of ISO-2022
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


class TableRow(NamedTuple):
    """A row of a table.

    Attributes:
        where: "line 3" of a file of lines, "row 3" of another table.
        cells: the cell of each column: text, or whatever JSON and Parquet hold; None for no value.
    """

    where: str
    cells: dict[str, Any]


Rows = Callable[[list[str] | None], Iterator[TableRow]]  # reads the rows of a table: all columns, or those it is given


def suffix_of(path: Path) -> str:
    """What tells the format of a file, in small letters, a compression aside.

    Example:
        >>> suffix_of(Path("a.CSV")), suffix_of(Path("b.txt.gz"))
        ('.csv', '.txt')
    """
    name = Path(path.name.lower())
    return Path(name.stem).suffix if name.suffix in _PACKED else name.suffix


def file_rows(place: str, path: Path, columns: list[str] | None = None) -> Iterator[TableRow]:
    """The rows of a file.

    Args:
        place: how messages name the file.
        path: the file; it may be packed by gzip, bzip2 or xz.
        columns: those that are needed, by default all; others may be there, too.

    Raises:
        InputError: the file is missing or of another kind, or a row cannot be read; the message names its line.
        Exception: of many kinds, for a file that is damaged or out of bounds.
    """
    suffix = _checked(place, path)
    if suffix == ".parquet":
        yield from _parquet(place, path, columns)
    else:
        yield from _READERS[suffix](place, _lines(place, path))


def batched_rows(batches: Iterable[dict[str, list[Any]]]) -> Iterator[TableRow]:
    """The rows of tables that follow one another, each given by its columns."""
    numbers = itertools.count(1)
    for columns in batches:
        for cells in zip(*columns.values(), strict=True):
            yield TableRow(f"row {next(numbers)}", dict(zip(columns, cells, strict=True)))


def _checked(place: str, path: Path) -> str:
    """The suffix of a file whose kind can be read."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last for a NUL in the name
        if path.is_symlink():
            raise InputError(f"{place}: is a link to a missing file, {path.readlink()}; restore that file") from None
        raise InputError(f"{place}: file not found; check the name, paths start from {Path.cwd()}") from None
    if stat.S_ISDIR(mode):
        raise InputError(f"{place}: is a folder; give one file in it")
    suffix = suffix_of(path)
    if suffix not in SUFFIXES:
        raise InputError(f"{place}: cannot read {suffix or 'a file without suffix'}; use {', '.join(SUFFIXES)}")
    if not stat.S_ISREG(mode):
        raise InputError(f"{place}: is a pipe or device; save the text in a file")
    with _unpacked(path) as file:
        head = file.read(1024)
    if not head:
        raise InputError(f"{place}: the file is empty; put one sentence in each line or row")
    if fault := next((fault for start, fault in _FOREIGN.items() if re.match(start, head)), None):
        raise InputError(f"{place}: {fault}")
    if (is_parquet := bool(re.match(_PARQUET, head))) != (suffix == ".parquet"):
        raise InputError(f"{place}: is {'a' if is_parquet else 'no'} Parquet file; give it its own suffix")
    if not suffix.startswith(".json") and re.match(_JSON, head):
        raise InputError(f"{place}: is JSON; name the file .json")
    return suffix


def _unpacked(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        head = file.read(16)
    unpack = next((unpack for start, unpack in _UNPACK.items() if re.match(start, head)), open)
    return unpack(path, "rb")


# ── text ──


def _lines(place: str, path: Path) -> Iterator[str]:
    r"""The lines of a file, each with its end: \n, \r\n or \r.

    Only these end a line, as for Python's files and its csv module; other breaks, such as U+2028, are white space.
    """
    with _unpacked(path) as file:
        head = file.read(4)
    encoding = next((encoding for mark, encoding in _MARKS.items() if head.startswith(mark)), "utf-8")
    with _unpacked(path) as file, io.TextIOWrapper(file, encoding, newline="") as lines:
        try:
            for number, line in enumerate(lines, start=1):
                if control := _CONTROL.search(line):
                    at = f"line {number}, byte {len(line[: control.start()].encode()) + 1}"
                    raise InputError(f"{place}: not UTF-8 text at {at}, {control[0]!r}; save the file as UTF-8")
                yield line
        except UnicodeDecodeError:
            raise InputError(f"{place}: {_undecodable(path, encoding)}; save the file as UTF-8") from None


def _undecodable(path: Path, encoding: str) -> str:
    """Where the bytes of a file are no text."""
    with _unpacked(path) as file:
        parts: Iterable[bytes] = file if encoding.startswith("utf-8") else [file.read()]
        for number, part in enumerate(parts, start=1):
            try:
                part.decode(encoding)
            except UnicodeDecodeError as error:
                line = f"line {number}, " if encoding.startswith("utf-8") else ""
                return f"not {encoding[:6].rstrip('-').upper()} at {line}byte {error.start + 1}"
    return "changes while it is read"


def _text(place: str, lines: Iterator[str]) -> Iterator[TableRow]:
    is_noted = False
    for number, line in enumerate(lines, start=1):
        if not is_noted and (end := re.search("[\x85\u2028\u2029]", line)):
            is_noted = True
            message = f"{place}: line {number}: U+{ord(end[0]):04X} is read as a blank"
            warnings.warn(f"{message}; replace it by a line break if sentences end there", stacklevel=2)
        yield TableRow(f"line {number}", {"text": line})


# ── CSV and TSV ──


def _csv(place: str, lines: Iterator[str]) -> Iterator[TableRow]:
    first, lines = _peek(lines)
    if named := re.fullmatch(r"sep=(.)\s*", first):  # as Excel writes it, for itself alone
        return _table(place, itertools.chain(["\n"], itertools.islice(lines, 1, None)), named[1])
    return _table(place, lines, _separator(first))


def _tsv(place: str, lines: Iterator[str]) -> Iterator[TableRow]:
    first, lines = _peek(lines)
    header, other = first.strip("\r\n").split("\t"), _separator(first)
    if len(header) == 1 < len(first.split(other)):
        raise InputError(f"{place}: its header {header[0]!r:.80} has {_SEPARATORS[other]}, no tab; name the file .csv")
    is_quoted = any(len(name) > 1 and _QUOTED.fullmatch(name) for name in header)
    return _table(place, lines, "\t", csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE)


def _peek(lines: Iterator[str]) -> tuple[str, Iterator[str]]:
    """The first line that is not blank, and all lines."""
    seen = [""]
    for line in lines:
        seen.append(line)
        if line.strip():
            break
    return seen[-1], itertools.chain(seen[1:], lines)


def _separator(header: str) -> str:
    """A comma if it parts the header, else what parts it into most fields."""
    fields = {one: len(next(csv.reader([header], delimiter=one), [])) for one in _SEPARATORS}
    return "," if fields[","] > 1 else max(fields, key=lambda one: fields[one])


def _table(place: str, lines: Iterator[str], separator: str, quoting: Any = csv.QUOTE_MINIMAL) -> Iterator[TableRow]:
    """The rows below a header, whose names lose the white space around them."""
    names: list[str] = []
    reader = csv.reader(lines, delimiter=separator, quoting=quoting, strict=True, skipinitialspace=True)
    is_raw, is_suspect = quoting == csv.QUOTE_NONE, False
    while True:
        where = f"line {reader.line_num + 1}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            fault = f"a quotation mark is not closed, or not doubled inside a cell ({error})"
            raise InputError(f"{place}: {where}: {fault}; quote the cell and double those inside it") from None
        if cells is None:
            return
        if not any(map(str.strip, cells)) and (not cells or len(cells) != len(names)):
            continue  # a blank line
        if not names:
            names = [" ".join(cell.split()) or f"column{number}" for number, cell in enumerate(cells, start=1)]
            _refuse_twins(place, names)
            continue
        if len(cells) != len(names):
            known = _SEPARATORS.get(separator, f"{separator!r}")
            remedy = "save the table as .csv" if is_raw else f"put quotation marks around text with {known}"
            fields = f"{len(cells)} field{'s' * (len(cells) > 1)}"
            raise InputError(f"{place}: {where} has {fields}, its header {len(names)}; {remedy}")
        if is_raw and any('""' in cell[1:-1] and _QUOTED.fullmatch(cell) for cell in cells):
            fault = "a cell has quotation marks as in CSV, which .tsv does not know"
            raise InputError(f"{place}: {where}: {fault}; save the table as .csv")
        if not is_suspect and any("\n" in cell for cell in cells) and _holds_rows(cells, separator):
            is_suspect = True
            fault = f"a cell that ends in line {reader.line_num} reads like rows of the table"
            warnings.warn(f"{place}: {where}: {fault}; check its quotation marks", stacklevel=2)
        yield TableRow(where, dict(zip(names, cells, strict=True)))


def _holds_rows(cells: list[str], separator: str) -> bool:
    """Whether one of several cells has line breaks, and each line that it makes of its row has a cell for each."""
    last = len(cells) - 1
    found = [[line.count(separator) for line in cell.splitlines()] for cell in cells]
    return last > 0 and any(
        len(counts) > 1 and counts == [last - place, *[last] * (len(counts) - 2), place]
        for place, counts in enumerate(found)
    )


def _refuse_twins(place: str, names: list[str]) -> None:
    if twins := [name for name in names if names.count(name) > 1]:
        raise InputError(f"{place}: two columns are called {twins[0]}; rename one")


# ── JSON ──


def _json(place: str, lines: Iterator[str]) -> Iterator[TableRow]:
    first, lines = _peek(lines)
    rows = _jsonl(place, lines)
    head = [] if first.lstrip().startswith("[") else list(itertools.islice(rows, 2))
    nested = [name for row in head for name, value in row.cells.items() if isinstance(value, list | dict)]
    if len(head) == 1 and nested:  # a document, perhaps with the rows in a field
        fault = f"is one record, and its field {nested[0]} holds {kind_of(head[0].cells[nested[0]])}"
        raise InputError(f"{place}: {fault}; give the rows alone as an array, or one a line")
    return itertools.chain(head, rows)


def _jsonl(place: str, lines: Iterator[str]) -> Iterator[TableRow]:
    """The rows of one document if the first line begins an array or does not end what it begins, else of each line."""
    first, lines = _peek(lines)
    try:
        is_document = isinstance(_parsed(place, first, 1), list)
    except InputError:
        is_document = True
    if not is_document:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _record(place, f"line {number}", _parsed(place, line, number))
    elif (text := "".join(lines)).strip():
        document = _parsed(place, text, 1)
        for number, value in enumerate(document if isinstance(document, list) else [document], start=1):
            yield _record(place, f"record {number}", value)


def _parsed(place: str, text: str, line: int) -> Any:
    """The value that JSON stands for, which begins in a line."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        fault = f"line {line + error.lineno - 1}, character {error.colno}: not JSON ({error.msg})"
    except (ValueError, RecursionError) as error:  # a key that stands twice, a number of thousands of digits
        fault = f"line {line}: {error}"
    raise InputError(f"{place}: {fault}; correct it, or save the file again")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError(f"a record has two fields of one name among {', '.join(record)}")
    return record


def _record(place: str, where: str, value: Any) -> TableRow:
    if isinstance(value, str):
        value = {"text": value}
    if not isinstance(value, dict):
        raise InputError(f'{place}: {where} is {value!r:.40}, no record; write each row as {{"text": "…"}}')
    return TableRow(where, value)


def kind_of(value: Any) -> str:
    """What a column holds, seen from one of its cells: "numbers", "lists of text", "records with the fields …"."""
    if isinstance(value, dict):
        return f"records with the fields {', '.join(value):.80}"
    if isinstance(value, list):
        return f"lists of {kind_of(value[0])}" if value else "empty lists"
    return _KINDS.get(type(value), f"values of type {type(value).__name__}")


# ── Parquet ──


def _parquet(place: str, path: Path, columns: list[str] | None) -> Iterator[TableRow]:
    with needs_extra("data"):
        from pyarrow.parquet import ParquetFile

    with _unpacked(path) as file, ParquetFile(file) as table:
        _refuse_twins(place, names := table.schema_arrow.names)
        wanted = columns or [name for name in names if not re.fullmatch(r"__index_level_\d+__", name)]  # pandas' index
        batches = table.iter_batches(1_000, columns=wanted)
        yield from batched_rows({name: batch.column(name).to_pylist() for name in wanted} for batch in batches)


_READERS: dict[str, Any] = {".txt": _text, ".csv": _csv, ".tsv": _tsv, ".jsonl": _jsonl, ".json": _json}
SUFFIXES = (*_READERS, ".parquet")
