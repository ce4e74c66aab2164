"""The theorem on real text, in a static encoder and in the input embeddings of transformers: page 16.

Raw KL is tied to frequency, and so is the norm of a vector that was trained on few occurrences. Therefore both are
measured again on the corpus with its words shuffled among sentences; the difference is what counting alone does not
explain (Oyama et al. 2023).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pandas as pd
import torch

from wig_book.experiments.rows import Findings, Numbers, cell, cells
from wig_book.experiments.setup import from_parameters
from wig_book.theory import CountedModel, Norm, exact_course, half_squared_norms
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.information.cooccurrence import Cooccurrence
from wig_core.information.word_information import word_information
from wig_core.regression import compare, estimate, line
from wig_core.text.corpus import Corpus, load_corpus
from wig_core.text.words import words_of
from wig_core.training.fine_tuning import Recipe, fine_tune


def static_encoder(
    corpus: Corpus,
    *,
    min_count: int = 30,
    dimension: int = 64,
    at: Sequence[int] = (100, 300),
    learning_rate: float = 0.02,
    shuffles: int = 1,
    seed: int = 0,
) -> pd.DataFrame:
    """Train a static encoder with inner product on the words of sentences, and again on shuffled sentences.

    The loss is its expectation over all pairs that the corpus has, so that nothing is sampled (`exact_course`).

    Args:
        corpus: sentences; each pair of its frequent words in one sentence is a positive pair of one-word sentences.
        min_count: rarer words are left out of the sentences.
        dimension: of the vectors.
        at: steps of the training at which to measure.
        learning_rate: of Adam, falling to 0.
        shuffles: how many shuffled corpora the control averages.
        seed: of vectors and shuffles.

    Returns:
        One row per step, norm and word: step, norm, word, probability, value (½‖w‖² in that norm), kl, and the same on
        shuffled sentences, value_shuffled and kl_shuffled.

    Raises:
        InputError: fewer than three words are frequent enough.
    """
    words, ids, lengths = _frequent(corpus, min_count)
    rng = np.random.default_rng(seed)
    orders = [np.arange(len(ids)), *(rng.permutation(len(ids)) for _ in range(shuffles))]
    models = [_counted(ids[order], lengths, len(words)) for order in orders]
    courses = [
        exact_course(model, dimension=dimension, at=at, learning_rate=learning_rate, seed=seed, dtype=torch.float32)
        for model in models
    ]
    tables = []
    for step in at:
        for norm in get_args(Norm):
            values = [
                half_squared_norms(course[step], model, norm) for course, model in zip(courses, models, strict=True)
            ]
            columns = {
                "step": step,
                "norm": norm,
                "word": words,
                "probability": models[0].probability,
                "value": values[0],
                "kl": models[0].kl,
                "value_shuffled": np.mean(values[1:], axis=0),
                "kl_shuffled": np.mean([model.kl for model in models[1:]], axis=0),
            }
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _frequent(corpus: Corpus, min_count: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The frequent words, their ids in all sentences one after the other, and the number of ids per sentence."""
    sentences = [words_of(sentence) for sentence in corpus]
    counts = pd.Series([word for sentence in sentences for word in sentence]).value_counts()
    words = sorted(counts.index[counts >= min_count])
    if len(words) < 3:
        raise InputError(f"{len(words)} words occur {min_count} times (min_count); give a smaller one, or more text")
    place = {word: i for i, word in enumerate(words)}
    kept = [[place[word] for word in sentence if word in place] for sentence in sentences]
    ids = np.array([one for sentence in kept for one in sentence], np.int64)
    return words, ids, np.array([len(sentence) for sentence in kept], np.int64)


def _counted(ids: np.ndarray, lengths: np.ndarray, size: int) -> CountedModel:
    seen = Cooccurrence()
    seen.add(ids, lengths, size)
    return CountedModel.of_counts(seen.pairs.toarray().astype(float))


