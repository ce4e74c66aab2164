from wig_book.experiments.across_corpora import changes_over_corpora, corpus_numbers, fits_over_corpora
from wig_book.experiments.setup import Setup
from wig_core.training.fine_tuning import Recipe


def test_each_corpus_has_its_row(tmp_path):
    lines = ["A dog chases the ball.", "The dog sleeps.", "A cat chases the dog.", "The ball is red."] * 3
    (tmp_path / "toy.txt").write_text("\n".join(lines))
    options = {"baselines": ["mask"], "max_sentences": 4, "max_words": 12, "min_count": 2, "tolerance": 0.1}
    setups = [Setup(corpus, **options) for corpus in ("lee", str(tmp_path / "toy.txt"))]
    fits = fits_over_corpora("wig-base", setups, bootstrap=20)
    changed = changes_over_corpora("wig-base", Recipe(steps=1, batch_size=4), [0], setups, bootstrap=20)
    numbers = corpus_numbers(fits, changed)
    assert (numbers["corpora"], numbers["corpus_0"], numbers["runs"]) == (2, "lee", 1)
    assert numbers["positive"] == (fits[fits["x"] == "kl"]["correlation_low"] > 0).sum()
    assert "correlation_difference_1_low" in numbers
    assert len(fits) == len(changed) == 4
