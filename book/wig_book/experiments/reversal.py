"""A contrastive encoder trained back to masked-language modelling, then contrastively again: page 08."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from wig_book.experiments.rows import Findings, Numbers, cells, changes, dynamics, of_first_baseline
from wig_book.experiments.setup import Setup, example_pairs, from_parameters, parse_recipe, train_and_weigh
from wig_book.labels import MASKED
from wig_core.errors import InputError
from wig_core.training.fine_tuning import MaskedLMRecipe, Recipe, fine_tune, train_masked


def reversal(parameters: Mapping[str, Any]) -> Findings:
    """Train a contrastive encoder back and contrastively again, or load an earlier run of that.

    Args:
        parameters: of the page, by name: encoder, shipped (a folder to load from, or None to train), bootstrap, pairs
            (how many for the alignment), the fields of `Setup`, and of the trainings corpus, masked_steps,
            masked_learning_rate, masked_at, recipes, contrastive_steps, contrastive_learning_rate, contrastive_at,
            batch_size, tested and tested_seeds.

    Returns:
        Tables course (`reverse`) and rise (`return_interval`), and `reversal_numbers`.
    """
    tables = load_reversal(parameters["shipped"]) if parameters["shipped"] else _measure(parameters)
    return Findings(reversal_numbers(**tables), tables)


def _measure(parameters: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    setup, encoder = from_parameters(Setup, parameters), parameters["encoder"]
    masked = MaskedLMRecipe(
        corpus=setup.corpus,
        steps=parameters["masked_steps"],
        learning_rate=parameters["masked_learning_rate"],
        seed=setup.seed,
    )
    default = Recipe(
        steps=parameters["contrastive_steps"],
        learning_rate=parameters["contrastive_learning_rate"],
        batch_size=parameters["batch_size"],
        seed=setup.seed,
    )
    returns = {text: parse_recipe(text, default) for text in parameters["recipes"]}
    tested = parse_recipe(parameters["tested"], default)
    pairs = example_pairs("halves", parameters["pairs"])
    options = {"masked_at": parameters["masked_at"], "bootstrap": parameters["bootstrap"], "seed": setup.seed}
    return {
        "course": reverse(encoder, masked, returns, setup, pairs, returns_at=parameters["contrastive_at"], **options),
        "rise": return_interval(encoder, masked, tested, parameters["tested_seeds"], setup, **options),
    }


def reverse(
    encoder: str,
    masked: MaskedLMRecipe,
    returns: Mapping[str, Recipe],
    setup: Setup,
    pairs: Sequence[tuple[str, ...]],
    *,
    masked_at: Sequence[int],
    returns_at: Sequence[int],
    bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure an encoder along masked-language modelling, and along each contrastive training that starts from its end.

    Args:
        encoder: the contrastive encoder to start from.
        masked: how to train it back.
        returns: how to train it contrastively again, by the name of the stage.
        setup: what to measure on.
        pairs: of texts whose alignment is measured, from `example_pairs`.
        masked_at: steps of the masked-language modelling to measure at, besides the last.
        returns_at: the same for each contrastive training.
        bootstrap: resamples of words for the intervals.
        seed: of the resampling.

    Returns:
        The rows of `dynamics`, with a column stage: `MASKED`, or a name of `returns`, whose step 0 is the masked end.
    """
    start = train_masked(encoder, masked, at=masked_at)
    back = dynamics(start, setup, pairs, bootstrap=bootstrap, seed=seed).assign(stage=MASKED)
    end = back[back["step"] == masked.steps].assign(step=0)
    tables = [back]
    for name, recipe in returns.items():
        again = fine_tune(start[masked.steps].name, recipe, at=returns_at)
        table = dynamics(again, setup, pairs, bootstrap=bootstrap, seed=seed)
        tables.append(pd.concat([end, table], ignore_index=True).assign(stage=name))
    return pd.concat(tables, ignore_index=True)


def return_interval(
    encoder: str,
    masked: MaskedLMRecipe,
    recipe: Recipe,
    seeds: Sequence[int],
    setup: Setup,
    *,
    masked_at: Sequence[int],
    bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """How the regression changes from the masked end of `reverse` along one contrastive training with several seeds.

    Args:
        encoder, masked, setup, masked_at, bootstrap, seed: as in `reverse`.
        recipe: the contrastive training.
        seeds: of it, in turn.

    Returns:
        The rows of `wig_book.experiments.rows.changes`; "before" is the masked end.
    """
    start = train_masked(encoder, masked, at=masked_at)[masked.steps]
    occurrences = train_and_weigh(start.name, [recipe], seeds, setup)
    return changes(occurrences, setup, bootstrap=bootstrap, seed=seed)


def reversal_numbers(course: pd.DataFrame, rise: pd.DataFrame) -> Numbers:
    """The numbers that prose quotes of `reverse` and `return_interval`, for KL.

    Returns:
        Of the rise, with runs: the `cells` of baseline, correlation_difference, r2_difference, correlation_before and
        correlation_after, numbered by baseline. Of the course under the first baseline: baseline; masked_steps; ways,
        the number of contrastive trainings, and risen, how many of them ended with a correlation above the interval of
        the masked end; best, the one with the highest; and the `cells` of correlation, r2 and human_correlation at the
        "start", the "masked" end and the end of the "best" training.
    """
    of_kl = of_first_baseline(course)
    back = of_kl[of_kl["stage"] == MASKED].sort_values("step")
    masked = back.iloc[-1]
    ends = of_kl[of_kl["stage"] != MASKED].sort_values("step").groupby("stage", sort=False).last()
    best = str(ends["correlation"].idxmax())
    points = pd.DataFrame([back.iloc[0], masked, ends.loc[best]]).assign(point=["start", "masked", "best"])
    rise_names = ["baseline", "correlation_difference", "r2_difference", "correlation_before", "correlation_after"]
    return {
        **cells(rise[rise["x"] == "kl"], rise_names),
        "runs": int(rise["runs"].iloc[0]),
        "baseline": str(masked["baseline"]),
        "masked_steps": int(masked["step"]),
        "ways": len(ends),
        "risen": int((ends["correlation"] > masked["correlation_high"]).sum()),
        "best": best,
        **cells(points, ["correlation", "r2", "human_correlation"], "point"),
    }


def load_reversal(folder: str) -> dict[str, pd.DataFrame]:
    """The tables course and rise that an earlier run left in a folder.

    Raises:
        InputError: one of them is missing.
    """
    paths = {name: Path(folder) / f"reversal_{name}.csv" for name in ("course", "rise")}
    if missing := [path.name for path in paths.values() if not path.is_file()]:
        raise InputError(f"shipped {folder!r} holds no {missing[0]}; give null to train instead")
    return {name: pd.read_csv(path) for name, path in paths.items()}
