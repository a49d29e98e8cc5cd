"""Binning by table lookup gives the cells that binary search gives, for any edges and values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from detectors.fields import NumericField
from detectors.totals.binning import Binning
from detectors.totals.numeric import numeric_cells

MAX = np.finfo(np.float64).max
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
EDGES = st.one_of(
    st.lists(NUMBERS, max_size=120, unique=True),
    st.lists(st.integers(-50, 50).map(float), max_size=60, unique=True),
).map(sorted)


def searched(fields: list[NumericField], values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.array([numeric_cells(field, row) for field, row in zip(fields, values, strict=True)])


@given(st.lists(EDGES, min_size=1, max_size=4), st.data())
def test_every_value_falls_in_the_cell_that_binary_search_finds(
    edges: list[list[float]], data: st.DataObject
) -> None:
    fields = [NumericField(f"x{i}", np.array(column, np.float64)) for i, column in enumerate(edges)]
    values = data.draw(arrays.arrays(np.float64, (len(fields), 40), elements=st.floats()))
    assert np.array_equal(Binning(fields).cells(values), searched(fields, values))


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
    field = NumericField("x", np.unique(np.quantile(sample, np.linspace(0, 1, 101), method="inverted_cdf")))
    near = [np.nextafter(field.edges, side) for side in (-math.inf, math.inf)]
    values = np.concatenate([sample, field.edges, *near, [MAX, -MAX, 0.0, -0.0]])[None, :]
    assert np.array_equal(Binning([field]).cells(values), searched([field], values))


def test_nulls_absent_and_invalid_values_have_their_own_cells_beside_fields_without_edges() -> None:
    fields = [NumericField("none", np.empty(0)), NumericField("some", np.arange(20.0))]
    values = np.array([[math.nan, math.inf, -math.inf, 3.0]] * 2)
    assert Binning(fields).cells(values).tolist() == [[3, 2, 0, 1], [23, 22, 0, 4]]


def test_no_values_have_no_cells() -> None:
    assert Binning([NumericField("x", np.arange(20.0))]).cells(np.empty((1, 0))).shape == (1, 0)
