"""What a page calls: one function, one tidy table out. It composes the rooms and computes nothing itself."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from wig_core.attribution.contributions import Baseline, Precision
from wig_core.attribution.integrated_gradients import completeness_errors, integrated_gradients
from wig_core.attribution.method import Attribution
from wig_core.corpora import load_corpus
from wig_core.encoders import SentenceEncoder
from wig_core.information import word_information
from wig_core.regression import join, partial_r2, regress
from wig_core.tables import bracketed, readable
from wig_core.weighting import occurrence_weights, word_weights

QUANTITIES = {"kl": "self_information", "self_information": "kl"}  # each, and the other that is held fixed


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


def inform(
    corpus: str, *, column: str | None = None, min_count: int = 10, shuffles: int = 3, seed: int = 0
) -> pd.DataFrame:
    """What each word of a corpus tells: `word_information` with its shuffled control, words as a column."""
    sentences = load_corpus(corpus, column=column)
    return word_information(sentences, min_count=min_count, shuffles=shuffles, seed=seed).reset_index()


def weigh_corpus(
    encoder: str,
    corpus: str,
    *,
    column: str | None = None,
    baselines: Sequence[Baseline] = ("mask", "pad"),
    max_sentences: int = 60,
    max_words: int | None = None,
    tolerance: float = 0.01,
    precision: Precision = "float32",
    min_count: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """Weigh the words of a sample of sentences under each baseline, beside what the whole corpus says they tell.

    Returns:
        One row a baseline and word: baseline, word, weight, occurrences, the columns of `word_information`, and of the
        baseline's run: sentences, missed (how many are not within the tolerance) and worst_error.
    """
    loaded = SentenceEncoder.load(encoder)
    whole = load_corpus(corpus, column=column)
    information = word_information(whole, min_count=min_count)
    sample = whole.up_to(max_words).sample(max_sentences, seed=seed)
    tables = []
    for baseline in baselines:
        attribution = Attribution(baseline=baseline, tolerance=tolerance, precision=precision)
        explained = attribution.explain_once(loaded, sample.sentences, progress=True)
        errors = pd.Series([one.completeness_error for one in explained])
        table = join(word_weights(explained), information).reset_index()
        table.insert(0, "baseline", baseline)
        tables.append(
            table.assign(sentences=len(sample), missed=int((errors > tolerance).sum()), worst_error=errors.max())
        )
    return pd.concat(tables, ignore_index=True)


def regress_by_baseline(words: pd.DataFrame, *, bootstrap: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Regress the weights of `weigh_corpus` on each quantity.

    Returns:
        One row a baseline and quantity: r2, correlation and slope with the ends of their 95% intervals (…_low, …_high),
        intercept, n_words, and partial_r2, what the quantity explains where the other is held fixed.
    """
    rows = []
    for baseline, table in words.groupby("baseline", sort=False):
        frame = table.set_index("word")
        weights, information = frame[["weight"]], frame[["kl", "self_information"]]
        for x, given in QUANTITIES.items():
            fit = regress(weights, information, x=x, bootstrap=bootstrap, seed=seed)
            row: dict[str, object] = {"baseline": baseline, "x": x}
            for name in ("r2", "correlation", "slope"):
                row[name] = getattr(fit, name)
                row[f"{name}_low"], row[f"{name}_high"] = getattr(fit, f"{name}_interval")
            row |= {"intercept": fit.intercept, "n_words": fit.n_words}
            rows.append(row | {"partial_r2": partial_r2(weights, information, x=x, given=given)})
    return pd.DataFrame(rows)


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
    sample = load_corpus(corpus, column=column).up_to(max_words).sample(max_sentences, seed=seed)
    tables = [
        completeness_errors(loaded, sample.sentences, baseline=baseline, rules=rules, steps=steps).assign(
            baseline=baseline
        )
        for baseline in baselines
    ]
    return pd.concat(tables, ignore_index=True)[["baseline", "rule", "steps", "sentence", "error"]]


def readable_fits(fits: pd.DataFrame, keys: Sequence[str] = ("baseline", "x")) -> pd.DataFrame:
    """Fits as text, intervals in brackets.

    Args:
        fits: from `regress_by_baseline`, or others that have the columns of a `Regression`.
        keys: the columns that name a row.
    """
    columns = {
        "R²": bracketed(fits, "r2"),
        "correlation": bracketed(fits, "correlation", "+.2f"),
        **({"slope": bracketed(fits, "slope", ".3g")} if "slope" in fits else {}),
    }
    others = {"partial_r2": ("partial R²", ".3f"), "norm": ("length", ".2f"), "lee": ("lee", ".2f")}
    for name, (heading, form) in (others | {"n_words": ("words", "d")}).items():
        if name in fits:
            columns[heading] = [f"{value:{form}}" for value in fits[name]]
    return readable(fits, keys, columns)


def headline(words: pd.DataFrame, fits: pd.DataFrame) -> dict[str, float | int | str]:
    """The numbers that prose quotes of `weigh_corpus` and `regress_by_baseline`: of the first baseline, by quantity.

    Returns:
        baseline, words, sentences, share_once (of its words, those that occur once in the sample); r2, correlation and
        partial_r2 with the suffix _kl or _self, the former two also with _low and _high before it; direction, whether
        the weights surely rise or fall with both quantities; missed and worst_error, over all baselines.
    """
    baseline = words["baseline"].iloc[0]
    first, of_first = words[words["baseline"] == baseline], fits[fits["baseline"] == baseline].set_index("x")
    quoted = [f"{name}{end}" for name in ("r2", "correlation") for end in ("", "_low", "_high")] + ["partial_r2"]
    per_baseline = words.groupby("baseline").first()
    return {
        "baseline": str(baseline),
        "words": len(first),
        "sentences": int(first["sentences"].iloc[0]),
        "share_once": float((first["occurrences"] == 1).mean()),
        "missed": int(per_baseline["missed"].sum()),
        "worst_error": float(per_baseline["worst_error"].max()),
        "direction": _direction(of_first["correlation_low"].min(), of_first["correlation_high"].max()),
        **{
            f"{name}_{short}": float(of_first.loc[x, name])
            for x, short in (("kl", "kl"), ("self_information", "self"))
            for name in quoted
        },
    }


def _direction(lowest: float, highest: float) -> str:
    if lowest > 0:
        return "rises"
    return "falls" if highest < 0 else "neither surely rises nor surely falls"
