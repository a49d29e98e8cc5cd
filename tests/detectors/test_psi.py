"""PSI: its value by definition, and the distribution it has when nothing drifts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from detectors.groups import decile_groups, group_counts
from detectors.psi import RECORDS_PER_GROUP, enough_for_psi, psi, psi_terms

SIMULATIONS = 20_000
pairs = hnp.arrays(np.int64, st.tuples(st.just(2), st.integers(1, 12)), elements=st.integers(0, 1000))


def by_definition(reference: list[int], window: list[int]) -> float:
    held = [(a, b) for a, b in zip(reference, window, strict=True) if a or b]
    m, n, B = sum(reference), sum(window), len(held)
    shares = [((a + 0.5) / (m + B / 2), (b + 0.5) / (n + B / 2)) for a, b in held]
    return math.fsum((p - q) * math.log(p / q) for p, q in shares)


@given(pairs)
def test_the_value_is_that_of_the_definition_and_the_sum_of_its_terms(pair: np.ndarray) -> None:
    result = psi(pair[0], pair[1])
    if not pair.sum(axis=1).all():
        assert np.isnan(result.value)
        assert np.isnan(result.p_value)
        return
    assert result.value == pytest.approx(by_definition(*pair.tolist()), rel=1e-9, abs=1e-15)
    terms = psi_terms(pair[0], pair[1])
    assert terms.min() >= 0
    assert result.value == pytest.approx(terms.sum())


@given(pairs)
def test_reference_and_window_may_change_places(pair: np.ndarray) -> None:
    np.testing.assert_allclose(psi(pair[0], pair[1]), psi(pair[1], pair[0]), rtol=1e-12)


@given(pairs)
def test_groups_that_neither_side_holds_change_nothing(pair: np.ndarray) -> None:
    filled = np.concatenate((pair, np.zeros((2, 3), np.int64)), axis=1)
    np.testing.assert_allclose(psi(pair[0], pair[1]), psi(filled[0], filled[1]), rtol=1e-12)


def test_p_value_and_bound_are_those_of_the_scaled_chi_squared() -> None:
    reference, window = np.array([500, 300, 200]), np.array([41, 30, 29])
    spread = 1 / 1000 + 1 / 100
    result = psi(reference, window)
    assert result.p_value == pytest.approx(stats.chi2.sf(result.value / spread, 2))
    assert result.null_bound == pytest.approx(spread * stats.chi2.isf(0.001, 2))


def test_a_single_group_cannot_drift() -> None:
    assert [float(x) for x in psi(np.array([5000]), np.array([400]))] == [0.0, 1.0, 0.0]


def test_matrices_give_what_their_rows_give() -> None:
    rng = np.random.default_rng()
    a, b = rng.integers(0, 50, (2, 3, 4, 6))
    together = psi(a, b)
    for place in np.ndindex(3, 4):
        np.testing.assert_allclose([x[place] for x in together], psi(a[place], b[place]))


@pytest.mark.parametrize(("n", "m"), [(200, 2_000), (1_000, 10_000), (5_000, 5_000)])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_without_drift_p_values_are_as_rare_as_they_say(n: int, m: int, alpha: float) -> None:
    rng = np.random.default_rng()
    fine = np.full(100, 0.01)
    reference, window = rng.multinomial(m, fine, SIMULATIONS), rng.multinomial(n, fine, SIMULATIONS)
    groups = decile_groups(reference)
    p = psi(group_counts(reference, groups), group_counts(window, groups)).p_value
    # The true rate may be off by a quarter; a binomial count leaves that by chance once in a million runs.
    low, high = stats.binom.ppf([5e-7, 1 - 5e-7], SIMULATIONS, [0.75 * alpha, 1.25 * alpha])
    assert low <= (p <= alpha).sum() <= high


def test_without_drift_one_window_in_a_thousand_passes_the_null_bound() -> None:
    rng = np.random.default_rng()
    window, reference = (rng.multinomial(size, np.full(10, 0.1), SIMULATIONS) for size in (1_000, 20_000))
    result = psi(reference, window)
    passed = int((result.value > result.null_bound).sum())
    assert passed <= stats.binom.ppf(1 - 1e-6, SIMULATIONS, 0.0015)
    assert passed >= 1


def test_a_shift_of_a_tenth_of_a_standard_deviation_is_seen_in_five_thousand_events() -> None:
    edges = stats.norm.ppf(np.arange(0.1, 1.0, 0.1))
    shares = np.diff(stats.norm.cdf(np.concatenate(([-np.inf], edges, [np.inf])), loc=0.1))
    rng = np.random.default_rng()
    window, reference = (
        rng.multinomial(5_000, shares, 2_000),
        rng.multinomial(50_000, np.full(10, 0.1), 2_000),
    )
    assert (psi(reference, window).p_value <= 1e-3).mean() > 0.85


def test_enough_means_twenty_records_a_group_on_both_sides() -> None:
    m, n = np.array([200, 199, 5000, 200]), np.array([200, 5000, 199, 200])
    groups = np.array([10, 10, 10, 11])
    assert RECORDS_PER_GROUP == 20
    assert enough_for_psi(m, n, groups).tolist() == [True, False, False, False]
