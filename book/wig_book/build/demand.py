"""What a page asks of encoders, read from its parameters: which are trained, which are weighed, and on what.

Parameters of one name mean the same on every page, so most pages need no word of their own here; the others are in
`_OTHERWISE`. It is an estimate: how many nodes a sentence needs, say, is known when it is explained.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from wig_book.build.cost import Passes, Texts, passes_of_attribution, passes_of_training, size_of, tokens_of
from wig_book.experiments.faithfulness import CURVES
from wig_book.experiments.setup import parse_recipe
from wig_book.experiments.specifications import parse_specifications
from wig_core.attribution.explainer import Explainer
from wig_core.encoders.registry import HUB_ENCODERS, NAMED_ENCODERS, pretrained_of, with_pooling
from wig_core.training.fine_tuning import MaskedLMRecipe, Recipe

Values = Mapping[str, Any]


# Texts that every page embeds which asks for them, and their tokens, padding included.
LEE = (50.0, 130.0)  # of the packaged judgements of similarity


HALVES = (2000.0, 32.0)  # whose alignment `dynamics` measures


@dataclass(frozen=True)
class Training:
    """A fine-tuning, kept at some steps besides the last."""

    encoder: Encoder  # to start from
    recipe: Recipe | MaskedLMRecipe
    at: tuple[int, ...] = ()

    def passes(self) -> Passes:
        """What it takes."""
        return passes_of_training(self.recipe)


@dataclass(frozen=True)
class Checkpoint:
    """An encoder that a training has made."""

    training: Training
    step: int


Encoder = str | Checkpoint  # a name, with its pooling


@dataclass(frozen=True)
class Weighing:
    """The attribution of sentences."""

    encoder: Encoder
    attribution: Explainer
    texts: Texts

    def passes(self) -> Passes:
        """What it takes."""
        return passes_of_attribution(self.attribution, self.texts.words)


@dataclass(frozen=True)
class Embedding:
    """Plain forward passes, or what costs as much, for a purpose."""

    encoder: Encoder
    purpose: str
    needed: tuple[tuple[float, float], ...]

    def passes(self) -> Passes:
        """What it takes."""
        return list(self.needed)


Job = Training | Weighing | Embedding


@dataclass(frozen=True)
class Demand:
    """What a page asks for.

    Attributes:
        jobs: each once.
        encoders: the names of those that it loads.
        corpora: the names of the corpora and data sets that it reads.
        counted: sentences whose words are counted, those of shuffled corpora too.
    """

    jobs: list[Job]
    encoders: list[str]
    corpora: list[str]
    counted: int


def demand_of(page: str, values: Values) -> Demand:
    """What a page asks for.

    Args:
        page: its name without the number.
        values: of its parameters.

    Raises:
        InputError: a setting, reading or way that is not known; see also `load_corpus`.
    """
    jobs = list(dict.fromkeys(_OTHERWISE.get(page, _usual)(values)))
    named = [*_listed(values, "encoders"), *_listed(values, "encoder", "base")]
    loaded = [] if values.get("shipped") and not jobs else named  # a page that shows another run's numbers
    encoders = [with_pooling(name)[0] for name in (*loaded, *(start_of(job.encoder) for job in jobs))]
    pairs = values.get("pairs")
    corpora = [*_corpora(values), *([pairs] if isinstance(pairs, str) else [])]
    return Demand(jobs, list(dict.fromkeys(encoders)), corpora, _counted(page, values))


def start_of(encoder: Encoder) -> str:
    """The encoder at the beginning of all trainings."""
    return encoder if isinstance(encoder, str) else start_of(encoder.training.encoder)


def _usual(values: Values) -> list[Job]:
    """Every encoder, given or trained, is weighed on every text in every way."""
    pairs = values.get("pairs") or {}
    if values.get("base") and "steps" not in values:
        pairs = {values["encoder"]: values["base"], **pairs}
    compared = [*_tuned(values), *_paired(pairs, values)]
    given = itertools.product(map(_named, _listed(values, "encoder", "encoders")), _attributions(values))
    weighed = [*given, *compared]
    jobs: list[Job] = [one.training for one, _ in weighed if isinstance(one, Checkpoint)]
    jobs += [Weighing(encoder, way, texts) for texts in _texts(values) for encoder, way in weighed]
    judged = [encoder for encoder, _ in compared] if "baselines" in values else []
    return [*jobs, *(Embedding(encoder, "judgements", (LEE,)) for encoder in dict.fromkeys(judged))]


def _listed(values: Values, *names: str) -> list[str]:
    """The values of some parameters, whether of one or of several, None left out."""
    found = [values.get(name) or [] for name in names]
    return [one for value in found for one in (value if isinstance(value, list) else [value])]


def _named(name: str, pooling: str | None = None) -> str:
    """An encoder's name with the pooling that it has, where that is known, so that one encoder has one name."""
    place, said = with_pooling(name)
    known = HUB_ENCODERS.get(place.partition("@")[0])
    chosen = pooling or said or (known.pooling if known else "mean" if place in NAMED_ENCODERS else None)
    return f"{place}:{chosen}" if chosen else place


