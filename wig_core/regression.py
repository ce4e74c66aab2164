"""The regression of word weights on word information."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from wig_core.errors import InputError

Floats = NDArray[np.float64]
Interval = tuple[float, float]
Estimate = tuple[float, float, float]  # a value and the ends of its interval
LEVEL = 0.95
STATISTICS = ("r2", "correlation", "slope")


@dataclass(frozen=True)
class Regression:
    """An ordinary least-squares fit of weight on one quantity, with percentile intervals of a bootstrap over words.

    R² says how much; it is the square of the correlation, which also says in which direction.

    Attributes:
        x: the quantity on the horizontal axis, a column of the information frame.
        r2, r2_interval: share of the variance of the weights that the line explains.
        correlation, correlation_interval: Pearson's, signed.
        slope, slope_interval, intercept: of the line.
        n_words: the words it was fitted to.
    """

    x: str
    r2: float
    r2_interval: Interval
    correlation: float
    correlation_interval: Interval
    slope: float
    slope_interval: Interval
    intercept: float
    n_words: int

    def to_row(self) -> dict[str, float | int | str]:
        """One row of a table: x, each statistic with the ends of its interval (…_low, …_high), intercept, n_words."""
        row: dict[str, float | int | str] = {"x": self.x}
        for name in STATISTICS:
            row[name] = getattr(self, name)
            row[f"{name}_low"], row[f"{name}_high"] = getattr(self, f"{name}_interval")
        return row | {"intercept": self.intercept, "n_words": self.n_words}


def join(weights: pd.DataFrame, information: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The words that have a weight, an information gain and the named quantities, in alphabetical order.

    Words whose quantity is not known (not a number) are left out.

    Raises:
        InputError: fewer than three words are left, a weight is not a number, or a value is infinite.
    """
    for name in columns:
        if name not in information.columns:
            raise InputError(f"information has no column {name!r}; it has {', '.join(information.columns)}")
    joined = weights.join(information, how="inner")
    _check_finite(joined["weight"])
    joined = joined.dropna(subset=["kl", *columns]).sort_index()
    for name in ("kl", *columns):
        _check_finite(joined[name])
    if len(joined) < 3:
        raise InputError(
            f"only {len(joined)} words have both a weight and an information gain; "
            "give more sentences, or a smaller min_count"
        )
    return joined


def _check_finite(values: pd.Series) -> None:
    strange = values[~np.isfinite(values.to_numpy(float))]
    if len(strange):
        raise InputError(
            f"{values.name} of {strange.index[0]!r} is {strange.iloc[0]}, which no line can be fitted to; "
            "mend what it comes from, or leave the word out"
        )


def _check_spread(name: str, values: Floats) -> None:
    with np.errstate(over="ignore"):
        spread = np.ptp(values)
    if spread == 0:
        raise InputError(f"{name} is the same for all {len(values)} words; nothing to regress")
    if not 1e-60 < spread < 1e60:  # its square, times another's, must be a number
        raise InputError(f"{name} varies by {spread:.0e}, which cannot be computed with; give it in another unit")


def regress(
    weights: pd.DataFrame, information: pd.DataFrame, *, x: str = "kl", bootstrap: int = 1000, seed: int = 0
) -> Regression:
    """Fit weight = intercept + slope · x over the words that both frames have.

    Args:
        weights: from `word_weights`.
        information: from `word_information`.
        x: the column of `information` to regress on: "kl", "self_information", "kl_corrected", …
        bootstrap: resamples of words for the 95% intervals.
        seed: of the resampling.

    Raises:
        InputError: see `join`; also where x or the weights do not vary, or by more or less than can be squared.
    """
    joined = join(weights, information, x)
    sample = joined[[x, "weight"]].to_numpy(float)
    for name, values in ((x, sample[:, 0]), ("weight", sample[:, 1])):
        _check_spread(name, values)
    slope, intercept, correlation = _line(sample)
    resampled = np.array([_line(sample[rows]) for rows in resamples(len(sample), bootstrap, seed)]).reshape(-1, 3)
    slopes, correlations = resampled[:, 0], resampled[:, 2]
    return Regression(
        x=x,
        r2=correlation**2,
        r2_interval=interval(correlations**2),
        correlation=correlation,
        correlation_interval=interval(correlations),
        slope=slope,
        slope_interval=interval(slopes),
        intercept=intercept,
        n_words=len(sample),
    )


@dataclass(frozen=True)
class Change:
    """A regression before against after a change, each number with its 95% interval over words and runs.

    Attributes:
        x: the quantity that the weights are regressed on.
        before, after, difference: the mean over runs of each of `STATISTICS`, with the ends of its interval.
        n_words: words that have a weight before and after in every run.
        runs: how often the change was made, with other seeds.
    """

    x: str
    before: dict[str, Estimate]
    after: dict[str, Estimate]
    difference: dict[str, Estimate]
    n_words: int
    runs: int

    def to_row(self) -> dict[str, float | int | str]:
        """One row of a table: x, n_words, runs, and each statistic before, after and their difference, with its ends.

        Columns are named like `r2_before`, `r2_before_low`, `r2_difference_high`.
        """
        row: dict[str, float | int | str] = {"x": self.x, "n_words": self.n_words, "runs": self.runs}
        for name in STATISTICS:
            for side in ("before", "after", "difference"):
                value, low, high = getattr(self, side)[name]
                row |= {f"{name}_{side}": value, f"{name}_{side}_low": low, f"{name}_{side}_high": high}
        return row


