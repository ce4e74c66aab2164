import pandas as pd
import pytest
from sentence_transformers import SentenceTransformer

from wig_book.experiments.across_models import (
    analyse,
    analyse_each,
    analysis_headline,
    models_headline,
    readable_models,
)
from wig_core.encoders.encoder import SentenceEncoder

LINES = [
    "A dog chases the ball.",
    "The dog sleeps.",
    "A cat chases the dog.",
    "The ball is red.",
    "Red is the cat.",
] * 3


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A base, an encoder that sentence-transformers has saved, and a text."""
    root = tmp_path_factory.mktemp("own")
    SentenceEncoder.load("wig-base").save(root / "base")
    SentenceTransformer(str(root / "base"), device="cpu").save(str(root / "tuned"))
    (root / "text.txt").write_text("\n".join(LINES))
    return root


OPTIONS = {"baselines": ["mask"], "max_sentences": 5, "min_count": 1, "tolerance": 0.1, "bootstrap": 30}


def test_a_folder_of_sentence_transformers_and_its_base(folders):
    text = str(folders / "text.txt")
    found = analyse(str(folders / "tuned"), text, base=str(folders / "base"), **OPTIONS)
    numbers = analysis_headline(found)
    assert numbers["change"] == pytest.approx(0, abs=1e-4)
    assert "neither surely raised" in numbers["change_verdict"]
    assert numbers["change_verdict"].endswith("information gain: +0.000 [+0.000,\N{NO-BREAK SPACE}+0.000].")
    assert set(found.fits["x"]) == {"kl", "self_information"}


def test_without_a_base_nothing_is_said_of_fine_tuning(folders):
    found = analyse(str(folders / "tuned"), str(folders / "text.txt"), **OPTIONS)
    numbers = analysis_headline(found)
    assert found.changes.empty
    assert numbers["change_verdict"].startswith("No base was given")
    assert "change" not in numbers
    expected = {
        "rises": "informative words do weigh more",
        "falls": "informative words weigh less",
        "neither surely rises nor surely falls": "whether informative words weigh more is open",
    }
    assert numbers["verdict"] == expected[numbers["direction"]]


def test_each_encoder_on_each_text_is_what_one_alone_is(folders, monkeypatch):
    tuned, base, text = (str(folders / name) for name in ("tuned", "base", "text.txt"))
    (folders / "other.txt").write_text("\n".join(line.replace("dog", "fox") for line in LINES))
    corpora = [text, str(folders / "other.txt")]
    monkeypatch.setattr("wig_book.experiments.across_models.pretrained_of", {tuned: base}.get)
    found = analyse_each([tuned, base], corpora, **OPTIONS)

    alone = analyse(tuned, corpora[1], base=base, **OPTIONS)
    for name in ("words", "fits", "changes"):
        table = getattr(found, name)
        rows = table[(table["encoder"] == tuned) & (table["corpus"] == corpora[1])]
        one = getattr(alone, name)
        pd.testing.assert_frame_equal(rows[one.columns].reset_index(drop=True), one, check_dtype=False)
    numbers = models_headline(found)
    assert (numbers["encoders"], numbers["corpora"], numbers["cells"], numbers["pairs"]) == (2, 2, 4, 2)
    assert numbers["highest"] == found.fits[found.fits["x"] == "kl"]["r2"].max()
    assert (numbers["risen"], numbers["fallen"]) == (0, 0)
    assert numbers["rise_encoder"] == tuned
    assert numbers["rise_corpus"] in corpora
    moved = found.changes[found.changes["x"] == "kl"]
    for end in ("", "_low", "_high"):
        assert numbers[f"least_rise{end}"] == moved[f"r2_difference{end}"].min()
    assert "In 2 cells the base is known; R² has surely risen from it in 0 and fallen in 0." in numbers["fine_tuning"]
    shown = readable_models(found)
    assert set(shown.xs(base)["ΔR²"]) == {"no base"}
    assert set(shown.xs(tuned)["ΔR²"]) == {"+0.000 [+0.000,\N{NO-BREAK SPACE}+0.000]"}


def test_where_no_base_is_known_no_change_is_told(folders):
    found = analyse_each([str(folders / "tuned")], [str(folders / "text.txt")], **OPTIONS)
    numbers = models_headline(found)
    assert numbers["pairs"] == 0
    assert "nothing is said of fine-tuning" in numbers["fine_tuning"]
    assert "rise" not in numbers
    assert "ΔR²" not in readable_models(found)