def _corpora(values: Values) -> list[str]:
    return _listed(values, "corpora", "corpus")


def _texts(values: Values) -> list[Texts]:
    if "sentences" in values:
        return [Texts(given=tuple(values["sentences"]))]
    said = {name: values[name] for name in ("column", "max_sentences", "max_words", "seed") if name in values}
    return [Texts(corpus=corpus, **said) for corpus in _corpora(values)]


def _attributions(values: Values) -> list[Explainer]:
    said = {name: values[name] for name in ("tolerance", "precision") if name in values}
    ways: Any = itertools.product(_listed(values, "methods") or ["ig"], _listed(values, "baselines", "baseline"))
    return [Explainer(method, baseline, **said) for method, baseline in ways]


def _paired(pairs: Mapping[str, str], values: Values) -> Iterator[tuple[Encoder, Explainer]]:
    """Encoders, and what they were made from with the same pooling."""
    for after, before in pairs.items():
        names = [_named(after), _named(before, with_pooling(_named(after))[1])]
        yield from itertools.product(names, _attributions(values))


def _tuned(values: Values) -> Iterator[tuple[Encoder, Explainer]]:
    """The base and what is made of it, with the ways in which both are weighed."""
    if not isinstance(values.get("base"), str) or not isinstance(values.get("steps"), int):
        return
    at = tuple(values.get("look_at", ()))
    for recipe, ways in _recipes(values):
        encoders: list[Encoder] = [_named(values["base"], recipe.pooling)] if not at or 0 in at else []
        for seed in values.get("seeds") or [values.get("seed", 0)]:
            training = Training(values["base"], replace(recipe, seed=seed), at)
            encoders += [Checkpoint(training, step) for step in sorted({*at, recipe.steps} - {0})]
        yield from itertools.product(encoders, ways)


def _recipes(values: Values) -> Iterator[tuple[Recipe, Sequence[Explainer]]]:
    """How to train, and how to weigh what comes of it."""
    said = {field.name: values[field.name] for field in fields(Recipe) if field.name in values}
    if "settings" in values:
        yield from ((parse_recipe(text, Recipe(**said)), _attributions(values)) for text in values["settings"])
    elif "readings" in values:
        common = {name: values[name] for name in ("tolerance", "precision") if name in values}
        for reading in parse_specifications(values["readings"]):
            target: Any = "norm" if reading.target == "norm" else "vector"
            way = Explainer(reading.method, reading.baseline, target, reading.granularity, **common)
            kind: dict[str, Any] = {"pooling": reading.pooling, "similarity": reading.similarity}
            yield Recipe(**{**said, **kind}), [way]
    else:
        yield Recipe(**said), _attributions(values)


def _counted(page: str, values: Values) -> int:
    """Sentences whose words are counted, once for each time that a page asks what a corpus tells."""
    times = _COUNTED.get(page, lambda values: 1)(values) + values.get("shuffles", 0)
    subwords = any("subword" in reading for reading in values.get("readings", []))
    return (times + subwords) * sum(size_of(corpus, values.get("column")) for corpus in _corpora(values))


def _completeness(values: Values) -> list[Job]:
    nodes = 2 * sum(values["steps"]) * len(values["rules"])  # the value, and its derivative along the whole path
    [texts] = _texts(values)
    needed = tuple((nodes, tokens_of(words)) for words in texts.words)
    encoder = _named(values["encoder"])
    return [Embedding(encoder, f"completeness {baseline}", needed) for baseline in values["baselines"]]


def _dynamics(values: Values) -> list[Job]:
    jobs = [job for job in _usual(values) if not isinstance(job, Embedding)]
    return [*jobs, *_measured([job.encoder for job in jobs if isinstance(job, Weighing)])]


