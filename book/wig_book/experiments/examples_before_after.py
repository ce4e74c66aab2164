"""The words of a few sentences before and after fine-tuning: page 05."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from wig_book.experiments.rows import Findings, Numbers
from wig_book.experiments.setup import Setup, from_parameters
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.training.fine_tuning import Recipe, fine_tune


def examples_before_after(parameters: Mapping[str, Any]) -> Findings:
    """Weigh the words of a few sentences before and after fine-tuning.

    Args:
        parameters: of the page, by name: base, sentences, baseline, and the fields of `Recipe` and `Setup`.

    Returns:
        Table words (`weigh_before_after`). Numbers: objective, steps, and `example_numbers`.
    """
    recipe = from_parameters(Recipe, parameters)
    setup = replace(from_parameters(Setup, parameters), baselines=[parameters["baseline"]])
    words = weigh_before_after(parameters["base"], recipe, parameters["sentences"], setup)
    return Findings(example_numbers(words) | {"objective": recipe.objective, "steps": recipe.steps}, {"words": words})


def example_numbers(words: pd.DataFrame) -> Numbers:
    """The numbers that prose quotes of `weigh_before_after`.

    Returns:
        sentences, words (those with information); rank_before and rank_after, the rank correlations of weight and KL;
        risen and fallen, the words whose weight rose and fell most relative to the mean weight.
    """
    known = words.dropna(subset=["kl"])
    rank = known[["before", "after", "kl"]].corr(method="spearman")["kl"]
    gain = words["after"] / words["after"].mean() - words["before"] / words["before"].mean()
    return {
        "sentences": words["sentence"].nunique(),
        "words": len(known),
        "rank_before": rank["before"],
        "rank_after": rank["after"],
        "risen": words.loc[gain.idxmax(), "word"],
        "fallen": words.loc[gain.idxmin(), "word"],
    }


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
