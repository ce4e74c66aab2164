"""Regression: lines worked out by hand, scipy and two-step least squares on random points."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from wig_core.errors import InputError
from wig_core.regression import bootstrap, compare, estimate, interval, join, line, partial_r2, regress

NAN = float("nan")


def frames(x: list[float], weight: list[float], **more: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    words = pd.Index([f"w{index:03}" for index in range(len(x))], name="word")
    return pd.DataFrame({"weight": weight, "occurrences": 1}, words), pd.DataFrame({"kl": x, **more}, words)


def random_frames(number: int = 60, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weights that depend on kl and on self_information, which depend on one another."""
    generator = np.random.default_rng(seed)
    information = generator.gamma(3, size=number)
    kl = 0.7 * information + generator.normal(size=number)
    weight = 2 + 0.5 * kl - 0.3 * information + generator.normal(size=number)
    return frames(kl, weight, self_information=information)


# ── by hand ──


def test_a_perfect_line() -> None:
    fit = regress(*frames([0.0, 1.0, 2.0, 5.0], [3.0, 5.0, 7.0, 13.0]))
    assert (fit.x, fit.n_words) == ("kl", 4)
    assert (fit.slope, fit.intercept) == pytest.approx((2.0, 3.0))
    assert (fit.r2, fit.correlation) == pytest.approx((1.0, 1.0))
    assert (*fit.r2_interval, *fit.correlation_interval) == pytest.approx((1.0, 1.0, 1.0, 1.0))
    assert fit.slope_interval == pytest.approx((2.0, 2.0))


def test_a_falling_line() -> None:
    fit = regress(*frames([0.0, 1.0, 2.0], [1.0, 0.5, 0.0]))
    assert (fit.slope, fit.intercept, fit.correlation, fit.r2) == pytest.approx((-0.5, 1.0, -1.0, 1.0))


def test_a_scatter_by_hand() -> None:
    # x = 1, 2, 3 and y = 1, 3, 2: the means are 2 and 2, Sxx = 2, Syy = 2, Sxy = (-1)(-1) + 0 + (1)(0) = 1.
    # The slope is 1 / 2, the intercept 2 - 2 / 2 = 1, the correlation 1 / √(2 · 2) = 1 / 2, R² = 1 / 4.
    fit = regress(*frames([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]))
    assert (fit.slope, fit.intercept, fit.correlation, fit.r2) == pytest.approx((0.5, 1.0, 0.5, 0.25))


def test_no_relation_by_hand() -> None:
    fit = regress(*frames([-1.0, 0.0, 1.0], [1.0, 0.0, 1.0]))
    assert (fit.slope, fit.correlation, fit.r2) == pytest.approx((0.0, 0.0, 0.0))
    assert fit.intercept == pytest.approx(2 / 3)


def test_partial_r2_by_hand() -> None:
    # given = (-1, -1, 1, 1) and x = (-2, 0, 0, 2): x on given has slope 1, which leaves (-1, 1, -1, 1) of x.
    # y = (-2, -2, 2, 4) on given has slope (2 + 2 + 2 + 4) / 4 = 2.5 and mean ½, which leaves (0, 0, -1, 1) of y.
    # The correlation of what is left is (1 + 1) / √(4 · 2); its square is ½.
    given_ = [-1.0, -1.0, 1.0, 1.0]
    weights, information = frames([-2.0, 0.0, 0.0, 2.0], [-2.0, -2.0, 2.0, 4.0], self_information=given_)
    assert partial_r2(weights, information, x="kl", given="self_information") == pytest.approx(0.5)


# ── against scipy and numpy ──


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=3, max_size=12))
def test_against_scipy(points: list[tuple[float, float]]) -> None:
    x, y = (np.round(column, 3).tolist() for column in zip(*points, strict=True))
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)
    fit, expected = regress(*frames(x, y), bootstrap=50), stats.linregress(x, y)
    assert fit.slope == pytest.approx(expected.slope, abs=1e-8)
    assert fit.intercept == pytest.approx(expected.intercept, abs=1e-6)
    assert fit.correlation == pytest.approx(expected.rvalue, abs=1e-8)
    assert fit.r2 == pytest.approx(expected.rvalue**2, abs=1e-8)


