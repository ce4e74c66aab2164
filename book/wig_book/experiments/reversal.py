"""What the pages on the course of a training call: an encoder at its steps, there and back."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pandas as pd

from wig_book.experiments.rows import changes
from wig_book.experiments.setup import Setup, train_and_weigh
from wig_book.experiments.training_dynamics import dynamics
from wig_core.errors import InputError
from wig_core.training.fine_tuning import MaskedLMRecipe, Recipe, fine_tune, train_masked

MASKED = "masked"  # the stage on the way back


def parse_return_recipes(
    short: Sequence[str], *, steps: int, learning_rate: float, batch_size: int, seed: int
) -> dict[str, Recipe]:
    """Recipes from their short forms, which name them: objective, examples, and perhaps another learning rate, with
    blanks between.

    Raises:
        InputError: a word too few or too many, or one that is not known.

    Example:
        >>> [recipe] = ways_forth(["info-nce glosses 3e-4"], steps=9, learning_rate=1e-4, batch_size=8, seed=0).values()
        >>> recipe.examples, recipe.learning_rate
        ('glosses', 0.0003)
    """
    recipes = {}
    for way in short:
        try:
            objective, examples, *rate = cast("list[Any]", way.split())
            [rate] = rate or [learning_rate]
            schedule = Recipe(steps=steps, learning_rate=float(rate), batch_size=batch_size, seed=seed)
        except ValueError:
            raise InputError(
                f"way {way!r}: give an objective, examples, and perhaps a learning rate, as in 'info-nce halves 1e-4'"
            ) from None
        recipes[way] = replace(schedule, objective=objective, examples=examples)
    return recipes


def reverse(
    encoder: str,
    back: MaskedLMRecipe,
    forth: dict[str, Recipe],
    setup: Setup,
    *,
    back_at: Sequence[int],
    forth_at: Sequence[int],
    bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Train a contrastive encoder back towards masked-language modelling, then contrastively again in several ways.

    Returns:
        The rows of `dynamics`, with stage: "masked", or the name of the way forth, whose step 0 is the masked end.
    """
    masked = train_masked(encoder, back, at=back_at)
    tables = [dynamics(masked, setup, examples="halves", bootstrap=bootstrap, seed=seed).assign(stage=MASKED)]
    for name, recipe in forth.items():
        again = fine_tune(masked[back.steps].name, recipe, at=forth_at)
        table = dynamics(again, setup, examples="halves", bootstrap=bootstrap, seed=seed)
        end = tables[0][tables[0]["step"] == back.steps].assign(step=0)
        tables.append(pd.concat([end, table], ignore_index=True).assign(stage=name))
    return pd.concat(tables, ignore_index=True)


def return_interval(
    encoder: str,
    back: MaskedLMRecipe,
    way: Recipe,
    seeds: Sequence[int],
    setup: Setup,
    *,
    back_at: Sequence[int],
    bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """How the regression changes from the masked end of `reverse` along one way forth, taken with several seeds.

    Returns:
        The rows of `wig_book.experiments.rows.changes`, before being the masked end.
    """
    masked = train_masked(encoder, back, at=back_at)[back.steps]
    occurrences = train_and_weigh(masked.name, [way], seeds, setup)
    return changes(occurrences, setup, bootstrap=bootstrap, seed=seed)


def reversal_headline(course: pd.DataFrame, risen: pd.DataFrame) -> dict[str, float | int | str]:
    """The numbers that prose quotes of `reverse`: for KL under the first baseline.

    Returns:
        baseline, masked_steps; correlation, r2 and lee, each with _start, _masked and _best, at the start, after
        masked-language modelling and at the end of the best way forth; best, its name; ways, and how many of them have
        risen: ended with a correlation above the interval of the masked end. Of `return_interval`, under each baseline
        in turn (_0, _1, …): baseline, the difference of correlation and of R² with their ends (correlation, r2, each with _low
        and _high before the number), correlation_before and correlation_after; and runs.
    """
    of_kl = course[(course["baseline"] == course["baseline"].iloc[0]) & (course["x"] == "kl")]
    masked = of_kl[of_kl["stage"] == MASKED].sort_values("step")
    start, end = masked.iloc[0], masked.iloc[-1]
    ends = of_kl[of_kl["stage"] != MASKED].sort_values("step").groupby("stage", sort=False).last()
    best = ends.loc[ends["correlation"].idxmax()]
    points = {"start": start, "masked": end, "best": best}
    tested: dict[str, float | int | str] = {}
    for i, row in enumerate(risen[risen["x"] == "kl"].to_dict("records")):
        tested[f"baseline_{i}"] = str(row["baseline"])
        for name, side in itertools.product(("correlation", "r2"), ("", "_low", "_high")):
            tested[f"{name}{side}_{i}"] = row[f"{name}_difference{side}"]
        tested |= {f"correlation_{side}_{i}": row[f"correlation_{side}"] for side in ("before", "after")}
    return {
        **tested,
        "runs": int(risen["runs"].iloc[0]),
        "baseline": str(start["baseline"]),
        "masked_steps": int(end["step"]),
        "ways": len(ends),
        "risen": int((ends["correlation"] > end["correlation_high"]).sum()),
        "best": str(ends["correlation"].idxmax()),
        **{f"{name}_{when}": float(row[name]) for when, row in points.items() for name in ("correlation", "r2", "lee")},
    }


def load_reversal(folder: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of `reverse` and of `return_interval` that an earlier run left in a folder.

    Raises:
        InputError: there are none.
    """
    paths = [Path(folder) / f"reversal_{name}.csv" for name in ("course", "rise")]
    if missing := [path for path in paths if not path.is_file()]:
        raise InputError(f"shipped {folder!r} holds no {missing[0].name}; give null to train instead")
    course, risen = map(pd.read_csv, paths)
    return course, risen
