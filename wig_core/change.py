"""What the pages on fine-tuning call: an encoder before and after it, measured on the same sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from wig_core.corpora import load_similarities
from wig_core.encoders import SentenceEncoder
from wig_core.errors import InputError
from wig_core.evaluation import similarity_correlation
from wig_core.experiment import QUANTITIES
from wig_core.regression import STATISTICS, Change, compare, regress
from wig_core.tables import bracketed, moved, readable
from wig_core.training.recipes import Recipe, fine_tune
from wig_core.weighting import mean_weights, reliability
from wig_core.yardstick import Yardstick

SETTING = ["objective", "examples", "pooling", "similarity"]


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
        recipes.append(replace(schedule, **named).checked())
    return recipes


def describe(recipe: Recipe) -> dict[str, str]:
    """The columns of `SETTING` for a recipe."""
    return {name: getattr(recipe, name) for name in SETTING} | {"examples": recipe.usual_examples}


def train_and_weigh(base: str, recipes: Sequence[Recipe], seeds: Sequence[int], yardstick: Yardstick) -> pd.DataFrame:
    """Weigh the words of sentences before and after fine-tuning, for each recipe and seed.

    Returns:
        One row an occurrence, of each encoder: the columns of `SETTING`, seed (missing for the base: before), lee (how
        the encoder agrees with people's judgements of similarity), and the columns of `Yardstick.weigh`.
    """
    judged = load_similarities("lee")
    before = {
        pooling: yardstick.weigh(SentenceEncoder.load(base, pooling=pooling))
        for pooling in dict.fromkeys(recipe.pooling for recipe in recipes)
    }
    tables = []
    for recipe in tqdm(recipes, "recipes"):
        setting = describe(recipe)
        start = SentenceEncoder.load(base, pooling=recipe.pooling, similarity=recipe.similarity)
        tables.append(before[recipe.pooling].assign(**setting, seed=pd.NA, lee=similarity_correlation(start, judged)))
        for seed in seeds:
            trained = fine_tune(base, replace(recipe, seed=seed))[recipe.steps]
            lee = similarity_correlation(trained, judged)
            tables.append(yardstick.weigh(trained).assign(**setting, seed=seed, lee=lee))
    return pd.concat(tables, ignore_index=True)


def weigh_pairs(pairs: Mapping[str, str], yardstick: Yardstick) -> pd.DataFrame:
    """The same as `train_and_weigh` for encoders that others have fine-tuned.

    Args:
        pairs: the fine-tuned encoder's name or folder, and that of the base it was made from.
        yardstick: what to measure them on.
    """
    judged, tables = load_similarities("lee"), []
    for after, before in pairs.items():
        tuned = SentenceEncoder.load(after)
        start = SentenceEncoder.load(before, pooling=tuned.pooling, similarity=tuned.similarity)
        setting = {"objective": after, "examples": "its own", "pooling": tuned.pooling, "similarity": tuned.similarity}
        for encoder, seed in ((start, pd.NA), (tuned, 0)):
            lee = similarity_correlation(encoder, judged)
            tables.append(yardstick.weigh(encoder).assign(**setting, seed=seed, lee=lee))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def changes(occurrences: pd.DataFrame, yardstick: Yardstick, *, bootstrap: int = 1000, seed: int = 0) -> pd.DataFrame:
    """How the regression changes, from `train_and_weigh`.

    Returns:
        One row a setting, baseline and quantity: for each of r2, correlation and slope the columns …_before, …_after
        and …_difference, each also with _low and _high; ceiling_before and ceiling_after, the highest R² that noise
        leaves possible (`reliability`); lee_before and lee_after, means over seeds; n_words and runs.
    """
    rows = []
    for (*setting, baseline), table in occurrences.groupby([*SETTING, "baseline"], sort=False):
        start = table[table["seed"].isna()]
        runs = [run for _, run in table[table["seed"].notna()].groupby("seed")]
        before, after = mean_weights(start), [mean_weights(run) for run in runs]
        common = {
            "ceiling_before": reliability(start),
            "ceiling_after": sum(map(reliability, runs)) / len(runs),
            "lee_before": start["lee"].iloc[0],
            "lee_after": sum(run["lee"].iloc[0] for run in runs) / len(runs),
        }
        for x in QUANTITIES:
            change = compare(before, after, yardstick.information, x=x, bootstrap=bootstrap, seed=seed)
            named = dict(zip(SETTING, setting, strict=True)) | {"baseline": baseline}
            rows.append({**named, **flat(change), **common})
    return pd.DataFrame(rows)


def flat(change: Change) -> dict[str, object]:
    """A change as a row: x, n_words, runs, and …_before, …_after and …_difference of each statistic, each also with
    _low and _high."""
    row: dict[str, object] = {"x": change.x, "n_words": change.n_words, "runs": change.runs}
    for name in STATISTICS:
        for side in ("before", "after", "difference"):
            value, low, high = getattr(change, side)[name]
            row |= {f"{name}_{side}": value, f"{name}_{side}_low": low, f"{name}_{side}_high": high}
    return row


def by_sentences(
    occurrences: pd.DataFrame,
    recipe: Recipe,
    yardstick: Yardstick,
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
    everything = pd.Series(range(len(yardstick.sentences)))
    rows = []
    for size in sizes:
        for draw in range(draws):
            kept = everything.sample(min(size, len(everything)), random_state=seed + draw)
            part = ours[ours["sentence"].isin(kept)]
            for (baseline, stage, run), table in part.groupby(["baseline", "stage", "seed"], sort=False):
                fit = regress(mean_weights(table), yardstick.information, x=x, bootstrap=0)
                rows.append((baseline, stage, size, draw, run, fit.r2, fit.correlation))
    names = ["baseline", "stage", "sentences", "draw", "run", "r2", "correlation"]
    over_runs = pd.DataFrame(rows, columns=names).groupby(names[:4], sort=False)
    return over_runs[["r2", "correlation"]].mean().reset_index()


def weigh_twice(base: str, recipe: Recipe, sentences: Sequence[str], yardstick: Yardstick) -> pd.DataFrame:
    """The weights of the words of a few sentences before and after fine-tuning, beside what the words tell.

    Returns:
        One row an occurrence: sentence, position, word, before and after (under the first baseline), kl.
    """
    asked = replace(yardstick, sentences=list(sentences), baselines=yardstick.baselines[:1])
    before = asked.weigh(SentenceEncoder.load(base, pooling=recipe.pooling))
    after = asked.weigh(fine_tune(base, recipe)[recipe.steps])
    table = before.rename(columns={"weight": "before"}).assign(after=after["weight"])
    told = yardstick.information["kl"].reindex(table["word"]).to_numpy()
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
        "learned": int((of_kl["lee_after"] > of_kl["lee_before"]).sum()),
    }


def readable_changes(table: pd.DataFrame, keys: Sequence[str] = ("setting", "baseline", "x")) -> pd.DataFrame:
    """The rows of `changes` as text, intervals of the differences in brackets.

    Args:
        table: from `changes`, or another with differences.
        keys: the columns that name a row; "setting" is all of `SETTING` together.
    """
    if "setting" in keys:
        table = table.assign(setting=[" ".join(row) for row in table[SETTING].itertuples(index=False)])
    columns = {
        "R²": moved(table, "r2"),
        "ΔR²": bracketed(table, "r2_difference", "+.3f"),
        "correlation": moved(table, "correlation", "+.2f"),
        "Δ": bracketed(table, "correlation_difference", "+.2f"),
        "slope": moved(table, "slope", ".3g"),
        **({"lee": moved(table, "lee", ".2f")} if "lee_before" in table else {}),
    }
    return readable(table, keys, columns)


def shipped_table(folder: str | None, name: str, *, then: Callable[[pd.DataFrame], Any] = lambda table: table) -> Any:
    """A table that an earlier run left in a folder, shown by `then`; a line that says so where there is none.

    Args:
        folder: such as "results/full".
        name: of the table, without its ending.
        then: what to make of it.
    """
    from IPython.display import Markdown

    path = Path(folder or "") / f"{name}.csv"
    missing = Markdown(f"No run of the profile has left `{name}.csv`.")
    return then(pd.read_csv(path)) if folder and path.is_file() else missing
