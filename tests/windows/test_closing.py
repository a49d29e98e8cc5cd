"""Windows close on the watermark, and say the same whatever way their statements came."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from service.windows.closing import ModelWindows
from service.windows.silence import EMPTY_RUN
from service.windows.statement import Statement
from tests.windows.making import START_MS
from tests.windows.stating import (
    LAST_MS,
    PANE_MS,
    PANES,
    WATERMARKS,
    Pane,
    by_hand,
    filled,
    plan,
    said,
    statements,
    windows_of,
)


def all_of(panes: Sequence[Pane], hi: int = 100) -> list[Statement]:
    the_plan = plan()
    return [statement for pane in panes for statement in statements(pane, hi, the_plan)]


@given(PANES, WATERMARKS)
def test_windows_out_of_panes_are_the_sums_over_their_raw_panes(panes: list[Pane], marks: list[int]) -> None:
    windows = said(windows_of(all_of(panes), [*marks, LAST_MS], plan()))
    assert filled(windows, panes) == by_hand(panes, LAST_MS)


@given(PANES, WATERMARKS)
def test_how_the_watermark_gets_there_does_not_matter(panes: list[Pane], marks: list[int]) -> None:
    slowly = said(windows_of(all_of(panes), [*marks, LAST_MS], plan()))
    at_once = said(windows_of(all_of(panes), [LAST_MS], plan()))
    assert slowly == at_once


@given(PANES, st.randoms(use_true_random=False), st.integers(0, 3))
def test_order_repetition_and_zombies_change_nothing(panes: list[Pane], random: object, zombies: int) -> None:
    the_plan = plan()
    stated = [s for pane in panes for s in statements(pane, 100, the_plan, parts=3)]
    stale = [Pane(p.source, p.version, p.number, (9_000, 0, 0)) for p in panes[:zombies]]
    repeated = stated + stated[::2] + [s for pane in stale for s in statements(pane, 50, the_plan)]
    random.shuffle(repeated)  # type: ignore[attr-defined]  # hypothesis' own random
    assert said(windows_of(repeated, [LAST_MS], plan())) == said(windows_of(stated, [LAST_MS], plan()))


@given(PANES, WATERMARKS, st.integers(0, 30), st.booleans())
def test_a_snapshot_at_any_point_goes_on_with_the_same_bytes(
    panes: list[Pane], marks: list[int], at: int, torn: bool
) -> None:
    the_plan = plan()
    steps: list[Statement | int] = [s for p in panes for s in statements(p, 100, the_plan, parts=3)]
    for i, mark in enumerate(marks):
        steps.insert(min(len(steps), 2 * i + (len(steps) // 2) * torn), mark)
    steps.append(LAST_MS)
    through, restarted = ModelWindows(plan()), ModelWindows(plan())
    for i, step in enumerate(steps):
        if i == at:
            data = through.dump()
            restarted = ModelWindows(plan())
            restarted.load(data)
            assert restarted.dump() == data
        for model in (through, restarted) if i >= at else (through,):
            if isinstance(step, Statement):
                model.state(step)
        if isinstance(step, int):
            expected = list(through.close(step))
            if i >= at:
                found = list(restarted.close(step))
                assert said(found) == said(expected)
                assert [w.totals.tobytes() for w in found] == [w.totals.tobytes() for w in expected]
                assert [w.slices for w in found] == [w.slices for w in expected]


def test_a_window_closes_exactly_when_the_watermark_reaches_its_end() -> None:
    model = ModelWindows(plan())
    for statement in all_of([Pane("events/0", "1", 0, (1, 0, 0))]):
        model.state(statement)
    assert list(model.close(START_MS + PANE_MS - 1)) == []
    assert [window.name for window in model.close(START_MS + PANE_MS)] == ["10s"]
    assert list(model.close(START_MS + PANE_MS)) == []


def test_a_pane_stated_after_it_was_folded_is_counted_as_late_at_merge() -> None:
    model = ModelWindows(plan())
    list(model.close(START_MS + PANE_MS))
    for statement in all_of([Pane("events/0", "1", 0, (1, 0, 0))]):
        model.state(statement)
    assert model.merging.late == 1
    assert list(model.close(LAST_MS)) == []


def test_a_statement_of_which_a_part_is_missing_does_not_replace_a_whole_one() -> None:
    the_plan = plan()
    pane = Pane("events/0", "1", 0, (7, 3, 4))
    model = ModelWindows(the_plan)
    for statement in statements(pane, 10, the_plan) + statements(pane, 20, the_plan, parts=3)[:1]:
        model.state(statement)
    [window] = model.close(START_MS + PANE_MS)
    assert said([window]) == by_hand([pane], START_MS + PANE_MS)


def test_a_window_that_only_ever_got_a_part_of_a_pane_says_that_it_is_incomplete() -> None:
    the_plan = plan()
    model = ModelWindows(the_plan)
    model.state(statements(Pane("events/0", "1", 0, (7, 3, 4)), 20, the_plan, parts=3)[0])
    [window] = model.close(START_MS + PANE_MS)
    assert window.incomplete


def test_silence_is_seen_and_a_long_one_costs_little() -> None:
    """
    panes      █ . . . . . . . … . . █      10,000 panes apart
    windows    █ 0 0 0           … █ 0 0 0  so many empty ones as ``EMPTY_RUN``
    """
    panes = [Pane("events/0", "1", number, (1, 0, 0)) for number in (0, 10_000)]
    far_ms = START_MS + 20_000 * PANE_MS
    windows = [w for w in windows_of(all_of(panes), [far_ms], plan()) if w.name == "10s"]
    starts = [(window.start_ms - START_MS) // PANE_MS for window in windows]
    run = range(1, EMPTY_RUN + 1)
    assert starts == [0, *run, 10_000, *(10_000 + i for i in run)]
    assert [window.slices for window in windows if not window.totals.any()] == [("all",)] * 2 * EMPTY_RUN


def test_a_silent_version_is_evaluated_while_another_goes_on() -> None:
    panes = [Pane("events/0", "1", 0, (1, 0, 0))] + [
        Pane("events/0", "2", number, (1, 0, 0)) for number in range(20)
    ]
    marks = [START_MS + number * PANE_MS for number in range(1, 21)]
    windows = [w for w in windows_of(all_of(panes), marks, plan()) if w.name == "10s" and w.version == "1"]
    assert len(windows) == 1 + EMPTY_RUN


def test_a_version_that_comes_back_is_evaluated_from_its_first_pane_on() -> None:
    model = ModelWindows(plan())
    ends = []
    for number in range(40):
        if number in {0, 30}:
            for statement in all_of([Pane("events/0", "1", number, (1, 0, 0))]):
                model.state(statement)
        closed = model.close(START_MS + (number + 1) * PANE_MS)
        ends += [(w.end_ms - START_MS) // PANE_MS for w in closed if w.name == "10s"]
    assert ends == [1, 2, 3, 4, 31, 32, 33, 34]


def test_old_panes_are_let_go() -> None:
    panes = [Pane("events/0", "1", number, (1, 0, 0)) for number in range(60)]
    model = ModelWindows(plan())
    sizes = []
    for pane in panes:
        for statement in all_of([pane]):
            model.state(statement)
        list(model.close(pane.start_ms + PANE_MS))
        sizes.append(len(model.dump()))
    assert max(sizes[20:]) <= max(sizes[:20]) + 64


def test_windows_come_by_their_end_then_version_then_name() -> None:
    panes = [Pane("events/0", version, number, (1, 0, 0)) for version in "21" for number in range(6)]
    windows = windows_of(all_of(panes), [LAST_MS], plan())
    order = [(window.end_ms, window.version, window.name) for window in windows]
    assert order == sorted(order)
