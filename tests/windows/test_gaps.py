"""Which windows a gap in a source touches, and how many records it took from them."""

from __future__ import annotations

import pytest

from service.pipeline import Evaluation, Ingest
from service.windows.clock import FOREVER_MS, NEVER_MS
from service.windows.closed import ClosedWindow
from service.windows.closing import ModelWindows
from service.windows.control import Control
from service.windows.gaps import GAPS, KnownGap, Missing, bounded, learned, missing_in, stated, touched
from service.windows.progress import Progresses
from service.windows.resume import Resume, read_metadata
from service.windows.statement import Gap, Progress, decode_partial, encode_partial
from tests.windows.making import NAME, SETTINGS, START_MS, Event, log
from tests.windows.rolling import MINUTE_MS, model_of, plan_of
from tests.windows.rolling import START_MS as MIDNIGHT_MS
from tests.windows.rolling import stated as pane

LATENESS_MS, AHEAD_MS = 5, 3


def gap(lo: int, hi: int, newest_ms: int, *, partition: int = 0, caught_up_ms: int = NEVER_MS) -> Gap:
    return Gap(
        topic="events", partition=partition, lo=lo, hi=hi, newest_ms=newest_ms, caught_up_ms=caught_up_ms
    )


def progress(hi: int, clock_ms: int, *, partition: int = 0, caught_up_ms: int = NEVER_MS) -> Progress:
    return Progress(
        topic="events", partition=partition, partitions=2, hi=hi, clock_ms=clock_ms, caught_up_ms=caught_up_ms
    )


def spans(*said: Gap | Progress) -> list[tuple[int, int]]:
    """The event times touched, once all this was said."""
    known = Progresses(["events"], AHEAD_MS)
    for partial in said:
        if isinstance(partial, Gap):
            known.lose(partial)
        else:
            known.observe(partial)
    return [(found.from_ms, found.until_ms) for found in known.missing(LATENESS_MS)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        # 1. Nothing is known of what comes after: every later window may lack something.
        ([gap(10, 20, 100)], [(95, FOREVER_MS)]),
        # 2. The source has told nothing from beyond the gap.
        ([gap(10, 20, 100), progress(20, 100)], [(95, FOREVER_MS)]),
        # 3. It went on: what was lost came before that, give or take the lateness and early clocks.
        ([gap(10, 20, 100), progress(21, 200)], [(95, 208)]),
        # 4. What it says later makes no difference.
        ([gap(10, 20, 100), progress(21, 200), progress(99, 900)], [(95, 208)]),
        # 5. Another source says nothing of it.
        ([gap(10, 20, 100), progress(99, 900, partition=1)], [(95, FOREVER_MS)]),
        # 6. The log ends with the gap, and a newer end of it is known.
        ([gap(10, 20, 100), progress(20, 100, caught_up_ms=300)], [(95, 303)]),
        # 7. An end of the log known before the gap is no news.
        ([gap(10, 20, 100, caught_up_ms=300), progress(20, 100, caught_up_ms=300)], [(300, FOREVER_MS)]),
        # 8. What had been finished before the gap is whole.
        ([gap(10, 20, 100, caught_up_ms=98), progress(21, 200)], [(98, 208)]),
        # 9. A second reader finds more gone: it is one gap, that begins where the first of them began.
        ([gap(10, 20, 100), gap(5, 30, 80), progress(31, 200)], [(75, 208)]),
        # 10. A source whose topic is none of ours.
        ([Gap(topic="x", partition=0, lo=1, hi=2, newest_ms=0, caught_up_ms=0)], []),
    ],
)
def test_a_gap_touches_all_that_its_records_may_have_belonged_to(
    said: list[Gap | Progress], expected: list[tuple[int, int]]
) -> None:
    assert spans(*said) == expected


def test_records_are_counted_once_however_many_gaps_tell_of_them() -> None:
    """
    events/0   10 ░░░░░ 20                events/1   0 ░ 3
                   15 ░░░░░ 25
    """
    gaps = [Missing(0, 100, "events/0", 10, 20), Missing(0, 100, "events/0", 15, 25)]
    gaps += [Missing(50, 100, "events/1", 0, 3), Missing(300, 400, "events/1", 5, 9)]
    assert missing_in(gaps, 0, 200) == 18
    assert missing_in(gaps, 0, 50) == 15, "a window ends before what begins at its end"
    assert missing_in(gaps, 100, 300) == 0


