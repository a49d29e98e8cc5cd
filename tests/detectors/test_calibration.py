"""Calibrated p-values are those of the distribution that dependence makes, and never below the plain ones."""

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special, stats

from detectors.calibration import (
    Calibration,
    Fit,
    calibrated_deviate,
    calibrated_ks,
    calibrated_shares,
    charged,
    fit_of_weights,
    shares_bound,
    uncalibrated,
)
from detectors.ks import ks_p_value

Floats = NDArray[np.float64]
MANY = 1_000_000


def fit(scale: float = 1.0, freedom: float = 1.0, offset: float = 0.0, windows: int = MANY) -> Fit:
    return Fit(np.array(scale), np.array(freedom), np.array(offset), np.array(windows))


def fit_of(weights: Floats, windows: int = MANY) -> Fit:
    return fit_of_weights(
        np.array(weights.sum()), np.array((weights**2).sum()), np.array(weights.max()), np.array(windows)
    )


def tail_of(weights: Floats, x: float) -> float:
    """P(Σ wχ² > x) by Imhof's integral."""
    u = (np.arange(400_000) + 0.5) * 2e-4
    angle = 0.5 * np.arctan(np.outer(weights, u)).sum(axis=0) - 0.5 * x * u
    size = np.prod((1 + np.outer(weights, u) ** 2) ** 0.25, axis=0)
    return 0.5 + float((np.sin(angle) / (u * size)).sum()) * 2e-4 / np.pi


@pytest.mark.parametrize(
    "weights", [[9.0, 4.6, 3.1, 2.4, 2.0, 1.7, 1.5, 1.4, 1.3], [3.0, 1, 1, 1, 1], [2.0] * 9]
)
def test_shares_under_dependence_have_the_tail_of_a_sum_of_unequal_chi_squares(weights: list[float]) -> None:
    w = np.array(weights)
    for level in (0.05, 0.01, 1e-3, 1e-5):
        x = stats.chi2.isf(level, len(w)) * w.mean() * 1.3
        found = float(calibrated_shares(np.array(x), np.array(0.0), fit_of(w)))
        true = tail_of(w, x)
        assert 0.75 * true < found < 2.5 * true + 1e-9, level


def test_weights_of_one_are_the_chi_square_itself() -> None:
    x = np.array([5.0, 20.0, 60.0])
    found = calibrated_shares(x, np.zeros(3), Fit(*(np.full(3, part) for part in fit_of(np.ones(9)))))
    assert found == pytest.approx(stats.chi2.sf(x, 9), rel=1e-3)


def test_a_mean_is_tested_by_students_t_with_the_windows_as_degrees_of_freedom() -> None:
    z, a, K = 6.0, 5.0, 12
    found = float(calibrated_deviate(np.array(2 * stats.norm.sf(z)), fit(scale=a, windows=K)))
    assert found == pytest.approx(float(2 * stats.t.sf(z / np.sqrt(a), K)))


def test_an_estimated_variance_makes_exactly_the_charged_p_value_uniform() -> None:
    rng, K, trials = np.random.default_rng(), 12, 40_000
    a = 7.0
    scale = a * rng.chisquare(K, trials) / K
    p = 2 * special.ndtr(-np.abs(rng.standard_normal(trials)) * np.sqrt(a))
    fits = Fit(scale, np.ones(trials), np.zeros(trials), np.full(trials, K))
    found = calibrated_deviate(p, fits)
    for level in (0.1, 0.01, 0.001):
        alarms = int((found <= level).sum())
        # Where the estimate is below 1 the plain p-value holds; with a = 7 that is never.
        assert stats.binomtest(alarms, trials, level).pvalue > 1e-6


def test_a_distribution_function_is_tested_as_with_fewer_records() -> None:
    D, n, m = np.array(0.05), np.array(4_000), np.array(40_000)
    found = calibrated_ks(D, n, m, np.array(0.0), fit(scale=4.0))
    assert float(found) == pytest.approx(float(ks_p_value(D, np.array(1e3 * 40 / 44))), rel=1e-3)


