"""Panes against counting one event at a time; and the same log gives the same bytes however it is cut."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given

from detectors.fields import GRID_CLAMP, GRID_STEPS
from service.windows.codec import decode_rows
from service.windows.slicing import ALL, other_name, slice_name
from service.windows.statement import Statement
from tests.windows.making import (
    CUTS,
    FAST,
    LOGS,
    SETTINGS,
    Event,
    counted_by_hand,
    finish,
    log,
    new_source,
    pieces,
    plans,
    read,
    tallied,
)

LATER_MS = 2_000_000_000_000
BUDGET = SETTINGS.limits.slices


def stated(events: list[Event], cuts: list[int]) -> list[Statement]:
    """All panes, after reading the log in pieces."""
    source = new_source()
    for piece in pieces(log(events), cuts):
        read(source, piece)
    source.caught_up(LATER_MS)
    return finish(source)


@given(LOGS, CUTS)
def test_how_a_log_is_cut_into_batches_changes_no_byte_of_any_statement(
    events: list[Event], cuts: list[int]
) -> None:
    assert stated(events, cuts) == stated(events, [])


@given(LOGS, CUTS)
def test_every_event_is_counted_in_its_pane_or_late_where_the_watermark_stood(
    events: list[Event], cuts: list[int]
) -> None:
    on_time, late = counted_by_hand(events)
    found, found_late = Counter[tuple[str, str, int]](), Counter[tuple[str, str, int]]()
    for statement in stated(events, cuts):
        row = decode_rows(statement.rows)[0]
        key = (statement.model, statement.version, statement.pane_ms)
        found[key] += int(row[0] + row[4])
        found_late[key] += statement.late
    assert +found == on_time
    assert +found_late == late


@given(LOGS)
def test_a_pane_holds_what_counting_one_event_at_a_time_gives(events: list[Event]) -> None:
    events = [event for event in events if event.model == "fast" and not event.label and event.version == "1"]
    events = [Event(5, region=e.region, tier=e.tier, x=e.x, state=e.state) for e in events]
    for statement in stated(events, []):
        layout = plans()["fast"].counting("1", statement.pane_ms).layout
        rows = dict(zip(statement.slices, decode_rows(statement.rows), strict=True))
        by_slice, cut = members(events)
        assert rows.keys() == by_slice.keys()
        assert statement.cut == cut
        for name, own in by_slice.items():
            numbers = [event.x for event in own if event.x is not None]
            steps = [round(float(np.clip(x * GRID_STEPS, -GRID_CLAMP, GRID_CLAMP))) for x in numbers]
            x, state = layout.index["x"], layout.index["state"]
            assert layout.counter(rows[name], "events") == len(own)
            assert [int(m) for m in layout.moments(rows[name], x)] == [sum(steps), sum(q * q for q in steps)]
            assert layout.values(rows[name], x).sum() == len(numbers)
            assert layout.state(rows[name], x, "null") == len(own) - len(numbers)
            states = Counter(event.state for event in own)
            assert layout.values(rows[name], state).tolist() == [states["CA"], states["NY"], states["TX"]]
            assert layout.state(rows[name], state, "null") == states[None]


def members(events: list[Event]) -> tuple[dict[str, list[Event]], int]:
    """The events of each slice, the first ``BUDGET`` of a dimension by offset; and how many were cut."""
    by_slice: dict[str, list[Event]] = {ALL: list(events)}
    cut = 0
    for dimension in FAST.slices:
        own: dict[str, list[Event]] = {}
        for event in events:
            values = [getattr(event, tag) for tag in dimension]
            if None in values:
                continue
            name = slice_name(dimension, values)
            if name not in own and len(own.keys() - {other_name(dimension)}) >= BUDGET:
                name = other_name(dimension)
                cut += 1
            own.setdefault(name, []).append(event)
        by_slice |= own
    return by_slice, cut


def test_the_first_slices_by_offset_have_rows_and_the_rest_share_one() -> None:
    r"""
    eu us eu cn cn jp        budget 2
    ── ── ── └───┬───┘
    eu us eu  __other__
    """
    regions = ["eu", "us", "eu", "cn", "cn", "jp"]
    source = new_source()
    read(source, log([Event(1, region=region) for region in regions]))
    source.caught_up(LATER_MS)
    [statement] = finish(source)
    assert source.tallies()["fast"].cut == 3
    events = dict(zip(statement.slices, decode_rows(statement.rows)[:, 0].tolist(), strict=True))
    assert events == {"all": 6, "region=eu": 2, "region=us": 1, "region=__other__": 3}
    assert statement.cut == 3


def test_labels_and_predictions_of_one_pane_do_not_compete_for_slices() -> None:
    """Whether they come in one batch or in three: a label of jp, then predictions of eu and us; budget 2."""
    events = [Event(1, region="jp", label=True), *(Event(1, region=r, version=None) for r in ("eu", "us"))]
    [at_once], [one_by_one] = stated(events, []), stated(events, [1, 2])
    assert at_once == one_by_one
    assert at_once.slices == ("all", "region=eu", "region=jp", "region=us")
    assert at_once.cut == 0


def test_squares_of_the_farthest_values_do_not_overflow_for_millions_of_events() -> None:
    assert GRID_CLAMP**2 * 2**24 < 2**63
    [statement] = stated([Event(1, x=1e308), Event(1, x=-1e308)], [])
    layout = plans()["fast"].counting("1", statement.pane_ms).layout
    moments = layout.moments(decode_rows(statement.rows)[0], 0)
    assert [int(moment) for moment in moments] == [0, 2 * GRID_CLAMP**2]


def test_late_events_are_tallied_once() -> None:
    source = new_source()
    read(source, log([Event(30), Event(2), Event(3)]))
    assert tallied(source) == (2, 0, 0)
    assert tallied(source) == (0, 0, 0)
