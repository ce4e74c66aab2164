"""One encoder, perhaps its base, and a text: the whole analysis at once, with a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from wig_core.attribution.contributions import Baseline, Precision
from wig_core.change import changes, weigh_pairs
from wig_core.experiment import headline, regress_by_baseline, weigh_corpus
from wig_core.yardstick import Yardstick


@dataclass(frozen=True)
class Analysis:
    """What `analyse` finds.

    Attributes:
        words: see `weigh_corpus`.
        fits: see `regress_by_baseline`.
        changes: see `wig_core.change.changes`, before being the base; empty where none was given.
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
        column, baselines, max_sentences, max_words, tolerance, precision, min_count, seed: see `Yardstick.of`.
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
    yardstick = Yardstick.of(
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
    moved = changes(weigh_pairs({encoder: base}, yardstick), yardstick, bootstrap=bootstrap, seed=seed)
    return Analysis(words, fits, moved)


def analysis_headline(found: Analysis) -> dict[str, float | int | str]:
    """The numbers that prose quotes: those of `wig_core.experiment.headline`, and the verdicts.

    Returns:
        Besides, of KL under the first baseline: verdict, on the weights; change_verdict, on what fine-tuning has done;
        and the change of the correlation, change, with change_low and change_high (not numbers without a base).
    """
    numbers = headline(found.words, found.fits)
    verdicts = {
        "rises": "informative words do weigh more",
        "falls": "informative words weigh less",
    }
    unsure = "whether informative words weigh more is open"
    numbers["verdict"] = verdicts.get(str(numbers["direction"]), unsure)
    if found.changes.empty:
        nothing = float("nan")
        return numbers | {
            "change_verdict": "no base was given, so that nothing is said of fine-tuning",
            "change": nothing,
            "change_low": nothing,
            "change_high": nothing,
        }
    row = found.changes[found.changes["x"] == "kl"].iloc[0]
    low, high = row["correlation_difference_low"], row["correlation_difference_high"]
    said = "has raised" if low > 0 else "has lowered" if high < 0 else "has neither surely raised nor surely lowered"
    return numbers | {
        "change_verdict": f"fine-tuning {said} the correlation of weight and information gain",
        "change": row["correlation_difference"],
        "change_low": low,
        "change_high": high,
    }
