"""What a text of any size costs, from what a machine has been seen to do.

Attribution and training are almost all matrix products with the encoder's weights. So their cost is first a number of
floating-point operations, which belongs to the encoder and the sentence, and then a time, which belongs to a machine:
operations ÷ operations a second, as `benchmarks/throughput.py` measures them. Counting is timed in sentences a second;
what it holds in memory, the different pairs of words, grows as a power of the text (Heaps's law, for pairs).
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

from wig_core.errors import InputError

HOUR = 3600.0


NO_GPU = "no GPU"


METHODS = {"ig": "Integrated Gradients", "shap": "SHAP"}


COUNTS = {"million": 1e6, "billion": 1e9, "trillion": 1e12}


DURATIONS = {"s": 1.0, "min": 60.0, "h": HOUR, "days": 24 * HOUR, "years": 365.25 * 24 * HOUR}


OPERATIONS = {f"{prefix}FLOP": 1000.0**power for power, prefix in enumerate("MGTPEZY", start=2)}


BYTES = {f"{prefix}iB": 1024.0**power for power, prefix in enumerate("MGTPEZY", start=2)}


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
        """The line nearest to the points in their logarithms."""
        exponent, intercept = np.polyfit(np.log(x), np.log(y), 1)
        return cls(float(np.exp(intercept)), float(exponent))

    def __call__(self, x: float) -> float:
        """The y of an x."""
        return float(self.factor * x**self.exponent)


def bytes_of_pairs(pairs: float) -> float:
    """Memory of a sparse table of pair counts: eight bytes a count, and four a column, eight from 2³¹ pairs on.

    Example:
        >>> bytes_of_pairs(1000), bytes_of_pairs(2**31)
        (12000, 34359738368)
    """
    return pairs * (12 if pairs < 2**31 else 16)


@dataclass(frozen=True)
class Rate:
    """How fast a machine does work that is matrix products.

    Attributes:
        per_second: operations a second.
        share: of the machine's peak in the same precision.
        a_second: sentences of about 20 words, or pairs, a second.
        operations: of a sentence of the text, or of a pair, on average.
    """

    per_second: float
    share: float
    a_second: float
    operations: float


@dataclass(frozen=True)
class Throughput:
    """What `benchmarks/throughput.py` has measured.

    Attributes:
        machine: processor, cores, threads, memory, gpu (`NO_GPU` where there was none), torch.
        peak: operations a second of a large matrix product, by precision.
        counting: of `word_information` on the text: sentences, words, seconds, min_count; block, sentences that are
            counted together, and merging, the seconds that adding two tables takes for each pair of the sum.
        growth: one row a part of the text: sentences, words, vocabulary, frequent (words of at least min_count
            occurrences), pairs (different ones), frequent_pairs (of two frequent words).
        attribution: one row an encoder, method ("ig", "shap", "captum") and precision: sentences, seconds and
            operations of those timed; for one sentence operations_short, of about 20 words, and operations_text, the
            text's mean.
        nodes, permutations: of these two, for Integrated Gradients and for SHAP.
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
        """From the file.

        Raises:
            InputError: there is no such file, or it is not one of the benchmark's.
        """
        remedy = "python benchmarks/throughput.py makes one"
        try:
            told = json.loads(Path(path).read_text("utf-8"))
            tables = {name: pd.DataFrame(told.pop(name)) for name in ("growth", "attribution")}
            return cls(**told, **tables)
        except OSError:
            raise InputError(f"throughput {path!r} is no file that can be read; {remedy}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"throughput {path!r} is not what the benchmark writes; {remedy}") from None

    @property
    def pairs(self) -> PowerLaw:
        """Different pairs by sentences, over all parts of the text."""
        return PowerLaw.through(self.growth["sentences"], self.growth["pairs"])

    @property
    def encoders(self) -> list[str]:
        """Those whose attribution was timed, in order."""
        return list(dict.fromkeys(self.attribution["encoder"]))

    @property
    def words_a_sentence(self) -> float:
        """Of the text, on average."""
        return self.counting["words"] / self.counting["sentences"]

    def counting_seconds(self, sentences: float, workers: int = 1) -> float:
        """Time to count a text in blocks, shared by the workers, and to add them up, which is not.

        Sums of 1, 2, 4, … blocks become sums of twice as many, and each is written anew.
        """
        law, block = self.pairs, self.counting["block"]
        reading = sentences * self.counting["seconds"] / self.counting["sentences"] / workers
        doublings = range(1, 1 + math.ceil(math.log2(max(sentences / block, 1))))
        written = sum(sentences / (block * 2**times) * law(block * 2**times) for times in doublings)
        return reading + self.counting["merging"] * written

    def attributing(self, encoder: str, method: str, precision: str) -> Rate:
        """How fast an encoder's sentences are explained."""
        row = self.timed(encoder, method, precision)
        per_second = row["operations"] / row["seconds"]
        share, a_second = per_second / self.peak[precision], per_second / row["operations_short"]
        return Rate(per_second, share, a_second, row["operations_text"])

    def fine_tuning(self) -> Rate:
        """How fast pairs are learnt from."""
        told = self.training
        per_second, a_second = (told[name] / told["seconds"] for name in ("operations", "pairs"))
        share = per_second / self.peak[told["precision"]]
        return Rate(per_second, share, a_second, told["operations"] / told["pairs"])

    def captum_ratio(self, encoder: str) -> float:
        """How many times as long captum takes for the Integrated Gradients of the same sentences, in float32."""
        seconds = [self.timed(encoder, method, "float32")["seconds"] for method in ("captum", "ig")]
        return float(seconds[0] / seconds[1])

    def timed(self, encoder: str, method: str, precision: str) -> pd.Series:
        """A row of `attribution`."""
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
        texts: sentences of each.
        precision: of attribution.
        workers: machines like it, among which the work is split evenly and without loss; all but the adding up of
            counts (`Throughput.counting_seconds`).
        vocabulary: words to which the counted pairs are limited in pairs_limited.

    Returns:
        One row a work and text: work, encoder (empty for counting), text, sentences, a_second (sentences of about 20
        words, or pairs), share (of the peak), hours, hours_shared (by the workers), operations; for counting instead
        pairs, pairs_limited, memory and memory_limited (bytes). What does not apply is not a number.

    Raises:
        InputError: a text without sentences, or no workers.
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
        "a_second": measured.counting["sentences"] / measured.counting["seconds"],
        "hours": measured.counting_seconds(sentences) / HOUR,
        "hours_shared": measured.counting_seconds(sentences, workers) / HOUR,
        "pairs": pairs,
        "pairs_limited": limited,
        "memory": bytes_of_pairs(pairs),
        "memory_limited": bytes_of_pairs(limited),
    }