def test_the_bound_is_where_the_p_value_is_its_level() -> None:
    for of in (fit_of(np.array([9.0, 4.6, 3.1, 2.4, 2.0]), 40), fit_of(np.ones(9), 1000)):
        bound = shares_bound(np.array(0.0), 0.001, of)
        assert float(calibrated_shares(bound, np.array(0.0), of)) == pytest.approx(0.001, rel=1e-6)
    assert float(shares_bound(np.array(31.0), 0.001, uncalibrated(()))) == 31.0


@settings(max_examples=80)
@given(
    st.floats(0, 1), st.floats(0, 1e5), st.floats(1e-3, 1e3), st.floats(0.5, 20), st.floats(0, 50),
    st.integers(0, 2000),
)  # fmt: skip
def test_no_calibration_ever_claims_more_than_independence_allows(
    p: float, T: float, scale: float, freedom: float, offset: float, windows: int
) -> None:
    of, plain = fit(scale, freedom, offset, windows), np.array(p)
    sizes = np.array(500), np.array(5_000)
    for found in (
        calibrated_deviate(plain, of),
        calibrated_shares(np.array(T), plain, of),
        calibrated_ks(np.array(min(T, 1.0)), *sizes, plain, of),
    ):
        assert p <= float(found) <= 1


@pytest.mark.parametrize("windows", [0, 5, 1000])
def test_what_is_no_test_has_no_p_value(windows: int) -> None:
    nothing, of = np.array(np.nan), fit(windows=windows)
    assert np.isnan(calibrated_deviate(nothing, of))
    assert np.isnan(calibrated_shares(nothing, nothing, of))
    assert np.isnan(calibrated_ks(nothing, np.array(0), np.array(9), nothing, of))


def test_without_windows_nothing_changes() -> None:
    p = np.array([0.0, 1e-300, 0.3, 1.0])
    assert calibrated_deviate(p, uncalibrated((4,))).tolist() == p.tolist()
    assert charged(p, np.zeros(4, np.int64)).tolist() == p.tolist()


def test_fits_read_back_as_they_were_written_and_small_slices_share_those_of_all() -> None:
    keys = (("", "error_ratio"), ("x", "psi"), ("x", "mean_shift"))
    fits = Fit(
        np.array([[1.0, 4.5, 9.0], [1.25, 2.0, 1.5]]), np.array([[1, 3.25, 1], [1, 8.5, 1.0]]),
        np.array([[0, 2.5, 0], [0, 0.125, 0.0]]), np.array([[0, 208, 208], [100, 125, 125]]),
    )  # fmt: skip
    calibration = Calibration(keys, fits, np.array([0, 1, 0]))
    slices = ("all", "region=eu", "region=us")
    text = orjson.dumps(calibration.to_document(slices))
    read = Calibration.from_document(orjson.loads(text), slices)
    for before, after in zip(calibration.fits, read.fits, strict=True):
        assert before.tolist() == after.tolist()
    assert read.rows.tolist() == [0, 1, 0]
    asked = read.at((("x", "psi"), ("x", "unheard of")), np.array([2, 1]))
    assert asked.scale[0].tolist() == [4.5, 2.0]
    assert asked.windows.tolist() == [[208, 125], [0, 0]]


@pytest.mark.parametrize(
    ("part", "values"),
    [("scale", [0.0]), ("scale", [float("nan")]), ("windows", [-1]), ("scale", [1.0, 2.0])],
)
def test_a_document_that_holds_no_fits_is_refused(part: str, values: list[float]) -> None:
    fits = Fit(np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), np.full((1, 1), 100))
    document = Calibration((("x", "mean_shift"),), fits, np.array([0])).to_document(("all",))
    assert Calibration.from_document(document, ("all",)).fits.windows.tolist() == [[100]]
    with pytest.raises((ValueError, LookupError, TypeError)):
        Calibration.from_document({**document, part: {"all": values}}, ("all",))
    with pytest.raises(LookupError):
        Calibration.from_document({name: value for name, value in document.items() if name != part}, ("all",))
