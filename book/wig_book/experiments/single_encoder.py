"""One encoder and one text: pages 01 to 03. The function of a page has its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from wig_book.experiments.rows import Findings, Numbers, fit_numbers, regress_by_baseline
from wig_book.experiments.setup import Setup, from_parameters
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.information.word_information import word_information as measure_information
from wig_core.word_weights import occurrence_weights

SHOWN = 1000  # sentences of a corpus that a figure may show: 0.2 MB


def word_weights(parameters: Mapping[str, Any]) -> Findings:
    """Weigh every word of a few sentences, beside its information in a corpus.

    Args:
        parameters: of the page, by name: encoder, sentences, baseline, and the fields of `Setup`.

    Returns:
        Table occurrences, one row per occurrence: sentence, position, word, weight, kl and self_information (NaN for
        words too rare in the corpus), and the sentence's estimated_error and steps, the intervals of its path; and
        `occurrence_numbers`.
    """
    setup = from_parameters(Setup, parameters)
    explained = integrated_gradients(
        SentenceEncoder.load(parameters["encoder"]),
        parameters["sentences"],
        baseline=parameters["baseline"],
        tolerance=setup.tolerance,
        progress=True,
    )
    words = occurrence_weights(explained)
    information = setup.information.reindex(words["word"])[["kl", "self_information"]].reset_index(drop=True)
    per_sentence = pd.DataFrame(
        {"estimated_error": [e.estimated_error for e in explained], "steps": [e.steps for e in explained]}
    )
    words = words.join(information).join(per_sentence, on="sentence")
    return Findings(occurrence_numbers(words), {"occurrences": words})


def occurrence_numbers(words: pd.DataFrame) -> Numbers:
    """The numbers that prose quotes of `word_weights`: sentences, worst_error, most_steps, heaviest and lightest."""
    return {
        "sentences": words["sentence"].nunique(),
        "worst_error": words["estimated_error"].max(),
        "most_steps": words["steps"].max(),
        "heaviest": words.loc[words["weight"].idxmax(), "word"],
        "lightest": words.loc[words["weight"].idxmin(), "word"],
    }


def word_information(parameters: Mapping[str, Any]) -> Findings:
    """Measure the information of every word of a corpus, beside that of shuffled corpora.

    Args:
        parameters: of the page, by name: shuffles, and the fields of `Setup`.

    Returns:
        Table words: word, and the columns of `wig_core.word_information`; and `information_numbers`.
    """
    setup = from_parameters(Setup, parameters)
    words = measure_information(
        setup.whole, min_count=setup.min_count, shuffles=parameters["shuffles"], seed=setup.seed
    ).reset_index()
    return Findings(information_numbers(words), {"words": words}, setup.whole.sample(SHOWN, seed=setup.seed).sentences)


def information_numbers(words: pd.DataFrame) -> Numbers:
    """The numbers that prose quotes of `word_information`.

    Returns:
        words; correlation_kl_self and correlation_corrected_self, correlations with self-information; share_shuffled,
        the share of the mean KL that shuffled corpora have too; of the most frequent word frequent_word, frequent_kl
        and frequent_shuffled.
    """
    correlations = words[["kl", "kl_corrected", "self_information"]].corr()["self_information"]
    return {
        "words": len(words),
        "correlation_kl_self": correlations["kl"],
        "correlation_corrected_self": correlations["kl_corrected"],
        "share_shuffled": words["kl_shuffled"].mean() / words["kl"].mean(),
        "frequent_word": words["word"][0],
        "frequent_kl": words["kl"][0],
        "frequent_shuffled": words["kl_shuffled"][0],
    }


def regression(parameters: Mapping[str, Any]) -> Findings:
    """Regress the weights of an encoder's words on their information.

    Args:
        parameters: of the page, by name: encoder, bootstrap, and the fields of `Setup`.

    Returns:
        Tables words (`Setup.weigh_words`) and fits (`regress_by_baseline`); numbers encoder and `fit_numbers`.
    """
    setup, name = from_parameters(Setup, parameters), parameters["encoder"]
    words = setup.weigh_words(SentenceEncoder.load(name))
    fits = regress_by_baseline(words, bootstrap=parameters["bootstrap"], seed=setup.seed)
    numbers = {"encoder": name, **fit_numbers(words, fits)}
    return Findings(numbers, {"words": words, "fits": fits}, setup.sentences)