def _multiplying(rate: Rate, workers: int, sentences: float) -> dict[str, float]:
    operations = sentences * rate.operations
    hours = operations / rate.per_second / HOUR
    return {
        "a_second": rate.a_second,
        "share": rate.share,
        "hours": hours,
        "hours_shared": hours / workers,
        "operations": operations,
    }


def readable(value: float, units: Mapping[str, float]) -> str:
    """A number in the largest of some units that it fills, else in the smallest.

    Example:
        >>> readable(7200, DURATIONS), readable(3.2e19, OPERATIONS), readable(0.5, DURATIONS)
        ('2.0 h', '32 EFLOP', '0.5 s')
    """
    name = [name for name, size in units.items() if value >= size or size == min(units.values())][-1]
    number = value / units[name]
    return f"{number:,.{0 if number >= 9.95 else 1}f} {name}"


def readable_costs(table: pd.DataFrame) -> pd.DataFrame:
    """The frame of `costs` as text: a line a work; a column a text, with the time on one machine and its size.

    The size is memory for counting, and operations for all other work.
    """
    keys = ["work", "encoder"]
    first = table.drop_duplicates(keys).set_index(keys)
    shown = pd.DataFrame(
        {
            "a second": [f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}" for rate in first["a_second"]],
            "of peak": [f"{share:.0%}" if share == share else "" for share in first["share"]],
        },
        index=first.index,
    )
    for text, rows in table.groupby("text", sort=False):
        shown[text] = [_time_and_size(row) for row in rows.itertuples()]
    return shown


def _time_and_size(row: Any) -> str:
    counted = row.memory == row.memory
    size = readable(row.memory, BYTES) if counted else readable(row.operations, OPERATIONS)
    time, size = (text.replace(" ", "\u00a0") for text in (readable(row.hours * HOUR, DURATIONS), size))
    return f"{time} · {size}"


def scale_headline(measured: Throughput, table: pd.DataFrame, *, occurrences: int = 10) -> dict[str, float | int | str]:
    """The numbers that prose quotes.

    Args:
        measured: from the benchmark.
        table: from `costs`.
        occurrences: of a word that are enough to weigh it.

    Returns:
        Where it was measured: processor, cores, threads, torch, gpu, and gpu_said, a sentence on it. Then the numbers
        of `_counted`, `_explained` and `_sampled`.
    """
    without = "No GPU was at hand: nothing on this page was measured on one, and no number is given for one."
    gpu = measured.machine["gpu"]
    said = without if gpu == NO_GPU else f"Attribution and training ran on a GPU, {gpu}; counting never does."
    return {
        **{name: measured.machine[name] for name in ("processor", "cores", "threads", "torch", "gpu")},
        "gpu_said": said,
        **_counted(measured, table),
        **_explained(measured, table),
        **_sampled(measured, table, occurrences),
    }