def static_fits(norms: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Fit the norms of `static_encoder` to KL: as they are, shuffled, and as they are less the shuffled.

    Args:
        norms: from `static_encoder`.
        bootstrap: resamples of words for the 95% intervals.
        seed: of the resampling.

    Returns:
        One row per step, norm and kind ("as it is", "shuffled", "corrected"): correlation (signed) and r2 with the ends
        of their intervals, slope of the norm on KL, frequency (the correlation of the norm with −log P), n_words.
    """
    rows = []
    for (step, norm), table in norms.groupby(["step", "norm"], sort=False):
        kinds = {
            "as it is": (table["kl"], table["value"]),
            "shuffled": (table["kl_shuffled"], table["value_shuffled"]),
            "corrected": (table["kl"] - table["kl_shuffled"], table["value"] - table["value_shuffled"]),
        }
        rarity = -np.log(table["probability"])
        for kind, (x, y) in kinds.items():
            row = {"step": step, "norm": norm, "kind": kind, **_fit(x.to_numpy(), y.to_numpy(), bootstrap, seed)}
            rows.append(row | {"frequency": line(rarity, y).correlation, "n_words": len(table)})
    return pd.DataFrame(rows)


def _fit(x: np.ndarray, y: np.ndarray, bootstrap: int, seed: int) -> Numbers:
    """Correlation and R² of y on x with their intervals, and the slope."""

    def statistics(rows: np.ndarray) -> tuple[float, float]:
        fit = line(x[rows], y[rows])
        return fit.correlation, fit.r2

    row: Numbers = {}
    found = estimate(statistics, len(x), resamples=bootstrap, seed=seed)
    for i, name in enumerate(("correlation", "r2")):
        row |= {f"{name}{end}": values[i] for end, values in zip(("", "_low", "_high"), found, strict=True)}
    return row | {"slope": line(x, y).slope}


def input_norms(encoder: SentenceEncoder, words: Sequence[str]) -> pd.DataFrame:
    """Half the squared norm of the input embedding of each word that is a single token of the encoder.

    Returns:
        A frame indexed by word, with the column weight.
    """
    table = encoder.model.get_input_embeddings().weight.detach().double()
    tokens = encoder.tokenizer(list(words), add_special_tokens=False)["input_ids"]
    single = {word: ids[0] for word, ids in zip(words, tokens, strict=True) if len(ids) == 1}
    norms = (0.5 * table[list(single.values())].square().sum(1)).numpy()
    return pd.DataFrame({"weight": norms}, index=pd.Index(list(single), name="word"))


def input_norm_changes(
    base: str,
    recipe: Recipe,
    seeds: Sequence[int],
    information: pd.DataFrame,
    *,
    xs: Sequence[str] = ("kl", "kl_corrected"),
    bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """How well the norms of a transformer's input embeddings follow KL before and after fine-tuning.

    Args:
        base: the encoder to fine-tune.
        recipe: how to fine-tune it.
        seeds: of the fine-tuning, in turn.
        information: from `word_information`; its words are looked up.
        xs: columns of `information` to regress on, in turn.
        bootstrap: resamples of words and runs for the 95% intervals.
        seed: of the resampling.

    Returns:
        One row per quantity: the columns of `Change.to_row`.
    """
    words = list(information.index)
    before = input_norms(SentenceEncoder.load(base), words)
    after = [input_norms(fine_tune(base, replace(recipe, seed=one))[recipe.steps], words) for one in seeds]
    rows = [compare(before, after, information, x=x, bootstrap=bootstrap, seed=seed).to_row() for x in xs]
    return pd.DataFrame(rows)


def theorem_real_text(parameters: Mapping[str, Any]) -> Findings:
    """Test the theorem on a corpus: in a static encoder, and in a transformer's input embeddings.

    Args:
        parameters: of the page, by name: corpus, column, encoder_count, dimension, look_at, shuffles, base, seeds,
            min_count, bootstrap, seed, and the fields of `Recipe`.

    Returns:
        Tables fits (`static_fits`), norms (the last step of `static_encoder`) and changes (`input_norm_changes`), and
        `real_text_numbers`.
    """
    corpus = load_corpus(parameters["corpus"], column=parameters["column"])
    control = {name: parameters[name] for name in ("shuffles", "seed")}
    resampling = {name: parameters[name] for name in ("bootstrap", "seed")}
    norms = static_encoder(
        corpus,
        min_count=parameters["encoder_count"],
        dimension=parameters["dimension"],
        at=parameters["look_at"],
        **control,
    )
    fits = static_fits(norms, **resampling)
    information = word_information(corpus, min_count=parameters["min_count"], **control)
    recipe = replace(from_parameters(Recipe, parameters), similarity="dot")
    moved = input_norm_changes(parameters["base"], recipe, parameters["seeds"], information, **resampling)
    last = norms[norms["step"] == max(parameters["look_at"])]
    return Findings(real_text_numbers(fits, moved), {"fits": fits, "norms": last, "changes": moved})


def real_text_numbers(fits: pd.DataFrame, moved: pd.DataFrame) -> Numbers:
    """The numbers that prose and claims quote.

    Args:
        fits: from `static_fits`.
        moved: from `input_norm_changes`, with corrected KL among the quantities.

    Returns:
        words and step (the last); at that step the `cells` correlation and r2 of each norm (`correlation_raw`, …) and
        of each corrected norm (`correlation_corrected_raw`, …), and frequency of the raw norm; and of the
        transformer's input embeddings with corrected KL the correlation as the `cell`s input_before, input_after and
        input_difference, input_words and runs.
    """
    last = fits[fits["step"] == fits["step"].max()].set_index("kind")
    raw, corrected = last.loc["as it is"], last.loc["corrected"]
    change = moved.set_index("x")
    numbers: Numbers = {
        "words": int(raw["n_words"].iloc[0]),
        "step": int(raw["step"].iloc[0]),
        "frequency": raw.set_index("norm").loc["raw", "frequency"],
        "input_words": int(change.loc["kl_corrected", "n_words"]),
        "runs": int(change.loc["kl_corrected", "runs"]),
    }
    for side in ("before", "after", "difference"):
        numbers |= cell(change, f"correlation_{side}", "kl_corrected", f"input_{side}")
    statistics = ["correlation", "r2"]
    return (
        numbers
        | cells(raw, statistics, "norm")
        | cells(corrected.assign(norm="corrected_" + corrected["norm"]), statistics, "norm")
    )
