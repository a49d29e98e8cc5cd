"""KS from counts: the statistic of the samples lies between the bounds, and the p-value is scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors.fields import NumericField
from detectors.ks import ks, ks_p_value
from detectors.totals.numeric import numeric_cells

few = st.integers(-6, 6).map(float)
samples = st.lists(st.one_of(few, st.floats(-10, 10)), min_size=1, max_size=40)


def counted(field: NumericField, values: list[float]) -> np.ndarray:
    return np.bincount(numeric_cells(field, np.array(values)), minlength=field.cells)[1:-2]


def exact(a: list[float], b: list[float]) -> float:
    with np.errstate(all="ignore"):  # its p-value, which is not asked for, divides by zero
        return float(stats.ks_2samp(a, b, method="asymp").statistic)


@given(samples, samples, st.lists(few, max_size=8, unique=True))
def test_the_statistic_of_the_samples_lies_between_the_bounds(
    a: list[float], b: list[float], edges: list[float]
) -> None:
    field = NumericField("x", np.array(sorted(edges), np.float64))
    result = ks(counted(field, a), counted(field, b))
    assert result.lower - 1e-12 <= exact(a, b) <= result.upper + 1e-12
    assert 0 <= result.lower <= result.upper <= 1 + 1e-12


@given(samples, samples)
def test_with_an_edge_at_every_distinct_value_the_lower_bound_is_the_statistic(
    a: list[float], b: list[float]
) -> None:
    field = NumericField("x", np.unique(np.array([*a, *b]) + 0.0))
    assert ks(counted(field, a), counted(field, b)).lower == pytest.approx(exact(a, b), abs=1e-12)


def test_an_empty_side_gives_nothing() -> None:
    nothing, something = np.zeros(4, np.int64), np.array([1, 2, 3, 4])
    for pair in ((nothing, something), (something, nothing), (nothing, nothing)):
        assert all(np.isnan(x) for x in ks(*pair))


def test_equal_samples_have_distance_zero_and_p_value_one() -> None:
    result = ks(np.array([10, 20, 30]), np.array([1, 2, 3]))
    assert (float(result.lower), float(result.p_value)) == (0.0, 1.0)


@pytest.mark.parametrize(("n", "close"), [(30, 5e-4), (100, 2e-4), (1_000, 5e-5)])
def test_p_values_are_those_of_the_exact_distribution(n: int, close: float) -> None:
    D = np.linspace(0.3, 2.2, 60) / np.sqrt(n)
    np.testing.assert_allclose(ks_p_value(D, np.full(60, float(n))), stats.kstwo.sf(D, n), atol=close)


def test_small_p_values_at_usual_sizes_are_right_to_two_percent() -> None:
    D = np.array([1.5, 2.0, 2.5, 3.0]) / np.sqrt(4_500)
    np.testing.assert_allclose(ks_p_value(D, np.full(4, 4_500.0)), stats.kstwo.sf(D, 4_500), rtol=0.02)


@pytest.mark.parametrize("n", [30, 100, 1_000])
def test_far_out_p_values_err_to_the_large_side(n: int) -> None:
    D = np.linspace(2.2, 4.0, 20) / np.sqrt(n)
    assert (ks_p_value(D, np.full(20, float(n))) >= stats.kstwo.sf(D, n)).all()


def test_the_effective_size_of_two_samples_is_that_of_scipy() -> None:
    reference, window = np.array([400, 300, 300]), np.array([60, 30, 10])
    result = ks(reference, window)
    assert result.p_value == pytest.approx(
        float(stats.kstwo.sf(result.lower, round(1000 * 100 / 1100))), abs=2e-4
    )


def test_without_drift_binned_p_values_are_never_more_frequent_than_they_say() -> None:
    rng = np.random.default_rng()
    fine = np.full(100, 0.01)
    p = ks(rng.multinomial(5_000, fine, 20_000), rng.multinomial(1_000, fine, 20_000)).p_value
    for alpha in (0.05, 0.01):
        assert (p <= alpha).sum() <= stats.binom.ppf(1 - 1e-6, 20_000, alpha)
        assert (p <= alpha).sum() >= stats.binom.ppf(1e-6, 20_000, alpha / 2)
