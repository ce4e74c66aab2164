"""What a text of any size costs, computed from measured throughput: page 24.

Attribution and training are almost all matrix products with the encoder's weights. So their cost is first a number of
floating-point operations, which depends on the encoder and the sentence, and then a time, which depends on a machine:
operations ÷ operations per second, as `benchmarks/throughput.py` measures them. Counting is timed in sentences per
second; its memory, the distinct pairs of words, grows as a power of the text (Heaps's law, for pairs).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wig_book import units
from wig_book.experiments.rows import Findings, Numbers
from wig_core.errors import InputError

NO_GPU = "no GPU"
METHODS = {"ig": "Integrated Gradients", "shap": "SHAP"}


@dataclass(frozen=True)
class PowerLaw:
    """``y = factor · x ** exponent``.

    Example:
        >>> law = PowerLaw.through([1, 10, 100], [2, 20, 200])
        >>> round(law.factor, 6), round(law.exponent, 6), round(law(1000))
        (2.0, 1.0, 2000)
    """

    factor: float
    exponent: float

    @classmethod
    def through(cls, x: Sequence[float], y: Sequence[float]) -> PowerLaw:
        """Fit the logarithm of y to the logarithm of x by least squares."""
        exponent, intercept = np.polyfit(np.log(x), np.log(y), 1)
        return cls(float(np.exp(intercept)), float(exponent))

    def __call__(self, x: float) -> float:
        """Evaluate the law at x."""
        return float(self.factor * x**self.exponent)


def bytes_of_pairs(pairs: float) -> float:
    """Memory of a sparse table of pair counts: 8 bytes per count, and 4 per column index, 8 from 2³¹ pairs on.

    Example:
        >>> bytes_of_pairs(1000), bytes_of_pairs(2**31)
        (12000, 34359738368)
    """
    return pairs * (12 if pairs < 2**31 else 16)


@dataclass(frozen=True)
class Rate:
    """How fast a machine does work that is matrix products.

    Attributes:
        flops: operations per second.
        share: of the machine's peak in the same precision.
        per_second: sentences of about 20 words, or pairs, per second.
        operations: of a sentence of the text, or of a pair, on average.
    """

    flops: float
    share: float
    per_second: float
    operations: float


@dataclass(frozen=True)
class Throughput:
    """What `benchmarks/throughput.py` has measured.

    Attributes:
        machine: processor, cores, threads, memory, gpu (`NO_GPU` if there was none), torch.
        peak: operations per second of a large matrix product, by precision.
        counting: of `word_information` on the text: sentences, words, seconds, min_count; block, how many sentences are
            counted together; merging, the seconds that adding two tables takes per pair of the sum.
        growth: one row per part of the text: sentences, words, vocabulary, frequent (words of at least min_count
            occurrences), pairs (distinct ones), frequent_pairs (of two frequent words).
        attribution: one row per encoder, method ("ig", "shap", "captum") and precision: sentences, seconds and
            operations of those timed; and of one sentence operations_short, for about 20 words, and operations_text,
            the mean of the text.
        nodes, permutations: behind those two, for Integrated Gradients and for SHAP.
        training: encoder, precision, examples (their name), pairs, seconds and operations of those timed.
    """

    machine: dict[str, str]
    peak: dict[str, float]
    counting: dict[str, float]
    growth: pd.DataFrame
    attribution: pd.DataFrame
    nodes: float
    permutations: int
    training: dict[str, Any]

    @classmethod
    def read(cls, path: str) -> Throughput:
        """Read the file that the benchmark has written.

        Raises:
            InputError: there is no such file, or the benchmark did not write it.
        """
        remedy = "python benchmarks/throughput.py writes one"
        try:
            content = json.loads(Path(path).read_text("utf-8"))
            tables = {name: pd.DataFrame(content.pop(name)) for name in ("growth", "attribution")}
            return cls(**content, **tables)
        except OSError:
            raise InputError(f"throughput {path!r}: cannot be read; {remedy}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"throughput {path!r}: is not a file of the benchmark; {remedy}") from None

    @property
    def pairs(self) -> PowerLaw:
        """Distinct pairs by sentences, over all parts of the text."""
        return PowerLaw.through(self.growth["sentences"], self.growth["pairs"])

    @property
    def encoders(self) -> list[str]:
        """The encoders whose attribution was timed, in order."""
        return list(dict.fromkeys(self.attribution["encoder"]))

    @property
    def words_per_sentence(self) -> float:
        """Mean words per sentence of the text."""
        return self.counting["words"] / self.counting["sentences"]

    def counting_seconds(self, sentences: float, workers: int = 1) -> float:
        """Time to count a text in blocks, which workers share, and to add the blocks up, which they do not.

        Sums of 1, 2, 4, … blocks become sums of twice as many, and each is written again.
        """
        law, block = self.pairs, self.counting["block"]
        reading = sentences * self.counting["seconds"] / self.counting["sentences"] / workers
        doublings = range(1, 1 + math.ceil(math.log2(max(sentences / block, 1))))
        written = sum(sentences / (block * 2**times) * law(block * 2**times) for times in doublings)
        return reading + self.counting["merging"] * written

    def attributing(self, encoder: str, method: str, precision: str) -> Rate:
        """How fast an encoder's sentences are explained."""
        row = self.timed(encoder, method, precision)
        flops = row["operations"] / row["seconds"]
        return Rate(flops, flops / self.peak[precision], flops / row["operations_short"], row["operations_text"])

    def fine_tuning(self) -> Rate:
        """How fast an encoder learns from pairs."""
        timed = self.training
        flops, per_second = (timed[name] / timed["seconds"] for name in ("operations", "pairs"))
        return Rate(flops, flops / self.peak[timed["precision"]], per_second, timed["operations"] / timed["pairs"])

    def captum_ratio(self, encoder: str) -> float:
        """How many times as long captum takes for the Integrated Gradients of the same sentences, in float32."""
        captum, ours = (self.timed(encoder, method, "float32")["seconds"] for method in ("captum", "ig"))
        return float(captum / ours)

    def timed(self, encoder: str, method: str, precision: str) -> pd.Series:
        """One row of `attribution`."""
        return self.attribution.set_index(["encoder", "method", "precision"]).loc[(encoder, method, precision)]


