import pytest
from sentence_transformers import SentenceTransformer

from wig_book.experiments.analyse_your_encoder import analyse_your_encoder
from wig_book.figures.tables import show
from wig_core.encoders.encoder import SentenceEncoder

LINES = [
    "A dog chases the ball.",
    "The dog sleeps.",
    "A cat chases the dog.",
    "The ball is red.",
    "Red is the cat.",
] * 3
OPTIONS = {"baselines": ["mask"], "max_sentences": 5, "min_count": 1, "tolerance": 0.1}


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
