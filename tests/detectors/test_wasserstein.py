"""The distance out of bins against scipy's of the values: within the bounds, and close where it matters."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from detectors.building import numeric_field
from detectors.fields import NumericField
from detectors.totals.numeric import grid_moments, numeric_cells
from detectors.wasserstein import Binned, Wasserstein, null, p_value, wasserstein

Floats = NDArray[np.float64]


def binned(field: NumericField, values: Floats) -> Binned:
    cells = numeric_cells(field, values) - 1
    sums = np.zeros(field.value_cells, np.int64)
    np.add.at(sums, cells, grid_moments((field,), values[:, None])[0][:, 0])
    return Binned(np.bincount(cells, minlength=field.value_cells), sums)


def field_of(reference: Floats, bins: int = 100) -> NumericField:
    return numeric_field("x", reference, bins, (None, None))


def measured(reference: Floats, window: Floats, bins: int = 100) -> tuple[Wasserstein, float]:
    """What the bins say, and the truth, in scales of the field."""
    field = field_of(reference, bins)
    found = wasserstein(field, binned(field, reference), binned(field, window))
    return found, float(stats.wasserstein_distance(reference, window)) / field.scale


values = st.lists(
    st.one_of(st.integers(-5, 5).map(float), st.floats(-100, 100, allow_subnormal=False)),
    min_size=1,
    max_size=60,
)


@given(values, values, st.integers(1, 12))
def test_the_distance_of_the_values_lies_within_the_bounds(a: list[float], b: list[float], bins: int) -> None:
    reference, window = np.array(a), np.array(b)
    if np.ptp(reference) < 1e-3 or np.abs(window).max() / reference.std() > 400:
        return  # no unit to measure in, or beyond the grid
    found, exact = measured(reference, window, bins)
    assert found.lower - 1e-9 <= exact <= found.upper + 1e-9
    assert found.lower <= found.value <= found.upper


@given(values)
def test_a_sample_is_at_no_distance_from_itself(a: list[float]) -> None:
    reference = np.array(a)
    found, _ = measured(reference, reference)
    assert found.value == pytest.approx(0.0, abs=1e-9)
    assert found.lower == 0


GENERATORS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "exponential": lambda rng, n: rng.exponential(1, n),
    "lognormal": lambda rng, n: rng.lognormal(0, 1, n),
    "t3": lambda rng, n: rng.standard_t(3, n),
    "whole numbers": lambda rng, n: rng.poisson(3, n).astype(np.float64),
    "half zeros": lambda rng, n: np.where(rng.random(n) < 0.5, 0.0, rng.normal(5, 1, n)),
}


@pytest.mark.parametrize("name", GENERATORS)
def test_shifts_and_stretches_come_out_within_a_few_percent(name: str) -> None:
    rng = np.random.default_rng(1)
    reference, window = GENERATORS[name](rng, 20_000), GENERATORS[name](rng, 3_000)
    for changed in (
        window + 0.5 * reference.std(),
        1.5 * window,
        np.append(window, [40 * reference.std()] * 9),
    ):
        found, exact = measured(reference, changed)
        assert found.lower <= exact <= found.upper
        assert float(found.value) == pytest.approx(exact, rel=0.05)


def test_where_distributions_do_not_cross_the_value_is_exact_but_for_the_grid() -> None:
    rng = np.random.default_rng(2)
    reference = rng.random(5_000)
    found, exact = measured(reference, reference[:1_000] + 3)
    assert float(found.value) == pytest.approx(exact, abs=1e-3)
    assert found.upper - found.lower < 0.005


def test_a_few_values_far_out_are_seen_and_counted_by_how_far() -> None:
    rng = np.random.default_rng(3)
    reference, window = rng.standard_normal(20_000), rng.standard_normal(2_000)
    window[:10] = 300.0
    field = field_of(reference)
    found, exact = measured(reference, window)
    assert float(found.value) == pytest.approx(exact, rel=0.02)
    expected = null(field, binned(field, reference))
    assert p_value(found.least, 2_000, 20_000, expected) < 1e-9


@pytest.mark.parametrize("name", ["normal", "exponential", "whole numbers", "half zeros"])
def test_windows_without_drift_have_small_p_values_as_often_as_they_say(name: str) -> None:
    rng = np.random.default_rng(4)
    found = []
    for _ in range(40):
        reference = GENERATORS[name](rng, 10_000)
        field = field_of(reference)
        counted = binned(field, reference)
        expected = null(field, counted)
        for _ in range(10):
            window = binned(field, GENERATORS[name](rng, 1_000))
            found.append(p_value(wasserstein(field, counted, window).least, 1_000, 10_000, expected))
    rate = float(np.mean(np.array(found) <= 0.05))
    assert rate <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 400)


def test_the_tail_of_the_null_is_that_of_the_integral_of_a_brownian_bridge() -> None:
    rng = np.random.default_rng(5)
    reference = rng.random(50_000)
    field = NumericField("x", np.linspace(0, 1, 101), 0.5, 1.0)
    expected = null(field, binned(field, reference))
    assert [float(part) for part in expected] == pytest.approx(
        [np.sqrt(np.pi / 32), 7 / 60 - np.pi / 32, np.sqrt(1 / 12)], rel=0.02
    )
    for quantile, p in ((0.4993, 0.1), (0.5821, 0.05), (0.7518, 0.01)):  # Johnson and Killeen (1983)
        assert float(p_value(np.array(quantile), 10**9, 1, expected)) == pytest.approx(p, rel=0.15)


def test_a_constant_reference_has_no_chance_and_an_empty_side_no_distance() -> None:
    field = field_of(np.ones(100))
    constant, nothing = binned(field, np.ones(100)), binned(field, np.ones(0))
    elsewhere = wasserstein(field, constant, binned(field, np.full(50, 2.0)))
    assert float(elsewhere.value) == pytest.approx(1.0, abs=1e-3)
    assert p_value(elsewhere.least, 50, 100, null(field, constant)) == 0
    assert np.isnan(wasserstein(field, constant, nothing)).all()


def test_slices_are_measured_one_by_one() -> None:
    rng = np.random.default_rng(6)
    reference = rng.standard_normal(5_000)
    field = field_of(reference)
    before = binned(field, reference)
    windows = [binned(field, rng.standard_normal(500) + shift) for shift in (0.0, 1.0)]
    together = wasserstein(
        field,
        Binned(*(np.stack([part, part]) for part in before)),
        Binned(*(np.stack(parts) for parts in zip(*windows, strict=True))),
    )
    alone = [wasserstein(field, before, window) for window in windows]
    for part, singles in zip(together, zip(*alone, strict=True), strict=True):
        assert part.tolist() == pytest.approx([float(single) for single in singles])
