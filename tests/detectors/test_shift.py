"""Shifts of mean and spread agree with scipy, and false alarms are as rare as they say."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from detectors.edges import quantile_edges
from detectors.fields import NumericField
from detectors.shift import Sample, kurtosis_of_cells, mean_shift, sample, std_shift
from detectors.totals.numeric import grid_moments, numeric_cells

Draw = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.float64]]
DRAWS: dict[str, Draw] = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "uniform": lambda rng, size: rng.random(size),
    "exponential": lambda rng, size: rng.standard_exponential(size),
    "poisson": lambda rng, size: rng.poisson(2, size).astype(float),
    "coin": lambda rng, size: (rng.random(size) < 0.3).astype(float),
}


def field_of(values: NDArray[np.float64]) -> NumericField:
    return NumericField("x", quantile_edges(values, 100), float(values.mean()), float(values.std()))


def sample_of(field: NumericField, values: NDArray[np.float64]) -> Sample:
    """A sample a row."""
    q, squares = (part.reshape(values.shape) for part in grid_moments((field,), values.reshape(-1, 1)))
    return sample(np.full(values.shape[:-1], values.shape[-1]), q.sum(axis=-1), squares.sum(axis=-1))


def cells_of(field: NumericField, values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.bincount(numeric_cells(field, values), minlength=field.cells)[1:-2]


def test_the_shift_of_the_mean_is_welchs_test() -> None:
    rng = np.random.default_rng()
    reference, window = rng.normal(50, 4, 5_000), rng.normal(51, 6, 12)
    field = field_of(reference)
    shift = mean_shift(sample_of(field, reference), sample_of(field, window))
    expected = stats.ttest_ind(window, reference, equal_var=False)
    assert shift.p_value == pytest.approx(expected.pvalue, rel=5e-3)
    assert shift.value == pytest.approx((window.mean() - reference.mean()) / reference.std(ddof=1), abs=6e-4)


def test_effects_are_signed_and_in_units_of_the_reference() -> None:
    reference = Sample(np.array(1e4), np.array(0.0), np.array(1024.0**2))
    window = Sample(np.array(1e4), np.array(-512.0), np.array(512.0**2))
    assert float(mean_shift(reference, window).value) == -0.5
    assert float(std_shift(reference, window, np.array(3.0)).value) == -0.5


@pytest.mark.parametrize("name", DRAWS)
def test_without_drift_p_values_of_both_shifts_are_as_rare_as_they_say(name: str) -> None:
    rng = np.random.default_rng()
    false_means = false_spreads = 0
    for _ in range(20):
        reference = DRAWS[name](rng, (5_000,))
        field = field_of(reference)
        moments = sample_of(field, reference)
        windows = sample_of(field, DRAWS[name](rng, (100, 500)))
        kurtosis = kurtosis_of_cells(field, cells_of(field, reference), moments)
        false_means += int((mean_shift(moments, windows).p_value <= 0.01).sum())
        false_spreads += int((std_shift(moments, windows, kurtosis).p_value <= 0.01).sum())
    # 2,000 windows against 20 references: windows that share a reference fail together, so 3 % is allowed.
    limit = stats.binom.ppf(1 - 1e-6, 2_000, 0.03)
    assert false_means <= limit
    assert false_spreads <= limit


def test_a_spread_wider_by_a_tenth_is_seen_in_five_thousand_events() -> None:
    rng = np.random.default_rng()
    reference = rng.standard_normal(50_000)
    field = field_of(reference)
    moments = sample_of(field, reference)
    kurtosis = kurtosis_of_cells(field, cells_of(field, reference), moments)
    shift = std_shift(moments, sample_of(field, rng.normal(0, 1.1, (100, 5_000))), kurtosis)
    assert (shift.p_value <= 1e-5).mean() > 0.95
    assert np.median(shift.value) == pytest.approx(0.1, abs=0.03)


def test_a_shift_of_the_mean_alone_is_no_shift_of_the_spread() -> None:
    rng = np.random.default_rng()
    reference = rng.standard_normal(20_000)
    field = field_of(reference)
    moved = sample_of(field, rng.normal(3.0, 1.0, (200, 2_000)))
    p = std_shift(sample_of(field, reference), moved, np.array(3.0)).p_value
    assert (p <= 0.01).sum() <= stats.binom.ppf(1 - 1e-6, 200, 0.02)


def test_a_constant_reference_has_no_unit_so_there_is_no_effect() -> None:
    constant = sample(np.array(1_000), np.array(0), np.array(0))
    window = Sample(np.array(500.0), np.array(100.0), np.array(1e6))
    assert constant.constant
    for shift in (mean_shift(constant, window), std_shift(constant, window, np.array(np.nan))):
        assert np.isnan(shift.value)
        assert np.isnan(shift.p_value)


def test_a_window_that_became_constant_lost_all_its_spread() -> None:
    reference = Sample(np.array(1e4), np.array(0.0), np.array(1e6))
    shift = std_shift(reference, Sample(np.array(500.0), np.array(0.0), np.array(0.0)), np.array(3.0))
    assert (float(shift.value), float(shift.p_value)) == (-1.0, 0.0)


def test_empty_and_single_samples_have_no_moments_they_cannot_have() -> None:
    moments = sample(np.array([0, 1]), np.array([0, 7]), np.array([0, 49]))
    assert np.isnan(moments.mean[0])
    assert moments.mean[1] == 7
    assert np.isnan(moments.variance).all()


@pytest.mark.parametrize(
    ("name", "close"), [("normal", 0.6), ("uniform", 0.05), ("poisson", 1e-6), ("coin", 1e-6)]
)
def test_the_kurtosis_of_cells_is_near_that_of_the_values(name: str, close: float) -> None:
    values = DRAWS[name](np.random.default_rng(), (5_000,))
    field = field_of(values)
    exact = stats.kurtosis(values, fisher=False)
    binned = kurtosis_of_cells(field, cells_of(field, values), sample_of(field, values))
    assert float(binned) == pytest.approx(exact, rel=close)


def test_edges_at_the_ends_of_the_doubles_do_not_break_the_kurtosis() -> None:
    largest = float(np.finfo(np.float64).max)
    field = NumericField("x", np.array([-largest, 0.0, largest]))
    moments = Sample(np.array(30.0), np.array(0.0), np.array(1e6))
    assert np.isfinite(kurtosis_of_cells(field, np.array([0, 10, 20, 0]), moments))
