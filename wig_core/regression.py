"""The regression of word weights on word information, and the bootstrap behind every interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from wig_core.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Interval = tuple[float, float]
Estimate = tuple[float, float, float]  # a value and the ends of its 95% interval
Statistic = Callable[..., ArrayLike]  # of rows, and perhaps runs
Seed = int | np.random.Generator
LEVEL = 0.95
STATISTICS = ("r2", "correlation", "slope")


class Line(NamedTuple):
    """The least-squares line ``y = intercept + slope · x``, and Pearson's correlation of x and y."""

    slope: float
    intercept: float
    correlation: float

    @property
    def r2(self) -> float:
        """The share of the variance of y that the line explains."""
        return self.correlation * self.correlation


def line(x: ArrayLike, y: ArrayLike) -> Line:
    """Fit the least-squares line of y ``[n]`` on x ``[n]``.

    Where x does not vary, all three numbers are NaN; where y does not, the correlation is.

    Example:
        >>> line([1, 2, 3], [1, 3, 2])
        Line(slope=0.5, intercept=1.0, correlation=0.5)
    """
    points = np.column_stack([x, y]).astype(float)
    (mean_x, mean_y), (dx, dy) = points.mean(0), (points - points.mean(0)).T
    xy, xx, xx_yy = dx @ dy, dx @ dx, (dx @ dx) * (dy @ dy)
    slope = xy / xx if xx else float("nan")
    correlation = xy / np.sqrt(xx_yy) if xx_yy else float("nan")
    return Line(float(slope), float(mean_y - slope * mean_x), float(correlation))


def r2_of(x: Floats, y: Floats) -> float:
    """R² of the least-squares fit of y ``[n]`` on the columns of x ``[n, k]`` and a constant; 0 if k is 0."""
    dx, dy = x - x.mean(0), y - y.mean()
    if not x.shape[1]:
        return 0.0
    coefficients, *_ = np.linalg.lstsq(dx, dy, rcond=None)
    return float(1 - ((dy - dx @ coefficients) ** 2).sum() / (dy @ dy))


def bootstrap(statistic: Statistic, size: int, *, resamples: int, seed: Seed = 0, runs: int | None = None) -> Floats:
    """Compute a statistic on resamples: rows, and runs if there are several, drawn with replacement.

    Args:
        statistic: a function of the drawn rows, indices ``[size]``, that returns a number or an array; with `runs` also
            of the drawn runs, indices ``[runs]``.
        size: how many rows there are to draw from, such as words or sentences.
        resamples: how often to draw.
        seed: of the random numbers; a generator continues from its current state.
        runs: how many runs there are, such as trainings with different seeds.

    Returns:
        The values ``[resamples, ...]``; their `interval` is the 95% interval of a statistic that is a number.

    Example:
        >>> heights = np.array([1.0, 2.0, 4.0])
        >>> interval(bootstrap(lambda rows: heights[rows].mean(), 3, resamples=1000))
        (1.0, 4.0)
    """
    rng = np.random.default_rng(seed)
    sizes = [n for n in (size, runs) if n is not None]
    return np.array([statistic(*(rng.integers(n, size=n) for n in sizes)) for _ in range(resamples)], dtype=float)


def estimate(
    statistic: Statistic, size: int, *, resamples: int, seed: Seed = 0, runs: int | None = None
) -> tuple[Floats, Floats, Floats]:
    """Compute a statistic on all rows and runs, and the ends of its 95% interval; the arguments are `bootstrap`'s.

    Example:
        >>> heights = np.array([1.0, 2.0, 4.0])
        >>> value, low, high = estimate(lambda rows: heights[rows].max(), 3, resamples=1000)
        >>> float(low), float(value), float(high)
        (1.0, 4.0, 4.0)
    """
    everything = [np.arange(n) for n in (size, runs) if n is not None]
    value = np.asarray(statistic(*everything), dtype=float)
    drawn = bootstrap(statistic, size, resamples=resamples, seed=seed, runs=runs).reshape(resamples, *value.shape)
    low, high = np.apply_along_axis(interval, 0, drawn)
    return value, low, high


