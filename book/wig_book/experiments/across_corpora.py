"""The same encoders weighed on several corpora: page 19."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from tqdm import tqdm

from wig_book.experiments.rows import (
    Findings,
    Numbers,
    cells,
    changes,
    falling,
    of_first_baseline,
    regress_by_baseline,
    rising,
)
from wig_book.experiments.setup import Setup, from_parameters, train_and_weigh
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.training.fine_tuning import Recipe


def fits_over_corpora(encoder: str, setups: Sequence[Setup], *, bootstrap: int = 1000) -> pd.DataFrame:
    """Regress one encoder's weights on each corpus, with that corpus's own information.

    Args:
        encoder: packaged, a folder, or a hub name.
        setups: one per corpus.
        bootstrap: resamples of words for the 95% intervals.

    Returns:
        The rows of `regress_by_baseline`, with corpus and sentences (how many were weighed).
    """
    loaded, tables = SentenceEncoder.load(encoder), []
    for setup in tqdm(setups, "corpora"):
        fits = regress_by_baseline(setup.weigh_words(loaded), bootstrap=bootstrap, seed=setup.seed)
        tables.append(fits.assign(corpus=setup.corpus, sentences=len(setup.sentences)))
    return pd.concat(tables, ignore_index=True)


def changes_over_corpora(
    base: str, recipe: Recipe, seeds: Sequence[int], setups: Sequence[Setup], *, bootstrap: int = 1000
) -> pd.DataFrame:
    """How fine-tuning, done once per seed, changes the regression on each corpus.

    Args:
        base: the encoder to fine-tune.
        recipe: how to fine-tune it.
        seeds: of the fine-tuning, in turn.
        setups: one per corpus.
        bootstrap: resamples of words and runs for the 95% intervals.

    Returns:
        The rows of `changes`, with corpus.
    """
    tables = []
    for setup in tqdm(setups, "corpora"):
        occurrences = train_and_weigh(base, [recipe], seeds, setup)
        moved = changes(occurrences, setup, bootstrap=bootstrap, seed=setup.seed)
        tables.append(moved.assign(corpus=setup.corpus))
    return pd.concat(tables, ignore_index=True)


def across_corpora(parameters: Mapping[str, Any]) -> Findings:
    """Weigh an encoder, and a base before and after fine-tuning, on several corpora.

    Args:
        parameters: of the page, by name: corpora, encoder, base, seeds, bootstrap, the fields of `Recipe`, and the
            other fields of `Setup`.

    Returns:
        Tables fits (`fits_over_corpora`) and changes (`changes_over_corpora`), and `corpus_numbers`.
    """
    setups = [from_parameters(Setup, {**parameters, "corpus": corpus}) for corpus in parameters["corpora"]]
    recipe, bootstrap = from_parameters(Recipe, parameters), parameters["bootstrap"]
    fits = fits_over_corpora(parameters["encoder"], setups, bootstrap=bootstrap)
    moved = changes_over_corpora(parameters["base"], recipe, parameters["seeds"], setups, bootstrap=bootstrap)
    return Findings(corpus_numbers(fits, moved), {"fits": fits, "changes": moved})


def corpus_numbers(fits: pd.DataFrame, moved: pd.DataFrame) -> Numbers:
    """The numbers that prose and claims quote, for KL under the first baseline.

    Args:
        fits: from `fits_over_corpora`.
        moved: from `changes_over_corpora`.

    Returns:
        corpora, baseline and runs; positive, on how many corpora the 95% interval of the encoder's correlation lies
        above zero; risen and fallen, on how many that of the change of the base's lies above or below zero; least and
        greatest, the encoder's R²; and the `cells` of each corpus in turn: corpus, r2 and correlation of the encoder,
        and correlation_difference of the base.
    """
    own, change = of_first_baseline(fits), of_first_baseline(moved)
    return {
        "corpora": len(own),
        "baseline": str(own["baseline"][0]),
        "runs": int(change["runs"][0]),
        "positive": rising(own, "correlation"),
        "risen": rising(change, "correlation_difference"),
        "fallen": falling(change, "correlation_difference"),
        "least": own["r2"].min(),
        "greatest": own["r2"].max(),
        **cells(own, ["corpus", "r2", "correlation"]),
        **cells(change, ["correlation_difference"]),
    }
