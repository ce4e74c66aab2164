"""Does contrastive fine-tuning raise it? Arms from one masked encoder, with controls and several seeds: page 06."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from tqdm import tqdm

from wig_book.experiments.quantities import QUANTITIES
from wig_book.experiments.readings import (
    DEFAULT,
    JOINT,
    Reading,
    Weighing,
    by_quantile,
    check_drawable,
    contrast,
    in_default_reading,
    moments,
    occurrences_of,
    readings,
)
from wig_book.experiments.rows import Findings, Numbers, cell, cells
from wig_book.experiments.setup import from_parameters, parse_recipe
from wig_book.experiments.study_texts import Population, StudyText, limited, texts_and_source
from wig_core.attribution.inputs import Baseline
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.evaluation import similarity_correlation
from wig_core.errors import InputError
from wig_core.regression import Floats
from wig_core.text.corpus import SimilarityPairs, load_similarities
from wig_core.training.examples import load_examples
from wig_core.training.fine_tuning import MaskedLMRecipe, Recipe, fine_tune, train_masked

SHAM, MASKED, START = "sham", "masked", "start"


@dataclass(frozen=True)
class Arm:
    """Encoders that were trained alike from one start, with different seeds.

    Attributes:
        start: the name of the encoder that everything began with.
        name: "start", "sham", "masked", or the recipe.
        encoders: one per seed.
        origin: the start itself, with the pooling and similarity of the arm.
    """

    start: str
    name: str
    encoders: Sequence[SentenceEncoder]
    origin: SentenceEncoder


def changes(parameters: Mapping[str, Any]) -> Findings:
    """Train arms from masked encoders, and measure how they differ in the relation of weight and information.

    Args:
        parameters: of the page, by name: starts (encoders, and for how many steps of masked-language modelling each is
            trained first; 0 for an encoder that is a masked language model), recipes (of each start; the first is the
            one that the controls are for), seeds, steps, batch_size, masked_learning_rate, judged (pairs with human
            judgements), pairs (at most, of each), corpora, source, max_sentences and limits (see `limited`), bootstrap,
            and the fields of `StudyText` and `Weighing`.

    Returns:
        Tables changes (one row per arm, what it is compared with, text, unit, estimand, baseline and quantity),
        quantiles (`by_quantile` of each arm in the default reading, means over seeds) and checks; numbers
        `change_numbers`.
    """
    arms = [arm for start in parameters["starts"] for arm in _arms(start, parameters)]
    judged = {name: fewer(load_similarities(name), parameters["pairs"]) for name in parameters["judged"]}
    checks = pd.DataFrame([row for arm in tqdm(arms, "checks") for row in _checks(arm, judged)])
    rows, quantiles = [], []
    texts, source = texts_and_source(parameters)
    for text in texts.values():
        measured = _moments_by_arm(arms, text, source, parameters)
        rows += [*_contrasts(measured.sums, parameters["bootstrap"])]
        quantiles += measured.quantiles
    check_drawable(quantiles, "start", parameters["starts"])
    table = pd.DataFrame(rows).merge(_judgement(checks), on=["start", "arm"], how="left")
    tables = {
        "changes": table,
        "quantiles": pd.concat(quantiles, ignore_index=True),
        "checks": checks,
    }
    return Findings(change_numbers(tables, parameters), tables)


# ── training ──


def _arms(start: str, parameters: Mapping[str, Any]) -> Iterator[Arm]:
    """The arms of a start: the start itself, each recipe, and the two controls of the first recipe."""
    masked_steps = parameters["starts"][start]
    default = from_parameters(Recipe, parameters)
    recipes = {text: parse_recipe(text, default) for text in parameters["recipes"][start]}
    first = next(iter(recipes.values()))
    examples = load_examples(first.resolved_examples).texts
    sentences = [text for row in examples for text in row]
    origin = SentenceEncoder.load(start)
    if masked_steps:
        back = MaskedLMRecipe(steps=masked_steps, learning_rate=parameters["masked_learning_rate"])
        origin = train_masked(start, back, corpus=sentences).encoder
    for number, (name, recipe) in enumerate(recipes.items()):
        begin = replace(origin, pooling=recipe.pooling, similarity=recipe.similarity)
        if number == 0:
            yield Arm(start, START, [begin], begin)
        seeded = [replace(recipe, seed=seed) for seed in parameters["seeds"]]
        yield Arm(start, name, [fine_tune(origin.name, one).encoder for one in tqdm(seeded, name)], begin)
        if number == 0:
            permuted = [fine_tune(origin.name, one, examples=shuffled(examples, one.seed)).encoder for one in seeded]
            yield Arm(start, SHAM, permuted, begin)
            more = [MaskedLMRecipe(steps=one.steps, learning_rate=one.learning_rate, seed=one.seed) for one in seeded]
            again = [train_masked(origin.name, one, corpus=sentences).encoder for one in more]
            yield Arm(start, MASKED, [replace(one, similarity=recipe.similarity) for one in again], begin)


def shuffled(examples: Sequence[tuple[str, ...]], seed: int) -> list[tuple[str, ...]]:
    """Pairs whose second texts are dealt anew, so that no pair says anything.

    Raises:
        InputError: the examples are single texts.

    Example:
        >>> shuffled([("a", "A"), ("b", "B"), ("c", "C")], seed=1)
        [('a', 'B'), ('b', 'C'), ('c', 'A')]
    """
    if len(examples[0]) < 2:
        raise InputError("the first recipe has no pairs to deal anew; give one with pairs, such as 'info-nce halves'")
    seconds = [row[1] for row in examples]
    random.Random(seed).shuffle(seconds)
    return [(row[0], second) for row, second in zip(examples, seconds, strict=True)]


def fewer(pairs: SimilarityPairs, most: int) -> SimilarityPairs:
    """At most so many of the pairs, evenly spaced."""
    if len(pairs) <= most:
        return pairs
    kept = np.linspace(0, len(pairs) - 1, most).round().astype(int).tolist()
    left, right = ([side[i] for i in kept] for side in (pairs.left, pairs.right))
    return SimilarityPairs(pairs.name, left, right, [pairs.scores[i] for i in kept])


def _checks(arm: Arm, judged: Mapping[str, SimilarityPairs]) -> Iterator[dict[str, Any]]:
    """The manipulation check: agreement with human judgements before and after, for each seed."""
    for name, pairs in judged.items():
        before = similarity_correlation(arm.origin, pairs)
        for run, encoder in enumerate(arm.encoders):
            after = before if arm.name == START else similarity_correlation(encoder, pairs)
            yield {"start": arm.start, "arm": arm.name, "judged": name, "run": run, "before": before, "after": after}


def _judgement(checks: pd.DataFrame) -> pd.DataFrame:
    """Of each arm, whether its mean agreement rose with every set of judgements, and the means."""
    means = checks.groupby(["start", "arm", "judged"], sort=False)[["before", "after"]].mean().reset_index()
    wide = means.pivot(index=["start", "arm"], columns="judged", values=["before", "after"])
    wide.columns = [f"check_{judged}_{when}" for when, judged in wide.columns]
    risen = (means["after"] > means["before"]).groupby([means["start"], means["arm"]]).all().rename("passed")
    return wide.join(risen).reset_index()


# ── measuring ──


Sums = dict[tuple[str, ...], dict[str, list[Floats]]]


@dataclass(frozen=True)
class Measured:
    """What the arms show on one text.

    Attributes:
        sums: by the values of `READING` and the start, and then by arm, the `moments` of each seed.
        quantiles: tables of relative weight, one per arm, baseline and quantity.
    """

    sums: Sums
    quantiles: list[pd.DataFrame]


READING = ["start", "text", "information", "unit", "estimand", "baseline", "quantity"]


def _moments_by_arm(arms: Sequence[Arm], text: StudyText, source: StudyText, parameters: Mapping[str, Any]) -> Measured:
    weighing = from_parameters(Weighing, parameters)
    found = Measured({}, [])
    for arm in tqdm(arms, f"arms on {text.corpus}"):
        population = limited(text.population, arm.start, text.corpus, parameters)
        sources = {source.corpus: {"word": source.words, "subword": source.subwords(arm.origin)}}
        for baseline in weighing.of(arm.origin):
            naming = {"start": arm.start, "text": text.corpus, "baseline": baseline}
            for role, encoders in {START: [arm.origin], arm.name: arm.encoders}.items():
                weighed = [_weigh(encoder, population, sources, baseline, weighing) for encoder in encoders]
                _add_moments(found.sums, naming, f"{arm.name}|{role}", weighed)
            found.quantiles.extend(_quantiles(weighed, naming | {"arm": arm.name}, parameters["bootstrap"]))
    return found


def _weigh(
    encoder: SentenceEncoder,
    population: Population,
    sources: Mapping[str, Mapping[str, pd.DataFrame]],
    baseline: Baseline,
    weighing: Weighing,
) -> list[Reading]:
    """The words of a population, weighed in an encoder, in every reading."""
    contributions = weighing.contributions(encoder, population.sentences, baseline)
    return [*readings(occurrences_of(encoder, population.sentences, contributions), population.words, sources)]


def _add_moments(sums: Sums, naming: Mapping[str, str], place: str, weighed: Sequence[Sequence[Reading]]) -> None:
    """Add the moments of the runs of an arm, or of its start, in every reading and measure."""
    for reading, types, information in (one for run in weighed for one in run):
        for name in QUANTITIES:
            values = {**naming, **reading, "quantity": name}
            key = tuple(values[column] for column in READING)
            of_run = moments(types, information[name].to_numpy(float), reading["estimand"])
            sums.setdefault(key, {}).setdefault(place, []).append(of_run)


def _quantiles(
    weighed: Sequence[Sequence[Reading]], naming: Mapping[str, str], bootstrap: int
) -> Iterator[pd.DataFrame]:
    """The relative weights of an arm over its runs in the default reading, for each of the main measures."""
    default = [one for run in weighed for one in run if DEFAULT.items() <= one[0].items()]
    if default:
        for name in JOINT:
            runs = [by_quantile(types, information[name], bootstrap) for _, types, information in default]
            yield _over_seeds(runs).assign(n=len(default[0][1]), **naming, quantity=name)


def _over_seeds(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Relative weights of several seeds: their mean, and an interval over words and seeds."""
    mean = sum(table["relative"] for table in tables) / len(tables)
    over_words = sum((table["relative_high"] - table["relative_low"]) / 2 for table in tables) / len(tables)
    half = over_words**2
    if len(tables) > 1:
        spread = np.std([table["relative"] for table in tables], axis=0, ddof=1)
        half = half + (stats.t.ppf(0.975, len(tables) - 1) * spread) ** 2 / len(tables)
    half = np.sqrt(half)
    return tables[0][["bin"]].assign(
        relative=mean, relative_low=mean - half, relative_high=mean + half, seeds=len(tables)
    )


