import pandas as pd
import pytest
from sentence_transformers import SentenceTransformer

from wig_book.experiments.across_models import across_models, analyse, analyse_each, analyse_your_encoder, model_numbers
from wig_book.experiments.setup import Setup
from wig_book.figures.tables import show
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.information.word_information import word_information

LINES = [
    "A dog chases the ball.",
    "The dog sleeps.",
    "A cat chases the dog.",
    "The ball is red.",
    "Red is the cat.",
] * 3
OPTIONS = {"baselines": ["mask"], "max_sentences": 5, "min_count": 1, "tolerance": 0.1}
ROW = ["encoder", "corpus", "baseline", "x"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A base, an encoder that sentence-transformers has saved, and a text."""
    root = tmp_path_factory.mktemp("own")
    SentenceEncoder.load("wig-base").save(root / "base")
    SentenceTransformer(str(root / "base"), device="cpu").save(str(root / "tuned"))
    (root / "text.txt").write_text("\n".join(LINES))
    (root / "other.txt").write_text("\n".join(line.replace("dog", "fox") for line in LINES))
    return root


def test_a_folder_of_sentence_transformers_and_its_base(folders):
    encoder, base, corpus = (str(folders / name) for name in ("tuned", "base", "text.txt"))
    found = analyse_your_encoder({"encoder": encoder, "base": base, "corpus": corpus, "bootstrap": 30, **OPTIONS})
    assert found.numbers["change"] == pytest.approx(0, abs=1e-4)
    assert found.numbers["change_direction"] == "shows no clear trend"
    assert set(found["fits"]["x"]) == {"kl", "self_information"}


def test_without_a_base_fine_tuning_is_not_assessed(folders):
    encoder, corpus = str(folders / "tuned"), str(folders / "text.txt")
    found = analyse_your_encoder({"encoder": encoder, "base": None, "corpus": corpus, "bootstrap": 30, **OPTIONS})
    assert found["changes"].empty
    assert "no base was given" in found.numbers["change_direction"]
    assert "change" not in found.numbers
    assert found.numbers["direction"] in ("rises", "falls", "shows no clear trend")
    assert show(found["changes"], ["baseline", "x"], ["r2_difference"]).empty


def test_each_encoder_on_each_text_is_what_one_alone_is(folders, monkeypatch):
    tuned, base = (str(folders / name) for name in ("tuned", "base"))
    setups = [Setup(str(folders / name), **OPTIONS) for name in ("text.txt", "other.txt")]
    monkeypatch.setattr("wig_book.experiments.across_models.pretrained_of", {tuned: base}.get)
    found = analyse_each([tuned, base], setups, bootstrap=30)

    alone = analyse(tuned, setups[1], base=base, bootstrap=30)
    for name, one in alone.items():
        rows = found[name][(found[name]["encoder"] == tuned) & (found[name]["corpus"] == setups[1].corpus)]
        pd.testing.assert_frame_equal(rows[one.columns].reset_index(drop=True), one, check_dtype=False)
    fits, moved = found["fits"], found["changes"]
    numbers = model_numbers(fits, moved)
    assert (numbers["encoders"], numbers["corpora"], numbers["cells"], numbers["pairs"]) == (2, 2, 4, 2)
    assert numbers["highest"] == fits[fits["x"] == "kl"]["r2"].max()
    assert (numbers["risen"], numbers["fallen"]) == (0, 0)
    assert numbers["rise_encoder"] == tuned
    assert numbers["rise_corpus"] in [setup.corpus for setup in setups]
    for end in ("", "_low", "_high"):
        assert numbers[f"least_rise{end}"] == moved[moved["x"] == "kl"][f"r2_difference{end}"].min()
    shown = show(fits, ROW, ["r2"]).join(show(moved, ROW, ["r2_difference"])).fillna("no base")
    assert set(shown.xs(base)["ΔR²"]) == {"no base"}
    assert set(shown.xs(tuned)["ΔR²"]) == {"+0.000 [+0.000, +0.000]"}


def test_where_no_base_is_known_no_change_is_quoted(folders):
    corpora = [str(folders / "text.txt")]
    found = across_models({"encoders": [str(folders / "tuned")], "corpora": corpora, "bootstrap": 30, **OPTIONS})
    assert (found.numbers["pairs"], found.numbers["risen"], found.numbers["fallen"]) == (0, 0, 0)
    assert "rise" not in found.numbers
    assert all(value == value for value in found.numbers.values())  # no NaN
    shown = show(found["fits"], ROW, ["r2"]).join(show(found["changes"], ROW, ["r2_difference"]))
    assert list(shown.columns) == ["R²"]


def test_each_text_is_counted_once(folders, monkeypatch):
    counted = []

    def counting(corpus, **options):
        counted.append(corpus.name)
        return word_information(corpus, **options)

    monkeypatch.setattr("wig_book.experiments.setup.word_information", counting)
    tuned, base = (str(folders / name) for name in ("tuned", "base"))
    monkeypatch.setattr("wig_book.experiments.across_models.pretrained_of", {tuned: base}.get)
    corpora = [str(folders / name) for name in ("text.txt", "other.txt")]
    across_models({"encoders": [tuned, base], "corpora": corpora, "bootstrap": 10, **OPTIONS})
    assert len(counted) == len(set(counted)) == 2
