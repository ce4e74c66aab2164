"""Corpora: every source, every choice and every error; the wiki cleaning on a page whose sentences are known."""

import bz2
import itertools
import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pytest
from gensim.test.utils import datapath
from loopback_hub import Hub, serving

from wig_core.errors import InputError
from wig_core.text.corpus import Corpus, load_corpus, load_similarities, stream_corpus
from wig_core.text.wikipedia import wikipedia_sentences

SENTENCES = ["Hello there, world.", "A second one.", "🙂🙂"]


@pytest.fixture(scope="session")
def sample() -> Corpus:
    return load_corpus("wikipedia-sample")


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


# ── files ──


def test_corpus_is_frozen_sized_and_iterable() -> None:
    corpus = Corpus("two", ["a", "b"])
    assert (len(corpus), list(corpus)) == (2, ["a", "b"])
    with pytest.raises(FrozenInstanceError):
        corpus.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("suffix", [".txt", ".TXT", ".csv", ".tsv", ".jsonl", ".json", ".parquet"])
def test_reads_every_format(tmp_path: Path, suffix: str) -> None:
    path, table = tmp_path / f"mine{suffix}", pd.DataFrame({"n": [1, 2, 3], "text": SENTENCES})
    match suffix:
        case ".csv":
            table.to_csv(path, index=False)
        case ".tsv":
            table.to_csv(path, index=False, sep="\t")
        case ".jsonl":
            table.to_json(path, orient="records", lines=True)
        case ".json":
            table.to_json(path, orient="records")
        case ".parquet":
            table.to_parquet(path)
        case _:
            write(path, "\n".join(SENTENCES))
    for source in (path, str(path)):
        assert load_corpus(source) == Corpus("mine", SENTENCES)


@pytest.mark.filterwarnings("ignore:.*is read as a blank:UserWarning")
def test_text_file_keeps_lines_skips_blank_ones_and_normalises_space(tmp_path: Path) -> None:
    long = " ".join(["word"] * 2000)
    text = f"\ufeffOne\u00a0 line.\r\n\r\n \t \n  Two\u2028parts \n🙂\n{long}\nNA"
    corpus = load_corpus(write(tmp_path / "mine.txt", text))
    assert corpus.sentences == ["One line.", "Two parts", "🙂", long, "NA"]


@pytest.mark.parametrize("name", ["a [1]*.txt", ".hidden/b.txt", "sub folder/naïve ☕.txt"])
def test_odd_file_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    assert load_corpus(write(tmp_path / name, "Here I am.")).sentences == ["Here I am."]


def test_relative_path_and_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "mine.txt", "Here I am.")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_corpus("mine.txt") == load_corpus("./mine.txt") == load_corpus("~/mine.txt")


