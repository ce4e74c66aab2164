"""What the pages on training call: an encoder before, while and after it is trained, measured on the same sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd
from tqdm import tqdm

from wig_core.attribution.contributions import Baseline
from wig_core.attribution.integrated_gradients import Precision, integrated_gradients
from wig_core.corpora import load_corpus, load_similarities
from wig_core.encoders import SentenceEncoder
from wig_core.evaluation import alignment, mean_norm, similarity_correlation, uniformity
from wig_core.experiment import QUANTITIES
from wig_core.information import word_information
from wig_core.regression import STATISTICS, Change, compare, regress
from wig_core.training.examples import load_examples
from wig_core.training.recipes import MaskedRecipe, Recipe, fine_tune, train_back
from wig_core.weighting import mean_weights, occurrence_weights, reliability

SETTING = ["objective", "examples", "pooling", "similarity"]


@dataclass(frozen=True)
class Yardstick:
    """What all encoders of a page are measured on.

    Attributes:
        sentences: whose words are weighed.
        information: of the whole corpus, from `word_information`.
        baselines, tolerance, precision: see `integrated_gradients`.
    """

    sentences: list[str]
    information: pd.DataFrame
    baselines: Sequence[Baseline]
    tolerance: float
    precision: Precision

    @classmethod
    def of(
        cls,
        corpus: str,
        *,
        column: str | None = None,
        baselines: Sequence[Baseline] = ("mask", "pad"),
        max_sentences: int = 100,
        max_words: int | None = None,
        tolerance: float = 0.01,
        precision: Precision = "float32",
        min_count: int = 10,
        seed: int = 0,
    ) -> Yardstick:
        """A sample of the sentences of a corpus, and what all of it tells of words."""
        whole = load_corpus(corpus, column=column)
        information = word_information(whole, min_count=min_count)
        sample = whole.up_to(max_words).sample(max_sentences, seed=seed)
        return cls(sample.sentences, information, baselines, tolerance, precision)

    def weigh(self, encoder: SentenceEncoder) -> pd.DataFrame:
        """Each occurrence's weight: baseline, and the columns of `occurrence_weights`."""
        tables = []
        for baseline in self.baselines:
            explained = integrated_gradients(
                encoder, self.sentences, baseline=baseline, tolerance=self.tolerance, precision=self.precision
            )
            tables.append(occurrence_weights(explained).assign(baseline=baseline))
        return pd.concat(tables, ignore_index=True)


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
        setting = {name: getattr(recipe, name) for name in SETTING} | {"examples": recipe.usual_examples}
        start = SentenceEncoder.load(base, pooling=recipe.pooling, similarity=recipe.similarity)
        tables.append(before[recipe.pooling].assign(**setting, seed=pd.NA, lee=similarity_correlation(start, judged)))
        for seed in seeds:
            trained = fine_tune(base, replace(recipe, seed=seed))[recipe.steps]
            lee = similarity_correlation(trained, judged)
            tables.append(yardstick.weigh(trained).assign(**setting, seed=seed, lee=lee))
    return pd.concat(tables, ignore_index=True)


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
            rows.append({**named, **_flat(change), **common})
    return pd.DataFrame(rows)


def _flat(change: Change) -> dict[str, object]:
    row: dict[str, object] = {"x": change.x, "n_words": change.n_words, "runs": change.runs}
    for name in STATISTICS:
        for side in ("before", "after", "difference"):
            value, low, high = getattr(change, side)[name]
            row |= {f"{name}_{side}": value, f"{name}_{side}_low": low, f"{name}_{side}_high": high}
    return row


