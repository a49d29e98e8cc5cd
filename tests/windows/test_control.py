"""Which profile holds for a pane, and what happens to panes that were begun under another one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.fields import NumericField
from detectors.layout import Layout
from detectors.profile import Profile
from service.windows.closing import ModelWindows
from service.windows.codec import decode_rows
from service.windows.control import (
    Control,
    ProfilePublished,
    RetrainingReported,
    decode_control,
    encode_control,
)
from service.windows.plan import Plan, bare_fields
from tests.windows.making import FAST, LOGS, START_MS, Event, finish, log, new_source, read

PANE_MS = FAST.pane_ms


def profile(mark: float, version: str = "1") -> Profile:
    """A profile told apart by its edge."""
    fields = tuple(
        replace(field, edges=np.array([mark], np.float64)) if isinstance(field, NumericField) else field
        for field in bare_fields(FAST)
    )
    return Profile("fast", version, fields, ("all",), Layout(fields).zeros(1))


A, B, C = profile(1), profile(2), profile(3)


def control(*records: tuple[Profile, int], learned: bool = False) -> Control:
    folded = Control()
    for published, boundary_ms in records:
        folded.apply(ProfilePublished.of(published, boundary_ms, learned=learned))
    return folded


def held(folded: Control, *panes_ms: int, version: str = "1") -> list[str | None]:
    found = [folded.in_force("fast", version, pane_ms) for pane_ms in panes_ms]
    return [None if one is None else one.id for one in found]


def test_a_profile_holds_from_its_boundary_on() -> None:
    """
    pane       0    10    20    30
    boundary        A           B
    """
    assert held(control((A, 10), (B, 30)), 0, 9, 10, 20, 30, 99) == [None, None, A.id, A.id, B.id, B.id]


def test_a_later_record_with_an_earlier_boundary_replaces_what_it_overtakes() -> None:
    assert held(control((A, 10), (B, 30), (C, 20)), 10, 20, 30) == [A.id, C.id, C.id]


def test_the_same_profile_again_changes_nothing() -> None:
    folded = control((A, 10), (A, 50))
    assert (held(folded, 10, 50), folded.changes) == ([A.id, A.id], 1)


def test_of_two_learned_profiles_the_first_wins() -> None:
    assert held(control((A, 10), (B, 5), learned=True), 5, 10) == [None, A.id]


def test_a_learned_profile_never_replaces_a_published_one() -> None:
    folded = control((A, 10))
    assert folded.apply(ProfilePublished.of(B, 20, learned=True)) is None
    assert held(folded, 30) == [A.id]


def test_a_published_profile_replaces_a_learned_one_from_its_boundary_on() -> None:
    folded = control((A, 10), learned=True)
    folded.apply(ProfilePublished.of(B, 20))
    assert held(folded, 10, 20) == [A.id, B.id]


def test_a_version_without_a_profile_of_its_own_takes_the_one_for_any_version() -> None:
    anyone, own = profile(7, ""), profile(8, "2")
    folded = control((anyone, 0), (own, 20))
    assert held(folded, 0, 20, version="2") == [anyone.id, own.id]
    assert held(folded, 0, 20, version="1") == [anyone.id, anyone.id]


def test_labels_take_the_profile_that_began_to_hold_last_at_their_pane() -> None:
    """
    boundaries   0: version 1        20: version 2
    labels       pane 10 → 1         pane 20 → 2
    """
    newer = profile(9, "2")
    assert held(control((A, 0), (newer, 20)), 10, 20, version="") == [A.id, newer.id]
    assert held(control((newer, 20), (A, 0)), 10, 20, version="") == [A.id, newer.id]


def test_what_is_published_later_does_not_touch_panes_before_its_boundary() -> None:
    before, after = control((A, 0)), control((A, 0), (B, 20), (profile(9, "2"), 20))
    for version in ("1", "", "3"):
        assert held(before, 0, 10, 19, version=version) == held(after, 0, 10, 19, version=version)


def test_profiles_of_other_models_do_not_count() -> None:
    assert control((A, 0)).in_force("slow", "1", 10) is None
    assert control((A, 0)).in_force("slow", "", 10) is None


def test_records_come_back_from_their_bytes() -> None:
    for record in (
        ProfilePublished.of(A, 10, learned=True),
        RetrainingReported("fast", "started", 5, "ops"),
    ):
        assert decode_control(encode_control(record)) == record
    assert ProfilePublished.of(A, 10).profile.id == A.id


def test_panes_begun_before_a_profile_are_outdated_only_from_its_boundary_on() -> None:
    folded = Control()
    source = new_source(control=folded)
    read(source, log([Event(1), Event(12)]))
    folded.apply(ProfilePublished.of(A, START_MS + 20_000))
    assert not source.outdated()
    folded.apply(ProfilePublished.of(B, START_MS + 10_000))
    assert source.outdated()


@given(LOGS, st.integers(0, 40), st.integers(0, 8))
def test_recounting_from_the_commit_gives_what_counting_under_the_new_profile_gives(
    events: list[Event], at: int, boundary: int
) -> None:
    folded = Control()
    source = new_source(control=folded)
    records = log(events)
    read(source, records[:at])
    stated = {(s.model, s.version, s.pane_ms): s for s in finish(source)}
    source.acknowledge()
    last_finished_ms = max((key[2] + PANE_MS for key in stated), default=START_MS)
    boundary_ms = max(START_MS + boundary * PANE_MS, last_finished_ms)
    folded.apply(ProfilePublished.of(A, boundary_ms))
    if source.outdated():
        resume = source.resume()
        source = new_source(resume, folded)
        read(source, records[resume.offset :])
    else:
        read(source, records[at:])
    source.caught_up(START_MS + 10**9)
    stated |= {(s.model, s.version, s.pane_ms): s for s in finish(source)}
    fresh = new_source(control=folded)
    read(fresh, records)
    fresh.caught_up(START_MS + 10**9)
    expected = {(s.model, s.version, s.pane_ms): s for s in finish(fresh)}
    assert stated.keys() == expected.keys()
    for key, statement in expected.items():
        assert (stated[key].digest, stated[key].rows) == (statement.digest, statement.rows)


def test_windows_never_add_panes_counted_under_two_profiles() -> None:
    """
    pane     0    10    20    30    40    50
    profile  none ───── A from 20 on ────────
    30s/10s             ├── incomplete ──┤ whole again
    """
    folded = control((A, START_MS + 20_000))
    plan = Plan(FAST, folded)
    windows = ModelWindows(plan)
    source = new_source(control=folded)
    read(source, log([Event(10 * number + 1) for number in range(7)]))
    source.caught_up(START_MS + 10**6)
    for statement in finish(source):
        if statement.model == "fast":
            windows.state(statement)
    closed = [w for w in windows.close(START_MS + 70_000) if w.name == "30s/10s"]
    events = [int(w.layout.counter(w.totals, "events")[0]) for w in closed]
    assert events == [1, 2, 1, 2, 3, 3, 3]
    assert [w.incomplete for w in closed] == [False, False, True, True, False, False, False]
    assert [w.profile and w.profile.id for w in closed] == [None, None, *[A.id] * 5]


def test_a_statement_under_another_profile_than_the_one_in_force_is_left_out_and_said_to_be_missing() -> None:
    source = new_source()
    read(source, log([Event(1), Event(2)]))
    source.caught_up(START_MS + 10_000)
    [statement] = finish(source)
    assert decode_rows(statement.rows)[0, 0] == 2
    windows = ModelWindows(Plan(FAST, control((A, 0))))
    windows.state(statement)
    [first, _] = windows.close(START_MS + 10_000)
    assert (first.incomplete, int(first.totals.sum())) == (True, 0)