def _contrasts(sums: Mapping[tuple[str, ...], Mapping[str, list[Any]]], bootstrap: int) -> Iterator[dict[str, Any]]:
    """Every arm against its start; and the first recipe against each of its controls."""
    for key, of_arm in sums.items():
        names = list(dict.fromkeys(name.partition("|")[0] for name in of_arm))
        pairs = [(name, START, f"{name}|{START}") for name in names if name != START]
        first = next((name for name in names if name not in (START, SHAM, MASKED)), None)
        pairs += [(first, control, f"{control}|{control}") for control in (SHAM, MASKED) if first and control in names]
        for arm, against, place in pairs:
            after, before = of_arm[f"{arm}|{arm}"], of_arm[place]
            naming = dict(zip(READING, key, strict=True)) | {"arm": arm, "against": against}
            size = {"seeds": len(after), "n": int(after[0][:, 0].sum()), "types": len(after[0])}
            yield naming | size | contrast(before, after, bootstrap)


def change_numbers(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> Numbers:
    """The numbers that prose and claims quote, in the default reading on the first text.

    Returns:
        seeds; text; start and baseline, the first, for which gain is the `cell` of R², contrastive minus sham, on KL;
        words, on how many it stands, and drawn, how many the protocol draws;
        for each start, its recipes (recipe_<start>, recipe_<start>_2, …), and the `cells` of
        r2_difference, correlation_difference, correlation_before, correlation_after and n, named
        `<statistic>_<start>_<arm>_<against>_<baseline>_<quantity>`, where the first recipe is called "contrastive" and
        the others "recipe-2", "recipe-3", …; of each arm and set of judgements the cell
        `check_<start>_<arm>_<judged>`: the mean change over seeds with its interval.
    """
    text = parameters["corpora"][0]
    called = {
        (start, name): "contrastive" if number == 0 else f"recipe-{number + 1}"
        for start, names in parameters["recipes"].items()
        for number, name in enumerate(names)
    }
    table = in_default_reading(tables["changes"], parameters["source"])
    table = table[(table["text"] == text) & table["quantity"].isin(JOINT)]
    short = [called.get((start, arm), arm) for start, arm in zip(table["start"], table["arm"], strict=True)]
    named = table.assign(short=short)[["start", "short", "against", "baseline", "quantity"]]
    keys = ["_".join(row) for row in named.itertuples(index=False)]
    statistics = ["r2_difference", "correlation_difference", "correlation_before", "correlation_after", "n"]
    numbers: Numbers = {"seeds": len(parameters["seeds"]), "text": text, "starts": len(parameters["starts"])}
    start = next(iter(parameters["starts"]))
    of_first = (table["start"] == start) & (table["against"] == SHAM) & (table["quantity"] == "kl")
    if of_first.any():  # else no word of the first text is a single subword
        row = table[of_first].iloc[0]
        numbers |= {"start": start, "baseline": row["baseline"], "words": int(row["n"]), "drawn": parameters["types"]}
        numbers |= cell(table[of_first], "r2_difference", table.index[of_first][0], "gain")
    for start, names in parameters["recipes"].items():
        numbers |= {f"recipe_{start}" + (f"_{i}" if i > 1 else ""): name for i, name in enumerate(names, start=1)}
    for (start, arm, judged), rows in tables["checks"].groupby(["start", "arm", "judged"], sort=False):
        name = f"check_{start}_{called.get((start, arm), arm)}_{judged}"
        rise = (rows["after"] - rows["before"]).to_numpy()
        half = stats.t.ppf(0.975, len(rise) - 1) * rise.std(ddof=1) / np.sqrt(len(rise)) if len(rise) > 1 else np.nan
        numbers |= {name: rise.mean(), f"{name}_low": rise.mean() - half, f"{name}_high": rise.mean() + half}
    return numbers | cells(table.assign(key=keys), statistics, "key")
