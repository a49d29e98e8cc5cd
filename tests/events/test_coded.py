"""Codes are an internal name: a coded column says what its values said, however they were cut into runs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.fields import ABSENT, INVALID
from service.events.coded import FEW, VALUES_MAX, CodedColumn, Coder
from service.events.leaves import json_text

marks = st.sampled_from(["1", "true", "", 0, 1, True, False, None, ABSENT, INVALID, 1.0, 0.0, -0.0])
values = marks | st.text(max_size=2) | st.integers()
cuts = st.lists(st.integers(0, 30), max_size=4)


def told(column: list[object] | CodedColumn[object]) -> list[tuple[type, object]]:
    """Values with their types, floats as their JSON text."""
    read = [json_text(value) if isinstance(value, float) else value for value in column]
    return [(type(value), value) for value in read]


def pieces(values: list[object], cuts: list[int]) -> list[list[object]]:
    return [values[a:b] for a, b in pairwise([0, *sorted(cuts), max(30, len(values))])]


@given(st.lists(values, max_size=30), st.lists(values, max_size=30), cuts)
def test_every_value_keeps_its_type_and_its_text(
    first: list[object], second: list[object], cuts: list[int]
) -> None:
    coder = Coder(1)
    for run in (first, second, first):
        (column,) = coder.columns([coder.codes([piece]) for piece in pieces(run, cuts)])
        assert told(column) == told(run)
        assert len(column.values) <= max(len(run), FEW)


@given(st.lists(values, max_size=30))
def test_each_distinct_value_is_kept_once_and_occurs(run: list[object]) -> None:
    column = CodedColumn.of(run)
    assert sorted(set(column.codes.tolist())) == list(range(len(column.values)))
    assert len(column.values) == len(set(told(run)))


def test_columns_side_by_side_are_told_apart() -> None:
    coder = Coder(2)
    codes = [coder.codes([["a", "b"], ["b", 1]]), coder.codes([["b"], [True]])]
    assert [told(column) for column in coder.columns(codes)] == [told(["a", "b", "b"]), told(["b", 1, True])]


def test_too_many_values_are_forgotten_after_their_run() -> None:
    coder = Coder(1)
    many: list[object] = [str(i) for i in range(VALUES_MAX + 1)]
    assert list(coder.columns([coder.codes([many])])[0]) == many
    assert coder.codes([["new"]]).tolist() == [[0]]


def test_values_that_are_not_too_many_keep_their_codes_from_run_to_run() -> None:
    coder = Coder(1)
    coder.columns([coder.codes([["a", "b"]])])
    assert coder.codes([["b", "c"]]).tolist() == [[1, 2]]


@given(st.lists(values, max_size=30), st.data())
def test_a_part_of_a_column_holds_the_values_at_its_places(run: list[object], data: st.DataObject) -> None:
    members = data.draw(st.lists(st.integers(0, max(0, len(run) - 1)), max_size=len(run)))
    column = CodedColumn.of(run)
    assert told(column.take(np.array(members, np.int64))) == told([run[i] for i in members])
    assert told(column[1:3]) == told(run[1:3])
