"""An encoder before and after fine-tuning, measured on the same sentences: pages 05, 06 and 17."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from wig_book.experiments.rows import Findings, Numbers, cell, cells, changes, falling, of_first_baseline, rising
from wig_book.experiments.setup import (
    Setup,
    describe,
    from_parameters,
    parse_recipe,
    train_and_weigh,
    weigh_pairs,
    with_stage,
)
from wig_book.labels import setting_names
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.regression import regress
from wig_core.training.fine_tuning import Recipe, fine_tune
from wig_core.word_weights import mean_weights


def examples_before_after(parameters: Mapping[str, Any]) -> Findings:
    """Weigh the words of a few sentences before and after fine-tuning.

    Args:
        parameters: of the page, by name: base, sentences, baseline, and the fields of `Recipe` and `Setup`.

    Returns:
        Table words (`weigh_before_after`). Numbers: sentences, words (those with information), objective, steps;
        rank_before and rank_after, the rank correlations of weight and KL; risen and fallen, the words whose weight
        rose and fell most relative to the mean weight.
    """
    recipe = from_parameters(Recipe, parameters)
    setup = replace(from_parameters(Setup, parameters), baselines=[parameters["baseline"]])
    words = weigh_before_after(parameters["base"], recipe, parameters["sentences"], setup)
    known = words.dropna(subset=["kl"])
    rank = known[["before", "after", "kl"]].corr(method="spearman")["kl"]
    gain = words["after"] / words["after"].mean() - words["before"] / words["before"].mean()
    numbers: Numbers = {
        "sentences": len(parameters["sentences"]),
        "words": len(known),
        "rank_before": rank["before"],
        "rank_after": rank["after"],
        "risen": words.loc[gain.idxmax(), "word"],
        "fallen": words.loc[gain.idxmin(), "word"],
        "objective": recipe.objective,
        "steps": recipe.steps,
    }
    return Findings(numbers, {"words": words})


def table_before_after(parameters: Mapping[str, Any]) -> Findings:
    """Fine-tune a base with several recipes and compare the regressions before and after.

    Args:
        parameters: of the page, by name: base, settings (see `parse_recipe`), seeds, steps, learning_rate, batch_size,
            sizes and draws (see `by_sentences`), bootstrap, splits (see `changes`), and the fields of `Setup`.

    Returns:
        Tables changes and growth (`by_sentences`, of the first setting); numbers base and `change_numbers`.
    """
    setup, base = from_parameters(Setup, parameters), parameters["base"]
    recipes = _recipes(parameters)
    occurrences = train_and_weigh(base, recipes, parameters["seeds"], setup)
    table = changes(occurrences, setup, bootstrap=parameters["bootstrap"], splits=parameters["splits"], seed=setup.seed)
    growth = by_sentences(
        occurrences, recipes[0], setup, sizes=parameters["sizes"], draws=parameters["draws"], seed=setup.seed
    )
    return Findings({"base": base, **change_numbers(table)}, {"changes": table, "growth": growth})


def retrieval(parameters: Mapping[str, Any]) -> Findings:
    """Compare the regressions before and after training for retrieval.

    Args:
        parameters: of the page, by name: base, settings (see `parse_recipe`), seeds, steps, learning_rate, batch_size,
            pairs (see `weigh_pairs`), bootstrap, and the fields of `Setup`.

    Returns:
        Table changes; numbers `change_numbers`.
    """
    setup = from_parameters(Setup, parameters)
    trained = train_and_weigh(parameters["base"], _recipes(parameters), parameters["seeds"], setup)
    occurrences = pd.concat([trained, weigh_pairs(parameters["pairs"], setup)])
    table = changes(occurrences, setup, bootstrap=parameters["bootstrap"], seed=setup.seed)
    return Findings(change_numbers(table), {"changes": table})


def _recipes(parameters: Mapping[str, Any]) -> list[Recipe]:
    default = from_parameters(Recipe, parameters)
    return [parse_recipe(text, default) for text in parameters["settings"]]


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
    """R² before and after against the number of sentences whose words are weighed, for one recipe.

    Args:
        occurrences: from `train_and_weigh`.
        recipe: one of those it was called with.
        setup: what the occurrences were measured on.
        sizes: numbers of sentences.
        x: the quantity that the weights are regressed on.
        draws: random samples of sentences per size, each without replacement.
        seed: of the first draw; the next one adds 1, and so on.

    Returns:
        One row per baseline, stage ("before" or "after"), size and draw: baseline, stage, sentences, draw, r2,
        correlation; means over seeds.
    """
    setting = describe(recipe)
    ours = with_stage(occurrences[(occurrences[[*setting]] == pd.Series(setting)).all(axis=1)])
    ours = ours.assign(seed=ours["seed"].fillna(-1))
    numbered = pd.Series(range(len(setup.sentences)))
    rows = []
    for size in sizes:
        for draw in range(draws):
            drawn = numbered.sample(min(size, len(numbered)), random_state=seed + draw)
            part = ours[ours["sentence"].isin(drawn)]
            for (baseline, stage, run), table in part.groupby(["baseline", "stage", "seed"], sort=False):
                fit = regress(mean_weights(table), setup.information, x=x, bootstrap=0)
                rows.append((baseline, stage, size, draw, run, fit.r2, fit.correlation))
    names = ["baseline", "stage", "sentences", "draw", "run", "r2", "correlation"]
    over_runs = pd.DataFrame(rows, columns=names).groupby(names[:4], sort=False)
    return over_runs[["r2", "correlation"]].mean().reset_index()


def weigh_before_after(base: str, recipe: Recipe, sentences: Sequence[str], setup: Setup) -> pd.DataFrame:
    """The weights of the words of a few sentences before and after fine-tuning, beside their information.

    Args:
        base: the encoder before.
        recipe: how to fine-tune it.
        sentences: whose words to weigh.
        setup: gives the baseline, its first one, and the information.

    Returns:
        One row per occurrence: sentence, position, word, before and after (weights), kl (NaN for a word too rare).
    """
    baselines = setup.baselines[:1]
    before = setup.weigh(SentenceEncoder.load(base, pooling=recipe.pooling), sentences, baselines)
    after = setup.weigh(fine_tune(base, recipe)[recipe.steps], sentences, baselines)
    table = before.rename(columns={"weight": "before"}).assign(after=after["weight"])
    information = setup.information["kl"].reindex(table["word"]).to_numpy()
    return table[["sentence", "position", "word", "before", "after"]].assign(kl=information)


def change_numbers(table: pd.DataFrame) -> Numbers:
    """The numbers that prose quotes of `changes`, for KL under the first baseline.

    Returns:
        The `cells` of setting, r2_difference, correlation_difference and correlation_after, numbered by setting.
        settings; runs; baseline; how many correlations have risen, have fallen (whole interval), end positive; the
        same under the last baseline: baseline_last, risen_last, fallen_last, positive_last; and how many correlations
        with self-information have risen, risen_self_information. Of the largest change of R² best_setting, best_r2
        with its ends, best_before, best_after, best_ceiling. learned: in how many settings human_correlation rose.
    """
    of_kl, of_self = (of_first_baseline(table, x) for x in ("kl", "self_information"))
    of_kl = of_kl.assign(setting=setting_names(of_kl))
    last = table[(table["baseline"] == table["baseline"].iloc[-1]) & (table["x"] == "kl")]
    best = of_kl["r2_difference"].idxmax()
    return {
        **cells(of_kl, ["setting", "r2_difference", "correlation_difference", "correlation_after"]),
        "settings": len(of_kl),
        "runs": int(of_kl["runs"].min()),
        "baseline": str(of_kl["baseline"][0]),
        "risen": rising(of_kl, "correlation_difference"),
        "fallen": falling(of_kl, "correlation_difference"),
        "risen_self_information": rising(of_self, "correlation_difference"),
        "positive": rising(of_kl, "correlation_after"),
        "baseline_last": str(last["baseline"].iloc[0]),
        "risen_last": rising(last, "correlation_difference"),
        "fallen_last": falling(last, "correlation_difference"),
        "positive_last": rising(last, "correlation_after"),
        "best_setting": of_kl["setting"][best],
        **cell(of_kl, "r2_difference", best, "best_r2"),
        "best_before": of_kl["r2_before"][best],
        "best_after": of_kl["r2_after"][best],
        "best_ceiling": of_kl["ceiling_after"][best],
        "learned": int((of_kl["human_correlation_after"] > of_kl["human_correlation_before"]).sum()),
    }
