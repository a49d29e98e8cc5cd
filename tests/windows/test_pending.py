"""Events wait to be counted together, and nothing but the cost tells."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.events.coded import CodedColumn
from service.events.joining import joined_column
from service.windows.control import Control, ProfilePublished
from service.windows.pending import TOGETHER, WAITING_MAX, Pending
from service.windows.resume import Resume
from service.windows.source import Source, Tally
from service.windows.statement import Statement
from tests.windows.making import LOGS, START_MS, Event, finish, log, new_source, pieces, read
from tests.windows.test_control import A

SECOND_MS = 1_000

Told = tuple[list[Statement], Resume, int]
"""Statements, and what the source says of itself."""


def told(source: Source) -> Told:
    statements = finish(source)
    return statements, source.resume(), source.unbegun_ms


def played(
    events: list[Event], cuts: list[int], together: int, ends: list[int]
) -> tuple[list[Told], dict[str, Tally]]:
    """All that is told while a log is read in pieces, each with an end of the log known behind it."""
    control = Control()
    control.apply(ProfilePublished.of(A, START_MS + 20 * SECOND_MS))
    source = new_source(control=control, together=together)
    heard = []
    for number, piece in enumerate(pieces(log(events), cuts)):
        read(source, piece)
        if number < len(ends):
            source.caught_up(START_MS + ends[number] * SECOND_MS)
        heard.append(told(source))
        if number % 2:
            source.acknowledge()
            heard.append(told(source))
    source.caught_up(START_MS + 10**9)
    heard.append(told(source))
    return heard, source.tallies()


@given(
    LOGS,
    st.lists(st.integers(0, 60), max_size=8),
    st.integers(2, 40),
    st.lists(st.integers(0, 90), max_size=6),
)
def test_however_long_events_wait_every_statement_and_every_commit_is_the_same(
    events: list[Event], cuts: list[int], together: int, ends: list[int]
) -> None:
    at_once = played(events, cuts, 1, ends)
    assert played(events, cuts, together, ends) == at_once
    assert played(events, cuts, TOGETHER, ends) == at_once


@given(LOGS, st.integers(0, 40), st.integers(0, 40))
def test_a_log_that_begins_again_finds_all_that_waited_counted(events: list[Event], at: int, to: int) -> None:
    heard = []
    for together in (1, TOGETHER):
        source = new_source(together=together)
        records = log(events)
        read(source, records[:at])
        source.skip(min(to, len(records)))
        read(source, records[min(to, len(records)) :])
        heard.append(told(source))
        source.caught_up(START_MS + 10**9)
        heard.append(told(source))
    assert heard[:2] == heard[2:]


def test_no_more_than_a_bound_of_events_waits() -> None:
    source = new_source(together=10 * WAITING_MAX)
    offset = waiting = 0
    while offset <= WAITING_MAX:
        events = [Event(1, "fast" if i % 2 else "slow") for i in range(2_000)]
        read(source, [event.record(offset + i) for i, event in enumerate(events)])
        offset += len(events)
        waiting = max(waiting, source._pending._events)
    assert 0 < waiting <= WAITING_MAX
    assert source._open, "beyond the bound they were counted before any pane had ended"


def test_columns_are_joined_by_value_and_type() -> None:
    columns: list[CodedColumn[object]] = [
        CodedColumn(np.array([1, 0]), ["a", 1]),
        CodedColumn(np.array([0, 1, 2]), [True, "a", None]),
        CodedColumn(np.array([0]), ["a", 1, None]),
    ]
    together = joined_column(columns)
    assert list(map(repr, together)) == ["1", "'a'", "True", "'a'", "None", "'a'"]


def test_nothing_waits_at_first() -> None:
    assert Pending().first() is None