def test_many_gaps_are_joined_and_never_touch_less() -> None:
    known: list[KnownGap] = []
    for i in range(3 * GAPS):
        known = learned(stated(known, gap(10 * i, 10 * i + 5, 100 * i)), progress(10 * i + 6, 100 * i + 20))
    few = bounded(known, NEVER_MS, AHEAD_MS)
    assert len(few) == GAPS
    before, after = (touched(entries, LATENESS_MS, AHEAD_MS) for entries in (known, few))
    for at in range(0, 300 * GAPS, 7):
        assert missing_in(after, at, at + 30) >= missing_in(before, at, at + 30)


def test_gaps_are_forgotten_once_no_window_can_meet_them() -> None:
    known = Progresses(["events"], AHEAD_MS)
    model = model_of({"length": "1m"})
    known.lose(gap(10, 20, 0))
    for partition in range(2):
        known.observe(progress(30, MINUTE_MS, partition=partition))
    known.forget([model])
    assert known.missing(0) != [], "the window of the second minute may meet it"
    for partition in range(2):
        known.observe(progress(40, 3 * MINUTE_MS, partition=partition))
    known.forget([model])
    assert known.missing(0) == []


def close(windows: ModelWindows, until: int, gaps: list[Missing]) -> list[ClosedWindow]:
    return list(windows.close(MIDNIGHT_MS + until * MINUTE_MS, gaps))


def test_windows_that_meet_a_gap_are_incomplete_and_say_how_many_records_they_may_lack() -> None:
    plan = plan_of(model_of({"length": "1m"}))
    windows = ModelWindows(plan)
    for minute in range(5):
        windows.state(pane(plan, MIDNIGHT_MS + minute * MINUTE_MS, 1))
    lost = Missing(MIDNIGHT_MS + MINUTE_MS, MIDNIGHT_MS + 3 * MINUTE_MS - 1, "events/0", 10, 17)
    said = [(w.incomplete, w.model_gaps) for w in close(windows, 5, [lost])]
    assert said == [(False, 0), (True, 7), (True, 7), (False, 0), (False, 0)]


def test_whoever_lost_more_never_replaces_and_whoever_lost_less_does() -> None:
    plan = plan_of(model_of({"length": "1m"}))
    windows = ModelWindows(plan)
    windows.state(pane(plan, MIDNIGHT_MS, 5, hi=100, lost=0))
    windows.state(pane(plan, MIDNIGHT_MS, 2, hi=900, lost=40))
    windows.state(pane(plan, MIDNIGHT_MS, 7, source="events/1", hi=900, lost=40))
    windows.state(pane(plan, MIDNIGHT_MS, 9, source="events/1", hi=100, lost=3))
    [window] = close(windows, 1, [])
    assert window.layout.counter(window.totals, "events")[0] == 14


def reader(resume: Resume | None = None) -> Ingest:
    ingest = Ingest(SETTINGS, Control())
    ingest.assign(NAME, resume)
    return ingest


def test_a_source_keeps_what_it_counted_before_a_gap_and_goes_on_after_it() -> None:
    ingest = reader()
    records = log([Event(1), Event(2), Event(3), Event(4), Event(30)])
    ingest.take(NAME, records[:2])
    lost = ingest.gap(NAME, 2, 4)
    assert (lost.source, lost.lo, lost.hi, lost.newest_ms) == (NAME, 2, 4, START_MS + 2_000)
    assert decode_partial(encode_partial(lost)) == lost
    ingest.take(NAME, records[4:])
    [statement] = ingest.finished(NAME)
    assert (statement.hi, statement.lost, statement.pane_ms) == (5, 2, START_MS)


def test_what_was_lost_is_remembered_by_whoever_goes_on() -> None:
    ingest = reader()
    ingest.gap(NAME, 0, 4)
    resume = read_metadata(ingest.sources[NAME].resume().metadata())
    assert resume is not None
    assert (resume.lost, reader(resume).sources[NAME].lost) == (4, 4)


def test_in_a_topic_made_anew_panes_are_read_again_from_its_beginning() -> None:
    ingest = reader()
    ingest.take(NAME, log([Event(1), Event(2)]))
    source = ingest.sources[NAME]
    source.caught_up(START_MS + 10_000)
    ingest.gap(NAME, 2, 0)
    assert (source.position, source.resume().offset, source.lost) == (0, 0, 1)
    assert source.caught_up_ms == START_MS + 10_000
    ingest.take(NAME, log([Event(3), Event(25)]))
    assert source.tallies()["fast"].late == 1, "what was finished stays finished"


def test_gaps_survive_in_a_snapshot() -> None:
    settings = SETTINGS.model_copy(update={"sources": ()})
    one = Evaluation(settings, Control(), "")
    one.progress = Progresses(["events"], AHEAD_MS)
    one.apply(gap(10, 20, 100))
    other = Progresses(["events"], AHEAD_MS)
    other.load(one.progress.dump())
    assert other.missing(0) == one.progress.missing(0) != []
