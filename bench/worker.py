"""The real worker over the whole topic: what it costs once it runs, until the last window is evaluated."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cost import Cost, cpu_s_of, peak_bytes_of
from bench.running import Series, Service
from bench.topic import TOPIC, Filled
from bench.workload import LATENESS, model_config

WINDOW = {"length": "5m", "every": "1m"}
OWN_TOPICS = ("control", "partials", "results", "alerts", "snapshots", "deadletter")
WARM = 0.1
"""Share of the events after which the clock starts: by then the worker has started."""
POLL_S = 0.5
SECONDS_MAX = 600.0


@dataclass(frozen=True, slots=True)
class WorkerRun:
    """What one run of the worker over the topic gave.

    Attributes
    ----------
    whole
        From the first look at which a tenth of the events was counted to the last window evaluated.
    partial_ratio
        Bytes of partials over bytes of events.
    flush_ms, evaluation_ms
        Mean time of one.
    """

    whole: Cost
    partial_ratio: float
    flush_ms: float
    evaluation_ms: float
    windows: int


def worker_config(bootstrap: str, group: str, profile: Path, topic: str = TOPIC) -> dict[str, Any]:
    """The configuration that is measured: PSI and KS of every feature on every slice, every minute."""
    return {
        "kafka": {
            "bootstrap_servers": bootstrap, "group": group, "partials_partitions": 8,
            "topics": {name: f"{group}.{name}" for name in OWN_TOPICS},
        },
        "sources": [{"topic": topic, "start": "earliest"}],
        "models": [model_config([WINDOW], LATENESS) | {"reference": {"profile": str(profile)}}],
        # The end of the log must not close windows: only traffic does, as it would in service.
        "timing": {"grace": "3650d"},
        "monitors": [
            {"name": "FeatureDrift", "metric": "psi", "threshold": 0.2},
            {"name": "ShapeDrift", "metric": "ks", "threshold": 0.1},
        ],
    }  # fmt: skip


async def run_apart(
    folder: Path, bootstrap: str, group: str, profile: Path, filled: Filled
) -> tuple[Cost, Cost]:
    """The stages in a worker each: what counting costs, and what evaluating."""
    config, last_end_s = worker_config(bootstrap, group, profile), filled.end_ms / 1000
    first: tuple[float, float, float, float] | None = None
    async with (
        Service(folder, config, f"{group}-count", roles="ingest") as counting,
        Service(folder, config, f"{group}-judge", roles="evaluate,deliver") as judging,
    ):
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            seen = (await counting.series()).get("driftline_events_total", 0.0)
            end_s = (await judging.series()).get("driftline_window_end_timestamp_seconds", 0.0)
            now = (seen, time.perf_counter(), cpu_s_of(counting.pid), cpu_s_of(judging.pid))
            if first is None and seen >= WARM * filled.events:
                first = now
            if seen >= filled.events and end_s >= last_end_s:
                break
            assert time.monotonic() < deadline, f"{seen:.0f} events were counted in {SECONDS_MAX:.0f} s"
            await asyncio.sleep(POLL_S if first else 0.1)
        peaks = peak_bytes_of(counting.pid), peak_bytes_of(judging.pid)
    assert first is not None, "events are seen before all of them are"
    events, wall_s, *cpu_s = (b - a for a, b in zip(first, now, strict=True))
    one, two = (Cost(round(events), own, wall_s, peak) for own, peak in zip(cpu_s, peaks, strict=True))
    return one, two


async def run_worker(folder: Path, bootstrap: str, group: str, profile: Path, filled: Filled) -> WorkerRun:
    """Start a worker on the filled topic, wait until it has evaluated everything, and end it."""
    count, last_end_s = filled.events, filled.end_ms / 1000
    first: tuple[float, float, float] | None = None
    async with Service(folder, worker_config(bootstrap, group, profile)) as service:
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            series = await service.series()
            at_s, cpu_s = time.perf_counter(), cpu_s_of(service.pid)
            seen = series.get("driftline_events_total", 0.0)
            if first is None and seen >= WARM * count:
                first = (at_s, cpu_s, seen)
            if seen >= count and series.get("driftline_window_end_timestamp_seconds", 0.0) >= last_end_s:
                break
            assert time.monotonic() < deadline, (
                f"the worker counted {seen:.0f} of {count} events in {SECONDS_MAX:.0f} s"
            )
            await asyncio.sleep(POLL_S if first else 0.1)
        peak_bytes = peak_bytes_of(service.pid)
    assert first is not None, "events are seen before all of them are"
    whole = Cost(round(seen - first[2]), cpu_s - first[1], at_s - first[0], peak_bytes)
    return WorkerRun(
        whole=whole,
        partial_ratio=series["driftline_partial_bytes_total"] / series["driftline_event_bytes_total"],
        flush_ms=_mean_ms(series, "flush"),
        evaluation_ms=_mean_ms(series, "evaluation"),
        windows=round(series["driftline_evaluation_duration_seconds_count"]),
    )


def _mean_ms(series: Series, name: str) -> float:
    total, count = (series[f"driftline_{name}_duration_seconds_{part}"] for part in ("sum", "count"))
    return 1000 * total / max(1.0, count)