def test_csv_cells_mean_what_they_say(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", 'n,text\n1,"Well, ""yes"""\n2,NA\n3,\n4,"two\nlines"\n')
    assert load_corpus(path).sentences == ['Well, "yes"', "NA", "two lines"]


def test_column_choice(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", "left,right,n\nL one,R one,1\nL two,R two,2\n")
    assert load_corpus(path, column="right").sentences == ["R one", "R two"]
    assert load_corpus(path, column="right, left").sentences == ["R one", "R two", "L one", "L two"]
    comma = write(tmp_path / "comma.csv", '"a,b",a\nyes,no\n')
    assert load_corpus(comma, column="a,b").sentences == ["yes"]


def test_file_changed_under_its_name_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", "text\nold\n")
    stamp = path.stat().st_mtime_ns
    assert load_corpus(path).sentences == ["old"]
    write(path, "text\nnew\n")
    os.utime(path, ns=(stamp, stamp))
    assert load_corpus(path).sentences == ["new"]


def test_reading_leaves_no_trace(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def listing() -> list[Path]:
        return sorted([*tmp_path.rglob("*"), *Path(datasets.config.HF_DATASETS_CACHE).rglob("*")])

    good, bad = write(tmp_path / "mine.csv", "text\nHello.\n"), write(tmp_path / "bad.jsonl", '{"text":')
    before = listing(), datasets.logging.get_verbosity(), datasets.utils.are_progress_bars_disabled()
    load_corpus(good)
    with pytest.raises(InputError):
        load_corpus(bad)
    assert (listing(), datasets.logging.get_verbosity(), datasets.utils.are_progress_bars_disabled()) == before
    assert capfd.readouterr() == ("", "")


def test_files_are_read_without_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    lookup = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *place, **rest: (asked.append(place), lookup(*place, **rest))[1])
    load_corpus(write(tmp_path / "mine.txt", "Hello."))
    load_corpus(write(tmp_path / "mine.csv", "text\nHello.\n"))
    assert asked == []


def test_sampling_is_seeded_without_replacement_and_in_corpus_order(tmp_path: Path) -> None:
    lines = [f"Line {i:03}." for i in range(200)]
    path = write(tmp_path / "mine.txt", "\n".join(lines))
    first = load_corpus(path, max_sentences=50, seed=3).sentences
    assert first == load_corpus(path, max_sentences=50, seed=3).sentences
    assert first == sorted(set(first))
    assert len(first) == 50
    assert first not in (lines[:50], load_corpus(path, max_sentences=50, seed=4).sentences)
    assert load_corpus(path, max_sentences=500).sentences == lines


# ── errors ──

FAULTY_FILES = {
    "empty.txt": (b"", "the file is empty"),
    "empty.csv": (b"", "the file is empty"),
    "blank.txt": (b"\n \t\n\r\n", "every line is blank"),
    "blank.csv": (b'n,text\n1,\n2," "\n', "no column of text; the columns are n, text"),
    "header.csv": (b"text\n", "every line is blank"),
    "latin.txt": (b"fine line\ncaf\xe9\n", "not UTF-8 at line 2, byte 4; save the file as UTF-8"),
    "latin.csv": (b"text\ncaf\xe9\n", "not UTF-8 at line 2, byte 4"),
    "numbers.csv": (b"a,b\n1,2\n", "no column of text; the columns are a, b"),
    "several.csv": (b"a,n,b\nx,1,y\n", "several columns of text; choose one with column: a, b"),
    "ragged.csv": (b"a\n1\n2,3\n", "line 3 has 2 fields, its header 1; put quotation marks around text with commas"),
    "broken.jsonl": (b'{"a": "x"', "line 1, character 10: not JSON"),
    "broken.parquet": (b"no", "is no Parquet file"),
    "paper.docx": (b"x", r"cannot read \.docx; use \.txt, \.csv, \.tsv, \.jsonl, \.json, \.parquet"),
    "plain": (b"x", "cannot read a file without suffix"),
}


def message(match: str, function, *arguments, **options) -> str:  # type: ignore[no-untyped-def]
    """The one line of the InputError, which must match."""
    with pytest.raises(InputError, match=match) as caught:
        function(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", FAULTY_FILES)
def test_faulty_files(tmp_path: Path, name: str) -> None:
    content, fault = FAULTY_FILES[name]
    (tmp_path / name).write_bytes(content)
    assert message(fault, load_corpus, tmp_path / name).startswith(str(tmp_path / name))


def test_wrong_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", "text,n\nx,1\n")
    message("no column txt; the columns are text, n", load_corpus, path, column="txt")
    message("no column title; the columns are text, n", load_corpus, path, column="text,title")
    message("no column b; the columns are text", load_corpus, write(tmp_path / "a.txt", "x"), column="b")


def test_wrong_paths_and_options(tmp_path: Path) -> None:
    message("missing.txt: file not found", load_corpus, "missing.txt")
    message("no/such.csv: file not found", load_corpus, "no/such.csv")
    message("./no/such: file not found", load_corpus, "./no/such")
    message("is a folder", load_corpus, tmp_path)
    message("has no split 'test'", load_corpus, write(tmp_path / "a.txt", "x"), split="test")
    message("max_sentences=0", load_corpus, "lee", max_sentences=0)
    message("no splits or columns", load_corpus, "lee", column="text")


def test_misspelt_names() -> None:
    message("'wikipedia-smaple'.* did you mean 'wikipedia-sample'.* lee", load_corpus, "wikipedia-smaple")
    message("did you mean 'lee'", load_corpus, "LEE")
    assert "did you mean" not in message("use wikipedia-sample, lee", load_corpus, "zzz")
    message("''", load_corpus, "")
    message("did you mean 'lee'", load_similarities, "lees")


# ── similarities ──


def test_lee_pairs_agree_with_the_matrix() -> None:
    pairs = load_similarities("lee")
    texts = Path(datapath("lee.cor")).read_text(encoding="latin-1").splitlines()
    matrix = np.loadtxt(datapath("similarities0-1.txt"))
    assert len(pairs) == len(pairs.left) == len(pairs.right) == 50 * 49 // 2 == 1225
    # Pair 0 is texts 0 and 1; pair 49 + 0 is texts 1 and 2; the last is texts 48 and 49.
    assert pairs.scores[:2] == [0.3, 0.24]
    assert (pairs.left[49], pairs.right[49]) == (texts[1], " ".join(texts[2].split()))
    assert pairs.scores[49] == matrix[1, 2] == 0.28
    assert pairs.scores[-1] == matrix[48, 49]
    assert pairs.right[-1] == texts[49]
    assert sum(pairs.scores) == pytest.approx(np.triu(matrix, 1).sum())
    assert any("£3,000" in text for text in pairs.right)


def test_lee_sentences() -> None:
    corpus = load_corpus("lee")
    assert 140 <= len(corpus) <= 155
    assert corpus.sentences[1].startswith("In a move to reassert control")
    assert all(sentence == " ".join(sentence.split()) != "" for sentence in corpus)


def test_own_similarities(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", "score,sentence1,sentence2\n0.5,A  b,C d\n1,E,F\n")
    pairs = load_similarities(path)
    assert (pairs.name, pairs.left, pairs.right, pairs.scores) == ("mine", ["A b", "E"], ["C d", "F"], [0.5, 1.0])


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("A,B,0.5\nC,D,high\n", "pair 2 .line 3.: score is 'high', not a number"),
        ("A,B,\n", "pair 1 .*: score is '', not a number"),
        ("A,B,nan\n", "pair 1 .*: score is 'nan'"),
        ("A, ,0.5\n", "pair 1 .*: sentence2 is blank"),
        ("", "no pairs"),
    ],
)
def test_faulty_similarities(tmp_path: Path, rows: str, fault: str) -> None:
    message(fault, load_similarities, write(tmp_path / "mine.csv", f"sentence1,sentence2,score\n{rows}"))


def test_similarities_need_their_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", "sentence1,sentence2,label\nA,B,1\n")
    message("no column score; the columns are sentence1, sentence2, label", load_similarities, path)


# ── Wikipedia ──

ARTICLE = """{{Infobox person|name=Ada|image=[[File:Ada.jpg]]|note={{small|It is in a box.}}}}
{{About|the countess|the language}}
'''Ada Lovelace''' ({{IPAc-en|ˈ|eɪ|d|ə}}; born&nbsp;1815) was an English [[mathematics|mathematician]].<ref \
name="x/y">{{cite book|title=Ada. A whole life of her.}}</ref> She described the ''[[Engine]]'''s \
memory{{citation needed|date=May 2016}} in 1843.<ref name="x/y" /> Her notes are [http://example.org long and clear].
[[File:Ada.jpg|thumb|A portrait of [[Ada]] by a painter. It hangs in the [[Tower (London)|tower]].]]
{| class="wikitable"
! Year !! Work
|-
| 1843 || She wrote this in a table cell.
This is its second line, still inside.
{| class="inner"
| This is a nested table cell.
|}
|}
== Her early life was short. ==
* She is an item of a list.
# She is an item of a numbered list.
: She is on an indented line.
; Term : This is what the term means.
 She is preformatted text in here.
----
The tower is {{convert|5|m|ft}} high and old. The number <math>x^2</math> is a square here. It ran 10<sup>6</sup> \
times faster than people. He lived in the U.S. for 3.5 years, e.g. in Boston. J. Smith met her in Washington, D.C. on \
Jan. 3, 1840.<!-- This comment is a whole sentence. --> The word ( ; {{lang-fr|mot}}) is {{lang|fr|bref}} and old.

An empty bracket () is removed without trace. Is water really H<sub>2</sub>O? Too short now. \
She was thirty then.<ref group=n>See there.<br/> This note has a whole sentence.</ref> It was long ago.{{fact}} Few \
people doubted it.{{sfn|Ada|1999}} She wrote Who Is It? in one year. A bracket( : :odd, {{IPA|x}}, and so on) \
is mended. One bracket (is never closed here. This is a verse without a stop<br />A line starts here. \
It ends like this: "so he said to her." and it went on without a stop
<gallery>
File:A.jpg|A caption is a sentence too.
</gallery>
Research &amp; development &ndash; that was her field. See http://example.org for more of this. If x = 2 then it is so.
{{reflist|2}}
[[Category:Women who wrote many programs.]]
[[fr:Ada Lovelace est une femme.]]
"""
ARTICLE_SENTENCES = [
    "Ada Lovelace (born 1815) was an English mathematician.",
    "She described the Engine's memory in 1843.",
    "Her notes are long and clear.",
    "It ran 10⁶ times faster than people.",
    "He lived in the U.S. for 3.5 years, e.g. in Boston.",
    "J. Smith met her in Washington, D.C. on Jan. 3, 1840.",
    "The word is bref and old.",
    "An empty bracket is removed without trace.",
    "Is water really H2O?",
    "She was thirty then.",
    "It was long ago.",
    "Few people doubted it.",
    "She wrote Who Is It? in one year.",
    "A bracket (odd, and so on) is mended.",
    "A line starts here.",
    "Research & development – that was her field.",
]


def wiki_dump(path: Path, *pages: tuple[str, int, str]) -> Path:
    """A dump of pages, each a title, a namespace and its markup."""

    def escaped(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    body = "".join(
        f"<page><title>{title}</title><ns>{space}</ns><id>{number}</id>"
        f"<revision><text>{escaped(markup)}</text></revision></page>"
        for number, (title, space, markup) in enumerate(pages)
    )
    xml = f'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/"><siteinfo/>{body}</mediawiki>'
    path.write_bytes(bz2.compress(xml.encode()) if path.suffix == ".bz2" else xml.encode())
    return path


@pytest.mark.parametrize("suffix", [".xml", ".xml.bz2"])
def test_known_article(tmp_path: Path, suffix: str) -> None:
    pages = [
        ("Ada", 0, ARTICLE),
        ("Countess", 0, "#REDIRECT [[Ada]]\n{{R from title}}"),
        ("Talk:Ada", 1, "This page is a talk page."),
        ("Empty", 0, ""),
        ("Last", 0, "This is the last article."),
    ]
    path = wiki_dump(tmp_path / f"dump{suffix}", *pages)
    assert list(wikipedia_sentences(path)) == [*ARTICLE_SENTENCES, "This is the last article."]


def test_dump_is_streamed(tmp_path: Path) -> None:
    whole = wiki_dump(tmp_path / "whole.xml", *[("A", 0, f"This is article number {i}. " * 500) for i in range(100)])
    cut = tmp_path / "cut.xml"
    cut.write_bytes(whole.read_bytes()[:-2000])
    sentences = wikipedia_sentences(cut)
    assert next(sentences) == "This is article number 0."  # long before the end, which is missing
    message("incomplete Wikipedia dump", list, sentences)


def test_wrong_dumps(tmp_path: Path) -> None:
    message("file not found", list, wikipedia_sentences(tmp_path / "no.xml"))
    message("incomplete Wikipedia dump", list, wikipedia_sentences(write(tmp_path / "a.xml", "text")))
    message("incomplete Wikipedia dump", list, wikipedia_sentences(write(tmp_path / "b.xml", "<a><b/></a>")))
    message("incomplete Wikipedia dump", list, wikipedia_sentences(write(tmp_path / "c.xml.bz2", "text")))


def test_wikipedia_sample_size(sample: Corpus) -> None:
    assert sample.name == "wikipedia-sample"
    assert 16_500 <= len(sample) <= 17_700
    assert 370_000 <= sum(len(sentence.split()) for sentence in sample) <= 400_000
    assert len(set(sample)) > 0.99 * len(sample)


@pytest.mark.parametrize(
    "debris",
    [
        r"[{}|<>\[\]=_\\]",
        r"''|\(\s*\)|\(\s*[,;]|[,;]\s+\)",
        r"&#?\w+;|https?:|www\.",
        r"\b(?i:category|file|image|wikt|colspan|rowspan|align):",
        r"\bISBN\b|\bdoi\b|\d+px\b",
        r"\s\s|^\s|\s$|[\n\t\u00a0\ufffc\ufeff]",
        r"^[a-z*#:;(!-]",
        r"[^.!?…\"'”’)]$",
        r" [,;:](\s|$)|,,|;;",
    ],
)
def test_wikipedia_sample_has_no_debris(sample: Corpus, debris: str) -> None:
    assert [sentence for sentence in sample if re.search(debris, sentence)] == []


def test_wikipedia_sample_is_of_whole_sentences(sample: Corpus) -> None:
    lengths = [len(sentence.split()) for sentence in sample]
    assert min(lengths) >= 4
    assert sum(length > 100 for length in lengths) < 20  # passages quoted whole
    assert all(re.match(r"[\"'“‘]*[^\W_]", sentence) for sentence in sample)
    # A careless segmenter ends hundreds of sentences at an abbreviation or an initial.
    assert sum(bool(re.search(r"\b(Mr|Dr|St|vs|e\.g|i\.e|[A-Z])\.$", sentence)) for sentence in sample) < 60
    # The first and the last sentence of the sample's first and last articles.
    assert sample.sentences[0].startswith("Anarchism is a political philosophy that advocates self-governed societies")
    assert sample.sentences[-1] == "For more, see Algorithm characterizations."


# ── the hub ──

HUB_FILES = {
    "README.md": (
        "---\nconfigs:\n"
        "- config_name: plain\n  data_files:\n"
        "  - {split: train, path: train.csv}\n  - {split: validation, path: validation.csv}\n"
        "- config_name: pairs\n  data_files:\n  - {split: train, path: pairs.csv}\n---\n"
    ),
    "train.csv": "label,sentence\n0,One fish.\n1,Two fish.\n",
    "validation.csv": "label,sentence\n0,Red fish.\n",
    "pairs.csv": "sentence1,sentence2,score\nBlue fish.,Old fish.,0.25\n",
}
HUB_STSB = "---\nconfigs:\n- config_name: default\n  data_files:\n  - {split: test, path: pairs.csv}\n---\n"
HUB_WIKIPEDIA = {
    "README.md": "---\nconfigs:\n- config_name: 20231101.en\n  data_files: [{split: train, path: en.csv}]\n---\n",
    "en.csv": (
        'id,text\n0,"The first one is this. The second one is here.\n\nA heading\n"\n1,Another article begins so.\n'
    ),
}
HUB_ODD = {
    "README.md": (
        "---\nconfigs:\n"
        "- config_name: cells\n  data_files: [{split: test, path: cells.csv}]\n"
        "- config_name: wide\n  data_files: [{split: train, path: wide.csv}]\n"
        "- config_name: splits\n  data_files: [{split: dev, path: cells.csv}, {split: test, path: one.csv}]\n---\n"
    ),
    "cells.csv": "n,text\n1,NA\n2,null\n3,Blue fish.\n",
    "wide.csv": "text\nHello, world\nGood, morning\n",
    "one.csv": "text\nOne fish.\n",
}
HUB_DATASETS = {
    name: {file: text.encode() for file, text in files.items()}
    for name, files in {
        "fish/pond": HUB_FILES,
        "fish/odd": HUB_ODD,
        "fish/tabs": {"tabs.tsv": 'n\ttext\n1\t"Hello there\n2\tBye.\n3\tShe said so."\n'},
        "fish/numbers": {"numbers.jsonl": '{"text": 1}\n{"text": 2}\n'},
        "sentence-transformers/stsb": {"README.md": HUB_STSB, "pairs.csv": HUB_FILES["pairs.csv"]},
        "wikimedia/wikipedia": HUB_WIKIPEDIA,
        "princeton-nlp/datasets-for-simcse": {
            "wiki1m_for_simcse.txt": "A fish.\nTwo fish.\n",
            "nli_for_simcse.csv": "sent0,sent1,hard_neg\nA,B,C\n",
        },
    }.items()
}
HUB_CLIENT = """
import json, sys, time
from wig_core.text.corpus import Corpus, load_corpus, load_similarities, stream_corpus
def streamed(name, **options):
    return Corpus(name, list(stream_corpus(name, **options)))
for function, name, options in json.load(sys.stdin):
    start = time.monotonic()
    try:
        result = vars(globals()[function](name, **options))
    except Exception as error:
        result = type(error).__name__ + ": " + str(error)
    print(json.dumps([result, time.monotonic() - start]))
"""


HUB_CALLS = [
    ("load_corpus", "sts-b", {}),
    ("load_corpus", "fish/pond:plain", {}),
    ("load_corpus", "fish/pond:plain", {"split": "validation"}),
    ("load_similarities", "fish/pond:pairs", {}),
    ("load_corpus", "fish/pond:pairs", {"column": "sentence1,sentence2"}),
    ("load_similarities", "sts-b", {}),
    ("load_corpus", "wikipedia-1m", {}),
    ("load_corpus", "fish/odd:cells", {}),
    ("load_corpus", "fish/tabs", {"column": "text"}),
    ("load_corpus", "fish/odd:splits:test", {}),
    ("load_corpus", "fish/pond", {}),
    ("load_corpus", "fish/pond:plain", {"split": "tset"}),
    ("load_corpus", "wikipedia", {}),
    ("load_corpus", "fish/pond:none.txt", {}),
    ("load_corpus", "fish/none", {}),
]
REFUSED = [
    ("load_corpus", "fish/odd:splits", {}),
    ("load_corpus", "fish/odd:wide", {}),
    ("load_corpus", "fish/numbers", {"column": "text"}),
    ("load_corpus", "fish/odd:cells:none", {}),
]
STREAMED = [
    ("streamed", "fish/pond:pairs", {"column": "sentence1,sentence2"}),
    ("streamed", "wikipedia", {}),
    ("load_corpus", "wikipedia", {"max_sentences": 2}),
    ("streamed", "fish/none", {}),
    ("streamed", "fish/odd:cells", {}),
    ("streamed", "fish/tabs", {"column": "text"}),
]


@pytest.fixture(scope="module")
def hub_answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list]:
    """What the calls give while the hub is up, and again, from the same cache, when it is gone."""
    home = tmp_path_factory.mktemp("hub")
    keep = {key: value for key, value in os.environ.items() if not key.upper().startswith("HF_")}

    def ask(url: str, calls: list) -> tuple[list, str]:
        client = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", HUB_CLIENT],
            input=json.dumps(calls),
            env={**keep, "HF_ENDPOINT": url, "HF_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        return [json.loads(line) for line in client.stdout.splitlines()], client.stderr

    with serving(Hub(datasets=HUB_DATASETS)) as hub:
        up, noise = ask(hub.url, [*HUB_CALLS, *STREAMED, *REFUSED])
    down, noise_down = ask(hub.url, HUB_CALLS)
    answers = iter(up)
    parts = {"up": HUB_CALLS, "streamed": STREAMED, "refused": REFUSED}
    by_part = {part: list(itertools.islice(answers, len(calls))) for part, calls in parts.items()}
    return {**by_part, "down": down, "noise": [noise, noise_down]}


@pytest.mark.parametrize("state", ["up", "down"])
def test_hub_serves_and_its_cache_after_it(hub_answers: dict[str, list], state: str) -> None:
    results = [result for result, _ in hub_answers[state][:10]]
    named, plain, validation, pairs, columns, judged, million, cells, tabs, test = results
    assert named == {"name": "sts-b", "sentences": ["Blue fish.", "Old fish."]}
    assert plain == {"name": "fish/pond:plain", "sentences": ["One fish.", "Two fish."]}
    assert validation["sentences"] == ["Red fish."]
    assert pairs == {"name": "fish/pond:pairs", "left": ["Blue fish."], "right": ["Old fish."], "scores": [0.25]}
    assert columns["sentences"] == ["Blue fish.", "Old fish."]
    assert judged == {**pairs, "name": "sts-b"}
    assert million == {"name": "wikipedia-1m", "sentences": ["A fish.", "Two fish."]}  # one of the repository's files
    assert cells["sentences"] == ["NA", "null", "Blue fish."]  # of the only split, which is not called train
    assert tabs["sentences"] == ['"Hello there', "Bye.", 'She said so."']
    assert test["sentences"] == ["One fish."]


def test_hub_errors(hub_answers: dict[str, list]) -> None:
    no_config, wrong_split, too_large, no_file, unknown = [result for result, _ in hub_answers["up"][10:]]
    assert too_large == "InputError: wikipedia: too large for memory; set max_sentences, or use stream_corpus"
    assert re.match(r"InputError: fish/pond: cannot be read \(Config name is missing.*plain.*pairs", no_config)
    assert re.match(r"InputError: fish/pond:plain: .*tset.*train.*; check name, config and split", wrong_split)
    assert re.match(r"InputError: fish/none: .*doesn't exist", unknown)
    assert re.match(r"InputError: fish/pond:none.txt: cannot be read .*; check name, config and split", no_file)


def test_hub_data_sets_are_refused_in_one_line(hub_answers: dict[str, list]) -> None:
    splits, wide, numbers, none = [result for result, _ in hub_answers["refused"]]
    assert splits == (
        "InputError: fish/odd:splits: no split 'train', only dev, test; say which, as in fish/odd:splits:dev"
    )
    assert wide == "InputError: fish/odd:wide: rows have more fields than the header; the data set needs a correction"
    assert numbers.startswith("InputError: fish/numbers: column text holds numbers, no text; choose another")
    assert re.match(r"InputError: fish/odd:cells:none: cannot be read .*; check name, config and split", none)


def test_hub_is_streamed(hub_answers: dict[str, list]) -> None:
    pairs, articles, first, unknown, cells, tabs = [result for result, _ in hub_answers["streamed"]]
    assert cells["sentences"] == ["NA", "null", "Blue fish."]
    assert tabs["sentences"] == ['"Hello there', "Bye.", 'She said so."']
    assert pairs["sentences"] == ["Blue fish.", "Old fish."]
    assert articles["sentences"] == ["The first one is this.", "The second one is here.", "Another article begins so."]
    assert first["sentences"] == articles["sentences"][:2]
    assert re.match(r"InputError: fish/none: .*doesn't exist", unknown)


def test_other_corpora_are_streamed_too(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "n,left,right\n1,One  fish.,Two fish.\n2,,Red fish.\n")
    assert list(stream_corpus(file, column="left,right")) == ["One fish.", "Two fish.", "Red fish."]
    assert list(stream_corpus("lee")) == load_corpus("lee").sentences
    with pytest.raises(InputError, match="file not found"):
        next(stream_corpus(tmp_path / "no.xml.bz2"))
    with pytest.raises(InputError, match="file not found"):
        next(stream_corpus("~nosuchuser/no.xml"))


def test_hub_out_of_reach_fails_fast(hub_answers: dict[str, list]) -> None:
    for name, (result, seconds) in zip(["fish/pond:none.txt", "fish/none"], hub_answers["down"][-2:], strict=True):
        assert result.startswith(f"InputError: {name}: the hub cannot be reached")
        assert result.endswith("or give a local file")
        assert seconds < 10


def test_hub_is_read_in_silence(hub_answers: dict[str, list]) -> None:
    assert hub_answers["noise"] == ["", ""]


def test_a_local_copy_is_read_instead_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sts-b.csv").write_text("sentence1,sentence2,score\nOne fish.,Two fish.,0.5\n")
    monkeypatch.setenv("WIG_DATA", str(tmp_path))
    corpus = load_corpus("sts-b")
    assert (corpus.name, corpus.sentences) == ("sts-b", ["One fish.", "Two fish."])