def costs(
    measured: Throughput,
    texts: Mapping[str, float],
    *,
    precision: str = "bfloat16",
    workers: int = 1,
    vocabulary: int = 50_000,
) -> pd.DataFrame:
    """What each kind of work costs on each text, on the machine that was measured.

    Args:
        measured: from the benchmark.
        texts: the number of sentences of each.
        precision: of attribution.
        workers: such machines among which the work is split evenly and without loss, except for adding up counts
            (`Throughput.counting_seconds`).
        vocabulary: words to which the counted pairs are limited in pairs_limited.

    Returns:
        One row per work and text: work, encoder (empty for counting), text, sentences, per_second (sentences of about
        20 words, or pairs), share (of the peak), hours, hours_shared (by the workers), operations; for counting, pairs,
        pairs_limited, memory and memory_limited (bytes) in place of share and operations. Columns that do not apply
        are NaN.

    Raises:
        InputError: a text has no sentences, or there are no workers.
    """
    if not texts or min(texts.values()) <= 0:
        raise InputError(f"texts is {dict(texts)}; give at least one, each of at least one sentence")
    if workers < 1:
        raise InputError(f"workers is {workers}; give at least one")
    works: dict[tuple[str, str], Any] = {("counting", ""): partial(_counting, measured, workers, vocabulary)}
    for encoder in measured.encoders:
        for method, name in METHODS.items():
            works[name, encoder] = partial(_multiplying, measured.attributing(encoder, method, precision), workers)
    works["fine-tuning", measured.training["encoder"]] = partial(_multiplying, measured.fine_tuning(), workers)
    rows = [
        {"work": work, "encoder": encoder, "text": text, "sentences": sentences, **cost(sentences)}
        for (work, encoder), cost in works.items()
        for text, sentences in texts.items()
    ]
    return pd.DataFrame(rows)


def _counting(measured: Throughput, workers: int, vocabulary: int, sentences: float) -> dict[str, float]:
    pairs = measured.pairs(sentences)
    limited = min(pairs, float(vocabulary) ** 2)
    return {
        "per_second": measured.counting["sentences"] / measured.counting["seconds"],
        "hours": measured.counting_seconds(sentences) / units.HOUR,
        "hours_shared": measured.counting_seconds(sentences, workers) / units.HOUR,
        "pairs": pairs,
        "pairs_limited": limited,
        "memory": bytes_of_pairs(pairs),
        "memory_limited": bytes_of_pairs(limited),
    }


def _multiplying(rate: Rate, workers: int, sentences: float) -> dict[str, float]:
    operations = sentences * rate.operations
    hours = operations / rate.flops / units.HOUR
    return {
        "per_second": rate.per_second,
        "share": rate.share,
        "hours": hours,
        "hours_shared": hours / workers,
        "operations": operations,
    }


def cost_table(table: pd.DataFrame) -> pd.DataFrame:
    """The frame of `costs` for display: one line per work, and one column per text with its time and size.

    The time is that of one machine. The size is memory for counting, and operations for all other work.
    """
    first = table.drop_duplicates(["work", "encoder"])
    shown = {
        "per second": [units.count(rate) for rate in first["per_second"]],
        "of peak": ["" if math.isnan(share) else f"{share:.0%}" for share in first["share"]],
    }
    for text, rows in table.groupby("text", sort=False):
        shown[str(text)] = [_time_and_size(row) for row in rows.itertuples()]
    return pd.DataFrame(shown, index=pd.MultiIndex.from_frame(first[["work", "encoder"]]))


