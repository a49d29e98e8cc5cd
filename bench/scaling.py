"""Sections ``models`` and ``slices``: what an event costs when there are many of either.

The pure path in a process of its own, without a broker: bytes of events to statements (stage 1), statements
to results (stage 2). ``python -m bench.scaling PROFILE MODELS STORES EVENTS`` measures one case. Every case
has as many events, and as many in a pane of each model.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import orjson

from bench.cost import told_by
from bench.section import Figure, Outcome, Stage, say
from bench.workload import MODEL, PANE_MS, START_MS, events, model_config
from detectors.profile import Profile
from service.config.loading import parse
from service.config.settings import Settings
from service.evaluation.result import Evaluated
from service.pipeline import Evaluation, Ingest
from service.windows.control import Control, ProfilePublished
from service.windows.statement import Partial, Progress, encode_partial

TOPIC, POLL, SECONDS_MAX = "scaling", 5_000, 300.0
PER_PANE = 5_000
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


def _records(models: int, stores: int, count: int) -> Iterator[_Record]:
    """Events of the models in turn, ``PER_PANE`` of each in a pane; one more of each ends the last."""
    per_pane = PER_PANE * models
    steps = np.arange(count + models)
    times = START_MS + steps * PANE_MS // per_pane
    old = f'"model":"{MODEL}"'.encode()
    for i, (time_ms, value) in enumerate(
        zip(times.tolist(), events(times, 1, stores=max(stores, 1)), strict=True)
    ):
        own = f'"model":"{MODEL}-{i % models}"'.encode()
        yield _Record(i, value.replace(old, own, 1), time_ms)


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
        self.count_s = self.evaluate_s = 0.0
        self.windows = self.results = self.bytes_out = 0

    def take(self, run: Sequence[_Record]) -> None:
        """One poll: count it, state what ended, evaluate what closed."""
        began_s = time.process_time()
        self._ingest.take(self._source.name, run)
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


def measure(profile: Path, models: int, stores: int, count: int) -> dict[str, float]:
    """One case, in µs per event (stage 1) and ms per window (stage 2)."""
    path = _Path(Profile.from_json(profile.read_bytes()), models, stores)
    records = list(_records(models, stores, count))
    for start in range(0, len(records), POLL):
        path.take(records[start : start + POLL])
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
        Figure(f"stage 1, 1 to {many} models", f"{ratio:.2f} ×", "≤ 1.2 ×", ratio <= 1.2),
    ]
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
    figures.append(Figure("stage 1, 1 to 1,000 slices", f"{ratio:.2f} ×", "≤ 1.5 ×", ratio <= 1.5))
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
