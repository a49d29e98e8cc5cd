"""Baselines of the past of a stream: the right hours of the right days, and no more than are needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.config.monitor import Monitor
from service.windows.asked import Asked
from service.windows.closed import ClosedWindow
from service.windows.closing import ModelWindows
from tests.windows.rolling import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    START_MS,
    close_all,
    model_of,
    plan_of,
    published,
    stated,
)

ALL = Asked(baselines=frozenset({"rolling", "hour_of_day", "hour_of_week"}))
HALF_HOUR_MS = 30 * MINUTE_MS
MODEL = model_of({"length": "1h", "every": "30m"}, past={"rolling": "6h", "periods": 2})


def past_of(window: ClosedWindow, baseline: str) -> int:
    """Events of a baseline; 0 where there is none."""
    if baseline not in window.baselines:
        assert baseline not in window.periods
        return 0
    slices, rows = window.baselines[baseline]
    assert slices[0] == "all"
    return int(window.layout.counter(rows, "events")[0])


@given(st.lists(st.integers(0, 500), min_size=1, max_size=150), st.integers(0, 3))
def test_a_baseline_is_the_sum_of_whole_hours_that_ended_before_the_window(
    counts: list[int], skip: int
) -> None:
    plan = plan_of(MODEL)
    pane_of = [(START_MS + i * (skip + 1) * HALF_HOUR_MS, n) for i, n in enumerate(counts) if n]
    windows = ModelWindows(plan, ALL)
    last_ms = START_MS + len(counts) * (skip + 1) * HALF_HOUR_MS
    for window in close_all(windows, [stated(plan, at, n) for at, n in pane_of], last_ms // 2, last_ms):
        start, end = window.start_ms, window.end_ms
        hour = {at: at // HOUR_MS * HOUR_MS for at, _ in pane_of}
        whole = [(hour[at], n) for at, n in pane_of if hour[at] + HOUR_MS <= start]
        rolling = sum(n for at, n in whole if at >= start - 6 * HOUR_MS)
        days = [(start - back * DAY_MS, end - back * DAY_MS) for back in (1, 2)]
        same = sum(n for at, n in whole if any(lo // HOUR_MS * HOUR_MS <= at < hi for lo, hi in days))
        assert (past_of(window, "rolling"), past_of(window, "hour_of_day")) == (rolling, same)
        assert past_of(window, "hour_of_week") == 0


def test_the_same_hour_of_the_week_is_that_of_the_last_weeks() -> None:
    """
    weeks     0           1           2           3
    events    1           10          100       [ 1000 ]        periods: 2
    """
    plan = plan_of(MODEL)
    statements = [stated(plan, START_MS + week * 7 * DAY_MS, 10**week) for week in range(4)]
    windows = close_all(ModelWindows(plan, ALL), statements, START_MS + 22 * DAY_MS)
    [window] = [w for w in windows if w.start_ms == START_MS + 21 * DAY_MS]
    assert past_of(window, "hour_of_week") == 110
    assert window.periods == {"hour_of_week": 2}


def test_a_window_without_any_past_has_no_baseline() -> None:
    plan = plan_of(MODEL)
    [first, *_] = close_all(ModelWindows(plan, ALL), [stated(plan, START_MS, 5)], START_MS + DAY_MS)
    assert (first.baselines, first.periods) == ({}, {})


def test_what_nobody_asks_for_is_neither_said_nor_kept() -> None:
    plan = plan_of(MODEL)
    statements = [stated(plan, START_MS + i * HALF_HOUR_MS, 1) for i in range(100)]
    windows = ModelWindows(plan)
    closed = close_all(windows, statements, START_MS + 2 * DAY_MS)
    assert all((w.newest, w.baselines, w.periods) == (None, {}, {}) for w in closed)
    [shelves] = windows._state.shelves.values()
    assert sum(map(len, shelves.values())) <= 2


def test_a_baseline_keeps_as_many_hours_as_it_looks_back_and_no_more() -> None:
    plan = plan_of(MODEL)
    windows = ModelWindows(plan, Asked(baselines=frozenset({"hour_of_day"})))
    for day in range(9):
        at_ms = START_MS + day * DAY_MS
        statements = [stated(plan, at_ms + i * HALF_HOUR_MS, 1) for i in range(48)]
        close_all(windows, statements, at_ms + DAY_MS)
    [shelves] = windows._state.shelves.values()
    assert 48 <= len(shelves[windows._past.grain]) <= 48 + 3


def test_what_another_profile_counted_is_no_past() -> None:
    control = published(MODEL, START_MS + 3 * HOUR_MS)
    plan = plan_of(MODEL, control)
    statements = [stated(plan, START_MS + i * HALF_HOUR_MS, 1) for i in range(12)]
    windows = close_all(ModelWindows(plan, ALL), statements, START_MS + 6 * HOUR_MS)
    found = {(w.start_ms - START_MS) / HOUR_MS: past_of(w, "rolling") for w in windows}
    assert found[2.0] == 4
    assert (found[3.0], found[4.0], found[5.0]) == (0, 2, 4)


def test_a_snapshot_holds_the_past() -> None:
    plan = plan_of(MODEL)
    statements = [stated(plan, START_MS + i * HALF_HOUR_MS, i + 1) for i in range(60)]
    through, restarted = ModelWindows(plan, ALL), ModelWindows(plan, ALL)
    close_all(through, statements, START_MS + DAY_MS)
    restarted.load(through.dump())
    one, other = (list(windows.close(START_MS + 30 * HOUR_MS)) for windows in (through, restarted))
    assert [past_of(w, "hour_of_day") for w in one] == [past_of(w, "hour_of_day") for w in other]
    assert any(past_of(w, "hour_of_day") for w in one)


@pytest.mark.parametrize(("offset", "begins"), [("0s", [0, 60]), ("30m", [30, 90]), ("-30m", [30, 90])])
def test_hours_of_the_past_begin_on_the_local_hour(offset: str, begins: list[int]) -> None:
    model = model_of({"length": "1h", "every": "30m"}, past={"utc_offset": offset})
    plan = plan_of(model)
    windows = ModelWindows(plan, Asked(baselines=frozenset({"rolling"})))
    close_all(
        windows, [stated(plan, START_MS + i * HALF_HOUR_MS, 1) for i in range(6)], START_MS + 3 * HOUR_MS
    )
    [shelves] = windows._state.shelves.values()
    starts = [(grain.start_ms - START_MS) // MINUTE_MS for grain in shelves[windows._past.grain]]
    assert [start for start in starts if 0 <= start <= 90] == begins


def test_monitors_say_what_is_asked_of_the_models_they_watch() -> None:
    base = {"name": "M", "threshold": 1.0}
    monitors = [
        Monitor.model_validate(base | {"metric": "psi", "baseline": "rolling", "models": ("credit*",)}),
        Monitor.model_validate(base | {"metric": "change:mean", "models": ("churn",)}),
        Monitor.model_validate(base | {"metric": "ks"}),
    ]
    assert Asked.of("credit-eu", monitors) == Asked(newest=False, baselines=frozenset({"rolling"}))
    assert Asked.of("churn", monitors) == Asked(newest=True, baselines=frozenset())
    assert Asked.of("other", monitors) == Asked()
