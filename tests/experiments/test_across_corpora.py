from wig_book.experiments.across_corpora import (
    changes_over_corpora,
    fits_over_corpora,
    generality_headline,
    readable_corpora,
)
from wig_core.training.fine_tuning import Recipe


def test_each_corpus_has_its_row(tmp_path):
    lines = ["A dog chases the ball.", "The dog sleeps.", "A cat chases the dog.", "The ball is red."] * 3
    (tmp_path / "toy.txt").write_text("\n".join(lines))
    corpora = ["lee", str(tmp_path / "toy.txt")]
    options = {"baselines": ["mask"], "max_sentences": 4, "max_words": 12, "min_count": 2, "tolerance": 0.1}
    fits = fits_over_corpora("wig-base", corpora, bootstrap=20, **options)
    changed = changes_over_corpora("wig-base", Recipe(steps=1, batch_size=4), [0], corpora, bootstrap=20, **options)
    numbers = generality_headline(fits, changed)
    assert (numbers["corpora"], numbers["corpus_0"], numbers["runs"]) == (2, "lee", 1)
    assert numbers["positive"] == (fits[fits["x"] == "kl"]["correlation_low"] > 0).sum()
    assert len(readable_corpora(fits, changed)) == 4
