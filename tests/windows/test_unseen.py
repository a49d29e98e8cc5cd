"""Names that the reference does not know come through both stages, however records were batched."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from detectors.layout import Layout
from detectors.profile import Profile
from detectors.totals.heavy import CAPACITY
from service.windows.closed import ClosedWindow
from service.windows.closing import ModelWindows
from service.windows.control import Control, ProfilePublished
from service.windows.plan import Plan, bare_fields
from service.windows.unseen import NAME_LENGTH
from tests.windows.making import CUTS, FAST, START_MS, Event, finish, log, new_source, pieces, read

PANES = 3


def known() -> Control:
    """A reference that knows CA and NY."""
    fields = bare_fields(FAST)
    control = Control()
    profile = Profile("fast", "", fields, ("all",), Layout(fields).zeros(1))
    control.apply(ProfilePublished.of(profile, START_MS - 10**6))
    return control


def windows_of(events: list[Event], cuts: list[int], control: Control) -> list[ClosedWindow]:
    source = new_source(control=control)
    for piece in pieces(log(events), cuts):
        read(source, piece)
    source.caught_up(START_MS + 10**6)
    windows = ModelWindows(Plan(FAST, control))
    for statement in finish(source):
        windows.state(statement)
    return [w for w in windows.close(START_MS + PANES * 10_000) if w.totals.any()]


STATES = st.lists(st.sampled_from(["CA", "NY", *(f"state {i}" for i in range(25)), None]), max_size=80)


@given(STATES, CUTS)
def test_a_window_names_the_unseen_and_batches_make_no_difference(
    states: list[str | None], cuts: list[int]
) -> None:
    events = [Event(i * PANES * 10 / (len(states) + 1), state=state) for i, state in enumerate(states)]
    windows = windows_of(events, cuts, known())
    assert [w.unseen for w in windows] == [w.unseen for w in windows_of(events, [], known())]
    for window in windows:
        inside = [event for event in events if window.start_ms <= event.at_ms < window.end_ms]
        counts = Counter(event.state for event in inside if event.state not in {None, "CA", "NY"})
        found = window.unseen.get("state", {})
        if len(counts) <= CAPACITY:
            assert found == counts
        slack = counts.total() / (CAPACITY + 1)
        assert all(counts[name] - slack <= found.get(str(name), 0) <= counts[name] for name in counts)
        assert list(found.values()) == sorted(found.values(), reverse=True)


def test_without_a_reference_no_name_is_unseen() -> None:
    [window, *_] = windows_of([Event(1, state="TX")], [], Control())
    assert window.unseen == {}


def test_long_names_are_cut_and_labels_have_none() -> None:
    events = [Event(1, state="x" * 200), Event(2, state="x" * 100), Event(3, label=True, state="TX")]
    windows = windows_of(events, [], known())
    assert next(w.unseen for w in windows if w.version == "1") == {"state": {"x" * NAME_LENGTH: 2}}
    assert all(w.unseen == {} for w in windows if w.version == "")
