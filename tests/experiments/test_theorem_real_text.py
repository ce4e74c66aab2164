import numpy as np
import pandas as pd
import pytest

from wig_book.experiments.theorem_real_text import input_norms, real_text_numbers, static_encoder, static_fits
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.corpus import Corpus

TOPICS = [["cat", "dog", "cow", "pig"], ["sun", "moon", "star", "sky"], ["red", "blue", "green", "pink"]]


@pytest.fixture(scope="module")
def topical() -> Corpus:
    rng = np.random.default_rng(0)
    everywhere = ["the", "of", "and"]
    sentences = [" ".join([*rng.choice(topic, 3), *rng.choice(everywhere, 3)]) for _ in range(300) for topic in TOPICS]
    return Corpus("topical", sentences)


def test_norms_follow_information(topical):
    norms = static_encoder(topical, min_count=5, dimension=8, at=[1, 200])
    words = norms[(norms["step"] == 200) & (norms["norm"] == "centred")].set_index("word")
    assert words.loc[["cat", "sun", "red"], "value"].min() > 3 * words.loc[["the", "of", "and"], "value"].max()
    fits = static_fits(norms, bootstrap=50).set_index(["step", "norm", "kind"])
    assert fits.loc[(200, "centred", "as it is"), "correlation"] > 0.9
    assert fits.loc[(200, "centred", "as it is"), "correlation"] > fits.loc[(1, "centred", "as it is"), "correlation"]


def test_words_of_shuffled_text_are_not_informative(topical):
    norms = static_encoder(topical, min_count=5, dimension=8, at=[10], shuffles=2)
    assert norms["kl_shuffled"].max() < 0.1 * norms["kl"].max()


def test_the_same_seed_gives_equal_norms(topical):
    runs = [static_encoder(topical, min_count=5, dimension=4, at=[5], seed=3) for _ in range(2)]
    pd.testing.assert_frame_equal(*runs)


def test_no_frequent_words():
    with pytest.raises(InputError, match="give a smaller one"):
        static_encoder(Corpus("toy", ["a b"]), min_count=30)


def test_input_norms_are_those_of_single_tokens():
    encoder = SentenceEncoder.load("wig-base")
    norms = input_norms(encoder, ["the", "river", "uncharacteristically"])
    assert "uncharacteristically" not in norms.index
    row = encoder.model.get_input_embeddings().weight[encoder.tokenizer.convert_tokens_to_ids("river")]
    assert norms.loc["river", "weight"] == pytest.approx(0.5 * float(row.double().square().sum()))


def test_the_numbers_are_those_of_the_last_step(topical):
    fits = static_fits(static_encoder(topical, min_count=5, dimension=4, at=[1, 5]), bootstrap=20)
    ends = ("before", "after", "difference", "difference_low", "difference_high")
    sides = {f"correlation_{end}": 0.1 for end in ends}
    changes = pd.DataFrame([{"x": "kl_corrected", "n_words": 9, "runs": 2, **sides}])
    numbers = real_text_numbers(fits, changes)
    last = fits[(fits["step"] == 5) & (fits["norm"] == "raw") & (fits["kind"] == "as it is")].iloc[0]
    assert numbers["correlation_raw"] == last["correlation"]
    assert numbers["input_difference_low"] == 0.1
    assert (numbers["step"], numbers["runs"]) == (5, 2)
