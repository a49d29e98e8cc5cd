"""Sections ``models`` and ``slices``: what an event costs when there are many of either.

The pure path in a process of its own, without a broker: bytes of events to statements (stage 1), statements
to results (stage 2). ``python -m bench.scaling PROFILE MODELS STORES EVENTS`` measures one case. Every case
has as many events, and as many in a pane of each model.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import orjson
from aiokafka import TopicPartition

from bench.cost import told_by
from bench.section import Figure, Outcome, Stage, say
from bench.stamped import Stamped
from bench.workload import MODEL, PANE_MS, START_MS, events, model_config
from detectors.profile import Profile
from service.config.loading import parse
from service.config.settings import Settings
from service.evaluation.result import Evaluated
from service.events.run import Run
from service.kafka.waiting import Due, Waiting
from service.pipeline import Evaluation, Ingest
from service.windows.control import Control, ProfilePublished
from service.windows.statement import Partial, Progress, encode_partial

TOPIC, POLL, SECONDS_MAX = "scaling", 5_000, 300.0
PER_PANE = 5_000
POLLS_PER_BEAT = 5
"""25,000 events of the source: what one of eight partitions has in a second of 200,000."""
DISTINCT = 99_991
"""Events that are drawn; a prime, so that every model gets all of them."""
EVENTS, EVENTS_QUICK = 500_000, 100_000


class _Record:
    """A record as the service reads it."""

    __slots__ = ("headers", "key", "offset", "timestamp", "value")

    def __init__(self, offset: int, value: bytes, timestamp: int) -> None:
        self.offset, self.value, self.timestamp = offset, value, timestamp
        self.key: bytes | None = None
        self.headers: tuple[tuple[str, bytes | None], ...] = ()


def _settings(models: int, stores: int) -> Settings:
    shape: dict[str, Any] = model_config([{"length": "1m"}], "0s")
    shape |= {"slices": [["store"]] if stores > 1 else []}
    config = {
        "sources": [{"topic": TOPIC}],
        "models": [shape | {"name": f"{MODEL}-{i}"} for i in range(models)],
        "monitors": [
            {"name": "FeatureDrift", "metric": "psi", "threshold": 0.2},
            {"name": "ShapeDrift", "metric": "ks", "threshold": 0.1},
        ],
    }
    return parse(orjson.dumps(config).decode(), "scaling")


def _polls(models: int, stores: int, count: int) -> Iterator[Run]:
    """Events of the models in turn, ``PER_PANE`` of each in a pane."""
    drawn = list(events(np.full(DISTINCT, START_MS), 1, stores=max(stores, 1)))
    steps = np.arange(count)
    times = (START_MS + steps * PANE_MS // (PER_PANE * models)).tolist()
    stamped = Stamped(drawn, START_MS, times[-1])
    names = [f"{MODEL}-{i}".encode() for i in range(models)]
    for first in range(0, len(times), POLL):
        poll = enumerate(times[first : first + POLL], first)
        yield Run.of(
            [_Record(i, stamped.event(i, time_ms, names[i % models]), time_ms) for i, time_ms in poll]
        )


class _Path:
    """Both stages over one source, with a clock on each."""

    def __init__(self, profile: Profile, models: int, stores: int) -> None:
        settings, control = _settings(models, stores), Control()
        # Slices are held against the reference of everything, so that a case has no slices but its own.
        profile = replace(profile, version="", slices=("all",), totals=profile.totals[:1])
        for model in settings.models:
            control.apply(ProfilePublished.of(replace(profile, model=model.name), 0))
        self._ingest, self._evaluation = Ingest(settings, control), Evaluation(settings, control, "bench")
        self._source = self._ingest.assign(f"{TOPIC}/0", None)
        self._waiting, self._tp = Waiting(), TopicPartition(TOPIC, 0)
        self.count_s = self.evaluate_s = 0.0
        self.windows = self.results = self.bytes_out = 0

    def poll(self, run: Run) -> None:
        """What one poll brings: counted as soon as the service would."""
        began_s = time.process_time()
        self._waiting.add(self._tp, run, 0)
        self._count(self._waiting.due())
        self.count_s += time.process_time() - began_s

    def beat(self) -> None:
        """Count what waits, state what ended, evaluate what closed."""
        began_s = time.process_time()
        self._count(self._waiting.everything())
        partials: list[Partial] = list(self._ingest.finished(self._source.name))
        self.bytes_out += sum(len(encode_partial(partial)) for partial in partials)
        self._source.acknowledge()
        between_s = time.process_time()
        self.count_s += between_s - began_s
        now = self._source
        told = Progress(
            topic=TOPIC, partition=0, partitions=1, hi=now.position, clock_ms=now.newest_ms,
            caught_up_ms=now.caught_up_ms,
        )  # fmt: skip
        partials.append(told)
        for partial in partials:
            for effect in self._evaluation.apply(partial):
                if isinstance(effect, Evaluated):
                    self.windows += 1
                    self.results += len(effect.results)
        self.evaluate_s += time.process_time() - between_s

    def _count(self, waited: Iterable[Due]) -> None:
        for tp, run, _ in waited:
            self._waiting.met(tp, len(self._ingest.take(self._source.name, run).events))

    def begin_again(self) -> None:
        """Set the clocks to zero."""
        self.count_s = self.evaluate_s = 0.0
        self.windows = self.results = self.bytes_out = 0


def measure(profile: Path, models: int, stores: int, count: int) -> dict[str, float]:
    """One case, in µs per event (stage 1) and ms per window (stage 2).

    What is done once for each model (its profile, its tables) is done in its first pane. The clocks begin
    after the flush that states it, and end as far into another pane: as many panes are stated as are filled.
    """
    path = _Path(Profile.from_json(profile.read_bytes()), models, stores)
    warm = PER_PANE * models // POLL + POLLS_PER_BEAT
    for number, run in enumerate(_polls(models, stores, warm * POLL + count), 1):
        path.poll(run)
        if not (number - warm) % POLLS_PER_BEAT:
            path.beat()
        if number == warm:
            path.begin_again()
    assert path.windows >= models, f"{path.windows} windows of {models} models closed"
    return {
        "models": models, "stores": stores, "events": count,
        "count_us": path.count_s / count * 1e6, "evaluate_us": path.evaluate_s / count * 1e6,
        "window_ms": path.evaluate_s / path.windows * 1e3,
        "windows": path.windows, "results": path.results, "bytes_out": path.bytes_out,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }  # fmt: skip


async def models(stage: Stage) -> Outcome:
    """One model beside a hundred, each with its own profile and the same traffic."""
    few, many = 1, 10 if stage.quick else 100
    cases = await _cases(stage, [(few, 1), (many, 1)])
    ratio = _ratio(cases[many, 1], cases[few, 1], "count_us")
    figures = [
        Figure("stage 1, CPU per event, 1 model", f"{_middle(cases[few, 1], 'count_us'):.2f} µs"),
        Figure(f"stage 1, CPU per event, {many} models", f"{_middle(cases[many, 1], 'count_us'):.2f} µs"),
        Figure(
            f"stage 1, 1 to {many} models", f"{ratio:.2f} ×", "≤ 1.2 ×", ratio <= 1.2,
            f"a flush counts {POLLS_PER_BEAT * POLL // many:,} events of each model, in calls of their own",
        ),
    ]  # fmt: skip
    return Outcome(figures, {"models": [case for turn in cases.values() for case in turn]})


async def slices(stage: Stage) -> Outcome:
    """Everything in one row, beside 100 and 1,000 slices."""
    counts = (1, 100, 1_000)
    cases = await _cases(stage, [(1, stores) for stores in counts])
    figures = []
    for stores in counts:
        turns = cases[1, stores]
        text = f"{_middle(turns, 'count_us'):.2f} µs; {_middle(turns, 'window_ms'):.0f} ms a window"
        figures.append(Figure(f"stage 1, CPU per event, and stage 2, {stores:,} slices", text))
    ratio = _ratio(cases[1, 1_000], cases[1, 1], "count_us")
    figures.append(Figure(
        "stage 1, 1 to 1,000 slices", f"{ratio:.2f} ×", "≤ 1.5 ×", ratio <= 1.5,
        f"{PER_PANE // 1_000} events of a slice in a pane: its name and its row are for them alone",
    ))  # fmt: skip
    return Outcome(figures, {"slices": [case for turn in cases.values() for case in turn]})


async def _cases(stage: Stage, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], list[Any]]:
    """Each case in turn, over and over, since machines swing."""
    found: dict[tuple[int, int], list[Any]] = {case: [] for case in wanted}
    count = EVENTS_QUICK if stage.quick else EVENTS
    for number in range(stage.rounds):
        for many, stores in wanted:
            arguments = [str(stage.profile), str(many), str(stores), str(count)]
            case = await told_by("bench.scaling", arguments, SECONDS_MAX)
            found[many, stores].append(case)
            say(
                f"round {number + 1}, {many} models, {stores} slices: {case['count_us']:.2f} µs an event in "
                f"stage 1, {case['evaluate_us']:.2f} in stage 2 ({case['window_ms']:.0f} ms a window)"
            )
    return found


def _middle(cases: Sequence[Any], name: str) -> float:
    return float(median(case[name] for case in cases))


def _ratio(many: Sequence[Any], few: Sequence[Any], name: str) -> float:
    return float(median(a[name] / b[name] for a, b in zip(many, few, strict=True)))


if __name__ == "__main__":
    told = measure(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
    sys.stdout.write(orjson.dumps(told).decode() + "\n")
