"""Sharing equal values changes which object stands in a column, never what it says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detectors.fields import ABSENT, INVALID
from service.events.shared import VALUES_MAX, SharedValues

marks = st.sampled_from(["1", "true", "", 0, 1, True, False, None, ABSENT, INVALID])
values = marks | st.text(max_size=2) | st.integers()


@given(st.lists(values, max_size=30))
def test_every_value_keeps_its_type_and_its_text(column: list[object]) -> None:
    shared = SharedValues()
    for _ in range(2):
        found = list(shared.share(column))
        assert [(type(value), value) for value in found] == [(type(value), value) for value in column]


def test_a_column_of_too_many_values_is_passed_on_as_it_is() -> None:
    shared = SharedValues()
    column = [str(i) for i in range(VALUES_MAX)]
    assert list(shared.share(column)) == column
    assert len(shared) == VALUES_MAX
    more = [str(i) for i in range(2 * VALUES_MAX)]
    assert shared.share(more) is more
    assert len(shared) == VALUES_MAX
