"""A worker dies at any point; who goes on at its last commit states the same panes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.windows.clock import Jump
from service.windows.resume import METADATA_BYTES, Resume, alike, read_metadata
from service.windows.source import JUMPS, Source
from service.windows.statement import Statement
from tests.windows.making import LOGS, START_MS, Event, finish, log, new_source, read

Key = tuple[str, str, int]


@dataclass(frozen=True)
class Read:
    """Count so many records."""

    count: int


@dataclass(frozen=True)
class Beat:
    """One flush: the end of the log may be known, panes are stated; the worker dies after some steps, or not.

    0 nothing, 1 ends are noted, 2 panes are stated, 3 acknowledged, 4 committed.
    """

    end: bool
    steps: int


Step = Read | Beat
STEPS = st.lists(
    st.one_of(
        st.builds(Read, st.integers(1, 8)),
        st.builds(Beat, st.booleans(), st.sampled_from([0, 1, 2, 3, 4, 4, 4, 4])),
    ),
    max_size=25,
)


class History:
    """Workers one after the other on one log."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.records = log(events)
        self.commit: str | None = None
        self.stated: dict[Key, Statement] = {}
        self.skipped = 0
        self.source = new_source()
        self.ends: dict[int, int] = {}
        self.furthest = 0

    def run(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Read):
                self.count(step.count)
            elif not self.beat(step):
                self.source = new_source(read_metadata(self.commit))
        self.count(len(self.records))
        self.ends[self.source.position] = START_MS + 10**9
        assert self.beat(Beat(end=True, steps=4))

    def count(self, count: int) -> None:
        position = self.source.position
        read(self.source, self.records[position : position + count])
        self.furthest = max(self.furthest, self.source.position)

    def beat(self, beat: Beat) -> bool:
        """Whether the worker lives."""
        source = self.source
        # Where somebody has read further, the log has not ended.
        at_end = source.position in self.ends and source.position == self.furthest
        if beat.steps >= 1 and beat.end and at_end:
            source.caught_up(self.ends[source.position])
        if beat.steps >= 2:
            for statement in finish(source):
                key = (statement.model, statement.version, statement.pane_ms)
                known = self.stated.get(key)
                if known is None or statement.hi >= known.hi:
                    self.stated[key] = statement
        if beat.steps >= 3:
            source.acknowledge()
        if beat.steps >= 4:
            self.commit = source.resume().metadata()
        return beat.steps >= 4

    def panes(self) -> dict[Key, Statement]:
        """What is known in the end, whatever position it was stated at."""
        return {key: msgspec.structs.replace(value, hi=0) for key, value in self.stated.items()}


@given(LOGS, STEPS)
def test_whoever_goes_on_at_the_last_commit_states_the_same_panes(
    events: list[Event], steps: list[Step]
) -> None:
    troubled, calm = History(events), History(events)
    troubled.run(steps)
    calm.run([])
    assert troubled.panes() == calm.panes()


@given(LOGS, STEPS, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 90)), max_size=4))
def test_ends_of_the_log_bind_whoever_goes_on(
    events: list[Event], steps: list[Step], ends: list[tuple[int, int]]
) -> None:
    """No worker dies here between an end and its commit: nobody was told of one that was forgotten."""
    known = {offset: START_MS + 1000 * second for offset, second in ends if offset <= len(events)}
    safe = [step for step in steps if isinstance(step, Read) or step.steps >= 4 or not step.end]
    history = History(events)
    history.ends = dict(known)
    seen = _Recorder(history)
    seen.run(safe)
    again = new_source()
    position = 0
    for offset, until_ms in sorted(seen.jumped.items()):
        read(again, history.records[position:offset])
        again.caught_up(until_ms)
        position = offset
    assert position == len(events)
    replayed = {(s.model, s.version, s.pane_ms): msgspec.structs.replace(s, hi=0) for s in finish(again)}
    assert history.panes() == replayed


class _Recorder:
    """Notes at which offsets ends of the log took effect."""

    def __init__(self, history: History) -> None:
        self.jumped: dict[int, int] = {}
        self._history = history
        original = Source.caught_up
        recorder = self

        def caught_up(source: Source, until_ms: int) -> bool:
            news = original(source, until_ms)
            if news:
                recorder.jumped[source.position] = until_ms
            return news

        self._caught_up = caught_up

    def run(self, steps: Sequence[Step]) -> None:
        with patch.object(Source, "caught_up", self._caught_up):
            self._history.run(steps)