def residual(y: np.ndarray, *columns: np.ndarray) -> np.ndarray:
    design = np.column_stack([np.ones_like(y), *columns])
    return y - design @ np.linalg.lstsq(design, y)[0]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("x", "given_"), [("kl", "self_information"), ("self_information", "kl")])
def test_partial_r2_against_least_squares(x: str, given_: str, seed: int) -> None:
    weights, information = random_frames(seed=seed)
    found = partial_r2(weights, information, x=x, given=given_)
    y, of_x, of_given = weights["weight"].to_numpy(), information[x].to_numpy(), information[given_].to_numpy()
    rest_y, rest_x = residual(y, of_given), residual(of_x, of_given)
    assert found == pytest.approx((rest_y @ rest_x) ** 2 / ((rest_y @ rest_y) * (rest_x @ rest_x)))
    reduced, full = (1 - rest.var() / y.var() for rest in (rest_y, residual(y, of_given, of_x)))
    assert found == pytest.approx((full - reduced) / (1 - reduced))


def test_partial_r2_separates_two_causes() -> None:
    generator = np.random.default_rng(0)
    information = generator.normal(size=500)
    kl = information + 0.5 * generator.normal(size=500)
    weights, table = frames(kl, information + 0.1 * generator.normal(size=500), self_information=information)
    assert regress(weights, table, x="kl", bootstrap=1).r2 > 0.7  # only because it is correlated with the other
    assert partial_r2(weights, table, x="kl", given="self_information") < 0.02
    assert partial_r2(weights, table, x="self_information", given="kl") > 0.9


# ── the bootstrap ──