def interval(values: Floats) -> Interval:
    """The ends of the middle 95% of resampled values ``[resamples]``; NaN if there are none."""
    if np.isnan(values).all():
        return (float("nan"), float("nan"))
    low, high = np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return (float(low), float(high))


@dataclass(frozen=True)
class Regression:
    """An ordinary least-squares fit of weight on one quantity, with 95% intervals from a bootstrap over words.

    Attributes:
        x: the quantity on the horizontal axis, a column of the information frame.
        r2, r2_interval: the share of the variance of the weights that the line explains, and the ends of its interval.
        correlation, correlation_interval: Pearson's, whose sign says whether weights rise or fall with x.
        slope, slope_interval, intercept: of the line, in units of weight per unit of x, and of weight.
        n_words: how many words it was fitted to.
        words: these words, from `join`: a frame indexed by word, with weight and the columns of the information.
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
    words: pd.DataFrame = field(compare=False)

    def __repr__(self) -> str:
        low, high = self.r2_interval
        return f"<Regression: R² {self.r2:.2f} [{low:.2f}, {high:.2f}] over {self.n_words} words, x={self.x}>"

    def to_row(self) -> dict[str, float | int | str]:
        """One row of a table: x, each statistic with the ends of its interval (…_low, …_high), intercept, n_words."""
        row: dict[str, float | int | str] = {"x": self.x}
        for name in STATISTICS:
            row[name] = getattr(self, name)
            row[f"{name}_low"], row[f"{name}_high"] = getattr(self, f"{name}_interval")
        return row | {"intercept": self.intercept, "n_words": self.n_words}

    def plot(self, *, label: int = 12) -> Figure:
        """Draw the words as points, about `label` of them named, and the fitted line; needs the extra `plot`."""
        from wig_core.plotting import weights_against_information

        words = self.words.rename_axis("word").reset_index()
        return weights_against_information(words, pd.DataFrame([self.to_row()]), label=label)


def join(weights: pd.DataFrame, information: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Join the words that have a weight, an information gain and the named quantities.

    Args:
        weights: from `word_weights`.
        information: from `word_information`.
        columns: quantities besides "kl", columns of `information`; words for which one of them is NaN are left out.

    Returns:
        The columns of both frames, indexed by word, in alphabetical order.

    Raises:
        InputError: fewer than three words are left, a weight is NaN, a value is infinite, or a column is unknown.
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
        few = f"only {len(joined)} words have both a weight and an information gain"
        raise InputError(f"{few}; give more sentences, or a smaller min_count")
    return joined


def _check_finite(values: pd.Series) -> None:
    strange = values[~np.isfinite(values.to_numpy(float))]
    if len(strange):
        what = f"{values.name} of {strange.index[0]!r} is {strange.iloc[0]}"
        raise InputError(f"{what}, which no line can be fitted to; fix the input, or leave the word out")


def _check_spread(name: str, values: Floats) -> None:
    with np.errstate(over="ignore"):
        spread = np.ptp(values)
    if spread == 0:
        raise InputError(f"{name} is the same for all {len(values)} words; nothing to regress")
    if not 1e-60 < spread < 1e60:  # its square, times another's, must be finite
        raise InputError(f"{name} varies by {spread:.0e}, too little or too much; give it in another unit")


def regress(
    weights: pd.DataFrame, information: pd.DataFrame, *, x: str = "kl", bootstrap: int = 1000, seed: int = 0
) -> Regression:
    """Fit weight = intercept + slope · x over the words that both frames have.

    Args:
        weights: from `word_weights`.
        information: from `word_information`.
        x: the column of `information` to regress on: "kl", "self_information", "kl_corrected", …
        bootstrap: how many resamples of words give the 95% intervals; with 0 the intervals are NaN.
        seed: of the resampling.

    Raises:
        InputError: fewer than three words have both numbers, a number is not finite, x is no column of `information`,
            or x or the weights do not vary.

    Example:
        >>> words = pd.Index(["a", "cat", "the"])
        >>> weights = pd.DataFrame({"weight": [1.0, 3.0, 2.0]}, words)
        >>> regress(weights, pd.DataFrame({"kl": [1.0, 2.0, 3.0]}, words), bootstrap=100)
        <Regression: R² 0.25 [0.25, 1.00] over 3 words, x=kl>
    """
    joined = join(weights, information, x)
    quantity, weight = (joined[name].to_numpy(float) for name in (x, "weight"))
    for name, values in ((x, quantity), ("weight", weight)):
        _check_spread(name, values)
    estimates = estimate(
        lambda rows: _statistics(quantity[rows], weight[rows]), len(joined), resamples=bootstrap, seed=seed
    )
    numbers: dict[str, Any] = {"intercept": line(quantity, weight).intercept, "n_words": len(joined), "words": joined}
    for name, (value, *ends) in _by_name(*estimates).items():
        numbers |= {name: value, f"{name}_interval": tuple(ends)}
    return Regression(x=x, **numbers)


def _statistics(x: Floats, y: Floats) -> list[float]:
    fit = line(x, y)
    return [getattr(fit, name) for name in STATISTICS]


def _by_name(value: Floats, low: Floats, high: Floats) -> dict[str, Estimate]:
    return dict(zip(STATISTICS, zip(value.tolist(), low.tolist(), high.tolist(), strict=True), strict=True))


def partial_r2(weights: pd.DataFrame, information: pd.DataFrame, *, x: str, given: str) -> float:
    """The share of the variance of the weights left by `given` that x explains, in [0, 1].

    Both the weights and x are regressed on `given`; the result is the squared correlation of their residuals.

    Args:
        weights: from `word_weights`.
        information: from `word_information`.
        x: the column of `information` whose share is wanted.
        given: the column whose share is taken out first.

    Raises:
        InputError: as in `join`; or `given` explains the weights or x wholly.
    """
    joined = join(weights, information, x, given)
    residuals = []
    for name in ("weight", x):
        values, known = joined[name].to_numpy(float), joined[given].to_numpy(float)
        fit = line(known, values)
        residuals.append(values - fit.intercept - fit.slope * known)
        if residuals[-1].std() <= 1e-9 * joined[name].std():
            raise InputError(f"{given} leaves nothing of {name} to explain; name another quantity")
    return line(*residuals).r2


@dataclass(frozen=True)
class Change:
    """A regression before and after a change, with 95% intervals from a bootstrap over words and runs.

    Attributes:
        x: the quantity that the weights are regressed on.
        before, after, difference: for each of `STATISTICS` the mean over runs, and the ends of its interval.
        n_words: how many words have a weight before and after in every run.
        runs: how often the change was made, with different seeds.
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
    percentiles of the resampled means over runs. A single run's intervals do not cover the choice of seed.

    Args:
        before: from `word_weights`.
        after: for each run, from `word_weights` of the same sentences.
        information: from `word_information`.
        x: the column of `information` to regress on.
        bootstrap: how many resamples of words and runs give the 95% intervals; with 0 the intervals are NaN.
        seed: of the resampling.

    Raises:
        InputError: as in `regress`; or `after` is empty.
    """
    if not after:
        raise InputError("after is empty; give the weights of at least one run")
    joined = [join(weights, information, x) for weights in (before, *after)]
    words = joined[0].index[np.all([joined[0].index.isin(frame.index) for frame in joined], axis=0)]
    quantity = joined[0].loc[words, x].to_numpy(float)
    weights = [frame.loc[words, "weight"].to_numpy(float) for frame in joined]
    if len(words) < 3 or any(np.ptp(values) == 0 for values in (quantity, *weights)):
        raise InputError(f"{len(words)} common words, or weights that do not vary; give more sentences")

    def sides(rows: NDArray[np.int64], runs: NDArray[np.int64]) -> Floats:
        first, *others = (_statistics(quantity[rows], weights[i][rows]) for i in (0, *(1 + runs)))
        mean = np.mean(others, axis=0)
        return np.stack([first, mean, mean - first])

    found = zip(*estimate(sides, len(words), resamples=bootstrap, seed=seed, runs=len(after)), strict=True)
    first, last, difference = (_by_name(*of_side) for of_side in found)
    return Change(x, first, last, difference, n_words=len(words), runs=len(after))
