"""An encoder at successive steps of its fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from tqdm import tqdm

from wig_book.experiments.rows import QUANTITIES
from wig_book.experiments.setup import Setup
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.evaluation import alignment, mean_norm, similarity_correlation, uniformity
from wig_core.regression import STATISTICS, regress
from wig_core.text.corpus import load_similarities
from wig_core.training.examples import load_examples
from wig_core.word_weights import mean_weights


def dynamics(
    encoders: Mapping[int, SentenceEncoder], setup: Setup, *, examples: str, bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """What an encoder is like at each step of a training.

    Args:
        encoders: by step.
        yardstick: what to measure them on.
        examples: pairs whose alignment is measured, see `load_examples`.
        bootstrap, seed: see `regress`.

    Returns:
        One row a step, baseline and quantity: r2, correlation and slope, each with …_low and …_high; and of the step
        norm (mean, of the pooled vectors), uniformity, alignment and lee.
    """
    pairs = load_examples(examples).texts[:: max(1, len(load_examples(examples)) // 1000)]
    judged = load_similarities("lee")
    rows = []
    for step, encoder in tqdm(encoders.items(), "steps"):
        left, right = (encoder.encode([pair[i] for pair in pairs]) for i in (0, 1))
        state = {
            "norm": mean_norm(encoder, setup.sentences),
            "uniformity": uniformity(left),
            "alignment": alignment(left, right),
            "human_correlation": similarity_correlation(encoder, judged),
        }
        for baseline, occurrences in setup.weigh(encoder).groupby("baseline", sort=False):
            for x in QUANTITIES:
                fit = regress(mean_weights(occurrences), setup.information, x=x, bootstrap=bootstrap, seed=seed)
                row: dict[str, object] = {"step": step, "baseline": baseline, "x": x, "n_words": fit.n_words}
                for name in STATISTICS:
                    low, high = getattr(fit, f"{name}_interval")
                    row |= {name: getattr(fit, name), f"{name}_low": low, f"{name}_high": high}
                rows.append({**row, **state})
    return pd.DataFrame(rows)


def dynamics_headline(course: pd.DataFrame) -> dict[str, float | int | str]:
    """The numbers that prose quotes of `dynamics`: for KL under the first baseline, the first step and the last.

    Returns:
        steps, baseline; half_step, the first measured step that is at least half of the way; and correlation, r2, lee,
        norm, uniformity and alignment, each with _before and _after.
    """
    of_kl = course[(course["baseline"] == course["baseline"].iloc[0]) & (course["x"] == "kl")].sort_values("step")
    first, last = of_kl.iloc[0], of_kl.iloc[-1]
    way = (of_kl["correlation"] - first["correlation"]) / (last["correlation"] - first["correlation"])
    quoted = ("correlation", "r2", "human_correlation", "norm", "uniformity", "alignment")
    return {
        "steps": int(last["step"]),
        "baseline": str(first["baseline"]),
        "half_step": int(of_kl.loc[way >= 0.5, "step"].min()),
        **{f"{name}_before": float(first[name]) for name in quoted},
        **{f"{name}_after": float(last[name]) for name in quoted},
    }
