"""Rates: intervals and comparisons agree with scipy and hold what they promise when events are rare."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors.rates import ratio, two_proportions, wilson


def p_of(k: int, n: int, k_reference: int, m: int) -> float:
    return float(two_proportions(*(np.array([x]) for x in (k, n, k_reference, m)))[0])


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_intervals_are_those_of_scipy(pair: tuple[int, int]) -> None:
    k, n = pair
    lower, upper = wilson(np.array([k]), np.array([n]))
    expected = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert lower[0] == pytest.approx(expected.low, abs=1e-9)
    assert upper[0] == pytest.approx(expected.high, abs=1e-9)
    assert 0 <= lower[0] <= k / n <= upper[0] <= 1


def test_no_records_give_no_rate_no_interval_and_no_test() -> None:
    zero, some = np.array([0]), np.array([10])
    assert np.isnan([ratio(zero, zero), *wilson(zero, zero), two_proportions(zero, zero, zero, some)]).all()
    assert np.isnan(two_proportions(zero, some, zero, zero)).all()


@given(st.integers(400, 3000), st.integers(400, 3000), st.floats(0.2, 0.8), st.floats(-0.05, 0.05))
def test_the_square_of_z_is_the_chi_squared_of_the_table_where_counts_are_large(
    n: int, m: int, rate: float, change: float
) -> None:
    k, k_reference = round(n * (rate + change)), round(m * rate)
    table = [[k, n - k], [k_reference, m - k_reference]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert p_of(k, n, k_reference, m) == pytest.approx(expected, rel=1e-6, abs=1e-15)


@pytest.mark.parametrize(
    ("k", "n", "k_reference", "m"),
    [(1, 100, 0, 50_000), (7, 1000, 12, 9000), (0, 500, 40, 20_000), (3, 40, 5, 60)],
)
def test_rare_events_are_compared_by_the_binomial_of_their_split(
    k: int, n: int, k_reference: int, m: int
) -> None:
    split = stats.binom(k + k_reference, n / (n + m))
    expected = min(1.0, 2 * min(split.cdf(k), split.sf(k - 1)))
    assert p_of(k, n, k_reference, m) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("k", "n", "k_reference", "m"),
    [(9, 1000, 12, 50_000), (2, 100, 0, 50_000), (40, 5000, 150, 50_000), (90, 5000, 500, 50_000)],
)
def test_rare_events_get_about_the_p_value_of_fisher(k: int, n: int, k_reference: int, m: int) -> None:
    fisher = stats.fisher_exact([[k, n - k], [k_reference, m - k_reference]], alternative="greater").pvalue
    assert 2 * fisher * 0.9 <= p_of(k, n, k_reference, m) <= 2 * fisher * 1.3


def test_common_events_are_compared_by_what_is_left_of_them() -> None:
    assert p_of(995, 1000, 49_900, 50_000) == pytest.approx(p_of(5, 1000, 100, 50_000), rel=1e-6)


def test_one_missing_value_in_a_hundred_is_no_miracle_where_the_reference_had_none() -> None:
    assert 1e-3 < p_of(1, 100, 0, 50_000) < 1e-2


@pytest.mark.parametrize("rate", [1e-4, 1e-3, 0.01, 0.09, 0.11, 0.3, 0.5, 0.97])
@pytest.mark.parametrize(("n", "m"), [(30, 1_000), (300, 10_000), (5_000, 50_000)])
def test_without_a_change_p_values_are_never_more_frequent_than_they_say(rate: float, n: int, m: int) -> None:
    rng = np.random.default_rng()
    runs = 100_000
    p = two_proportions(
        rng.binomial(n, rate, runs), np.full(runs, n), rng.binomial(m, rate, runs), np.full(runs, m)
    )
    for alpha in (0.05, 0.01, 0.001):
        assert (p <= alpha).sum() <= stats.binom.ppf(1 - 1e-7, runs, 1.15 * alpha)


def test_a_change_of_two_points_is_seen_in_five_thousand_events() -> None:
    rng = np.random.default_rng()
    p = two_proportions(
        rng.binomial(5_000, 0.07, 1000),
        np.full(1000, 5_000),
        rng.binomial(50_000, 0.05, 1000),
        np.full(1000, 50_000),
    )
    assert (p <= 1e-4).mean() > 0.85
