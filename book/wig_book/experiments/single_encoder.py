"""One encoder and one text: pages 01 to 04. The function of a page has its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from wig_book.experiments.rows import Findings, Numbers, fit_numbers, regress_by_baseline
from wig_book.experiments.setup import Setup, from_parameters
from wig_core.attribution.integrated_gradients import completeness_errors, integrated_gradients
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.information.word_information import word_information as measure_information
from wig_core.word_weights import occurrence_weights


def word_weights(parameters: Mapping[str, Any]) -> Findings:
    """Weigh every word of a few sentences, beside its information in a corpus.

    Args:
        parameters: of the page, by name: encoder, sentences, baseline, and the fields of `Setup`.

    Returns:
        Table occurrences, one row per occurrence: sentence, position, word, weight, kl and self_information (NaN for
        words too rare in the corpus), and the sentence's completeness_error and steps. Numbers: sentences,
        worst_error, most_steps, heaviest and lightest (words).
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
        {"completeness_error": [e.completeness_error for e in explained], "steps": [e.steps for e in explained]}
    )
    words = words.join(information).join(per_sentence, on="sentence")
    numbers: Numbers = {
        "sentences": words["sentence"].nunique(),
        "worst_error": words["completeness_error"].max(),
        "most_steps": words["steps"].max(),
        "heaviest": words.loc[words["weight"].idxmax(), "word"],
        "lightest": words.loc[words["weight"].idxmin(), "word"],
    }
    return Findings(numbers, {"occurrences": words})


def word_information(parameters: Mapping[str, Any]) -> Findings:
    """Measure the information of every word of a corpus, beside that of shuffled corpora.

    Args:
        parameters: of the page, by name: shuffles, and the fields of `Setup`.

    Returns:
        Table words: word, and the columns of `wig_core.word_information`. Numbers: words; correlation_kl_self and
        correlation_corrected_self, correlations with self-information; share_shuffled, the share of the mean KL that
        shuffled corpora have too; of the most frequent word frequent_word, frequent_kl and frequent_shuffled.
    """
    setup = from_parameters(Setup, parameters)
    words = measure_information(
        setup.whole, min_count=setup.min_count, shuffles=parameters["shuffles"], seed=setup.seed
    ).reset_index()
    correlations = words[["kl", "kl_corrected", "self_information"]].corr()["self_information"]
    numbers: Numbers = {
        "words": len(words),
        "correlation_kl_self": correlations["kl"],
        "correlation_corrected_self": correlations["kl_corrected"],
        "share_shuffled": words["kl_shuffled"].mean() / words["kl"].mean(),
        "frequent_word": words["word"][0],
        "frequent_kl": words["kl"][0],
        "frequent_shuffled": words["kl_shuffled"][0],
    }
    return Findings(numbers, {"words": words})


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
    return Findings({"encoder": name, **fit_numbers(words, fits)}, {"words": words, "fits": fits})


def completeness(parameters: Mapping[str, Any]) -> Findings:
    """Measure the completeness error of quadrature rules at numbers of steps, on a sample of sentences.

    Args:
        parameters: of the page, by name: encoder, rules, steps, and the fields of `Setup`.

    Returns:
        Table errors, one row per baseline, rule, number of steps and sentence: baseline, rule, steps, sentence, error.
        Numbers: baseline (the first), tolerance, first_rule; under the first baseline, fewest steps and error_fewest,
        the median error of the first rule there, most steps and the medians error_most of best_rule and
        worst_error_most of worst_rule there; all_within, how many steps of the first rule bring all sentences below
        the tolerance under all baselines.
    """
    setup, rules, steps = from_parameters(Setup, parameters), parameters["rules"], parameters["steps"]
    encoder = SentenceEncoder.load(parameters["encoder"])
    tables = [
        completeness_errors(encoder, setup.sentences, baseline=baseline, rules=rules, steps=steps).assign(
            baseline=baseline
        )
        for baseline in setup.baselines
    ]
    errors = pd.concat(tables, ignore_index=True)[["baseline", "rule", "steps", "sentence", "error"]]
    medians, fewest, most = median_errors(errors), min(steps), max(steps)
    worst = errors[errors["rule"] == rules[0]].groupby("steps")["error"].max()
    within = worst.index[worst < setup.tolerance]
    numbers: Numbers = {
        "baseline": setup.baselines[0],
        "tolerance": setup.tolerance,
        "best_rule": medians[most].idxmin(),
        "first_rule": rules[0],
        "fewest": fewest,
        "error_fewest": medians.loc[rules[0], fewest],
        "most": most,
        "error_most": medians[most].min(),
        "worst_rule": medians[most].idxmax(),
        "worst_error_most": medians[most].max(),
        "all_within": str(within[0]) if len(within) else f"more than {most}",
    }
    return Findings(numbers, {"errors": errors})


def median_errors(errors: pd.DataFrame) -> pd.DataFrame:
    """The median error over sentences under the first baseline: one row per rule, one column per number of steps.

    Args:
        errors: the table of `completeness`.
    """
    of_first = errors[errors["baseline"] == errors["baseline"].iloc[0]]
    return of_first.pivot_table(index="rule", columns="steps", values="error", aggfunc="median")