@given(LOGS, st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_every_record_read_again_is_counted_late_or_skipped(
    events: list[Event],
    first: int,
    second: int,
    end: bool,
) -> None:
    source = new_source()
    records = log(events)
    read(source, records[:first])
    if end:
        source.caught_up(START_MS + 40_000)
    finish(source)
    source.acknowledge()
    resume = read_metadata(source.resume().metadata())
    assert resume is not None
    assert resume.offset <= min(first, len(events)) == resume.position
    again = new_source(resume)
    assert again.position == resume.offset
    read(again, records[resume.offset : resume.offset + second])
    told = again.tallies().values()
    held = sum(
        int(entry.pane.totals[0, 0] + entry.pane.totals[0, 4] + entry.pane.late)
        for entry in again._open.values()
    )
    assert held + sum(tally.skipped for tally in told) == again.position - resume.offset


def test_panes_are_not_finished_by_an_end_of_the_log_that_is_still_ahead() -> None:
    """
    offset    0    1    2 │          │ the end of the log, with everything before 10 s in it
    commit    ↑           │
    again     0  ? 1    2            nothing is finished at ?: record 1 is still to come
    """
    source = new_source()
    records = log([Event(1), Event(2), Event(3)])
    read(source, records)
    source.caught_up(START_MS + 10_000)
    again = new_source(read_metadata(source.resume().metadata()))
    read(again, records[:1])
    assert finish(again) == []
    read(again, records[1:])
    assert len(finish(again)) == 1


def test_a_bare_commit_begins_with_nothing_known() -> None:
    source = new_source(Resume(7, 7, -(2**62), [], {}))
    assert (source.position, source.resume().offset) == (7, 7)


NAMES = st.text(min_size=1, max_size=60)
RESUMES = st.builds(
    lambda offset, ahead, newest_ms, steps, finished_ms: Resume(
        offset, offset + ahead, newest_ms, _jumps(offset, steps), finished_ms
    ),
    st.integers(0, 2**50),
    st.integers(0, 2**30),
    st.integers(-(2**62), 2**50),
    st.lists(st.tuples(st.integers(0, 2**20), st.integers(1, 2**30)), max_size=60),
    st.dictionaries(NAMES, st.integers(START_MS, START_MS + 3), max_size=40),
)


def _jumps(offset: int, steps: Sequence[tuple[int, int]]) -> list[Jump]:
    jumps = [Jump(offset - 5, START_MS)]
    for ahead, ms in steps:
        jumps.append(Jump(jumps[-1].offset + ahead, jumps[-1].until_ms + ms))
    return jumps


@given(RESUMES)
def test_a_commit_says_all_that_it_was_given(resume: Resume) -> None:
    assert read_metadata(resume.metadata(), resume.finished_ms) == resume


@pytest.mark.parametrize("models", [1, 100, 500])
def test_hundreds_of_models_and_of_known_ends_fit_a_commit(models: int) -> None:
    """Offsets and times as far apart as busy sources and long outages make them."""
    names = [f"team-{i % 7}/scoring-of-a-rather-long-name-{i}" for i in range(models)]
    jumps = [Jump(10**12 + 40_000 * i, START_MS + 60_000 * i) for i in range(JUMPS)]
    finished = {name: START_MS + 60_000 * (i % 4) for i, name in enumerate(names)}
    resume = Resume(10**12, 10**12 + 10**7, START_MS, jumps, finished)
    text = resume.metadata()
    assert len(text) <= METADATA_BYTES
    assert read_metadata(text, [*names, "another"]) == resume


def test_models_that_finished_nothing_new_are_named_with_those_that_did() -> None:
    source = new_source()
    read(source, log([Event(1), Event(2, "slow"), Event(500)]))
    finish(source)
    source.acknowledge()
    read(source, [Event(900).record(3)])
    finish(source)
    source.acknowledge()
    finished = source.resume().finished_ms
    assert finished == {"fast": START_MS + 890_000, "slow": START_MS + 840_000}


def test_what_was_finished_stays_so_while_it_is_read_again() -> None:
    source = new_source()
    records = log([Event(1, "slow"), Event(30), Event(31), Event(1_000, "slow", record_second=32)])
    read(source, records)
    source.caught_up(START_MS + 60_000)
    finish(source)
    source.acknowledge()
    resume = source.resume()
    again = new_source(resume)
    read(again, records[resume.offset : resume.offset + 1])
    finish(again)
    again.acknowledge()
    assert again.resume().finished_ms == resume.finished_ms


def test_two_models_of_one_fingerprint_are_found() -> None:
    assert alike(f"model-{i}" for i in range(1_000)) == []
    with patch("service.windows.resume.fingerprint", lambda name: name[:1].encode()):
        assert alike(["ab", "c", "ad"]) == [("ab", "ad")]