def _counted(measured: Throughput, table: pd.DataFrame) -> dict[str, float | int | str]:
    """Of counting: rate and words_rate (a second), text_sentences, words_a_sentence, min_count, frequent_share (of the
    pairs, of two frequent words), exponent of the pairs, exponent_last over the last doubling, and bend, to which side
    an extrapolation then errs. Of the largest text its name, largest, and largest_sentences, …_words, …_powers (of ten,
    beyond what was measured), …_pairs, …_memory, …_memory_limited, …_counting, …_counting_shared and …_adding, the
    share of one machine's time in which blocks are added up.
    """
    told, last = measured.counting, measured.growth.iloc[-2:]
    rows = table[table["work"] == "counting"]
    top = rows.loc[rows["sentences"].idxmax()]
    exponent, exponent_last = measured.pairs.exponent, PowerLaw.through(last["sentences"], last["pairs"]).exponent
    return {
        "rate": top["a_second"],
        "words_rate": told["words"] / told["seconds"],
        "text_sentences": int(told["sentences"]),
        "words_a_sentence": measured.words_a_sentence,
        "min_count": int(told["min_count"]),
        "frequent_share": last["frequent_pairs"].iloc[-1] / last["pairs"].iloc[-1],
        "exponent": exponent,
        "exponent_last": exponent_last,
        "bend": "high" if exponent_last < exponent else "low",
        "largest": top["text"],
        "largest_sentences": top["sentences"],
        "largest_words": readable(top["sentences"] * measured.words_a_sentence, COUNTS),
        "largest_powers": float(np.log10(top["sentences"] / told["sentences"])),
        "largest_pairs": readable(top["pairs"], COUNTS),
        "largest_memory": readable(top["memory"], BYTES),
        "largest_memory_limited": readable(top["memory_limited"], BYTES),
        "largest_adding": 1 - top["sentences"] / top["a_second"] / HOUR / top["hours"],
        "largest_counting": readable(top["hours"] * HOUR, DURATIONS),
        "largest_counting_shared": readable(top["hours_shared"] * HOUR, DURATIONS),
    }


def _explained(measured: Throughput, table: pd.DataFrame) -> dict[str, float | int | str]:
    """Of attribution: nodes, permutations; the first encoder, small, and the last, large, and for both share_… (of the
    peak, Integrated Gradients) and captum_…, how many times as long captum takes; mean_to_short, the operations of a
    mean sentence of the text to those of one of about 20 words; and the largest text explained by the large one,
    largest_explained and largest_explained_shared.
    """
    rows = table[table["work"] == METHODS["ig"]]
    top = rows[rows["encoder"] == measured.encoders[-1]].sort_values("sentences").iloc[-1]
    numbers: dict[str, float | int | str] = {"nodes": measured.nodes, "permutations": measured.permutations}
    for size, encoder in (("small", measured.encoders[0]), ("large", measured.encoders[-1])):
        numbers |= {
            size: encoder,
            f"share_{size}": rows.loc[rows["encoder"] == encoder, "share"].iloc[0],
            f"captum_{size}": measured.captum_ratio(encoder),
        }
    row = measured.timed(measured.encoders[-1], "ig", "float32")
    return numbers | {
        "mean_to_short": row["operations_text"] / row["operations_short"],
        "largest_explained": readable(top["hours"] * HOUR, DURATIONS),
        "largest_explained_shared": readable(top["hours_shared"] * HOUR, DURATIONS),
    }


def _sampled(measured: Throughput, table: pd.DataFrame, occurrences: int) -> dict[str, float | int | str]:
    """Of the smallest text: its name, sample, sample_sentences, sample_explained (by the large encoder), and
    per_million, how often in a million words a word must occur to be met in it `occurrences` times.
    """
    rows = table[(table["work"] == METHODS["ig"]) & (table["encoder"] == measured.encoders[-1])]
    least = rows.loc[rows["sentences"].idxmin()]
    return {
        "sample": least["text"],
        "sample_sentences": least["sentences"],
        "sample_explained": readable(least["hours"] * HOUR, DURATIONS),
        "per_million": 1e6 * occurrences / (least["sentences"] * measured.words_a_sentence),
    }
