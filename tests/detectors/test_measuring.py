"""Measuring in one pass gives the cells and moments that binary search and numpy give, for all edges."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from detectors.fields import ABSENT, CategoricalField, Field, NumericField
from detectors.latency import LATENCY_FIELD
from detectors.layout import COUNTERS, Layout
from detectors.totals import measuring
from detectors.totals.measuring import BUILT, Coded, Measured, Measuring
from detectors.totals.numeric import grid_moments, numeric_cells

MAX = np.finfo(np.float64).max
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
EDGES = st.one_of(
    st.lists(NUMBERS, max_size=120, unique=True),
    st.lists(st.integers(-50, 50).map(float), max_size=60, unique=True),
).map(sorted)


def numeric(fields: Sequence[Field], values: NDArray[np.float64]) -> Measured:
    """What is made of float64[fields, N] values, whichever way they lie in memory."""
    made, n = Measuring(Layout(tuple(fields))), values.shape[1]
    found = made.measured([values.T], [], counters(n))
    again = made.measured([np.ascontiguousarray(values.T)], [], counters(n))
    assert np.array_equal(found.cells, again.cells)
    assert np.array_equal(found.sums, again.sums)
    return found


def counters(n: int) -> NDArray[np.int64]:
    return np.arange(n * len(COUNTERS)).reshape(n, len(COUNTERS))


def agrees(fields: Sequence[NumericField], values: NDArray[np.float64]) -> None:
    found, layout = numeric(fields, values), Layout(tuple(fields))
    cells = [numeric_cells(field, row) for field, row in zip(fields, values, strict=True)]
    assert np.array_equal(found.cells, np.array(cells) + (layout.starts[:-1, None] - layout.sums))
    q, squares = grid_moments(tuple(fields), values.T)
    assert np.array_equal(found.sums, np.concatenate((counters(values.shape[1]), q, squares), axis=1))


@given(
    st.lists(st.tuples(EDGES, NUMBERS, st.floats(1e-300, 1e300)), min_size=1, max_size=4),
    st.integers(0, 150),
    st.data(),
)
def test_every_value_falls_in_the_cell_that_binary_search_finds(
    columns: list[tuple[list[float], float, float]], n: int, data: st.DataObject
) -> None:
    fields = [NumericField(f"x{i}", np.array(edges), c, s) for i, (edges, c, s) in enumerate(columns)]
    agrees(fields, data.draw(arrays.arrays(np.float64, (len(fields), n), elements=st.floats())))


@pytest.mark.parametrize("spread", ["even", "normal", "lognormal", "cauchy", "ties", "tiny", "huge"])
def test_edges_and_their_neighbours_fall_on_the_right_side(spread: str) -> None:
    draw = np.random.default_rng(5)
    sample = {
        "even": np.linspace(-1, 1, 20_000),
        "normal": draw.normal(1e9, 1.0, 20_000),
        "lognormal": draw.lognormal(0, 3, 20_000),
        "cauchy": draw.standard_cauchy(20_000),
        "ties": draw.poisson(2.0, 20_000).astype(np.float64),
        "tiny": draw.normal(0, 1, 20_000) * 5e-324,
        "huge": draw.uniform(-1, 1, 20_000) * MAX,
    }[spread]
    field = NumericField(
        "x", np.unique(np.quantile(sample, np.linspace(0, 1, 101), method="inverted_cdf")), 0.5, 2.0
    )
    near = [np.nextafter(field.edges, side) for side in (-math.inf, math.inf)]
    agrees([field], np.concatenate([sample, field.edges, *near, [MAX, -MAX, 0.0, -0.0]])[None, :])


def test_halves_on_the_grid_are_rounded_to_even_as_numpy_rounds_them() -> None:
    agrees([NumericField("x", np.empty(0), 0.0, 1024.0)], np.arange(-40.0, 40.0, 0.5)[None, :])


def test_states_have_their_own_cells_beside_fields_without_edges() -> None:
    fields = [NumericField("none", np.empty(0)), NumericField("some", np.arange(20.0))]
    found = numeric(fields, np.array([[math.nan, math.inf, -math.inf, 3.0]] * 2))
    assert found.cells.tolist() == [[3, 2, 0, 1], [27, 26, 4, 8]]
    assert not found.sums[:3, len(COUNTERS) :].any()


LAYOUT = Layout(
    (NumericField("x", np.arange(9.0)), CategoricalField("state", ("CA", "7", "true")), LATENCY_FIELD)
)
VALUES: list[object] = [None, "CA", 7, True, "??", ABSENT]


def mixed(made: Measuring) -> Measured:
    numbers = [np.linspace(-1, 10, 6), np.array([0.0, 1e9, 12.5, math.inf, math.nan, -math.inf])]
    return made.measured(numbers, [Coded(np.arange(6)[::-1].copy(), VALUES)], np.zeros((6, 6), np.int64))


def test_categories_and_latency_stand_at_their_place() -> None:
    found = mixed(Measuring(LAYOUT))
    state, latency = LAYOUT.starts[1:3] - LAYOUT.sums
    assert (found.cells[1] - state).tolist() == [5, 4, 3, 2, 1, 6]
    last = LATENCY_FIELD.cells - 1
    assert (found.cells[2] - latency).tolist()[3:] == [last - 1, last, 0]
    assert found.unseen == 1


def test_where_nothing_was_built_numpy_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    built = mixed(Measuring(LAYOUT))
    monkeypatch.setattr(measuring, "BUILT", False)
    searched = mixed(Measuring(LAYOUT))
    assert np.array_equal(searched.cells, built.cells)
    assert np.array_equal(searched.sums, built.sums)
    assert searched.unseen == built.unseen


def test_values_that_are_met_later_get_their_cells_and_others_begin_anew() -> None:
    made, values = Measuring(Layout((CategoricalField("state", ("CA", "NY")),))), ["CA"]

    def cells(*codes: int) -> list[int]:
        coded = Coded(np.array(codes), values)
        return list(made.measured([], [coded], np.zeros((len(codes), 6), np.int64)).cells[0])

    assert cells(0, 0) == [1, 1]
    values += ["??", "NY"]
    assert cells(0, 1, 2) == [1, 3, 2]
    values = ["NY"]
    assert cells(0) == [2]


@pytest.mark.skipif(not BUILT, reason="the loops were not built")
def test_what_does_not_fit_is_refused() -> None:
    made = Measuring(LAYOUT)
    none = np.zeros((2, 6), np.int64)
    fits = Coded(np.zeros(2, np.int64), ["CA"])
    with pytest.raises(ValueError, match="do not fit"):
        made.measured([np.zeros((2, 1))], [fits], none)
    with pytest.raises(ValueError, match="do not fit"):
        made.measured([np.zeros((3, 2))], [fits], none)
    with pytest.raises(ValueError, match="another type"):
        made.measured([np.zeros((2, 2), np.float32)], [fits], none)
    with pytest.raises(IndexError):
        made.measured([np.zeros((2, 2))], [Coded(np.array([0, 1]), ["CA"])], none)
