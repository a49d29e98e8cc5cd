"""Runs of records: the same records, whether as objects or side by side in one buffer."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.events.batch import Record
from service.events.run import Run, joined
from tests.events.making import Row, rows, side_by_side

VALUES = st.lists(st.none() | st.binary(max_size=9), max_size=9)


def values(run: Run) -> list[bytes | None]:
    """The values as they stand in the buffer."""
    return [
        None if length < 0 else bytes(memoryview(run.data)[start : start + length])
        for start, length in zip(run.starts.tolist(), run.lengths.tolist(), strict=True)
    ]


def whole(run: Run) -> list[tuple[bytes | None, int, int, Record]]:
    """All that a run holds."""
    return list(zip(values(run), run.offsets.tolist(), run.record_ms.tolist(), run, strict=True))


def expected(records: list[Row]) -> list[tuple[bytes | None, int, int, Row]]:
    return [(row.value, row.offset, row.timestamp, row) for row in records]


@given(VALUES)
def test_a_run_of_records_holds_them(found: list[bytes | None]) -> None:
    records = rows(*found)
    run = Run.of(records)
    assert whole(run) == expected(records)
    assert run.size == sum(map(len, filter(None, found)))
    assert Run.of(run) is run


@given(VALUES, st.slices(9))
def test_a_part_of_a_run_is_the_run_of_that_part(found: list[bytes | None], part: slice) -> None:
    records = rows(*found)
    taken = Run.of(records)[part]
    assert whole(taken) == expected(records[part])
    assert taken.starts.flags.c_contiguous


def test_a_part_stays_in_the_buffer_of_the_whole() -> None:
    run = Run.of(rows(b"a", b"bc", None, b"d"))
    assert run[1:3][1:].data is run.data
    assert run[1:][1].value is None


@given(st.lists(VALUES, min_size=1, max_size=4), st.sampled_from([b"", b"\0", b"x"]))
def test_joined_runs_hold_what_each_held(found: list[list[bytes | None]], neighbour: bytes) -> None:
    parts = [rows(*own, first=10 * i) for i, own in enumerate(found)]
    run = joined([side_by_side(part, neighbour) if i % 2 else Run.of(part) for i, part in enumerate(parts)])
    assert whole(run) == expected(list(chain.from_iterable(parts)))


@given(VALUES, st.integers(0, 9))
def test_joined_parts_of_one_buffer_stay_in_it(found: list[bytes | None], place: int) -> None:
    run = Run.of(rows(*found))
    again = joined([run[:place], run[place:]])
    assert again.data is run.data
    assert whole(again) == whole(run)


def test_no_runs_cannot_be_joined() -> None:
    with pytest.raises(ValueError, match="no runs"):
        joined([])