def compare(
    before: pd.DataFrame,
    after: Sequence[pd.DataFrame],
    information: pd.DataFrame,
    *,
    x: str = "kl",
    bootstrap: int = 1000,
    seed: int = 0,
) -> Change:
    """How a regression changes: R², correlation and slope before, after, and their difference, paired word by word.

    Every resample draws words, the same before and after, and runs, each with replacement; the intervals are
    percentiles of the resampled means over runs. With a single run they say nothing about other seeds.

    Args:
        before: from `word_weights`, of the same sentences as `after`.
        after: the same from each run.
        information: from `word_information`.
        x: the column of `information` to regress on.
        bootstrap: resamples.
        seed: of the resampling.

    Raises:
        InputError: see `regress`; also no run at all.
    """
    if not after:
        raise InputError("nothing to compare with; give the weights of at least one run")
    joined = [join(weights, information, x) for weights in (before, *after)]
    words = joined[0].index[np.all([joined[0].index.isin(frame.index) for frame in joined], axis=0)]
    quantity = joined[0].loc[words, x].to_numpy(float)
    weights = np.column_stack([frame.loc[words, "weight"].to_numpy(float) for frame in joined])
    if len(words) < 3 or np.ptp(quantity) == 0 or (np.ptp(weights, axis=0) == 0).any():
        raise InputError(
            f"{len(words)} common words, or weights that do not vary: nothing to compare; give more sentences"
        )
    rng = np.random.default_rng(seed)
    statistics = [_statistics(quantity, weights)]
    for _ in range(bootstrap):
        rows = rng.integers(len(words), size=len(words))
        runs = 1 + rng.integers(len(after), size=len(after))
        statistics.append(_statistics(quantity[rows], weights[np.ix_(rows, np.append(0, runs))]))
    measured = np.array(statistics)  # [1 + bootstrap, before or after, statistic]
    sides = {"before": measured[:, 0], "after": measured[:, 1], "difference": measured[:, 1] - measured[:, 0]}
    estimates = {
        side: {name: (float(values[0, i]), *interval(values[1:, i])) for i, name in enumerate(STATISTICS)}
        for side, values in sides.items()
    }
    return Change(x=x, **estimates, n_words=len(words), runs=len(after))


def _statistics(x: Floats, weights: Floats) -> Floats:
    """R², correlation and slope ``[2, 3]`` of the first column of weights, and their means over the others."""
    dx, dy = x - x.mean(), weights - weights.mean(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = dx @ dy / np.sqrt((dx @ dx) * (dy**2).sum(0))
        slope = dx @ dy / (dx @ dx)
    each = np.column_stack([correlation**2, correlation, slope])
    return np.stack([each[0], each[1:].mean(0)])


def r2_of(x: Floats, y: Floats) -> float:
    """R² of the least-squares fit of y ``[n]`` on the columns of x ``[n, k]`` and a constant; 0 for no column."""
    dx, dy = x - x.mean(0), y - y.mean()
    if not x.shape[1]:
        return 0.0
    coefficients, *_ = np.linalg.lstsq(dx, dy, rcond=None)
    return float(1 - ((dy - dx @ coefficients) ** 2).sum() / (dy @ dy))


def partial_r2(weights: pd.DataFrame, information: pd.DataFrame, *, x: str, given: str) -> float:
    """What x explains of the weights that `given` leaves unexplained, as a share of it, in [0, 1].

    Both the weights and x are regressed on `given`; the result is the squared correlation of what is left of them.
    """
    joined = join(weights, information, x, given)
    rest = [_residual(joined[name].to_numpy(float), joined[given].to_numpy(float)) for name in ("weight", x)]
    for name, left in zip(("weight", x), rest, strict=True):
        if left.std() <= 1e-9 * joined[name].std():
            raise InputError(f"{given} leaves nothing of {name} to explain; name another quantity")
    return float(stats.pearsonr(*rest).statistic ** 2)


def _line(sample: Floats) -> tuple[float, float, float]:
    """Slope, intercept and correlation of the points ``[n, 2]``; not numbers where x does not vary."""
    (x, y), (dx, dy) = sample.mean(0), (sample - sample.mean(0)).T
    together, of_x, of_both = dx @ dy, dx @ dx, (dx @ dx) * (dy @ dy)
    slope = together / of_x if of_x else float("nan")
    correlation = together / np.sqrt(of_both) if of_both else float("nan")
    return float(slope), float(y - slope * x), float(correlation)


def _residual(y: Floats, x: Floats) -> Floats:
    slope, intercept, _ = _line(np.column_stack([x, y]))
    return y - intercept - slope * x


def resamples(size: int, times: int, seed: int) -> NDArray[np.int64]:
    """Rows drawn with replacement from so many, ``[times, size]``."""
    return np.random.default_rng(seed).integers(size, size=(times, size))


def interval(values: Floats) -> Interval:
    """The ends of the middle 95% of resampled values; not numbers where there are none."""
    if np.isnan(values).all():
        return (float("nan"), float("nan"))
    low, high = np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return (float(low), float(high))
