"""Every value falls in exactly one cell, the one its definition names."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.fields import ABSENT, INVALID, CategoricalField, CategoryCells, NumericField
from detectors.totals.numeric import numeric_cells

MAX = float(np.finfo(np.float64).max)
finite = st.floats(allow_nan=False, allow_infinity=False)
edge_lists = st.lists(finite, max_size=12, unique=True).map(
    lambda edges: sorted(edge + 0.0 for edge in edges)
)


def cell_by_definition(edges: list[float], value: float) -> int:
    if math.isnan(value):
        return len(edges) + 3
    if value == math.inf:
        return len(edges) + 2
    if value == -math.inf:
        return 0
    return 1 + sum(edge < value for edge in edges)


@given(edge_lists, st.lists(st.floats(), max_size=20))
def test_a_number_falls_in_the_cell_of_its_definition(edges: list[float], values: list[float]) -> None:
    edges = list(dict.fromkeys(edges))
    near = [f(edge) for edge in edges for f in (float, _above, _below)]
    everything = [*values, *near, math.inf, -math.inf, math.nan, MAX, -MAX, 0.0, -0.0, 5e-324]
    cells = numeric_cells(NumericField("x", np.array(edges, np.float64)), np.array(everything))
    assert cells.tolist() == [cell_by_definition(edges, value) for value in everything]


def _above(value: float) -> float:
    return min(math.nextafter(value, math.inf), MAX)


def _below(value: float) -> float:
    return max(math.nextafter(value, -math.inf), -MAX)


def test_an_edge_belongs_to_the_cell_below_it_and_its_upper_neighbour_to_the_next() -> None:
    #   cell 1   ]   cell 2   ]   cell 3
    #         1.0           2.0
    field = NumericField("x", np.array([1.0, 2.0]))
    values = [1.0, math.nextafter(1.0, 2.0), 2.0, math.nextafter(2.0, 3.0)]
    assert numeric_cells(field, np.array(values)).tolist() == [1, 2, 2, 3]


def test_the_largest_double_is_a_value_even_when_it_is_an_edge() -> None:
    field = NumericField("x", np.array([-MAX, MAX]))
    assert numeric_cells(field, np.array([-MAX, MAX, math.inf, -math.inf])).tolist() == [1, 2, 4, 0]


@given(st.lists(st.text(max_size=3), unique=True, max_size=8), st.text(max_size=3))
def test_a_category_falls_in_its_own_cell_and_any_other_text_in_the_unseen_one(
    names: list[str], text: str
) -> None:
    field = CategoricalField("c", tuple(names))
    cells = CategoryCells(field)
    assert cells[text] == (1 + names.index(text) if text in names else field.value_cells)
    assert (cells[INVALID], cells[ABSENT], cells[None]) == (0, field.cells - 2, field.cells - 1)


@pytest.mark.parametrize(
    ("value", "cell"), [(True, 1), (False, 2), (1, 3), (0, 5), ("true", 1), ("1", 3), (7, 5)]
)
def test_booleans_and_integers_are_read_as_their_json_text_in_any_order(value: object, cell: int) -> None:
    cells = CategoryCells(CategoricalField("c", ("true", "false", "1", "2")))
    for warm in (1, True, 0, False):
        assert cells[warm] in {1, 2, 3, 5}
    assert cells[value] == cell
