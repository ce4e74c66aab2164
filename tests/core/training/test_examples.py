"""Examples to train on: each packaged kind keeps its promise; files and rows are read, or refused in one line."""

import itertools
from collections import Counter
from pathlib import Path

import pytest

from wig_core.errors import InputError
from wig_core.text.corpus import load_corpus
from wig_core.text.packaged import wikipedia_sample
from wig_core.training.examples import NAMES, Examples, as_examples, load_examples

ARTICLES = wikipedia_sample()


@pytest.fixture(scope="module")
def places() -> dict[str, set[tuple[int, int]]]:
    """The paragraphs (article, paragraph) that contain each sentence."""
    found: dict[str, set[tuple[int, int]]] = {}
    for a, article in enumerate(ARTICLES):
        for p, paragraph in enumerate(article.paragraphs):
            for sentence in paragraph:
                found.setdefault(sentence, set()).add((a, p))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_packaged_examples_are_many_distinct_and_not_blank(name: str) -> None:
    examples = load_examples(name)
    assert len(examples) > 4_000
    assert all(text.strip() for texts in examples.texts for text in texts)
    assert {len(texts) for texts in examples.texts} == {examples.columns}
    if examples.labels is None:
        assert len(set(examples.texts)) == len(examples)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_examples(name: str) -> None:
    assert load_examples(name, seed=3) == load_examples(name, seed=3)


def test_halves_make_a_sentence() -> None:
    sentences = {" ".join(sentence.split()) for sentence in load_corpus("wikipedia-sample")}
    for left, right in load_examples("halves").texts[:500]:
        assert f"{left} {right}" in sentences
        assert abs(len(left.split()) - len(right.split())) <= 1
        assert len(left.split()) >= 4


def test_neighbours_share_a_paragraph_and_the_negative_their_article(places: dict) -> None:
    for left, right, far in load_examples("neighbours-and-far").texts[:2000]:
        shared = places[left] & places[right]
        assert shared
        assert any(a == b for (a, _), (b, _) in itertools.product(shared, places[far]))  # of the same article


def test_labels_of_relations_are_true(places: dict) -> None:
    examples = load_examples("relations")
    assert Counter(examples.labels) == dict.fromkeys(range(3), len(examples) // 3)
    for (left, right), label in zip(examples.texts[:3000], examples.labels or [], strict=False):
        articles = [{a for a, _ in places[sentence]} for sentence in (left, right)]
        if label < 2:
            assert articles[0] & articles[1]
        else:
            assert articles[0] != articles[1]


def test_titles_and_glosses() -> None:
    assert ("Anarchism", next(iter(load_corpus("wikipedia-sample")))) in load_examples("titles").texts[:3]
    assert ("a small ball", "it hit the net") not in load_examples("glosses").texts
    assert any(example == "able to swim" for _, example in load_examples("glosses").texts)


def test_pairs_triplets_and_labels_are_read_from_files(tmp_path: Path) -> None:
    pairs, triplets, labelled = (tmp_path / f"{name}.csv" for name in ("pairs", "triplets", "labelled"))
    pairs.write_text("positive,anchor\nwas dry,It  rained\n")
    triplets.write_text("anchor,positive,negative\na,b,c\n")
    labelled.write_text("sentence1,sentence2,label\na,b,2\nc,d,0\n")
    assert load_examples(pairs).texts == [("It rained", "was dry")]
    assert load_examples(triplets).texts == [("a", "b", "c")]
    assert load_examples(labelled).labels == [2, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("anchor,positive\na,b\nc,\n", "line 3: positive is blank; fill it or leave the row out"),
        ("anchor,other\na,b\n", "no column positive; the columns are anchor, other"),
        ("sentence1,sentence2,label\na,b,much\n", "line 2: the label is 'much'; give a class, counted from 0"),
        ("sentence1,sentence2,label\na,b,-1\n", "line 2: the label is '-1'; give a class"),
        ("sentence1,sentence2,label\na,b,²\n", "line 2: the label is '²'; give a class"),
        ("anchor,positive\na,b,c\n", "line 2 has 3 fields, its header 2"),
        ("anchor,positive\n", "no examples"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "mine.csv").write_text(content)
    with pytest.raises(InputError, match=message):
        load_examples(tmp_path / "mine.csv")


def test_examples_in_each_form(tmp_path: Path) -> None:
    pairs = Examples("own", [("a", "b"), ("c", "d")])
    assert as_examples(pairs) is pairs
    assert as_examples([["a", "b"], ("c", "d")]).texts == pairs.texts
    assert as_examples(["a", "b"]).texts == [("a",), ("b",)]
    (tmp_path / "pairs.csv").write_text("anchor,positive\na,b\n")
    assert as_examples(tmp_path / "pairs.csv").texts == [("a", "b")]
    assert as_examples("relations", seed=3) == load_examples("relations", seed=3)


@pytest.mark.parametrize("row", [("c",), ("c", " "), ("c", "d", "e"), ("c", 1)])
def test_wrong_rows_are_refused_in_one_line(row: tuple) -> None:
    with pytest.raises(InputError, match=r"examples: row 2 is \('c'.*\); give each row 2 texts, none blank"):
        as_examples([("a", "b"), row])


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'neighbours'"):
        load_examples("neighbors")


def test_crops_are_runs_of_one_paragraph() -> None:
    paragraphs = [" ".join(" ".join(p).split()) for article in ARTICLES for p in article.paragraphs]
    for left, right in load_examples("crops").texts[:200]:
        assert any(left in text and right in text for text in paragraphs)
        assert min(len(left.split()), len(right.split())) >= 4


def test_a_passage_is_the_rest_of_the_paragraph_and_the_negative_another(
    places: dict[str, set[tuple[int, int]]],
) -> None:
    for query, passage, negative in load_examples("passages").texts[:200]:
        homes = places[query]
        rests = [[s for s in ARTICLES[a].paragraphs[p] if s != query] for a, p in homes]
        assert any(set(" ".join(rest).split()) == set(passage.split()) for rest in rests)
        found = [
            (a, p)
            for a, article in enumerate(ARTICLES)
            for p, paragraph in enumerate(article.paragraphs)
            if " ".join(paragraph) == negative
        ]
        assert found
        assert any(a == b and p != q for a, p in homes for b, q in found)