def _time_and_size(row: Any) -> str:
    size = units.operations(row.operations) if math.isnan(row.memory) else units.size(row.memory)
    time, size = (text.replace(" ", "\N{NO-BREAK SPACE}") for text in (units.duration(row.hours * units.HOUR), size))
    return f"{time} · {size}"


def scale(parameters: Mapping[str, Any]) -> Findings:
    """Compute what texts of several sizes cost from a file of measured throughput.

    Args:
        parameters: of the page, by name: throughput, texts, precision, workers, vocabulary and occurrences.

    Returns:
        Tables costs, and growth (measured) with pairs_fitted, from the power law; numbers of the machine, of counting
        and of attribution, and workers, vocabulary and occurrences.
    """
    measured = Throughput.read(parameters["throughput"])
    growth = measured.growth.assign(pairs_fitted=measured.growth["sentences"].map(measured.pairs))
    options = {name: parameters[name] for name in ("precision", "workers", "vocabulary")}
    table = costs(measured, parameters["texts"], **options)
    numbers = {
        **measured.machine,
        **{name: parameters[name] for name in ("workers", "vocabulary", "occurrences")},
        **counting_numbers(measured, table),
        **attribution_numbers(measured, table, parameters["occurrences"]),
    }
    return Findings(numbers, {"costs": table, "growth": growth})


def counting_numbers(measured: Throughput, table: pd.DataFrame) -> Numbers:
    """The numbers that prose quotes of counting, from what was measured and the frame of `costs`.

    Returns:
        rate and words_rate (per second), text_sentences, min_count, frequent_share (of the pairs, those of two frequent
        words), exponent of the pairs, and exponent_last, over the last doubling of the text. Of the largest text: its
        name largest, and largest_words, …_powers (of ten, beyond what was measured), …_pairs, …_memory,
        …_memory_limited, …_counting, …_counting_shared, and …_adding, the share of one machine's time in which blocks
        are added up.
    """
    counting, last = measured.counting, measured.growth.iloc[-2:]
    rows = table[table["work"] == "counting"]
    top = rows.loc[rows["sentences"].idxmax()]
    return {
        "rate": top["per_second"],
        "words_rate": counting["words"] / counting["seconds"],
        "text_sentences": int(counting["sentences"]),
        "min_count": int(counting["min_count"]),
        "frequent_share": last["frequent_pairs"].iloc[-1] / last["pairs"].iloc[-1],
        "exponent": measured.pairs.exponent,
        "exponent_last": PowerLaw.through(last["sentences"], last["pairs"]).exponent,
        "largest": top["text"],
        "largest_words": units.count(top["sentences"] * measured.words_per_sentence),
        "largest_powers": float(np.log10(top["sentences"] / counting["sentences"])),
        "largest_pairs": units.count(top["pairs"]),
        "largest_memory": units.size(top["memory"]),
        "largest_memory_limited": units.size(top["memory_limited"]),
        "largest_adding": 1 - top["sentences"] / top["per_second"] / units.HOUR / top["hours"],
        "largest_counting": units.duration(top["hours"] * units.HOUR),
        "largest_counting_shared": units.duration(top["hours_shared"] * units.HOUR),
    }


def attribution_numbers(measured: Throughput, table: pd.DataFrame, occurrences: int) -> Numbers:
    """The numbers that prose quotes of Integrated Gradients, from what was measured and the frame of `costs`.

    Returns:
        nodes, permutations; small and large, the first and the last encoder, and for both share_… (of the peak) and
        captum_…, how many times as long captum takes; mean_to_short, the operations of a mean sentence of the text
        relative to one of about 20 words. With the large encoder: largest_explained and largest_explained_shared, the
        time of the largest text; and of the smallest text sample_sentences, sample_explained, its time, and
        per_million, how often per million words a word must occur to be in it `occurrences` times.
    """
    small, large = measured.encoders[0], measured.encoders[-1]
    rows = table[table["work"] == METHODS["ig"]].set_index("encoder")
    ordered = rows.loc[[large]].sort_values("sentences")
    least, most, timed = ordered.iloc[0], ordered.iloc[-1], measured.timed(large, "ig", "float32")
    return {
        "nodes": measured.nodes,
        "permutations": measured.permutations,
        "small": small,
        "large": large,
        "share_small": rows.loc[[small], "share"].iloc[0],
        "share_large": most["share"],
        "captum_small": measured.captum_ratio(small),
        "captum_large": measured.captum_ratio(large),
        "mean_to_short": timed["operations_text"] / timed["operations_short"],
        "largest_explained": units.duration(most["hours"] * units.HOUR),
        "largest_explained_shared": units.duration(most["hours_shared"] * units.HOUR),
        "sample_sentences": least["sentences"],
        "sample_explained": units.duration(least["hours"] * units.HOUR),
        "per_million": 1e6 * occurrences / (least["sentences"] * measured.words_per_sentence),
    }
