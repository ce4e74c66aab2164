"""Does it hold on other texts? The same encoders, weighed on several corpora."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from tqdm import tqdm

from wig_book.experiments.rows import before_to_after, changes, display_table, regress_by_baseline, with_interval
from wig_book.experiments.setup import Setup, train_and_weigh, weigh_corpus
from wig_core.training.fine_tuning import Recipe


def fits_over_corpora(encoder: str, corpora: Sequence[str], *, bootstrap: int = 1000, **options: Any) -> pd.DataFrame:
    """`regress_by_baseline` of one encoder's weights on each corpus, whose own information is used.

    Args:
        encoder: see `weigh_corpus`.
        corpora: names or files, see `load_corpus`.
        bootstrap: see `regress`.
        options: see `weigh_corpus`.

    Returns:
        The rows of `regress_by_baseline`, with corpus and sentences.
    """
    tables = []
    for corpus in tqdm(corpora, "corpora"):
        words = weigh_corpus(encoder, corpus, **options)
        fits = regress_by_baseline(words, bootstrap=bootstrap, seed=options.get("seed", 0))
        tables.append(fits.assign(corpus=corpus, sentences=words["sentences"].iloc[0]))
    return pd.concat(tables, ignore_index=True)


def changes_over_corpora(
    base: str, recipe: Recipe, seeds: Sequence[int], corpora: Sequence[str], *, bootstrap: int = 1000, **options: Any
) -> pd.DataFrame:
    """`changes` by fine-tuning once, weighed on each corpus.

    Args:
        base, recipe, seeds: see `train_and_weigh`.
        corpora: names or files, see `load_corpus`.
        bootstrap: see `changes`.
        options: see `Setup.of`.

    Returns:
        The rows of `changes`, with corpus.
    """
    tables = []
    for corpus in tqdm(corpora, "corpora"):
        setup = Setup.of(corpus, **options)
        occurrences = train_and_weigh(base, [recipe], seeds, setup)
        found = changes(occurrences, setup, bootstrap=bootstrap, seed=options.get("seed", 0))
        tables.append(found.assign(corpus=corpus))
    return pd.concat(tables, ignore_index=True)


def generality_headline(fits: pd.DataFrame, changed: pd.DataFrame) -> dict[str, float | int | str]:
    """The numbers that prose quotes, for KL under the first baseline.

    Returns:
        corpora, baseline, runs; positive, on how many the encoder's correlation is surely above zero; risen and
        fallen, on how many fine-tuning surely raised or lowered the base's; least, greatest and spread, the R² of the
        encoder; and of each corpus in turn (_0, _1, …) corpus, r2 with its ends, correlation with its ends, and
        change (of the base's correlation) with its ends.
    """
    baseline = str(fits["baseline"].iloc[0])
    own = fits[(fits["baseline"] == baseline) & (fits["x"] == "kl")]
    moved = changed[(changed["baseline"] == baseline) & (changed["x"] == "kl")]
    numbers: dict[str, float | int | str] = {
        "corpora": len(own),
        "baseline": baseline,
        "runs": int(moved["runs"].iloc[0]),
        "positive": int((own["correlation_low"] > 0).sum()),
        "risen": int((moved["correlation_difference_low"] > 0).sum()),
        "fallen": int((moved["correlation_difference_high"] < 0).sum()),
        "least": own["r2"].min(),
        "greatest": own["r2"].max(),
    }
    both = zip(own.to_dict("records"), moved.to_dict("records"), strict=True)
    for i, (fit, change) in enumerate(both):
        numbers[f"corpus_{i}"] = fit["corpus"]
        for end in ("", "_low", "_high"):
            numbers[f"r2{end}_{i}"] = fit[f"r2{end}"]
            numbers[f"correlation{end}_{i}"] = fit[f"correlation{end}"]
            numbers[f"change{end}_{i}"] = change[f"correlation_difference{end}"]
    return numbers


def readable_corpora(fits: pd.DataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """Both tables as text, intervals in brackets, a row a corpus, baseline and quantity."""
    keys = ["corpus", "baseline", "x"]
    joined = fits.merge(changed, on=keys, suffixes=("", "_base"))
    columns = {
        "R², encoder": with_interval(joined, "r2"),
        "correlation": joined["correlation"].map("{:+.2f}".format),
        "words": joined["n_words"],
        "correlation, base": before_to_after(joined, "correlation", "+.2f"),
        "change": with_interval(joined, "correlation_difference", "+.3f"),
    }
    return display_table(joined, keys, columns)
