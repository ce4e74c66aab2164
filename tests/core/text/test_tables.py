"""Files of every format as people have them: read to the letter, or refused in one line that names the line."""

import bz2
import gzip
import json
import lzma
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wig_core.errors import InputError
from wig_core.text.corpus import load_corpus, load_similarities, stream_corpus
from wig_core.training.examples import load_examples

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 123\n"
ODD = ["NA", "null", "None", "nan", "007", "1.50", "1e5", "true", "2020-01-01", "=A1", "#N/A", "'", "-"]


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def sentences_of(path: Path, **options: Any) -> list[str]:
    """The sentences, read at once and as a stream."""
    corpus = load_corpus(path, **options).sentences
    assert list(stream_corpus(path, **options)) == corpus
    return corpus


def refusal(function: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        function(*arguments, **options)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


READ = {
    # .tsv knows no quoting, unless its header is quoted
    "quote.tsv": ('id\ttext\n1\t"Hello there\n2\tBye.\n3\tShe said so."\n', ['"Hello there', "Bye.", 'She said so."']),
    "lone.tsv": ('text\nA 5" disk\n"Hi"\n', ['A 5" disk', '"Hi"']),
    "quoted.tsv": ('"id"\t"text"\n1\t"He said ""hi"""\n', ['He said "hi"']),
    "index.tsv": ("\ttext\n0\tHello\n", ["Hello"]),
    # other separators in .csv
    "semicolons.csv": ("id;text\n1;Hello, world\n2;Good morning\n", ["Hello, world", "Good morning"]),
    "tabs.csv": ("id\ttext\n1\tHello there\n", ["Hello there"]),
    "bars.csv": ("id|text\n1|Hello, there\n", ["Hello, there"]),
    "excel.csv": ("sep=;\r\nid;text\r\n1;Hello, there\r\n", ["Hello, there"]),
    "semicolons-in-text.csv": ("text\nHello; you\n", ["Hello; you"]),
    # quoting in .csv
    "quotes.csv": (
        'text,n\n"Well, ""yes""",1\nA 5" disk,2\n"two\nlines",3\n',
        ['Well, "yes"', 'A 5" disk', "two lines"],
    ),
    "apart.csv": ('id, text\n1, "Hello, world"\n2, Bye\n', ["Hello, world", "Bye"]),
    "backslash.csv": ("text,n\na\\b,1\n", ["a\\b"]),
    "long.csv": (f'text\n"{"word " * 50_000}"\n', [" ".join(["word"] * 50_000)]),
    # rows and headers
    "blank-lines.csv": ("\n\ntext,n\nHello,1\n\n,,,\n  \nBye,2\n", ["Hello", "Bye"]),
    "no-names.csv": (",text,,\n0,Hello,1,2\n", ["Hello"]),
    "odd.csv": ("n,text\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(["Hi", *ODD])), ["Hi", *ODD]),
    "odd.tsv": ("n\ttext\n" + "".join(f"{n}\t{cell}\n" for n, cell in enumerate(["Hi", *ODD])), ["Hi", *ODD]),
    "odd.txt": ("\n".join(ODD), ODD),
    "numbers.csv": ("text\n007\n1.50\n", ["007", "1.50"]),
    "labels.csv": ("text,spam\nHello,true\nBye,False\n", ["Hello", "Bye"]),
    # ends of lines
    "mac.txt": ("a\rb\r\nc\u2028d\x85e\x0cf\n", ["a", "b", "c d e f"]),
    "mac.csv": ("text\ra\rb\u2028c\r", ["a", "b c"]),
    "mac.jsonl": ('{"text": "a"}\r{"text": "b\u2028c"}\r', ["a", "b c"]),
    # encodings
    "mark.csv": ("text\nGrüße\n".encode("utf-8-sig"), ["Grüße"]),
    "mark.json": (json.dumps(["Grüße"]).encode("utf-8-sig"), ["Grüße"]),
    "utf16.txt": ("Grüße\nБ\n".encode("utf-16"), ["Grüße", "Б"]),
    "utf16.csv": ("id,text\n1,Grüße\n".encode("utf-16"), ["Grüße"]),
    "utf16.jsonl": ('{"text": "Grüße"}\n'.encode("utf-16"), ["Grüße"]),
    "utf32.tsv": ("id\ttext\n1\tGrüße\n".encode("utf-32"), ["Grüße"]),
    # packed, by their first bytes
    "gzip.txt.gz": (gzip.compress(b"Hello.\n"), ["Hello."]),
    "bzip2.jsonl.bz2": (bz2.compress(b'{"text": "Hello."}\n'), ["Hello."]),
    "xz.csv": (lzma.compress(b"text\nHello.\n"), ["Hello."]),
    # shapes of JSON
    "array.json": ('["Hello", "Bye"]', ["Hello", "Bye"]),
    "strings.jsonl": ('"Hello"\n"Bye"\n', ["Hello", "Bye"]),
    "pretty.jsonl": (json.dumps([{"text": "Hello"}, {"text": "Bye"}], indent=2), ["Hello", "Bye"]),
    "pretty.json": (json.dumps({"text": "Hello"}, indent=2), ["Hello"]),
    "lines.json": ('{"text": "Hello"}\n\n{"text": "Bye"}\n', ["Hello", "Bye"]),
    "missing.jsonl": ('{"text": "Hello", "x": NaN}\n{"x": 1}\n{"text": null}\n{"text": NaN}\n', ["Hello"]),
    "tags.jsonl": ('{"text": "Hello", "tags": ["a", "b"]}\n', ["Hello"]),
    "odd.jsonl": ("\n".join(json.dumps({"text": cell, "n": 1}) for cell in ["Hi", *ODD]), ["Hi", *ODD]),
    "pair.jsonl": ('{"text": "\\ud83d\\ude00"}\n', ["😀"]),
}


@pytest.mark.parametrize("name", READ)
@pytest.mark.filterwarnings("ignore:.*is read as a blank:UserWarning")
def test_files_are_read_to_the_letter(tmp_path: Path, name: str) -> None:
    content, sentences = READ[name]
    assert sentences_of(written(tmp_path / name, content)) == sentences


COUNT = "has {} fields, its header {}; put quotation marks around text with commas"
REFUSED = {
    # fields that are not as many as the header's
    "comma.csv": ("text\nHello, world\nGood, morning\n", "line 2 " + COUNT.format(2, 1)),
    "commas.csv": ("text\nOne, two, three\n", "line 2 " + COUNT.format(3, 1)),
    "last.csv": ("id,text\n1,Hello there,\n", "line 2 " + COUNT.format(3, 2)),
    "short.csv": ('id,text\n1,"a\nb"\n2\n', "line 4 has 1 field, its header 2"),
    "tab.tsv": ("id\ttext\n1\tHello\tthere\n", "line 2 has 3 fields, its header 2; save the table as .csv"),
    "pandas.tsv": ('id\ttext\n1\t"He said ""hi"""\n', "line 2: a cell has quotation marks as in CSV"),
    "comma.tsv": ("id,text\n1,Hello\n", "its header 'id,text' has commas, no tab; name the file .csv"),
    # quotation marks
    "open.csv": ('text,n\nOne,1\n"Hello,5\nBye,6\n', "line 3: a quotation mark is not closed"),
    "inside.csv": ('text,n\n"Hello" she said,5\n', "line 2: a quotation mark is not closed, or not"),
    "backslash.csv": ('text,n\n"She said \\"hi\\" to me",5\n', "line 2: a quotation mark is not closed, or not"),
    # headers
    "no-header.csv": ("Hello there\nBye\n", "its first row reads like data: Hello there; .*column 'Hello there'"),
    "stop.csv": ("Hello.\nBye.\n", "its first row reads like data: Hello."),
    "row.tsv": ("Hello\t0.5\nBye\t1\n", "its first row reads like data: Hello, 0.5"),
    "twice.csv": ("text,n,text\na,1,b\n", "two columns are called text; rename one"),
    "none.csv": ("a,b\n1,2\n", "no column of text; the columns are a, b; choose one"),
    # encodings
    "latin.tsv": ("text\nGrüße\n".encode("latin-1"), "not UTF-8 at line 2, byte 3; save the file as UTF-8"),
    "cut.txt": ("fine\nGrü".encode()[:-1], "not UTF-8 at line 2, byte 3"),
    "unmarked.txt": ("Hello\n".encode("utf-16-le"), r"not UTF-8 text at line 1, byte 2, '\\x00'; save"),
    "cut16.txt": ("Hello\n".encode("utf-16")[:-1], "not UTF-16 at byte 13"),
    "half16.csv": (b"\xff\xfet\0\0\xd8b\0\n\0", "not UTF-16 at byte 5"),
    "nul.csv": ("text\na\0b\n", "not UTF-8 text at line 2, byte 2"),
    "japan.txt": ("日本語".encode("iso2022_jp"), "not UTF-8 text at line 1, byte 1"),
    # JSON
    "number.jsonl": ('{"text": "a"}\n{"text": 5}\n', "line 2: text is 5, not text"),
    "bool.json": ('[{"text": "a"}, {"text": true}]', "record 2: text is True, not text"),
    "nested.jsonl": ('{"text": {"en": "Hello"}}\n', r"no column of text; .* text \(records with the fields en"),
    "field.json": ('{"version": "v 1", "data": [{"text": "Hello"}]}', "field data holds lists of records with the fie"),
    "columns.json": ('{"name": "my texts", "text": ["Hello", "Bye"]}', "its field text holds lists of text; give the"),
    "pandas.json": ('{"text": {"0": "Hello", "1": "Bye"}}', "its field text holds records with the fields 0, 1"),
    "words.json": ('[["Hello", "you"]]', r"record 1 is \['Hello', 'you'\], no record"),
    "cut.jsonl": ('{"text": "a"}\n{"text": "b', "line 2, character 10: not JSON"),
    "cut.json": ('[{"text": "a"},\n{"text": "b"}', "line 2, character 14: not JSON"),
    "commas.jsonl": ('{"text": "a"},\n{"text": "b"},\n', "line 1, character 14: not JSON"),
    "twice.jsonl": ('{"text": "a", "text": "b"}\n', "line 1: a record has two fields of one name"),
    "half.jsonl": ('{"text": "ok"}\n{"text": "\\ud800"}\n', r"line 2: text has half a character, U\+D800"),
    "deep.json": ("[" * 100_000, "line 1: .*recursion"),
    "digits.jsonl": ('{"text": "a", "n": ' + "1" * 5_000 + "}", "line 1: Exceeds the limit"),
    # other files under a wrong name
    "zip.csv": (b"PK\x03\x04rest", "is a zip archive or an Office document"),
    "word.txt": (b"\xd0\xcf\x11\xe0rest", "is an Office document"),
    "paper.txt": (b"%PDF-1.7\n", "is a PDF; save its text as .txt"),
    "page.csv": ("\n<!DOCTYPE html>\n", "is a web page or XML"),
    "table.csv": (b"PAR1\x15\x04", "is a Parquet file; give it its own suffix"),
    "lines.csv": ('{"text":"a"}\n{"text":"b"}\n', "is JSON; name the file .json"),
    "array.txt": ('[{"text": "a"}]', "is JSON; name the file .json"),
    "text.parquet": ("Hello\n", "is no Parquet file"),
    "damaged.parquet": (b"PAR1\x15\x04restPAR1", r"cannot be read \(.*\); check the file"),
    "zstd.jsonl": (b"\x28\xb5\x2f\xfdrest", "is packed in a way that cannot be read here"),
    "cut.txt.gz": (gzip.compress(b"Hello. " * 999)[:-9], r"cannot be read \(Compressed file ended"),
    "book.xlsx": (b"PK\x03\x04rest", "cannot read .xlsx; use .txt, .csv"),
    # nothing in it
    "empty.jsonl": ("", "the file is empty"),
    "empty.csv.gz": (gzip.compress(b""), "the file is empty"),
    "empty.txt.bz2": (bz2.compress(b""), "the file is empty"),
    "blank.csv": ("\n \n", "no sentences"),
    "header.tsv": ("id\ttext\n", "no sentences"),
    "array.json": ("[]", "no sentences"),
} | {f"pointer{suffix}": (POINTER, "is a Git LFS pointer, not the data; run git lfs pull") for suffix in
     (".txt", ".csv", ".tsv", ".json", ".jsonl", ".parquet")}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_other_files_are_refused_in_one_line(tmp_path: Path, name: str) -> None:
    content, fault = REFUSED[name]
    path = written(tmp_path / name, content)
    line = refusal(load_corpus, path)
    assert line.startswith(f"{path}: ")
    assert re.search(fault, line)
    if "no sentences" not in fault:
        assert refusal(list, stream_corpus(path)) == line


def test_a_stream_without_sentences_is_empty(tmp_path: Path) -> None:
    assert list(stream_corpus(written(tmp_path / "blank.csv", "text\n \n"))) == []


def test_a_named_column_is_text_whatever_it_looks_like(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "n,text,What do you think?\n007,a,b\n1.50,c,d\n")
    assert sentences_of(path, column="n") == ["007", "1.50"]
    assert sentences_of(path, column="What do  you think?") == ["b", "d"]
    spaced = written(tmp_path / "b.jsonl", '{" text": "a", "text": "b"}\n')
    assert (sentences_of(spaced, column=" text"), sentences_of(spaced, column="text")) == (["a"], ["b"])
    assert "did you mean 'text'?" in refusal(load_corpus, path, column="Text")


def test_a_quotation_mark_that_swallows_rows_is_noted(tmp_path: Path) -> None:
    swallowed = written(tmp_path / "a.csv", 'id,text\n1,"Hello there\n2,Good morning\n3,She said so."\n4,Bye\n')
    with pytest.warns(UserWarning, match="line 2: a cell that ends in line 4 reads like rows of the table"):
        assert len(load_corpus(swallowed)) == 2
    meant = written(tmp_path / "b.csv", 'id,text\n1,"Dear all,\nthank you, and\n\nbye"\n')
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sentences_of(meant) == ["Dear all, thank you, and bye"]


def test_other_ends_of_lines_are_noted(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"a\.txt: line 2: U\+2028 is read as a blank; replace it"):
        assert load_corpus(written(tmp_path / "a.txt", "One.\nTwo.\u2028Three.\n")).sentences == ["One.", "Two. Three."]


@pytest.mark.parametrize("field", ['"note": null', '"extra": 1'])
def test_a_field_that_changes_late_is_no_business_of_ours(tmp_path: Path, field: str) -> None:
    lines = [f'{{"text": "word {number}", {field}}}' for number in range(2_000)]
    path = written(tmp_path / "a.jsonl", "\n".join([*lines, '{"text": "last", "note": "x"}']))
    assert len(sentences_of(path, column="text")) == 2_001
    assert sentences_of(path, column="note") == ["x"]


# ── Parquet ──


def parquet(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_parquet_of_every_type_of_text(tmp_path: Path) -> None:
    text = pa.array(["NA", None, "007", "NA"])
    for number, column in enumerate([text, text.cast(pa.large_string()), text.dictionary_encode()]):
        path = parquet(tmp_path / f"{number}.parquet", text=column, vector=[[1.0]] * 4, number=[1, 2, 3, 4])
        assert sentences_of(path) == ["NA", "007", "NA"]
    indexed = tmp_path / "pandas.parquet"
    pd.DataFrame({"text": pd.Categorical(["a", "b"])}, index=["x", "y"]).to_parquet(indexed)
    assert sentences_of(indexed) == ["a", "b"]
    late = parquet(tmp_path / "late.parquet", text=[None] * 1_500 + ["a"])
    assert sentences_of(late) == ["a"]


def test_parquet_without_text_says_what_it_holds(tmp_path: Path) -> None:
    words = parquet(tmp_path / "a.parquet", text=[["Hello", "you"]], other=[{"en": "Hello"}])
    held = r"text (lists of text), other (records with the fields en)"
    assert f"no column of text; the columns are {held}" in refusal(load_corpus, words)
    assert "column text holds lists of text, no text" in refusal(load_corpus, words, column="text")
    coded = parquet(tmp_path / "b.parquet", text=[b"Hello"], n=[1])
    assert "the columns are text (bytes), n" in refusal(load_corpus, coded)
    assert "column n holds numbers, no text" in refusal(load_corpus, coded, column="n")
    twice = tmp_path / "c.parquet"
    pq.write_table(pa.table([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]), twice)
    assert "two columns are called text" in refusal(load_corpus, twice, column="text")


# ── pairs and examples ──


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_pairs_and_examples_are_text_too(tmp_path: Path, suffix: str) -> None:
    rows = pd.DataFrame(
        {"sentence1": ["007", "NA"], "sentence2": ["true", "1.50"], "score": [0.5, 1.0], "label": [0, 1]}
    )
    path = tmp_path / f"a{suffix}"
    match suffix:
        case ".csv" | ".tsv":
            rows.to_csv(path, index=False, sep="," if suffix == ".csv" else "\t")
        case ".jsonl":
            rows.to_json(path, orient="records", lines=True)
        case _:
            rows.to_parquet(path)
    pairs, examples = load_similarities(path), load_examples(path)
    assert (pairs.left, pairs.right, pairs.scores) == (["007", "NA"], ["true", "1.50"], [0.5, 1.0])
    assert (examples.texts, examples.labels) == ([("007", "true"), ("NA", "1.50")], [0, 1])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("sentence1,sentence2,score\nA b,c d,0.5\n,c,0.1\n", r"pair 2 \(line 3\): sentence1 is blank; fill it"),
        ("sentence1;sentence2;score\na;b;0,5\n", r"pair 1 \(line 2\): score is '0,5', not a number; .* 0\.5"),
        ("sentence1,sentence2,score\na,b,c,0.5\n", "line 2 has 4 fields, its header 3"),
        ("a b,c d,0.5\n", "no column sentence1, sentence2, score; the columns are a b, c d, 0.5|no pairs"),
    ],
)
def test_pairs_say_which_is_wrong(tmp_path: Path, content: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        load_similarities(written(tmp_path / "a.csv", content))


# ── what is no file ──


def test_paths_that_lead_to_no_text(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "gone.txt")
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    faults = {
        "pipe.txt": "is a pipe or device; save the text in a file",
        "folder.csv": "is a folder; give one file in it",
        "link.txt": "is a link to a missing file",
        "loop.txt": "cannot be read (Too many levels of symbolic links)",
        "a\nb.txt": "file not found",
        "a\0b.txt": "file not found",
        f"{'a' * 300}.txt": "cannot be read (File name too long)",
    }
    for name, fault in faults.items():
        assert fault in refusal(load_corpus, tmp_path / name)


def test_a_file_without_permission(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "Hello")
    path.chmod(0)
    before = os.geteuid()
    os.seteuid(before or 65_534)  # root may read everything
    try:
        line = refusal(load_corpus, path)
    finally:
        os.seteuid(before)
    assert "cannot be read (Permission denied); check the file and its permissions" in line


@pytest.mark.parametrize("function", [load_corpus, load_similarities, load_examples])
def test_a_text_or_another_thing_in_place_of_a_name(function: Callable[..., Any]) -> None:
    line = refusal(function, "A very long sentence. " * 30)
    assert line.startswith(f"{('A very long sentence. ' * 30)[:60]!r}"[:-1])
    assert "…': no such name; use " in line
    assert "~nosuchuser/x.txt: file not found" in refusal(function, "~nosuchuser/x.txt")
    assert "['A cat.']: is no name" in refusal(function, ["A cat."])
