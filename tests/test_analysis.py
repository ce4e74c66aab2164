import pytest
from sentence_transformers import SentenceTransformer

from wig_core.analysis import analyse, analysis_headline
from wig_core.encoders import SentenceEncoder

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
    assert set(found.fits["x"]) == {"kl", "self_information"}


def test_without_a_base_nothing_is_said_of_fine_tuning(folders):
    found = analyse(str(folders / "tuned"), str(folders / "text.txt"), **OPTIONS)
    numbers = analysis_headline(found)
    assert found.changes.empty
    assert numbers["change_verdict"].startswith("no base was given")
    expected = {
        "rises": "informative words do weigh more",
        "falls": "informative words weigh less",
        "neither surely rises nor surely falls": "whether informative words weigh more is open",
    }
    assert numbers["verdict"] == expected[numbers["direction"]]