def _measured(encoders: Sequence[Encoder]) -> list[Job]:
    return [Embedding(encoder, "state", (HALVES, LEE)) for encoder in dict.fromkeys(encoders)]


def _reversal(values: Values) -> list[Job]:
    if values["shipped"]:
        return []
    seed, ways = values["seed"], _ways(values)
    masked = MaskedLMRecipe(
        values["corpus"], values["masked_steps"], learning_rate=values["masked_learning_rate"], seed=seed
    )
    back = Training(values["encoder"], masked, tuple(values["masked_at"]))
    end = Checkpoint(back, masked.steps)
    forth = [Training(end, way, tuple(values["forth_at"])) for way in ways.values()]
    looked_at = [Checkpoint(one, step) for one in (back, *forth) for step in sorted({*one.at, one.recipe.steps})]
    again = [Training(end, replace(ways[values["tested"]], seed=one)) for one in values["tested_seeds"]]
    encoders: list[Encoder] = [*looked_at, *(Checkpoint(one, one.recipe.steps) for one in again)]
    weighed = itertools.product(encoders, _attributions(values), _texts(values))
    return [back, *forth, *again, *itertools.starmap(Weighing, weighed), *_measured(looked_at)]


def _ways(values: Values) -> dict[str, Recipe]:
    default = Recipe(
        steps=values["forth_steps"],
        learning_rate=values["forth_learning_rate"],
        batch_size=values["batch_size"],
        seed=values["seed"],
    )
    return {text: parse_recipe(text, default) for text in values["forth"]}


def _ig_vs_shap(values: Values) -> list[Job]:
    """Sentences of nine words or so are enumerated, and drawn three times with each number of orders."""
    drawn = 3 * 9 * sum(values["permutations"])
    enumerated = values["enumerated"] * (2**9 + drawn + 500)  # 500: the evaluations of shap itself
    return [
        *_usual(values),
        Embedding(_named(values["base"]), "convergence", ((enumerated, tokens_of(9)),)),
    ]


def _faithfulness(values: Values) -> list[Job]:
    [texts] = _texts(values)
    orders = len(CURVES) * (len(values["methods"]) + 1 + values["random_orders"])
    curves = tuple((orders * (words + 1), tokens_of(words)) for words in texts.words)
    jobs = [
        replace(job, attribution=replace(job.attribution, seed=values["seed"]))
        for job in _usual(values)
        if isinstance(job, Weighing)
    ]
    return [*jobs, *(Embedding(_named(name), "curves", curves) for name in values["encoders"])]


def _real_text(values: Values) -> list[Job]:
    """A base is fine-tuned, and of its encoders only the input embeddings are looked at."""
    plain = {name: value for name, value in values.items() if name != "look_at"}
    return [
        replace(job, recipe=replace(job.recipe, similarity="dot"))
        for job in _usual(plain | {"baselines": ["mask"]})
        if isinstance(job, Training) and isinstance(job.recipe, Recipe)
    ]


def _usefulness(values: Values) -> list[Job]:
    pairs = values["pairs"]
    texts = LEE if pairs == "lee" else (float(size_of(pairs)), tokens_of(12))
    return [Embedding(_named(name), f"judgements {pairs}", (texts,)) for name in values["encoders"]]


def _models(values: Values) -> list[Job]:
    """Each encoder beside the one that it was fine-tuned from, where that is known."""
    pairs = {name: before for name in values["encoders"] if (before := pretrained_of(name))}
    return _usual({**values, "pairs": pairs})


_OTHERWISE: dict[str, Callable[[Values], list[Job]]] = {
    "completeness": _completeness,
    "training_dynamics": _dynamics,
    "reversal": _reversal,
    "ig_vs_shap": _ig_vs_shap,
    "faithfulness": _faithfulness,
    "real_text": _real_text,
    "usefulness": _usefulness,
    "models": _models,
}


_COUNTED: dict[str, Callable[[Values], int]] = {  # times that a page counts each corpus
    "completeness": lambda values: 0,
    "theorem": lambda values: 0,
    "real_text": lambda values: 2 + values["shuffles"],
    "corpora": lambda values: 2,
    "analyse_your_encoder": lambda values: 2 if values["base"] else 1,
    "models": lambda values: sum(2 if pretrained_of(name) else 1 for name in values["encoders"]),
}
