"""Edges of numeric fields: what holds for any reference, and what becomes of awkward ones."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.edges import LARGEST, Distinct, centre_and_scale, quantile_edges
from detectors.fields import GRID_STEPS, NumericField
from detectors.totals.numeric import grid_moments, numeric_cells

finite = st.floats(allow_nan=False, allow_infinity=False)
ties = st.sampled_from([0.0, -0.0, 1.0, 1.0, 2.0, -3.5, 1e300, 5e-324])
columns = st.lists(st.one_of(finite, ties, st.sampled_from([math.nan, math.inf, -math.inf])), max_size=200)
ends = st.one_of(st.none(), st.floats(-1e6, 1e6))


def value_cells(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """The place of each value among the value cells: 0 is below the range, ``len(edges)`` above."""
    return numeric_cells(NumericField("x", edges), values) - 1


@given(columns, st.integers(1, 50), ends, ends)
def test_edges_are_finite_strictly_increasing_and_bounded_in_number(
    column: list[float], bins: int, low: float | None, high: float | None
) -> None:
    if low is not None and high is not None and low > high:
        low, high = high, low
    edges = quantile_edges(np.array(column, dtype=np.float64), bins, low, high)
    assert np.isfinite(edges).all()
    assert (edges[1:] > edges[:-1]).all()
    assert 1 <= len(edges) <= bins + 3


@given(st.lists(st.one_of(finite, ties), min_size=1, max_size=200), st.integers(1, 50))
def test_every_reference_value_is_within_the_range_and_both_ends_are_used(
    column: list[float], bins: int
) -> None:
    values = np.array(column)
    edges = quantile_edges(values, bins)
    cells = value_cells(values[values > -LARGEST], edges)
    assert ((cells >= 1) & (cells <= len(edges) - 1)).all()
    assert edges[-1] == values.max()
    if values.min() > -LARGEST:
        assert edges[0] == np.nextafter(values.min(), -np.inf)


@given(st.lists(st.floats(-100, 100), max_size=100), st.floats(-50, 0), st.floats(1, 50), st.integers(1, 20))
def test_out_of_range_is_what_the_declared_range_leaves_out(
    column: list[float], low: float, high: float, bins: int
) -> None:
    values = np.array([*column, low, high])
    cells = value_cells(values, quantile_edges(np.array(column), bins, low, high))
    assert ((cells == 0) == (values < low)).all()
    edges = quantile_edges(np.array(column), bins, low, high)
    assert ((value_cells(values, edges) == len(edges)) == (values > high)).all()


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=80),
    st.lists(st.integers(-6, 6), min_size=1, max_size=80),
)
def test_ks_on_the_cells_is_exact_when_the_reference_has_few_values(a: list[int], b: list[int]) -> None:
    reference, window = np.array(a, dtype=np.float64), np.array(b, dtype=np.float64)
    edges = quantile_edges(reference, 64)
    size = len(edges) + 1
    shares = [
        np.cumsum(np.bincount(value_cells(values, edges), minlength=size)) / len(values)
        for values in (reference, window)
    ]
    known = np.unique(np.concatenate([reference, window]))
    exact = max(abs(np.mean(reference <= x) - np.mean(window <= x)) for x in known)
    inside = max(abs(np.mean(reference <= x) - np.mean(window <= x)) for x in np.unique(reference))
    on_cells = float(np.abs(shares[0] - shares[1]).max())
    assert on_cells <= exact + 1e-12
    assert on_cells >= inside - 1e-12
    if set(b) <= set(a):
        assert on_cells == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "column", "bins", "expected"),
    [
        ("a constant", [7.0] * 5, 100, [np.nextafter(7.0, -np.inf), 7.0]),
        ("one value", [7.0], 100, [np.nextafter(7.0, -np.inf), 7.0]),
        ("nothing: every value is in range", [], 100, [-LARGEST, LARGEST]),
        ("nothing but nulls", [math.nan, math.inf, -math.inf], 10, [-LARGEST, LARGEST]),
        ("both zeros", [0.0, -0.0], 10, [-5e-324, 0.0]),
        ("few integers", [3.0, 1.0, 2.0, 2.0], 10, [np.nextafter(1.0, -np.inf), 1.0, 2.0, 3.0]),
        ("the smallest double", [-LARGEST, LARGEST], 10, [-LARGEST, LARGEST]),
        ("one bin", [1.0, 2.0, 3.0], 1, [np.nextafter(1.0, -np.inf), 3.0]),
    ],
)
def test_awkward_references_have_these_edges(
    name: str, column: list[float], bins: int, expected: list[float]
) -> None:
    assert quantile_edges(np.array(column), bins).tolist() == expected, name


def test_a_value_that_fills_a_bin_has_a_cell_of_its_own_and_the_rest_share_the_others() -> None:
    draw = np.random.default_rng(1)
    values = np.where(draw.random(20_000) < 0.9, 0.0, draw.normal(0, 100, 20_000))
    edges = quantile_edges(values, 100)
    counts = np.bincount(value_cells(values, edges), minlength=len(edges) + 1)
    spike = counts[value_cells(np.array([0.0]), edges)[0]]
    assert spike == np.count_nonzero(values == 0)
    others = np.sort(counts[counts > 0])[:-1]
    assert len(others) > 90
    assert others.max() <= 2 * np.median(others)


def test_spikes_apart_leave_every_stretch_between_them_its_share() -> None:
    draw = np.random.default_rng(3)
    values = np.concatenate([np.repeat([0.0, 50.0, 100.0], 10_000), draw.uniform(0, 100, 10_000)])
    edges = quantile_edges(values, 50)
    counts = np.bincount(value_cells(values, edges))[1:]
    assert len(counts) <= 50
    assert np.count_nonzero(counts == 10_000) == 3
    assert counts[counts != 10_000].max() <= 1.1 * 10_000 / 47


def test_a_heavy_tail_is_cut_into_even_shares() -> None:
    values = np.random.default_rng(2).standard_cauchy(10_000)
    edges = quantile_edges(values, 100)
    counts = np.bincount(value_cells(values, edges))[1:]
    assert len(counts) == 100
    assert set(counts.tolist()) == {100}


def test_a_declared_end_is_the_outermost_edge_and_the_reference_s_own_stays_within() -> None:
    edges = quantile_edges(np.array([10.0, 20.0]), 100, 0.0, 120.0).tolist()
    assert edges == [-5e-324, np.nextafter(10.0, -np.inf), 10.0, 20.0, 120.0]


def test_a_declared_end_without_values_leaves_the_other_side_open() -> None:
    assert quantile_edges(np.array([]), 10, minimum=0.0).tolist() == [-5e-324, LARGEST]


@pytest.mark.parametrize(("low", "high"), [(2.0, 1.0), (math.nan, None), (None, math.inf)])
def test_an_empty_declared_range_is_refused(low: float | None, high: float | None) -> None:
    with pytest.raises(ValueError, match="holds no number"):
        quantile_edges(np.array([1.0]), 10, low, high)


@given(st.lists(finite, min_size=1, max_size=100), st.randoms(use_true_random=False))
def test_centre_and_scale_do_not_depend_on_the_order(column: list[float], random: object) -> None:
    values = np.array(column)
    again = np.array(column)
    random.shuffle(again)  # type: ignore[attr-defined]  # hypothesis's random is a random.Random
    assert centre_and_scale(Distinct.of(values)) == centre_and_scale(Distinct.of(again))


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=100))
def test_centre_and_scale_are_mean_and_standard_deviation(column: list[float]) -> None:
    values = np.array(column)
    centre, scale = centre_and_scale(Distinct.of(values))
    assert centre == pytest.approx(math.fsum(column) / len(column), rel=1e-12, abs=1e-290)
    spread = math.sqrt(math.fsum((x - centre) ** 2 for x in column) / len(column))
    assert scale == (pytest.approx(spread, rel=1e-9) if spread > 1e-150 else pytest.approx(scale))


@given(st.lists(finite, min_size=1, max_size=50))
def test_any_reference_has_a_grid_on_which_its_own_values_can_be_counted(column: list[float]) -> None:
    values = np.array(column)
    centre, scale = centre_and_scale(Distinct.of(values))
    assert math.isfinite(centre)
    assert scale > 0
    assert math.isfinite(GRID_STEPS / scale)
    q, squares = grid_moments(
        (NumericField("x", quantile_edges(values, 10), centre, scale),), values[:, None]
    )
    assert (squares == q * q).all()
    assert q.min() >= -(2**20)


def test_a_large_mean_does_not_swallow_a_small_spread() -> None:
    values = 1e9 + np.array([0.0, 1.0, 2.0])
    centre, scale = centre_and_scale(Distinct.of(values))
    assert centre == 1e9 + 1
    assert scale == pytest.approx(math.sqrt(2 / 3), rel=1e-9)
