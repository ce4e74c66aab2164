"""One encoder and one text: pages 01 to 04. The function of a page has its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from wig_book.experiments.rows import Findings, fit_numbers, regress_by_baseline
from wig_book.experiments.setup import Setup, from_parameters
from wig_core.attribution.inputs import Baseline
from wig_core.attribution.integrated_gradients import completeness_errors, integrated_gradients
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.information.word_information import word_information
from wig_core.text.corpus import load_corpus
from wig_core.word_weights import occurrence_weights


def weigh_sentences(
    encoder: str,
    sentences: Sequence[str],
    corpus: str,
    *,
    column: str | None = None,
    baseline: Baseline = "mask",
    tolerance: float = 0.01,
    min_count: int = 10,
) -> pd.DataFrame:
    """Weigh every word of a few sentences, beside what a corpus says it tells.

    Returns:
        One row an occurrence: sentence, position, word, weight, kl, self_information (the last two are not numbers for
        words too rare in the corpus), and the sentence's completeness_error and steps.
    """
    explained = integrated_gradients(
        SentenceEncoder.load(encoder), sentences, baseline=baseline, tolerance=tolerance, progress=True
    )
    table = occurrence_weights(explained)
    information = word_information(load_corpus(corpus, column=column), min_count=min_count)
    told = information.reindex(table["word"])[["kl", "self_information"]].reset_index(drop=True)
    per_sentence = pd.DataFrame(
        {"completeness_error": [e.completeness_error for e in explained], "steps": [e.steps for e in explained]}
    )
    return table.join(told).join(per_sentence, on="sentence")


def corpus_information(
    corpus: str, *, column: str | None = None, min_count: int = 10, shuffles: int = 3, seed: int = 0
) -> pd.DataFrame:
    """What each word of a corpus tells: `word_information` with its shuffled control, words as a column."""
    sentences = load_corpus(corpus, column=column)
    return word_information(sentences, min_count=min_count, shuffles=shuffles, seed=seed).reset_index()


def measure_completeness(
    encoder: str,
    corpus: str,
    *,
    column: str | None = None,
    baselines: Sequence[Baseline] = ("mask", "pad"),
    rules: Sequence[str],
    steps: Sequence[int],
    max_sentences: int = 16,
    max_words: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """The completeness error of each rule at each number of steps, for a sample of sentences.

    Returns:
        One row a baseline, rule, number of steps and sentence: baseline, rule, steps, sentence, error.
    """
    loaded = SentenceEncoder.load(encoder)
    sample = load_corpus(corpus, column=column).max_words(max_words).sample(max_sentences, seed=seed)
    tables = [
        completeness_errors(loaded, sample.sentences, baseline=baseline, rules=rules, steps=steps).assign(
            baseline=baseline
        )
        for baseline in baselines
    ]
    return pd.concat(tables, ignore_index=True)[["baseline", "rule", "steps", "sentence", "error"]]


def regression(parameters: Mapping[str, Any]) -> Findings:
    """Regress the weights of an encoder's words on their information.

    Args:
        parameters: of the page, by name: encoder, bootstrap, and the fields of `Setup`.

    Returns:
        Tables words (`Setup.weigh_words`) and fits (`regress_by_baseline`); numbers `fit_numbers` and encoder.
    """
    setup, name = from_parameters(Setup, parameters), parameters["encoder"]
    words = setup.weigh_words(SentenceEncoder.load(name))
    fits = regress_by_baseline(words, bootstrap=parameters["bootstrap"], seed=setup.seed)
    return Findings({"encoder": name, **fit_numbers(words, fits)}, {"words": words, "fits": fits})
