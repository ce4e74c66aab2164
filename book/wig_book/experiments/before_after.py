"""What the pages on fine-tuning call: an encoder before and after it, measured on the same sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from wig_book.experiments.setup import SETTING, Setup, describe
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.regression import regress
from wig_core.training.fine_tuning import Recipe, fine_tune
from wig_core.word_weights import mean_weights


def recipes_of(settings: Sequence[str], *, steps: int, learning_rate: float, batch_size: int) -> list[Recipe]:
    """Recipes from their short forms: objective, pooling, similarity, and perhaps examples, with blanks between.

    Raises:
        InputError: a word too few or too many, or one that is not known.

    Example:
        >>> recipes_of(["info-nce mean dot glosses"], steps=9, learning_rate=1e-4, batch_size=32)[0].examples
        'glosses'
    """
    schedule, recipes = Recipe(steps=steps, learning_rate=learning_rate, batch_size=batch_size), []
    for setting in settings:
        words: list[Any] = setting.split()
        if not 3 <= len(words) <= 4:
            raise InputError(
                f"setting {setting!r}: give objective, pooling, similarity, and perhaps examples, as in "
                "'info-nce mean cosine'"
            )
        named = dict(zip(["objective", "pooling", "similarity", "examples"], words, strict=False))
        recipes.append(replace(schedule, **named))
    return recipes


def by_sentences(
    occurrences: pd.DataFrame,
    recipe: Recipe,
    setup: Setup,
    *,
    sizes: Sequence[int],
    x: str = "kl",
    draws: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """R² before and after against how many sentences' words are weighed, for one recipe of `train_and_weigh`.

    Returns:
        One row a baseline, stage ("before" or "after"), size and draw: r2, correlation. A draw takes sentences at
        random without replacement; after is the mean over seeds.
    """
    asked = describe(recipe)
    ours = occurrences[(occurrences[list(asked)] == pd.Series(asked)).all(axis=1)]
    ours = ours.assign(stage=ours["seed"].isna().map({True: "before", False: "after"}), seed=ours["seed"].fillna(-1))
    everything = pd.Series(range(len(setup.sentences)))
    rows = []
    for size in sizes:
        for draw in range(draws):
            kept = everything.sample(min(size, len(everything)), random_state=seed + draw)
            part = ours[ours["sentence"].isin(kept)]
            for (baseline, stage, run), table in part.groupby(["baseline", "stage", "seed"], sort=False):
                fit = regress(mean_weights(table), setup.information, x=x, bootstrap=0)
                rows.append((baseline, stage, size, draw, run, fit.r2, fit.correlation))
    names = ["baseline", "stage", "sentences", "draw", "run", "r2", "correlation"]
    over_runs = pd.DataFrame(rows, columns=names).groupby(names[:4], sort=False)
    return over_runs[["r2", "correlation"]].mean().reset_index()


def weigh_before_after(base: str, recipe: Recipe, sentences: Sequence[str], setup: Setup) -> pd.DataFrame:
    """The weights of the words of a few sentences before and after fine-tuning, beside what the words tell.

    Returns:
        One row an occurrence: sentence, position, word, before and after (under the first baseline), kl.
    """
    asked = replace(setup, sentences=list(sentences), baselines=setup.baselines[:1])
    before = asked.weigh(SentenceEncoder.load(base, pooling=recipe.pooling))
    after = asked.weigh(fine_tune(base, recipe)[recipe.steps])
    table = before.rename(columns={"weight": "before"}).assign(after=after["weight"])
    told = setup.information["kl"].reindex(table["word"]).to_numpy()
    return table[["sentence", "position", "word", "before", "after"]].assign(kl=told)


def changes_headline(table: pd.DataFrame) -> dict[str, float | int | str]:
    """The numbers that prose quotes of `changes`: of KL under the first baseline, and the largest ΔR² there.

    Returns:
        settings, runs, baseline; risen_self, how many correlations with self-information have risen; how many
        settings have risen, fallen (correlation, whole interval) or end positive; of the largest ΔR²: best_setting,
        best_r2 with _low and _high, best_before, best_after, best_ceiling;
        of the last baseline baseline_last, and risen, fallen and positive there (risen_last, …);
        learned, how many agree better with people than before; and of each setting in turn (suffix _0, _1, …) setting,
        the change of R² and of the correlation and the correlation afterwards (r2, correlation, after), each with
        …_low and …_high before the suffix.
    """
    baseline = table["baseline"].iloc[0]
    of_kl = table[(table["baseline"] == baseline) & (table["x"] == "kl")]
    of_self = table[(table["baseline"] == baseline) & (table["x"] == "self_information")]
    last = str(table["baseline"].iloc[-1])
    of_last = table[(table["baseline"] == last) & (table["x"] == "kl")]
    best = of_kl.loc[of_kl["r2_difference"].idxmax()]
    each: dict[str, float | int | str] = {}
    for i, row in enumerate(of_kl.to_dict("records")):
        each[f"setting_{i}"] = " ".join(row[name] for name in SETTING)
        for end in ("", "_low", "_high"):
            each[f"r2{end}_{i}"] = row[f"r2_difference{end}"]
            each[f"correlation{end}_{i}"] = row[f"correlation_difference{end}"]
            each[f"after{end}_{i}"] = row[f"correlation_after{end}"]
    return {
        **each,
        "settings": len(of_kl),
        "runs": int(of_kl["runs"].min()),
        "baseline": str(baseline),
        "risen": int((of_kl["correlation_difference_low"] > 0).sum()),
        "fallen": int((of_kl["correlation_difference_high"] < 0).sum()),
        "risen_self": int((of_self["correlation_difference_low"] > 0).sum()),
        "positive": int((of_kl["correlation_after_low"] > 0).sum()),
        "baseline_last": last,
        "risen_last": int((of_last["correlation_difference_low"] > 0).sum()),
        "fallen_last": int((of_last["correlation_difference_high"] < 0).sum()),
        "positive_last": int((of_last["correlation_after_low"] > 0).sum()),
        "best_setting": " ".join(best[SETTING]),
        "best_r2": float(best["r2_difference"]),
        "best_r2_low": float(best["r2_difference_low"]),
        "best_r2_high": float(best["r2_difference_high"]),
        "best_before": float(best["r2_before"]),
        "best_after": float(best["r2_after"]),
        "best_ceiling": float(best["ceiling_after"]),
        "learned": int((of_kl["human_correlation_after"] > of_kl["human_correlation_before"]).sum()),
    }
