"""Any encoder on any text, beside the encoder it was fine-tuned from: page 22."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from wig_book.experiments.rows import (
    Findings,
    cell,
    changes,
    direction,
    fit_numbers,
    of_first_baseline,
    regress_by_baseline,
)
from wig_book.experiments.setup import Setup, from_parameters, weigh_pairs
from wig_core.encoders.encoder import SentenceEncoder

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
    return Findings(numbers, found, setup.sentences)
