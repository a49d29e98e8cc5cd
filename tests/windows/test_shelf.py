"""Panes rolled up into the slides of the windows give what the panes themselves give, in fewer rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.windows.asked import Asked
from service.windows.closing import ModelWindows
from service.windows.control import Control
from tests.windows.rolling import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    START_MS,
    close_all,
    events_of,
    model_of,
    plan_of,
    published,
    stated,
)

MODEL = model_of(
    {"length": "1m"},
    {"length": "6m", "every": "2m"},
    {"length": "12m", "every": "3m"},
    {"length": "20m", "every": "10m"},
)
LAST = 60
PANES = st.lists(
    st.tuples(
        st.integers(0, 45),
        st.integers(1, 400),
        st.sampled_from(["eu", "us"]),
        st.sampled_from(["a/0", "b/0"]),
    ),
    max_size=15,
    unique_by=lambda pane: (pane[0], pane[3]),
)


@given(PANES, st.one_of(st.none(), st.integers(0, 45)), st.lists(st.integers(0, LAST), max_size=8))
def test_windows_of_any_slide_are_the_sums_of_their_panes_also_when_a_profile_changes(
    panes: list[tuple[int, int, str, str]], change: int | None, marks: list[int]
) -> None:
    control = Control() if change is None else published(MODEL, START_MS + change * MINUTE_MS)
    plan = plan_of(MODEL, control)
    statements = [
        stated(plan, START_MS + at * MINUTE_MS, events, region=region, source=source)
        for at, events, region, source in panes
    ]
    watermarks = [START_MS + mark * MINUTE_MS for mark in (*sorted(marks), LAST)]
    windows = close_all(ModelWindows(plan, Asked(newest=True)), statements, *watermarks)
    specs = {spec.name: spec for spec in MODEL.windows}
    for window in windows:
        changed = None if change is None or window.end_ms <= START_MS + change * MINUTE_MS else change
        inside = [p for p in panes if window.start_ms <= START_MS + p[0] * MINUTE_MS < window.end_ms]
        counted = [p for p in inside if changed is None or p[0] >= changed]
        assert events_of(window) == by_region(counted)
        assert window.incomplete == (len(counted) < len(inside))
        newest_ms = window.end_ms - specs[window.name].slide_ms
        assert window.newest is not None
        found = window.layout.counter(window.newest.rows, "events").tolist()
        assert dict(zip(window.newest.slices, found, strict=True)) == by_region(
            [p for p in counted if START_MS + p[0] * MINUTE_MS >= newest_ms]
        )
    for name, spec in specs.items():
        ends = {window.end_ms for window in windows if window.name == name}
        for at, *_ in panes:
            first = (START_MS + at * MINUTE_MS) // spec.slide_ms * spec.slide_ms + spec.slide_ms
            due = range(first, min(first + spec.length, watermarks[-1] + 1), spec.slide_ms)
            assert set(due) <= ends


def by_region(panes: list[tuple[int, int, str, str]]) -> dict[str, int]:
    sums = {"all": sum(events for _, events, *_ in panes)}
    for region in sorted({region for _, _, region, _ in panes}):
        sums[f"region={region}"] = sum(events for _, events, of, _ in panes if of == region)
    return sums


def test_a_week_by_the_day_keeps_days_and_not_minutes() -> None:
    """Windows of 1 h by the minute and of 7 d by the day: 59 rows of a minute, 8 of a day, not 10,080."""
    model = model_of({"length": "1h", "every": "1m"}, {"length": "7d", "every": "1d"})
    plan = plan_of(model)
    windows = ModelWindows(plan)
    for minute in range(0, 20 * 24 * 60, 35):
        start_ms = START_MS + minute * MINUTE_MS
        windows.state(stated(plan, start_ms, 1))
        if minute % 700 == 0:
            list(windows.close(start_ms + MINUTE_MS))
    [shelves] = windows._state.shelves.values()
    kept = {grain.ms: len(shelf) for grain, shelf in shelves.items()}
    assert kept[DAY_MS] <= 8
    assert kept[MINUTE_MS] <= 60
    assert len(windows.dump()) < 20_000


def test_how_often_the_watermark_moves_leaves_the_same_grains_behind() -> None:
    model = model_of({"length": "2h", "every": "1h"}, {"length": "1d"})
    plan = plan_of(model)
    statements = [stated(plan, START_MS + hour * HOUR_MS, hour + 1) for hour in range(30)]
    often, seldom = ModelWindows(plan), ModelWindows(plan)
    close_all(often, statements, *(START_MS + hour * HOUR_MS for hour in range(31)))
    close_all(seldom, statements, START_MS + 30 * HOUR_MS)
    assert often._state.shelves == seldom._state.shelves
