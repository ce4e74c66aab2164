"""One encoder, perhaps its base, and a text: the whole analysis at once, with a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pandas as pd
from tqdm import tqdm

from wig_book.experiments.rows import changes, display_table, headline, regress_by_baseline, with_interval
from wig_book.experiments.setup import Setup, weigh_corpus, weigh_pairs
from wig_core.attribution.inputs import Baseline, Precision
from wig_core.encoders.registry import pretrained_of

ENDS = ("", "_low", "_high")  # of the names of a number and of the ends of its interval


@dataclass(frozen=True)
class Analysis:
    """What `analyse` finds.

    Attributes:
        words: see `weigh_corpus`.
        fits: see `regress_by_baseline`.
        changes: see `wig_book.experiments.rows.changes`, before being the base; empty where none was given.
    """

    words: pd.DataFrame
    fits: pd.DataFrame
    changes: pd.DataFrame


def analyse(
    encoder: str,
    corpus: str,
    *,
    base: str | None = None,
    column: str | None = None,
    baselines: Sequence[Baseline] = ("mask", "pad"),
    max_sentences: int = 60,
    max_words: int | None = None,
    tolerance: float = 0.01,
    precision: Precision = "float32",
    min_count: int = 10,
    bootstrap: int = 1000,
    seed: int = 0,
) -> Analysis:
    """Weigh the words of a text in an encoder, and regress the weights on what the text tells of them.

    Args:
        encoder: packaged, a folder, or a hub name.
        corpus: see `load_corpus`.
        base: the encoder that it was fine-tuned from; None if there is none at hand.
        column, baselines, max_sentences, max_words, tolerance, precision, min_count, seed: see `Setup.of`.
        bootstrap: resamples of words for the intervals.

    Raises:
        InputError: see `weigh_corpus`.
    """
    words = weigh_corpus(
        encoder,
        corpus,
        column=column,
        baselines=baselines,
        max_sentences=max_sentences,
        max_words=max_words,
        tolerance=tolerance,
        precision=precision,
        min_count=min_count,
        seed=seed,
    )
    fits = regress_by_baseline(words, bootstrap=bootstrap, seed=seed)
    if base is None:
        return Analysis(words, fits, pd.DataFrame())
    setup = Setup.of(
        corpus,
        column=column,
        baselines=baselines,
        max_sentences=max_sentences,
        max_words=max_words,
        tolerance=tolerance,
        precision=precision,
        min_count=min_count,
        seed=seed,
    )
    moved = changes(weigh_pairs({encoder: base}, setup), setup, bootstrap=bootstrap, seed=seed)
    return Analysis(words, fits, moved)


def analyse_each(encoders: Sequence[str], corpora: Sequence[str], **options: Any) -> Analysis:
    """`analyse` each of several encoders on each of several texts, those with a known base beside it.

    Args:
        encoders: packaged, folders, or hub names; their bases are those of `pretrained_of`.
        corpora: see `load_corpus`.
        options: see `analyse`.

    Returns:
        The tables of all, with encoder and corpus.
    """
    tables: list[list[pd.DataFrame]] = [[], [], []]
    for corpus, encoder in tqdm(list(product(corpora, encoders)), "encoders × corpora"):
        found = analyse(encoder, corpus, base=pretrained_of(encoder), **options)
        for kind, table in zip(tables, (found.words, found.fits, found.changes), strict=True):
            kind.append(table.assign(encoder=encoder, corpus=corpus))
    return Analysis(*(pd.concat(kind, ignore_index=True) for kind in tables))


def models_headline(found: Analysis) -> dict[str, float | int | str]:
    """The numbers that prose quotes of `analyse_each`, for KL under the first baseline.

    Returns:
        encoders, corpora, baseline, cells (encoders times corpora); positive and negative, in how many the weights
        surely rise or fall with KL; highest, the largest R², with highest_low, highest_high and its highest_encoder and
        highest_corpus; pairs, in how many cells there is a base; and fine_tuning, what is said of these. Where there is
        one, also risen and fallen, in how many R² surely has; rise, the largest change of R², with rise_low, rise_high
        and its rise_encoder and rise_corpus; and least_rise, the least change, with least_rise_low and least_rise_high,
        the least of all ends, so that R² has surely risen in all cells if the former is above zero.
    """
    baseline = found.fits["baseline"].iloc[0]
    fits = _of_kl(found.fits, baseline)
    top = fits.loc[fits["r2"].idxmax()]
    numbers: dict[str, float | int | str] = {
        "encoders": fits["encoder"].nunique(),
        "corpora": fits["corpus"].nunique(),
        "baseline": str(baseline),
        "cells": len(fits),
        "positive": int((fits["correlation_low"] > 0).sum()),
        "negative": int((fits["correlation_high"] < 0).sum()),
        **{f"highest{end}": float(top[f"r2{end}"]) for end in ENDS},
        "highest_encoder": top["encoder"],
        "highest_corpus": top["corpus"],
    }
    if "x" not in found.changes:
        return numbers | {"pairs": 0, "fine_tuning": "Of no encoder is the base known; nothing is said of fine-tuning."}
    return numbers | _of_fine_tuning(_of_kl(found.changes, baseline))


def _of_fine_tuning(moved: pd.DataFrame) -> dict[str, float | int | str]:
    most = moved.loc[moved["r2_difference"].idxmax()]
    risen, fallen = int((moved["r2_difference_low"] > 0).sum()), int((moved["r2_difference_high"] < 0).sum())
    [change] = with_interval(moved.loc[[most.name]], "r2_difference", "+.3f")
    return {
        "pairs": len(moved),
        "risen": risen,
        "fallen": fallen,
        **{f"rise{end}": float(most[f"r2_difference{end}"]) for end in ENDS},
        "rise_encoder": most["encoder"],
        "rise_corpus": most["corpus"],
        **{f"least_rise{end}": float(moved[f"r2_difference{end}"].min()) for end in ENDS},
        "fine_tuning": f"In {len(moved)} cells the base is known; R² has surely risen from it in {risen} and fallen in "
        f"{fallen}. The largest change is {change}, of {most['encoder']} on {most['corpus']}; the least is "
        f"{moved['r2_difference'].min():+.3f}.",
    }


def readable_models(found: Analysis) -> pd.DataFrame:
    """The fits of `analyse_each` as text, and the change from the base where there is one."""
    keys = ["encoder", "corpus", "baseline", "x"]
    shown = display_table(
        found.fits,
        keys,
        {
            "R²": with_interval(found.fits, "r2"),
            "correlation": with_interval(found.fits, "correlation", "+.2f"),
            "words": found.fits["n_words"],
        },
    )
    if "x" not in found.changes:
        return shown
    changes = {
        "ΔR²": with_interval(found.changes, "r2_difference", "+.3f"),
        "Δ": with_interval(found.changes, "correlation_difference", "+.2f"),
    }
    return shown.join(display_table(found.changes, keys, changes)).fillna("no base")


def _of_kl(table: pd.DataFrame, baseline: str) -> pd.DataFrame:
    return table[(table["baseline"] == baseline) & (table["x"] == "kl")].reset_index(drop=True)


def analysis_headline(found: Analysis) -> dict[str, float | int | str]:
    """The numbers that prose quotes: those of `wig_book.experiments.rows.headline`, and the verdicts.

    Returns:
        Besides, of KL under the first baseline: verdict, on the weights; change_verdict, on what fine-tuning has done;
        and, where there is a base, the change of the correlation, change, with change_low and change_high.
    """
    numbers = headline(found.words, found.fits)
    verdicts = {
        "rises": "informative words do weigh more",
        "falls": "informative words weigh less",
    }
    unsure = "whether informative words weigh more is open"
    numbers["verdict"] = verdicts.get(str(numbers["direction"]), unsure)
    if found.changes.empty:
        return numbers | {"change_verdict": "No base was given; nothing is said of fine-tuning."}
    row = found.changes[found.changes["x"] == "kl"].iloc[0]
    low, high = row["correlation_difference_low"], row["correlation_difference_high"]
    said = "has raised" if low > 0 else "has lowered" if high < 0 else "has neither surely raised nor surely lowered"
    [change] = with_interval(found.changes.loc[[row.name]], "correlation_difference", "+.3f")
    return numbers | {
        "change_verdict": f"Fine-tuning {said} the correlation of weight and information gain: {change}.",
        **{f"change{end}": float(row[f"correlation_difference{end}"]) for end in ENDS},
    }