def by_sentences(
    occurrences: pd.DataFrame,
    yardstick: Yardstick,
    *,
    sizes: Sequence[int],
    x: str = "kl",
    draws: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """R² before and after against how many sentences' words are weighed, from one setting of `train_and_weigh`.

    Returns:
        One row a baseline, stage ("before" or "after"), size and draw: r2, correlation. A draw takes sentences at
        random without replacement; after is the mean over seeds.
    """
    chance = pd.Series(range(len(yardstick.sentences)))
    rows = []
    for size in sizes:
        for draw in range(draws):
            kept = set(chance.sample(min(size, len(chance)), random_state=seed + draw))
            part = occurrences[occurrences["sentence"].isin(kept)]
            for (baseline, start, _), run in part.assign(start=part["seed"].isna()).groupby(
                ["baseline", "start", part["seed"].fillna(-1)], sort=False
            ):
                fit = regress(mean_weights(run), yardstick.information, x=x, bootstrap=0)
                stage = "before" if start else "after"
                rows.append((baseline, stage, size, draw, fit.r2, fit.correlation))
    table = pd.DataFrame(rows, columns=["baseline", "stage", "sentences", "draw", "r2", "correlation"])
    return table.groupby(["baseline", "stage", "sentences", "draw"], sort=False).mean().reset_index()


def dynamics(
    encoders: dict[int, SentenceEncoder], yardstick: Yardstick, *, examples: str, bootstrap: int = 1000, seed: int = 0
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
            "norm": mean_norm(encoder, yardstick.sentences),
            "uniformity": uniformity(left),
            "alignment": alignment(left, right),
            "lee": similarity_correlation(encoder, judged),
        }
        for baseline, occurrences in yardstick.weigh(encoder).groupby("baseline", sort=False):
            for x in QUANTITIES:
                fit = regress(mean_weights(occurrences), yardstick.information, x=x, bootstrap=bootstrap, seed=seed)
                row: dict[str, object] = {"step": step, "baseline": baseline, "x": x, "n_words": fit.n_words}
                for name in STATISTICS:
                    low, high = getattr(fit, f"{name}_interval")
                    row |= {name: getattr(fit, name), f"{name}_low": low, f"{name}_high": high}
                rows.append({**row, **state})
    return pd.DataFrame(rows)


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


def reverse(
    encoder: str,
    back: MaskedRecipe,
    forth: dict[str, Recipe],
    yardstick: Yardstick,
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
    masked = train_back(encoder, back, at=back_at)
    tables = [dynamics(masked, yardstick, examples="halves", bootstrap=bootstrap, seed=seed).assign(stage="masked")]
    for name, recipe in forth.items():
        again = fine_tune(masked[back.steps].name, recipe, at=forth_at)
        table = dynamics(again, yardstick, examples="halves", bootstrap=bootstrap, seed=seed)
        end = tables[0][tables[0]["step"] == back.steps].assign(step=0)
        tables.append(pd.concat([end, table], ignore_index=True).assign(stage=name))
    return pd.concat(tables, ignore_index=True)


def readable_changes(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `changes` as text, intervals of the differences in brackets."""

    def bracketed(name: str, side: str) -> Iterable[str]:
        columns = [table[f"{name}_{side}{end}"] for end in ("", "_low", "_high")]
        return [f"{value:+.3f} [{low:+.3f}, {high:+.3f}]" for value, low, high in zip(*columns, strict=True)]

    shown = table[[*SETTING, "baseline", "x"]].assign(
        **{
            "R² before": table["r2_before"].map("{:.3f}".format),
            "R² after": table["r2_after"].map("{:.3f}".format),
            "ΔR²": bracketed("r2", "difference"),
            "correlation before": table["correlation_before"].map("{:+.2f}".format),
            "after": table["correlation_after"].map("{:+.2f}".format),
            "Δ": bracketed("correlation", "difference"),
            "slope before": table["slope_before"].map("{:.3g}".format),
            "slope after": table["slope_after"].map("{:.3g}".format),
            "lee before": table["lee_before"].map("{:.2f}".format),
            "lee after": table["lee_after"].map("{:.2f}".format),
        }
    )
    return shown.set_index([*SETTING, "baseline", "x"])
