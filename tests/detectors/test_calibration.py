"""Calibrated tests keep near their level under dependence, and never claim more than independence allows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import special, stats
from scipy.signal import lfilter

from detectors.calibration import (
    KS_MEAN,
    KS_VARIANCE,
    WINDOWS_MIN,
    calibrate,
    calibrated_p,
    held_out,
    ks_statistic,
    mean_statistic,
    psi_statistic,
)
from detectors.psi import psi
from detectors.shift import Sample

Floats = NDArray[np.float64]
N = 1_000


def autoregression(rng: np.random.Generator, phi: float, windows: int) -> Floats:
    """float64[windows, N]: consecutive windows of one stationary series with variance 1."""
    noise = rng.standard_normal(windows * N + 300) * np.sqrt(1 - phi**2)
    series: Floats = lfilter([1.0], [1.0, -phi], noise)[300:]
    return series.reshape(windows, N)


def deciles(windows: Floats, edges: Floats) -> NDArray[np.int64]:
    return np.array([np.bincount(np.searchsorted(edges, x), minlength=10) for x in windows])


def moments(x: Floats) -> Sample:
    return Sample(np.full(x.shape[:-1], float(x.shape[-1])), 1e3 * x.mean(-1), 1e6 * x.var(-1, ddof=1))


def psi_p_values(rng: np.random.Generator, phi: float, K: int) -> tuple[float, float]:
    """P-values of one fresh window against one fresh reference of K windows: as they are, and calibrated."""
    series = autoregression(rng, phi, K + 1)
    reference = series[:K]
    edges = np.quantile(reference, np.arange(1, 10) / 10)
    counts = deciles(series, edges)
    n, m = np.array(N), np.array(K * N)
    rest = held_out(counts[:K])
    fitted = calibrate(psi_statistic(psi(rest, counts[:K]).value, n, m - n), 9.0)
    found = psi(counts[:K].sum(axis=0), counts[K])
    return float(found.p_value), float(calibrated_p(psi_statistic(found.value, n, m), found.p_value, fitted))


@pytest.mark.parametrize(("phi", "misleads"), [(0.0, False), (0.5, False), (0.8, True)])
def test_psi_alarms_at_no_more_than_three_times_its_level(phi: float, misleads: bool) -> None:
    rng, trials = np.random.default_rng(), 100
    p = np.array([psi_p_values(rng, phi, 20) for _ in range(trials)])
    alarms = (p <= 0.01).sum(axis=0)
    assert alarms[1] <= stats.binom.ppf(1 - 1e-5, trials, 0.03)
    if misleads:
        assert alarms[0] > 0.15 * trials


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8])
def test_the_scale_of_a_mean_is_the_variance_inflation_of_the_autoregression(phi: float) -> None:
    windows = autoregression(np.random.default_rng(), phi, 400)
    total = windows.sum()
    rest = (total - windows.sum(axis=1)) / (399 * N)
    reference = Sample(np.array(399.0 * N), 1e3 * rest, np.full(400, 1e6 * windows.var()))
    fitted = calibrate(mean_statistic(reference, moments(windows)), 1.0, shape=False)
    # A mean of 400 squares has a relative error of √(2/400).
    assert fitted.scale == pytest.approx((1 + phi) / (1 - phi), rel=6 * np.sqrt(2 / 400))
    assert fitted.freedom == 1


def test_a_mean_is_then_tested_by_students_t_with_the_windows_as_degrees_of_freedom() -> None:
    T = np.random.default_rng().chisquare(1, 12) * 5
    fitted = calibrate(T, 1.0, shape=False)
    z = 6.0
    expected = 2 * stats.t.sf(z / np.sqrt(fitted.scale), 12)
    assert float(calibrated_p(np.array(z**2), np.array(0.0), fitted)) == pytest.approx(float(expected))


def test_with_many_independent_windows_calibration_changes_little() -> None:
    T = np.random.default_rng().chisquare(9, 20_000)
    fitted = calibrate(T, 9.0)
    assert fitted.scale * fitted.freedom == pytest.approx(9, rel=0.03)
    for level in (0.5, 0.01, 1e-4):
        x = special.chdtri(9.0, level)
        assert float(calibrated_p(np.array(x), np.array(level), fitted)) == pytest.approx(level, rel=0.5)


some_statistics = hnp.arrays(
    np.float64,
    st.tuples(st.integers(0, 12), st.just(3)),
    elements=st.one_of(st.floats(0, 1e4), st.just(np.nan)),
)


@settings(max_examples=40)
@given(some_statistics, st.floats(0, 1e5), st.floats(0, 1), st.sampled_from([1.0, 2.0, 9.0]))
def test_no_calibration_ever_claims_more_than_independence_allows(
    statistics: Floats, T: float, p: float, freedom: float
) -> None:
    fitted = calibrate(statistics, freedom)
    assert (fitted.scale * fitted.freedom >= freedom * (1 - 1e-12)).all()
    assert (fitted.freedom <= freedom).all()
    found = calibrated_p(np.full(3, T), np.full(3, p), fitted)
    assert (found >= p).all()
    assert (found <= 1).all()


@settings(max_examples=40)
@given(some_statistics)
def test_a_matrix_is_calibrated_column_by_column(statistics: Floats) -> None:
    freedom = np.array([2.0, 5.0, 9.0])
    whole = calibrate(statistics, freedom)
    for i in range(3):
        column = statistics[:, i]
        alone = calibrate(column[np.isfinite(column)], freedom[i])
        assert [float(part[i]) for part in whole] == pytest.approx([float(part) for part in alone])


def test_too_few_windows_leave_a_statistic_as_it_is_and_say_so() -> None:
    statistics = np.full((WINDOWS_MIN + 3, 2), 40.0)
    statistics[WINDOWS_MIN - 1 :, 0] = np.nan
    fitted = calibrate(statistics, 9.0)
    assert fitted.windows.tolist() == [0, WINDOWS_MIN + 3]
    found = calibrated_p(np.array([40.0, 40.0]), np.array([1e-5, 1e-5]), fitted)
    assert found[0] == 1e-5
    assert found[1] > 0.3


def test_fewer_windows_are_trusted_less() -> None:
    found = [
        float(calibrated_p(np.array(40.0), np.array(0.0), calibrate(np.tile([8.0, 10.0, 12.0], K), 9.0)))
        for K in (2, 5, 50)
    ]
    assert found == sorted(found, reverse=True)


def test_what_is_no_statistic_has_no_p_value() -> None:
    fitted = calibrate(np.full(10, 9.0), 9.0)
    assert np.isnan(calibrated_p(np.array(np.nan), np.array(np.nan), fitted))


def test_a_window_is_compared_with_all_the_others() -> None:
    windows = np.random.default_rng().integers(0, 50, (6, 2, 4))
    rest = held_out(windows)
    for i in range(6):
        assert np.array_equal(rest[i], np.delete(windows, i, axis=0).sum(axis=0))


def test_the_moments_of_kolmogorovs_variable_are_those_of_scipy() -> None:
    squared = stats.kstwobign.expect(lambda x: x**2)
    assert pytest.approx(float(squared), rel=1e-6) == KS_MEAN
    fourth = stats.kstwobign.expect(lambda x: x**4)
    assert pytest.approx(float(fourth - squared**2), rel=1e-5) == KS_VARIANCE
    T, freedom = ks_statistic(np.array(0.1), np.array(200), np.array(200))
    assert freedom == pytest.approx(5, abs=0.01)
    assert float(T) == pytest.approx(100 * 0.01 * freedom / KS_MEAN)
