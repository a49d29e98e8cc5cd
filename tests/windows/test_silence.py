"""Silence is a finding, for as long as somebody may wait for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from service.windows.clock import FOREVER_MS
from service.windows.closing import ModelWindows
from service.windows.control import Control
from service.windows.gaps import Missing
from service.windows.plan import Plan
from service.windows.silence import EMPTY_RUN, SILENT_RUN, Run, due
from service.windows.statement import Statement
from tests.windows.rolling import MINUTE_MS, START_MS, model_of, plan_of, published, stated

MODEL = model_of({"length": "1m"})
NAMED = model_of({"length": "1m"}, versions=("1", "2"))


def minutes(windows: ModelWindows, *marks: int, version: str = "1") -> list[int]:
    """In which minutes a version was evaluated, as the watermark passes the marks."""
    return [
        (window.start_ms - START_MS) // MINUTE_MS
        for mark in marks
        for window in windows.close(mark if mark == FOREVER_MS else START_MS + mark * MINUTE_MS)
        if window.version == version
    ]


def at(plan: Plan, minute: int, version: str = "1") -> Statement:
    return stated(plan, START_MS + minute * MINUTE_MS, 1, version=version)


def begun(plan: Plan, *statements: Statement) -> ModelWindows:
    """Windows whose watermark stands at the start."""
    windows = ModelWindows(plan)
    list(windows.close(START_MS))
    for statement in statements:
        windows.state(statement)
    return windows


@pytest.mark.parametrize("marks", [[7], range(8), [3, 7]])
def test_a_configured_version_that_never_said_anything_is_evaluated(marks: list[int]) -> None:
    windows = begun(plan_of(NAMED))
    assert minutes(windows, *marks) == list(range(7))


def test_only_windows_that_were_watched_from_their_start_count_as_silent() -> None:
    windows = ModelWindows(plan_of(model_of({"length": "4m", "every": "1m"}, versions=("1",))))
    list(windows.close(START_MS + 30_000))
    assert minutes(windows, 4, 6) == [1, 2]


def test_a_version_with_a_profile_is_evaluated_from_its_boundary_on() -> None:
    plan = plan_of(MODEL, published(MODEL, START_MS + 3 * MINUTE_MS))
    assert minutes(begun(plan), 6) == [3, 4, 5]


def test_a_version_that_nobody_expects_gets_a_short_run() -> None:
    plan = plan_of(MODEL)
    windows = begun(plan, at(plan, 0))
    assert minutes(windows, 50) == list(range(1 + EMPTY_RUN))


def test_an_expected_version_is_evaluated_until_every_hysteresis_is_met() -> None:
    plan = plan_of(MODEL, published(MODEL, START_MS))
    slowly, at_once = (begun(plan, at(plan, 0)) for _ in range(2))
    assert minutes(slowly, *range(300)) == minutes(at_once, 299) == list(range(1 + SILENT_RUN))
    assert slowly.merging.retired == at_once.merging.retired == 1


def test_a_version_whose_place_another_took_gets_a_short_run_only() -> None:
    """
    version 1   █ . . . . . . .        it has a profile, and is silent since version 2 came
    version 2   . █ █ █ █ █ █ █
    """
    plan = plan_of(MODEL, published(MODEL, START_MS))
    windows = begun(plan, at(plan, 0), *(at(plan, minute, "2") for minute in range(1, 40)))
    assert minutes(windows, 40) == list(range(1 + EMPTY_RUN))


def test_a_configured_version_is_expected_whatever_others_do() -> None:
    plan = plan_of(NAMED)
    windows = begun(plan, at(plan, 0), *(at(plan, minute, "2") for minute in range(1, 40)))
    assert minutes(windows, 40) == list(range(40))


def test_a_retired_version_that_comes_back_is_evaluated_again() -> None:
    plan = plan_of(NAMED)
    windows = begun(plan, at(plan, 0))
    assert minutes(windows, 500)[-1] == SILENT_RUN
    windows.state(at(plan, 600))
    assert minutes(windows, 602) == [600, 601]


def last_of(windows: ModelWindows, *marks: int) -> list[tuple[str, int]]:
    """Versions of which a window was the last, and its end in minutes."""
    return [
        (window.version, (window.end_ms - START_MS) // MINUTE_MS)
        for mark in marks
        for window in windows.close(mark if mark == FOREVER_MS else START_MS + mark * MINUTE_MS)
        if window.last
    ]


@pytest.mark.parametrize("marks", [range(300), [2, 299], [104, 230, 299], [299]])
def test_the_last_window_of_a_version_that_nobody_waits_for_says_so(marks: Sequence[int]) -> None:
    """
    version 1   █ . . . . . . █ .      expected until 2 takes its place, then again
    version 2   . . . . . █ . . .      nobody expects it
    """
    plan = plan_of(MODEL, published(MODEL, START_MS))
    windows = begun(plan, *(at(plan, *place) for place in [(0, "1"), (150, "2"), (200, "1"), (210, "2")]))
    assert last_of(windows, *marks) == [
        ("1", 151), ("2", 151 + EMPTY_RUN), ("1", 211), ("2", 211 + EMPTY_RUN)
    ]  # fmt: skip


def test_silence_of_a_configured_version_never_ends() -> None:
    plan = plan_of(NAMED)
    windows = begun(plan, at(plan, 0), *(at(plan, minute, "2") for minute in range(300)))
    assert last_of(windows, 250) == []


def test_labels_come_when_they_come() -> None:
    plan = plan_of(MODEL)
    assert last_of(begun(plan, at(plan, 0, "")), 50) == []


def test_the_end_of_a_replay_is_no_silence() -> None:
    plan = plan_of(NAMED)
    windows = begun(plan, at(plan, 0))
    assert minutes(windows, FOREVER_MS) == [0]


def test_a_window_that_slides_ends_with_the_events_of_a_replay() -> None:
    """
    events     █ █ .
    windows    ▔ ▔           those after it would see traffic fall that nobody saw fall
                 ▔▔▔
    """
    plan = plan_of(model_of({"length": "3m", "every": "1m"}))
    windows = begun(plan, at(plan, 0), at(plan, 1))
    assert minutes(windows, FOREVER_MS) == [-2, -1]


def test_a_window_that_a_replay_ends_in_is_evaluated_of_versions_with_events_there() -> None:
    plan = plan_of(model_of({"length": "1m"}, {"length": "5m"}, versions=("1", "2")))
    windows = [w for w in begun(plan, at(plan, 0), at(plan, 6, "2")).close(FOREVER_MS) if w.name == "5m"]
    ends = [(window.version, (window.end_ms - START_MS) // MINUTE_MS) for window in windows]
    assert ends == [("1", 5), ("2", 10)]


def test_silence_of_an_expected_version_before_a_replay_ends_is_a_finding() -> None:
    plan = plan_of(NAMED)
    windows = begun(plan, at(plan, 0), at(plan, 20, "2"))
    assert minutes(windows, FOREVER_MS) == list(range(21))


def test_a_version_that_fell_silent_in_the_middle_of_a_replay_was_silent() -> None:
    plan = plan_of(MODEL)
    windows = begun(plan, at(plan, 0), *(at(plan, minute, "2") for minute in range(20)))
    assert last_of(windows, FOREVER_MS) == [("1", 1 + EMPTY_RUN)]


def gap(first: int, end: int) -> Missing:
    return Missing(START_MS + first * MINUTE_MS, START_MS + end * MINUTE_MS, "events/0", 10, 20)


@pytest.mark.parametrize("marks", [range(41), [1, 5, 12, 40], [40]])
def test_a_version_is_waited_for_while_its_records_may_be_gone(marks: Sequence[int]) -> None:
    """
    version 1   █ ? ? … ? L . .      records of minutes 1 to 20 are gone
    """
    plan = plan_of(MODEL)
    windows = begun(plan, at(plan, 0))
    told = [
        window
        for mark in marks
        for window in windows.close(START_MS + mark * MINUTE_MS, [gap(1, 20)])
        if window.version == "1"
    ]
    assert [(window.start_ms - START_MS) // MINUTE_MS for window in told] == list(range(21))
    assert [window.incomplete for window in told] == [False, *[True] * 19, False]
    assert [window.last for window in told] == [False] * 20 + [True]
    assert windows.merging.retired == 1


def test_a_version_that_was_gone_before_a_gap_is_not_waited_for() -> None:
    plan = plan_of(MODEL, published(MODEL, START_MS))
    windows = begun(plan, at(plan, 0), *(at(plan, minute, "2") for minute in range(1, 40)))
    told = [w for w in windows.close(START_MS + 40 * MINUTE_MS, [gap(10, 20)]) if w.version == "1"]
    assert [(window.start_ms - START_MS) // MINUTE_MS for window in told] == list(range(1 + EMPTY_RUN))


def test_a_gap_without_end_is_waited_for_as_long_as_a_silence() -> None:
    plan = plan_of(MODEL)
    windows = begun(plan, at(plan, 0))
    told = list(windows.close(START_MS + 1_000 * MINUTE_MS, [gap(1, 2_000)]))
    assert [window.last for window in told] == [False] * SILENT_RUN + [True]


def test_a_version_that_comes_back_after_a_gap_has_windows_all_along() -> None:
    plan = plan_of(MODEL)
    windows = begun(plan, at(plan, 0), at(plan, 20))
    told = list(windows.close(START_MS + 21 * MINUTE_MS, [gap(1, 20)]))
    assert [window.incomplete for window in told] == [False, *[True] * 19, False]


def test_what_retired_leaves_nothing_behind() -> None:
    plan = plan_of(MODEL)
    windows = begun(plan)
    sizes = []
    for minute in range(60):
        windows.state(at(plan, minute, f"v{minute}"))
        list(windows.close(START_MS + (minute + 1) * MINUTE_MS))
        sizes.append(len(windows.dump()))
    assert sizes[-1] <= sizes[10] + 64
    assert windows.merging.retired == 60 - EMPTY_RUN


def test_a_jump_over_years_costs_no_more_than_a_run() -> None:
    run, steps = Run(0), 0
    for after, _ in due(run, [0, 10**12], 10, 10, 10**12 + 100, lambda _: True):
        run, steps = after, steps + 1
    assert run == Run(10**12 + 100, 9)
    assert steps == 1 + SILENT_RUN + 10


def test_control_says_which_versions_have_a_profile_and_since_when() -> None:
    assert published(MODEL, 7, version="9").published("fast") == {"9": 7}
    assert Control().published("fast") == {}
