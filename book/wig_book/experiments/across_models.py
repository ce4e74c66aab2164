"""Any encoders on any texts, beside the encoders they were fine-tuned from: pages 22 and 23."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from tqdm import tqdm

from wig_book.experiments.rows import (
    Findings,
    Numbers,
    cell,
    changes,
    direction,
    falling,
    fit_numbers,
    of_first_baseline,
    regress_by_baseline,
    rising,
)
from wig_book.experiments.setup import Setup, from_parameters, weigh_pairs
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.registry import pretrained_of

Tables = dict[str, pd.DataFrame]
ROW = ["encoder", "corpus", "baseline", "x"]  # the columns that name a row of fits and changes


def analyse(encoder: str, setup: Setup, *, base: str | None = None, bootstrap: int = 1000) -> Tables:
    """Weigh the words of a text in an encoder, and regress the weights on what the text says about the words.

    Args:
        encoder: packaged, a folder, or a hub name.
        setup: the text, and how to weigh its words.
        base: the encoder that it was fine-tuned from; None if that is not available.
        bootstrap: resamples of words for the 95% intervals.

    Returns:
        Three tables: words (`Setup.weigh_words`), fits (`regress_by_baseline`) and changes (`changes` from base to
        encoder, without rows if there is no base), each with the columns encoder and corpus.
    """
    words = setup.weigh_words(SentenceEncoder.load(encoder))
    tables = {"words": words, "fits": regress_by_baseline(words, bootstrap=bootstrap, seed=setup.seed)}
    if base is None:
        return _named(tables, encoder, setup) | {"changes": pd.DataFrame(columns=ROW)}
    tables["changes"] = changes(weigh_pairs({encoder: base}, setup), setup, bootstrap=bootstrap, seed=setup.seed)
    return _named(tables, encoder, setup)


def _named(tables: Tables, encoder: str, setup: Setup) -> Tables:
    return {name: table.assign(encoder=encoder, corpus=setup.corpus) for name, table in tables.items()}


def analyse_each(encoders: Sequence[str], setups: Sequence[Setup], *, bootstrap: int = 1000) -> Tables:
    """`analyse` each encoder on each text, beside its base if `pretrained_of` knows it.

    Args:
        encoders: packaged, folders, or hub names.
        setups: one per text; each counts its text once, whatever the number of encoders.
        bootstrap: resamples of words for the 95% intervals.

    Returns:
        The tables of `analyse`, all encoders and texts together.
    """
    cases = [(setup, encoder) for setup in setups for encoder in encoders]
    found = [
        analyse(encoder, setup, base=pretrained_of(encoder), bootstrap=bootstrap)
        for setup, encoder in tqdm(cases, "encoders × corpora")
    ]
    return {name: _concatenated([tables[name] for tables in found]) for name in ("words", "fits", "changes")}


def _concatenated(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]


def analyse_your_encoder(parameters: Mapping[str, Any]) -> Findings:
    """Analyse one encoder on one text, beside its base if one is given.

    Args:
        parameters: of the page, by name: encoder, base, bootstrap, and the fields of `Setup`.

    Returns:
        The tables of `analyse`. The numbers are `fit_numbers`, and for the correlation with KL under the first baseline
        change_direction, whether it rises or falls from base to encoder, and with a base the `cell` change.
    """
    setup = from_parameters(Setup, parameters)
    found = analyse(parameters["encoder"], setup, base=parameters["base"], bootstrap=parameters["bootstrap"])
    numbers = fit_numbers(found["words"], found["fits"]) | {"change_direction": "is unknown (no base was given)"}
    if len(found["changes"]):
        moved = of_first_baseline(found["changes"])
        numbers["change_direction"] = direction(moved, "correlation_difference")
        numbers |= cell(moved, "correlation_difference", 0, "change")
    return Findings(numbers, found)


def across_models(parameters: Mapping[str, Any]) -> Findings:
    """Analyse several encoders on several texts.

    Args:
        parameters: of the page, by name: encoders, corpora, bootstrap, and the other fields of `Setup`.

    Returns:
        Tables fits and changes of `analyse_each`, and `model_numbers`.
    """
    setups = [from_parameters(Setup, {**parameters, "corpus": corpus}) for corpus in parameters["corpora"]]
    found = analyse_each(parameters["encoders"], setups, bootstrap=parameters["bootstrap"])
    fits, moved = found["fits"], found["changes"]
    return Findings(model_numbers(fits, moved), {"fits": fits, "changes": moved})


def model_numbers(fits: pd.DataFrame, moved: pd.DataFrame) -> Numbers:
    """The numbers that prose and claims quote of `analyse_each`, for KL under the first baseline.

    Args:
        fits, moved: the tables fits and changes.

    Returns:
        encoders, corpora, baseline and cells (encoders times corpora); positive and negative, in how many cells the 95%
        interval of the correlation lies above or below zero; highest, the largest R², as a `cell`, and its
        highest_encoder and highest_corpus. Of the pairs (cells with a base): how many there are, and in how many the
        interval of ΔR² lies above (risen) or below zero (fallen). With any pair also rise, the largest ΔR², as a
        `cell`, with rise_encoder and rise_corpus; and least_rise with its ends, each the least of all pairs, so that R²
        has risen in every pair if least_rise_low is above zero.
    """
    own = of_first_baseline(fits)
    top = own["r2"].idxmax()
    numbers: Numbers = {
        "encoders": own["encoder"].nunique(),
        "corpora": own["corpus"].nunique(),
        "baseline": str(own["baseline"][0]),
        "cells": len(own),
        "positive": rising(own, "correlation"),
        "negative": falling(own, "correlation"),
        **cell(own, "r2", top, "highest"),
        "highest_encoder": own.loc[top, "encoder"],
        "highest_corpus": own.loc[top, "corpus"],
    }
    if moved.empty:
        return numbers | {"pairs": 0, "risen": 0, "fallen": 0}
    own = of_first_baseline(moved)
    most, least = own["r2_difference"].idxmax(), own.filter(like="r2_difference").min().to_frame().T
    return numbers | {
        "pairs": len(own),
        "risen": rising(own, "r2_difference"),
        "fallen": falling(own, "r2_difference"),
        **cell(own, "r2_difference", most, "rise"),
        "rise_encoder": own.loc[most, "encoder"],
        "rise_corpus": own.loc[most, "corpus"],
        **cell(least, "r2_difference", 0, "least_rise"),
    }