def test_the_intervals_are_decided_by_the_seed() -> None:
    one, again, other = (regress(*random_frames(), seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one.r2_interval != other.r2_interval
    assert (one.r2, one.slope) == (other.r2, other.slope)


def test_the_intervals_hold_the_estimates() -> None:
    fit = regress(*random_frames(200))
    for name in ("r2", "correlation", "slope"):
        low, high = getattr(fit, f"{name}_interval")
        assert low < getattr(fit, name) < high


def test_the_interval_of_the_slope_is_as_wide_as_theory_says() -> None:
    weights, information = random_frames(300)
    fit = regress(weights, information, bootstrap=4000)
    expected = stats.linregress(information["kl"], weights["weight"])
    ends = (expected.slope - 1.96 * expected.stderr, expected.slope + 1.96 * expected.stderr)
    assert fit.slope_interval == pytest.approx(ends, abs=0.2 * expected.stderr)


def test_more_words_make_it_narrower() -> None:
    widths = [np.ptp(regress(*random_frames(number)).r2_interval) for number in (50, 800)]
    assert widths[1] < widths[0] / 2


def test_no_bootstrap() -> None:
    fit = regress(*random_frames(), bootstrap=0)
    assert fit.r2 == pytest.approx(regress(*random_frames()).r2)
    assert np.isnan([*fit.r2_interval, *fit.correlation_interval, *fit.slope_interval]).all()


def test_bootstrap_draws_rows_and_then_runs() -> None:
    generator = np.random.default_rng(7)
    expected = [(generator.integers(5, size=5), generator.integers(2, size=2)) for _ in range(3)]
    drawn = bootstrap(lambda rows, runs: [*rows, *runs], 5, resamples=3, seed=7, runs=2)
    assert drawn.tolist() == [[*rows, *runs] for rows, runs in expected]
    rows = bootstrap(lambda rows: rows, 5, resamples=3, seed=7)
    assert rows.tolist() == np.random.default_rng(7).integers(5, size=(3, 5)).tolist()


def test_bootstrap_goes_on_from_a_generator() -> None:
    generator = np.random.default_rng(7)
    halves = [bootstrap(lambda rows: rows, 4, resamples=2, seed=generator) for _ in range(2)]
    assert np.concatenate(halves).tolist() == bootstrap(lambda rows: rows, 4, resamples=4, seed=7).tolist()


def test_estimate_has_the_shape_of_the_statistic() -> None:
    numbers = np.arange(12.0).reshape(6, 2)
    value, low, high = estimate(lambda rows: np.stack([numbers[rows].mean(0)] * 3), 6, resamples=50)
    assert value.tolist() == [[5.0, 6.0]] * 3
    draws = bootstrap(lambda rows: numbers[rows, 0].mean(), 6, resamples=50)
    assert (low[0, 0], high[0, 0]) == interval(draws)
    assert np.isnan(estimate(lambda rows: numbers[rows, 0].mean(), 6, resamples=0)[1:]).all()


@pytest.mark.filterwarnings("error")
def test_three_words_of_which_a_resample_may_draw_one() -> None:
    fit = regress(*frames([0.0, 1.0, 3.0], [1.0, 0.0, 4.0]), bootstrap=200)
    assert np.isfinite([*fit.r2_interval, *fit.slope_interval]).all()


# ── as an object ──


def test_a_regression_is_one_line_and_keeps_its_words() -> None:
    weights, information = random_frames()
    fit = regress(weights, information, x="self_information")
    low, high = fit.r2_interval
    assert repr(fit) == f"<Regression: R² {fit.r2:.2f} [{low:.2f}, {high:.2f}] over 60 words, x=self_information>"
    pd.testing.assert_frame_equal(fit.words, join(weights, information, "self_information"))
    assert hash(fit) == hash(regress(weights, information, x="self_information"))


def test_a_line_that_does_not_vary() -> None:
    assert np.isnan(line([1, 1, 1], [1, 2, 3])).all()
    assert line([1, 2, 3], [2, 2, 2])[:2] == (0.0, 2.0)
    assert np.isnan(line([1, 2, 3], [2, 2, 2]).correlation)


# ── what is joined ──


def test_only_common_words_with_both_numbers_count() -> None:
    weights = pd.DataFrame({"weight": [1.0, 2.0, 3.0, 4.0, 5.0]}, ["d", "c", "b", "a", "only here"])
    information = pd.DataFrame({"kl": [1.0, NAN, 3.0, 4.0, 5.0], "count": 1}, ["a", "b", "c", "d", "only there"])
    joined = join(weights, information)
    assert joined.index.tolist() == ["a", "c", "d"]
    assert joined["weight"].tolist() == [4.0, 2.0, 1.0]
    assert joined["kl"].tolist() == [1.0, 3.0, 4.0]
    assert regress(weights, information).n_words == 3


def test_the_order_of_words_changes_nothing() -> None:
    weights, information = random_frames()
    assert regress(weights.sample(frac=1, random_state=0), information[::-1]) == regress(weights, information)


def test_words_without_the_quantity_are_left_out() -> None:
    weights, information = random_frames()
    information["kl_corrected"] = information["kl"]
    information.loc["w000", "kl_corrected"] = NAN
    fit = regress(weights, information, x="kl_corrected")
    assert fit.n_words == 59
    assert fit.r2 == pytest.approx(regress(weights.drop("w000"), information, x="kl").r2)


# ── errors ──


def test_an_unknown_quantity() -> None:
    with pytest.raises(InputError, match="information has no column 'pmi'; it has kl, self_information"):
        regress(*random_frames(), x="pmi")


@pytest.mark.parametrize("arguments", [{"x": "pmi", "given": "kl"}, {"x": "kl", "given": "pmi"}])
def test_an_unknown_quantity_of_partial_r2(arguments: dict[str, str]) -> None:
    with pytest.raises(InputError, match="information has no column 'pmi'"):
        partial_r2(*random_frames(), **arguments)


@pytest.mark.parametrize("number", [0, 2])
def test_too_few_words(number: int) -> None:
    with pytest.raises(InputError, match=f"only {number} words have both a weight and an information gain"):
        regress(*frames([1.0, 2.0][:number], [1.0, 3.0][:number]))


def test_what_does_not_vary() -> None:
    with pytest.raises(InputError, match="kl is the same for all 3 words; nothing to regress"):
        regress(*frames([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]))
    with pytest.raises(InputError, match="weight is the same for all 3 words; nothing to regress"):
        regress(*frames([1.0, 2.0, 3.0], [1.0, 1.0, 1.0]))


def test_nothing_is_left_to_explain() -> None:
    # x is a multiple of what is given: only rounding is left of it, whose correlation would be any number.
    weights, information = random_frames()
    information["bits"] = information["kl"] / np.log(2)
    try:
        found = partial_r2(weights, information, x="bits", given="kl")
    except InputError:
        return
    assert np.isnan(found) or found < 1e-6


# ── before against after ──


def test_compare_by_hand_without_noise() -> None:
    before, information = frames([1, 2, 3, 4], [4, 3, 2, 1])
    after, _ = frames([1, 2, 3, 4], [2, 4, 6, 8])
    change = compare(before, [after, after], information, bootstrap=0)
    assert change.before["correlation"][0] == pytest.approx(-1)
    assert change.after["correlation"][0] == pytest.approx(1)
    assert change.difference["correlation"][0] == pytest.approx(2)
    assert change.difference["r2"][0] == pytest.approx(0)  # R² is blind to it
    assert change.difference["slope"][0] == pytest.approx(3)
    assert (change.n_words, change.runs) == (4, 2)


def test_compare_agrees_with_regress_on_either_side() -> None:
    before, information = random_frames(seed=1)
    runs = [random_frames(seed=seed)[0] for seed in (2, 3)]
    change = compare(before, runs, information, bootstrap=0)
    for name in ("r2", "correlation", "slope"):
        assert change.before[name][0] == pytest.approx(getattr(regress(before, information, bootstrap=0), name))
        each = [getattr(regress(run, information, bootstrap=0), name) for run in runs]
        assert change.after[name][0] == pytest.approx(np.mean(each))


def test_no_change_has_no_interval() -> None:
    before, information = random_frames()
    change = compare(before, [before], information, bootstrap=50)
    assert change.difference["r2"] == pytest.approx((0, 0, 0))
    assert change.before["r2"][1] < change.before["r2"][0] < change.before["r2"][2]


def test_pairing_makes_the_interval_of_a_small_change_narrow() -> None:
    before, information = random_frames()
    after = before.assign(weight=before["weight"] + 0.1 * information["kl"])
    _, low, high = compare(before, [after], information, bootstrap=300).difference["correlation"]
    own = regress(before, information, bootstrap=300).correlation_interval
    assert 0 < low < high
    assert high - low < 0.5 * (own[1] - own[0])


def test_runs_that_differ_widen_the_interval() -> None:
    before, information = random_frames()
    same = before.assign(weight=before["weight"] + 0.5 * information["kl"])
    other = before.assign(weight=before["weight"] - 0.5 * information["kl"])
    widths = []
    for runs in ([same, same], [same, other]):
        _, low, high = compare(before, runs, information, bootstrap=300).difference["correlation"]
        widths.append(high - low)
    assert widths[1] > 2 * widths[0]


def test_compare_takes_the_words_that_all_have() -> None:
    before, information = random_frames()
    assert compare(before, [before.iloc[5:], before.iloc[:-5]], information, bootstrap=0).n_words == len(before) - 10


def test_compare_refuses_nothing_to_compare() -> None:
    before, information = random_frames()
    with pytest.raises(InputError, match="at least one run"):
        compare(before, [], information)
    with pytest.raises(InputError, match="do not vary"):
        compare(before, [before.assign(weight=1.0)], information)
