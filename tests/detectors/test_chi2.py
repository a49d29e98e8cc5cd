"""Chi-squared: as scipy has it, an effect free of sizes, and a p-value that holds for sparse groups too."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from detectors.chi2 import EXPECTED_MIN, chi2, pearson
from detectors.psi import psi
from detectors.rates import two_proportions

SIMULATIONS = 20_000
pairs = hnp.arrays(np.int64, st.tuples(st.just(2), st.integers(1, 12)), elements=st.integers(0, 1000))


def table(pair: np.ndarray) -> np.ndarray:
    assume(pair.sum(axis=1).all())
    return pair[:, pair.any(axis=0)]


@given(pairs)
def test_pearson_is_that_of_scipy(pair: np.ndarray) -> None:
    expected = stats.chi2_contingency(table(pair), correction=False)
    result = pearson(*pair)
    assert result.statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    assert result.freedom == expected.dof


@given(pairs)
def test_the_effect_squared_is_the_statistic_over_the_sizes(pair: np.ndarray) -> None:
    a, b = table(pair)
    result = pearson(a, b)
    assert result.value**2 == pytest.approx(result.statistic * (1 / a.sum() + 1 / b.sum()), abs=1e-12)
    cramer = stats.contingency.association(np.array([a, b]), method="cramer") if len(a) > 1 else 0
    n, m = b.sum(), a.sum()
    assert cramer == pytest.approx(result.value * np.sqrt(n * m) / (n + m), abs=1e-9)


@given(pairs)
def test_without_sparse_groups_the_test_is_pearsons(pair: np.ndarray) -> None:
    kept = table(pair)
    assume((stats.contingency.expected_freq(kept) >= EXPECTED_MIN).all())
    for found, expected in zip(chi2(*pair), pearson(*pair), strict=True):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(pairs, st.integers(0, 2**32 - 1))
def test_sides_and_groups_may_change_places_and_empty_groups_change_nothing(
    pair: np.ndarray, seed: int
) -> None:
    table(pair)
    for other in (
        pair[::-1],
        np.random.default_rng(seed).permutation(pair, axis=1),
        np.pad(pair, (0, 1))[:2],
    ):
        for found, expected in zip(chi2(*other), chi2(*pair), strict=True):
            assert found == pytest.approx(expected, rel=1e-6, abs=1e-9, nan_ok=True)


@given(pairs)
def test_an_empty_side_says_nothing(pair: np.ndarray) -> None:
    result = chi2(pair[0], np.zeros_like(pair[1]))
    assert np.isnan([result.value, result.p_value, result.null_bound, result.statistic]).all()


@pytest.mark.parametrize("times", [1, 10, 100])
def test_the_effect_of_the_same_shares_does_not_grow_with_the_samples(times: int) -> None:
    shares = np.array([500, 300, 200]), np.array([400, 300, 300])
    once, more = pearson(*shares), pearson(shares[0] * times, shares[1] * times)
    assert more.value == pytest.approx(once.value)
    assert more.statistic == pytest.approx(times * once.statistic)


def test_near_no_drift_the_effect_squared_is_psi() -> None:
    reference, window = np.array([50_000, 30_000, 20_000]), np.array([4_950, 3_010, 2_040])
    assert chi2(reference, window).value ** 2 == pytest.approx(psi(reference, window).value, rel=0.01)


def test_a_sparse_group_and_the_rest_are_two_independent_tests() -> None:
    reference, window = np.array([30_000, 20_000, 4, 0]), np.array([3_000, 1_800, 1, 3])
    few = float(two_proportions(*map(np.array, (4, 4_804, 4, 50_004))))
    rest = stats.chi2_contingency([[30_000, 20_000], [3_000, 1_800]], correction=False).pvalue
    result = chi2(reference, window)
    assert result.p_value == pytest.approx(2 * min(few, rest))
    assert np.isnan(result.null_bound)


def test_a_new_category_is_seen_at_once_even_where_the_reference_held_nothing_else() -> None:
    assert chi2(np.array([50_000, 0]), np.array([990, 10])).p_value < 1e-12
    assert chi2(np.array([50_000, 0]), np.array([1_000, 0])).p_value == 1
    assert chi2(np.array([50_000, 0]), np.array([999, 1])).p_value > 0.01


@pytest.mark.parametrize(
    "likely",
    [[0.1] * 10, [0.6, 0.3, 0.0995, 0.0005], [0.6, 0.3999, 0.0001], [0.99, 0.01], [0.99995, 0.00005]],
    ids=["deciles", "sparse", "sparser", "rare", "constant"],
)
@pytest.mark.parametrize(("n", "m"), [(200, 2_000), (1_000, 1_000), (5_000, 50_000)])
def test_without_drift_p_values_are_at_most_as_frequent_as_they_say(
    likely: list[float], n: int, m: int
) -> None:
    rng = np.random.default_rng()
    result = chi2(rng.multinomial(m, likely, SIMULATIONS), rng.multinomial(n, likely, SIMULATIONS))
    for alpha in (0.05, 0.01):
        # The true rate may be above by a quarter; a binomial count leaves that by chance once in a million.
        assert (result.p_value <= alpha).sum() <= stats.binom.ppf(1 - 1e-6, SIMULATIONS, 1.25 * alpha)
    passed = (result.value > result.null_bound).sum()
    assert passed <= stats.binom.ppf(1 - 1e-6, SIMULATIONS, 0.0015)


def test_of_deciles_p_values_are_as_frequent_as_they_say() -> None:
    rng = np.random.default_rng()
    window, reference = (rng.multinomial(size, [0.1] * 10, SIMULATIONS) for size in (1_000, 20_000))
    low, high = stats.binom.ppf([5e-7, 1 - 5e-7], SIMULATIONS, [0.0075, 0.0125])
    assert low <= (chi2(reference, window).p_value <= 0.01).sum() <= high


def test_taking_the_reference_for_the_truth_would_reject_far_too_often() -> None:
    rng = np.random.default_rng()
    window, reference = (rng.multinomial(2_000, [0.1] * 10, SIMULATIONS) for _ in range(2))
    one_sample = stats.chisquare(window, np.maximum(reference, 1), axis=1, sum_check=False).pvalue
    assert (one_sample <= 0.05).mean() > 0.3
    assert (chi2(reference, window).p_value <= 0.05).mean() < 0.06
