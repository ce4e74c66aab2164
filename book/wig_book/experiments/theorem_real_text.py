"""The theorem on real text: a static encoder on a corpus, and the input embeddings of transformers.

Raw KL is tied to frequency, and so is the norm of a vector that was trained on few occurrences. So both are measured
again on the corpus with its words shuffled among sentences, and the difference is what counting alone does not
explain (Oyama et al. 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import torch
from scipy import stats

from wig_book.experiments.rows import display_table, with_interval
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.information.cooccurrence import Cooccurrence
from wig_core.information.word_models import CountedModel
from wig_core.regression import compare, interval, resamples
from wig_core.text.corpus import Corpus
from wig_core.text.words import words_of
from wig_core.training.fine_tuning import Recipe, fine_tune
from wig_core.training.static import Norm, exact_course, half_squared_norms


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
    """Train a static encoder with inner product on the words of sentences, to the expected loss, and again on shuffled
    ones.

    Args:
        corpus: sentences; each pair of its frequent words in one sentence is a positive pair of one-word sentences.
        min_count: rarer words are left out of the sentences.
        dimension: of the vectors.
        at: steps of the training to look at.
        learning_rate: of Adam, falling to 0.
        shuffles: how many shuffled corpora the control averages.
        seed: of vectors and shuffles.

    Returns:
        One row a step, norm and word: step, norm, word, probability, value (½‖w‖² in that norm), kl, and both of the
        shuffled corpora, value_shuffled and kl_shuffled.

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
    """The frequent words, the sentences as their ids one after the other, and how many each has."""
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
    """How the norms of `static_encoder` follow KL, as they are and less the shuffled corpora's.

    Returns:
        One row a step, norm and kind ("as it is", "shuffled", "corrected"): correlation (signed), r2, slope of the norm
        on KL, the ends of the 95% intervals over words of the first two, and frequency, the correlation of the norm
        with −log P.
    """
    rows = []
    for (step, norm), table in norms.groupby(["step", "norm"], sort=False):
        kinds = {
            "as it is": (table["kl"], table["value"]),
            "shuffled": (table["kl_shuffled"], table["value_shuffled"]),
            "corrected": (table["kl"] - table["kl_shuffled"], table["value"] - table["value_shuffled"]),
        }
        for kind, (kl, value) in kinds.items():
            x, y = kl.to_numpy(float), value.to_numpy(float)
            line = stats.linregress(x, y)
            drawn = np.array([np.corrcoef(x[kept], y[kept])[0, 1] for kept in resamples(len(x), bootstrap, seed)])
            (low, high), (r2_low, r2_high) = interval(drawn), interval(drawn**2)
            rows.append(
                {
                    "step": step, "norm": norm, "kind": kind, "correlation": line.rvalue, "correlation_low": low,
                    "correlation_high": high, "r2": line.rvalue**2, "r2_low": r2_low, "r2_high": r2_high,
                    "slope": line.slope, "frequency": np.corrcoef(-np.log(table["probability"]), y)[0, 1],
                    "words": len(x),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def input_norms(encoder: SentenceEncoder, words: Sequence[str]) -> pd.DataFrame:
    """Half the squared norm of a word's input embedding, for the words that are one token of the encoder.

    Returns:
        A frame indexed by word: weight.
    """
    table = encoder.model.get_input_embeddings().weight.detach().double()
    tokens = encoder.tokenizer(list(words), add_special_tokens=False)["input_ids"]
    whole = {word: ids[0] for word, ids in zip(words, tokens, strict=True) if len(ids) == 1}
    norms = (0.5 * table[list(whole.values())].square().sum(1)).numpy()
    return pd.DataFrame({"weight": norms}, index=pd.Index(list(whole), name="word"))


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
    """How the norms of a transformer's input embeddings follow KL before and after fine-tuning.

    Returns:
        One row a quantity of `xs`: the columns of `Change.to_row`.
    """
    words = list(information.index)
    before = input_norms(SentenceEncoder.load(base), words)
    after = [input_norms(fine_tune(base, replace(recipe, seed=one))[recipe.steps], words) for one in seeds]
    rows = [compare(before, after, information, x=x, bootstrap=bootstrap, seed=seed).to_row() for x in xs]
    return pd.DataFrame(rows)


def real_text_headline(fits: pd.DataFrame, changes: pd.DataFrame) -> dict[str, float | int | str]:
    """The numbers that prose quotes.

    Returns:
        words, step (the last); of the static encoder there, for each norm (suffix _raw, _centred, _metric), r2 and
        correlation as it is, and corrected (r2_corrected_…, correlation_corrected_…) with …_low and …_high before the
        norm's suffix; frequency, the raw norm's correlation with −log P; and of transformers' input embeddings, with
        corrected KL, input_before, input_after, input (the difference) with its ends input_low and input_high, and
        input_words, runs.
    """
    last = fits[fits["step"] == fits["step"].max()].set_index(["kind", "norm"])
    change = changes.set_index("x").loc["kl_corrected"]
    numbers: dict[str, float | int | str] = {
        "words": int(fits["words"].iloc[0]),
        "step": int(fits["step"].max()),
        "frequency": last.loc[("as it is", "raw"), "frequency"],
        "input_words": int(change["n_words"]),
        "runs": int(change["runs"]),
        "input_before": change["correlation_before"],
        "input_after": change["correlation_after"],
        "input": change["correlation_difference"],
        "input_low": change["correlation_difference_low"],
        "input_high": change["correlation_difference_high"],
    }
    for norm in get_args(Norm):
        for statistic in ("r2", "correlation"):
            for end in ("", "_low", "_high"):
                numbers[f"{statistic}{end}_{norm}"] = last.loc[("as it is", norm), f"{statistic}{end}"]
                numbers[f"{statistic}_corrected{end}_{norm}"] = last.loc[("corrected", norm), f"{statistic}{end}"]
    return numbers


def readable_static(fits: pd.DataFrame) -> pd.DataFrame:
    """The rows of `static_fits` at the last step as text, intervals in brackets."""
    last = fits[fits["step"] == fits["step"].max()]
    columns = {
        "correlation": with_interval(last, "correlation"),
        "R²": with_interval(last, "r2"),
        "slope": last["slope"].map("{:.2f}".format),
        "frequency": last["frequency"].map("{:+.2f}".format),
        "words": last["words"],
    }
    return display_table(last, ["norm", "kind"], columns)
