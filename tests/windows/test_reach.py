"""Windows with too few events reach back, by whole slides and no further than they may."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.windows.closing import ModelWindows
from tests.windows.rolling import (
    MINUTE_MS,
    START_MS,
    close_all,
    events_of,
    model_of,
    plan_of,
    published,
    stated,
)

MODEL = model_of({"length": "2m", "every": "1m", "min_events": 10, "reach": "5m"})


def spans(counts: list[int]) -> list[tuple[int, int, int]]:
    """Start, end (minutes) and events of the windows over panes of a minute."""
    plan = plan_of(MODEL)
    statements = [stated(plan, START_MS + i * MINUTE_MS, n) for i, n in enumerate(counts) if n]
    windows = close_all(ModelWindows(plan), statements, START_MS + len(counts) * MINUTE_MS)
    minutes = [((w.start_ms - START_MS) // MINUTE_MS, (w.end_ms - START_MS) // MINUTE_MS) for w in windows]
    return [(*span, events_of(w)["all"]) for span, w in zip(minutes, windows, strict=True)]


def test_a_window_begins_where_it_has_enough_events() -> None:
    """
    events     9  .  8  2  1  3 │ 20         min_events 10, reach 5
    window           ├──────────┤            1 + 3 is too little, with 2 still, with 8 enough
    """
    found = {end: (start, events) for start, end, events in spans([9, 0, 8, 2, 1, 3, 20])}
    assert found[6] == (2, 14)
    assert found[7] == (5, 23), "enough by itself"


def test_a_window_reaches_no_further_than_it_may() -> None:
    found = {end: (start, events) for start, end, events in spans([50, 1, 1, 1, 1, 1, 1])}
    assert found[6] == (1, 5)
    assert found[5] == (0, 54)


def test_a_window_does_not_reach_to_where_nothing_is() -> None:
    assert spans([0, 0, 0, 0, 0, 0, 3])[0] == (5, 7, 3)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=25))
def test_every_window_holds_what_lies_between_its_ends(counts: list[int]) -> None:
    for start, end, events in spans(counts):
        assert events == sum(counts[max(start, 0) : end])
        assert 2 <= end - start <= 5
        longer = sum(counts[max(end - 5, 0) : end])
        assert events >= min(10, longer)
        assert end - start == 2 or sum(counts[start + 1 : end]) < 10, "no longer than it must be"


def test_what_another_profile_counted_does_not_count_as_events() -> None:
    plan = plan_of(MODEL, published(MODEL, START_MS + 3 * MINUTE_MS))
    statements = [stated(plan, START_MS + i * MINUTE_MS, 4) for i in range(6)]
    windows = close_all(ModelWindows(plan), statements, START_MS + 5 * MINUTE_MS)
    assert (windows[-1].start_ms, events_of(windows[-1])["all"]) == (START_MS + 3 * MINUTE_MS, 8)
