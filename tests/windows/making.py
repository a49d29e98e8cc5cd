"""Logs of events drawn by hypothesis, and the same events counted one by one in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import orjson
from hypothesis import strategies as st

from service.config.loading import parse
from service.embedded.files import FileRecord
from service.events.batch import Batch
from service.events.native import NativeDecoder
from service.windows.control import Control
from service.windows.plan import Plan
from service.windows.resume import Resume
from service.windows.source import Bounds, Source
from service.windows.statement import Statement, state_pane

SECOND_MS = 1_000
START_MS = 1_700_000_040_000
NAME = "events/0"

SETTINGS = parse(
    """
models:
  - name: fast
    features: {x: {type: numeric}, state: {type: categorical, categories: [CA, NY]}}
    slices: [[region], [region, tier]]
    windows: [{length: 10s}, {length: 30s, every: 10s}]
    lateness: 5s
  - name: slow
    features: {x: {type: numeric}}
    windows: [{length: 1m}]
    lateness: 20s
limits: {slices: 2, versions: 2}
""",
    "test",
)
FAST, SLOW = SETTINGS.models
DECODER = NativeDecoder(SETTINGS.models, SETTINGS.limits.event_bytes)
BOUNDS = Bounds(SETTINGS.timing.future, SETTINGS.limits.slices, SETTINGS.limits.versions)


@dataclass(frozen=True)
class Event:
    """An event at ``second`` of the test, in a record of the same time unless told otherwise."""

    second: float
    model: str = "fast"
    version: str | None = "1"
    region: str | None = None
    tier: str | None = None
    x: float | None = 1.0
    state: str | None = "CA"
    label: bool = False
    record_second: float | None = None

    @property
    def at_ms(self) -> int:
        return START_MS + round(self.second * SECOND_MS)

    def record(self, offset: int) -> FileRecord:
        content: dict[str, object] = {"model": self.model, "timestamp": self.at_ms}
        tags = {"region": self.region, "tier": self.tier}
        content["tags"] = {tag: value for tag, value in tags.items() if value is not None}
        if self.label:
            content["actual"] = {"label": "1"}
        else:
            features = {"x": self.x} | ({"state": self.state} if self.model == "fast" else {})
            content |= {"features": features, "prediction": {"score": 0.25, "label": "1"}}
            if self.version is not None:
                content["model_version"] = self.version
        seconds = self.record_second
        timestamp = -1 if seconds is None else START_MS + round(seconds * SECOND_MS)
        return FileRecord(offset, orjson.dumps(content), timestamp=timestamp)


def log(events: Sequence[Event]) -> list[FileRecord]:
    return [event.record(offset) for offset, event in enumerate(events)]


def batches(records: Sequence[FileRecord]) -> list[Batch]:
    return DECODER.decode(records).batches


def plans(control: Control | None = None) -> dict[str, Plan]:
    control = control or Control()
    return {model.name: Plan(model, control) for model in SETTINGS.models}


def new_source(resume: Resume | None = None, control: Control | None = None) -> Source:
    return Source(NAME, plans(control), BOUNDS, resume)


def read(source: Source, records: Sequence[FileRecord]) -> None:
    """Count records that follow each other."""
    if records:
        source.add(batches(records), records[-1].offset + 1)


def finish(source: Source) -> list[Statement]:
    """State what ended, without letting go of it."""
    return [
        statement
        for (model, version, pane_ms), pane in source.finish()
        for statement in state_pane(NAME, model, version, pane_ms, source.position, pane)
    ]


def second_of(ms: int) -> float:
    return (ms - START_MS) / SECOND_MS


def pieces(records: Sequence[FileRecord], cuts: Sequence[int]) -> Iterator[Sequence[FileRecord]]:
    """The records, cut at these places."""
    places = [0, *sorted(cut % (len(records) + 1) for cut in cuts), len(records)]
    for first, last in pairwise(places):
        yield records[first:last]


def tallied(source: Source, model: str = "fast") -> tuple[int, int, int]:
    """Late, clamped and skipped since the last look."""
    tally = source.tallies()[model]
    return tally.late, tally.clamped, tally.skipped


EVENTS = st.builds(
    Event,
    second=st.integers(0, 80),
    model=st.sampled_from(["fast", "fast", "slow"]),
    version=st.sampled_from(["1", "2", "3", None]),
    region=st.sampled_from([None, "eu", "us", "cn", "a=b,c"]),
    tier=st.sampled_from([None, "gold", "tin"]),
    x=st.sampled_from([None, 0.0, 0.3, -7.25, 1e300, 123_456.789]),
    state=st.sampled_from([None, "CA", "NY", "TX"]),
    label=st.sampled_from([False, False, False, True]),
)
LOGS = st.lists(EVENTS, min_size=1, max_size=40)
CUTS = st.lists(st.integers(0, 1000), max_size=6)

Total = Counter[tuple[str, str, int]]
"""Events by model, version and start of the pane."""


def counted_by_hand(events: Sequence[Event]) -> tuple[Total, Total]:
    """Events on time, and late ones where the watermark stood; no end of the log is known."""
    on_time: Total = Counter()
    late: Total = Counter()
    known: dict[tuple[str, int], set[str]] = {}

    def counts(total: Total, model: str, version: str, pane_ms: int) -> None:
        versions = known.setdefault((model, pane_ms), set())
        if version and version not in versions and len(versions) >= BOUNDS.versions:
            version = "__other__"
        elif version:
            versions.add(version)
        total[model, version, pane_ms] += 1

    newest_ms = -(2**62)
    by_name = {model.name: model for model in SETTINGS.models}
    for event in events:
        model = by_name[event.model]
        version = "" if event.label or event.version is None else event.version
        watermark_ms = newest_ms - model.lateness
        start_ms = event.at_ms // model.pane_ms * model.pane_ms
        if start_ms + model.pane_ms <= watermark_ms:
            counts(late, event.model, version, watermark_ms // model.pane_ms * model.pane_ms)
        else:
            counts(on_time, event.model, version, start_ms)
        newest_ms = max(newest_ms, event.at_ms)
    return on_time, late
