"""The world outside the pure pipeline, drawn from a seed: traffic, logs, commits, a clock, producers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random

import msgspec
import orjson

from service.config.loading import parse
from service.events.native import NativeDecoder
from service.windows.clock import NEVER_MS
from service.windows.control import ProfilePublished
from service.windows.resume import Resume, read_metadata

TOPIC = "events"
SOURCES = 3
START_MS = 1_700_000_040_000
FUTURE_MS = 20_000
TRAFFIC_MS = 120_000
OLDEST_MS = 40_000
"""How far behind its record an event may be."""

SETTINGS = parse(
    """
sources: [{topic: events}]
models:
  - name: fast
    features: {x: {type: numeric}}
    slices: [[id]]
    windows: [{length: 10s}, {length: 30s, every: 10s}]
    lateness: 15s
  - name: slow
    features: {x: {type: numeric}}
    slices: [[id]]
    windows: [{length: 1m}]
    lateness: 0s
monitors: [{name: Slow, metric: traffic, models: [slow], slices: [all], threshold: 1e9}]
timing: {future: 20s, grace: 40s}
""",
    "simulation",
)
MODELS = {"fast": 0, "slow": 1}
"""By model the partition of the partials."""
DECODER = NativeDecoder(SETTINGS.models, SETTINGS.limits.event_bytes)
TUMBLING = {"fast": "10s", "slow": "1m"}


class SendFailed(Exception):  # noqa: N818  # a fact of the world
    """The producer gave a batch up and went on with the next."""


@dataclass(frozen=True, slots=True)
class Event:
    """A record on its way into the log, and where it belongs if it is on time."""

    append_ms: int
    source: str
    model: str
    identity: str
    counted_ms: int
    value: bytes


@dataclass(frozen=True, slots=True)
class LogRecord:
    offset: int
    timestamp: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def event_of(append_ms: int, source: int, model: str, identity: str, age_ms: int, **more: object) -> Event:
    """An event in a slice of its own; ``age_ms`` is how far its time lies behind its record's."""
    event_ms = append_ms - age_ms
    content = {"model": model, "prediction_id": identity, "timestamp": event_ms, "tags": {"id": identity}}
    counted_ms = append_ms if event_ms > append_ms + FUTURE_MS else event_ms
    value = orjson.dumps(content | more)
    return Event(append_ms, f"{TOPIC}/{source}", model, identity, counted_ms, value)


def prediction_of(number: int) -> dict[str, object]:
    """What makes an event a prediction."""
    return {"features": {"x": number}, "prediction": {"score": 0.5, "label": "1"}}


def traffic(rng: Random) -> list[Event]:
    """Events of both models in all sources: in order, late, far ahead, labels, with and without version."""
    loads = [1.0, rng.choice([0.0, 0.1, 1.0]), rng.choice([0.0, 0.1])]
    events = []
    for number in range(rng.randint(30, 90)):
        append_ms = START_MS + rng.randrange(TRAFFIC_MS)
        age_ms = rng.choice([0, rng.randrange(5_000), rng.randrange(OLDEST_MS), -rng.randrange(60_000)])
        content: dict[str, object] = {"actual": {"label": "1"}}
        if rng.random() < 0.75:
            version = rng.choice([{}, *[{"model_version": name} for name in "1122"]])
            content = prediction_of(number) | version
        source = rng.choices(range(SOURCES), loads)[0]
        model = rng.choice(list(MODELS))
        events.append(event_of(append_ms, source, model, f"r{number}", age_ms, **content))
    return sorted(events, key=lambda event: event.append_ms)


@dataclass
class World:
    """Everything that survives a crash."""

    rng: Random
    events: list[Event]
    grace_ms: int
    now_ms: int = START_MS
    logs: dict[str, list[LogRecord]] = field(default_factory=dict)
    partials: list[list[bytes]] = field(default_factory=lambda: [[] for _ in MODELS])
    commits: dict[str, str] = field(default_factory=dict)
    oldest: dict[str, int] = field(default_factory=dict)
    """Where retention has left the beginning of a log."""
    published: list[ProfilePublished] = field(default_factory=list)
    """The control topic."""
    generation: int = 0
    in_flight: list[tuple[int, deque[bytes]]] = field(default_factory=list)
    """Records that dead producers had handed over: partition, and what may still land there, in order."""

    def __post_init__(self) -> None:
        self.logs = {f"{TOPIC}/{number}": [] for number in range(SOURCES)}
        self._coming = deque(self.events)

    def pass_time(self, ms: int) -> None:
        """Let time go by: producers append their events."""
        self.now_ms += ms
        while self._coming and self._coming[0].append_ms <= self.now_ms:
            event = self._coming.popleft()
            log = self.logs[event.source]
            log.append(LogRecord(len(log), event.append_ms, event.value))

    def land(self) -> None:
        """Something of a dead producer reaches the log after all, or never will."""
        if self.in_flight:
            partition, waiting = choice = self.rng.choice(self.in_flight)
            if waiting and self.rng.random() < 0.9:
                self.partials[partition].append(waiting.popleft())
            else:
                self.in_flight.remove(choice)

    def committed(self, source: str) -> Resume:
        """Where a source begins."""
        resume = read_metadata(self.commits.get(source))
        return resume or Resume(0, 0, NEVER_MS, [], {})


class Producer:
    """Keeps the order within a partition; may give a record up and go on."""

    def __init__(self, world: World, failing: float) -> None:
        self._world, self._failing = world, failing
        self._waiting: list[deque[bytes]] = [deque() for _ in MODELS]
        self._failed = False

    @property
    def busy(self) -> bool:
        """Whether anything is on its way."""
        return any(self._waiting)

    def send(self, partition: int, partial: msgspec.Struct) -> None:
        self._waiting[partition].append(msgspec.msgpack.encode(partial))

    def land(self) -> bool:
        """One record reaches its log, or is given up; whether any is left."""
        full = [partition for partition, waiting in enumerate(self._waiting) if waiting]
        if full:
            partition = self._world.rng.choice(full)
            data = self._waiting[partition].popleft()
            if self._world.rng.random() < self._failing:
                self._failed = True
            else:
                self._world.partials[partition].append(data)
        return any(self._waiting)

    def check(self) -> None:
        if self._failed:
            raise SendFailed

    def die(self) -> None:
        """What was handed over may land later."""
        self._world.in_flight += [(p, waiting) for p, waiting in enumerate(self._waiting) if waiting]
        self._waiting = [deque() for _ in MODELS]
