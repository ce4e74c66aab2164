"""Contributions as objects: what they print, tabulate, compare as and keep in a file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from wig_core.attribution.contributions import Contributions, ContributionSet, load_contributions, save_contributions
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.shapley import shapley_values
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.word_weights import word_weights

NAN = float("nan")


def contributions(words: str, vectors: list[list[float]], errors: list[float] | None = None) -> Contributions:
    sums = torch.tensor(vectors).sum(0)
    sampled = None if errors is None else torch.tensor(errors)
    return Contributions(words.split(), torch.tensor(vectors), 1 + sums, torch.ones(2), 0.25, 16, sampled)


def first(errors: list[float] | None = None) -> Contributions:
    return contributions("the <cat>", [[1.0, 0.0], [3.0, 4.0]], errors)


SECOND = contributions("rain", [[0.0, 2.0]])
EXPLAINED = ContributionSet([first(), SECOND])


def test_a_repr_is_one_line() -> None:
    assert repr(first()) == "<Contributions: 'the <cat>', 2 words, 2 dimensions, completeness error 2.5e-01>"
    long = contributions("word " * 40, [[1.0, 0.0]] * 40)
    assert len(repr(long)) < 150
    assert repr(EXPLAINED) == "<ContributionSet: 2 sentences, 3 words>"
    assert repr(EXPLAINED[:1]) == "<ContributionSet: 1 sentence, 2 words>"


def test_html_is_the_shaded_sentence() -> None:
    page = first()._repr_html_()
    assert "&lt;cat&gt;" in page
    assert page.index("#ffffcc") < page.index(">the<") < page.index("#ed2e21")  # the least and the greatest norm
    assert page in ContributionSet([first()])._repr_html_()
    assert EXPLAINED._repr_html_().count("title=") == 3
    assert "… and 5 more sentences" in ContributionSet([first()] * 25)._repr_html_()
    assert ContributionSet([])._repr_html_().startswith("<table")


def test_frames_by_hand() -> None:
    expected = pd.DataFrame({"position": [0, 1], "word": ["the", "<cat>"], "norm": [1.0, 5.0]})
    pd.testing.assert_frame_equal(first().to_frame(), expected)
    pd.testing.assert_frame_equal(first([0.5, 1.0]).to_frame(), expected.assign(error=[0.5, 1.0]))
    table = ContributionSet([SECOND, first([0.5, 1.0])]).to_frame()
    assert table.columns.tolist() == ["sentence", "position", "word", "norm", "error"]
    assert table["sentence"].tolist() == [0, 1, 1]
    np.testing.assert_array_equal(table["error"], [NAN, 0.5, 1.0])
    assert ContributionSet([]).to_frame().columns.tolist() == ["sentence", "position", "word", "norm"]


def test_word_weights_of_a_set() -> None:
    for scale in (True, False):
        expected = word_weights([*EXPLAINED], scale_by_length=scale)
        pd.testing.assert_frame_equal(EXPLAINED.word_weights(scale_by_length=scale), expected)


def test_a_set_is_a_sequence() -> None:
    assert (len(first()), len(EXPLAINED)) == (2, 2)
    assert EXPLAINED[1] is SECOND
    assert EXPLAINED[-1:] == ContributionSet([SECOND])
    assert isinstance(EXPLAINED[::-1], ContributionSet)
    assert [*EXPLAINED] == EXPLAINED
    assert SECOND in EXPLAINED
    assert EXPLAINED.index(SECOND) == 1
    with pytest.raises(IndexError):
        EXPLAINED[2]


def test_equal_numbers_are_equal() -> None:
    assert first() == first()
    assert hash(first()) == hash(first())
    assert first([NAN, 1.0]) == first([NAN, 1.0])
    others = [SECOND, first([1.0, 1.0]), contributions("a <cat>", [[1.0, 0.0], [3.0, 4.0]]), "the <cat>"]
    assert all(first() != other for other in others)
    assert ContributionSet([first(), SECOND]) == EXPLAINED
    assert len({EXPLAINED, ContributionSet([first(), SECOND]), EXPLAINED[:1]}) == 2
    assert EXPLAINED[::-1] != EXPLAINED


@pytest.mark.parametrize("errors", [None, [0.5, NAN]])
def test_a_file_holds_all_numbers(tmp_path: Path, errors: list[float] | None) -> None:
    explained = ContributionSet([first(errors), SECOND])
    explained.save(tmp_path / "one.safetensors")
    assert ContributionSet.load(tmp_path / "one.safetensors") == explained
    save_contributions([*explained], tmp_path / "two.safetensors")
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()
    assert load_contributions(tmp_path / "two.safetensors") == explained


def test_contributions_of_both_methods_come_back_from_a_file(bert: SentenceEncoder, tmp_path: Path) -> None:
    sentences = ["the cat sat on a mat", "rain", "it rains, the mat sits"]
    explained = [*shapley_values(bert, sentences, exact_up_to=3), *integrated_gradients(bert, sentences, steps=2)]
    save_contributions(explained, tmp_path / "file.safetensors")
    assert load_contributions(tmp_path / "file.safetensors") == explained


def test_a_file_without_contributions(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no")
    for name in ("file", "none"):
        with pytest.raises(InputError, match="holds no contributions"):
            load_contributions(tmp_path / name)
    with pytest.raises(InputError, match="no contributions to save"):
        save_contributions([], tmp_path / "file")
