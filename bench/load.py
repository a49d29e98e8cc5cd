"""Sections about whole workers under load: ``workers`` (two beside one), ``recovery`` and ``memory``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from statistics import median
from typing import Any

import numpy as np

from bench.cost import peak_bytes_of
from bench.running import Service
from bench.section import MIB, Figure, Outcome, Stage, say
from bench.topic import fill_with
from bench.worker import WARM, worker_config
from bench.workload import LATENESS, START_MS, events, model_config

POLL_S = 0.2
SECONDS_MAX = 600.0
EVENTS = "driftline_events_total"

BACKLOG_EVENTS = 3 * 60 * 50_000
"""Three minutes at 50,000 events a second."""
RECOVERY_S = 30.0

HOUR_MS = 3_600_000
MEMORY_TOPIC, MEMORY_PARTITIONS, SLICES = "sliced", 4, 1_000
MEMORY_EVENTS, MEMORY_EVENTS_QUICK = 400_000, 60_000
MEMORY_MAX = 512


async def _counted(services: Sequence[Service]) -> float:
    return sum([(await service.series()).get(EVENTS, 0.0) for service in services])


async def _rate(services: Sequence[Service], count: int) -> float:
    """Events a second of wall time, from the tenth part on until all are counted."""
    deadline = time.monotonic() + SECONDS_MAX
    first: tuple[float, float] | None = None
    while (seen := await _counted(services)) < count:
        if first is None and seen >= WARM * count:
            first = (time.perf_counter(), seen)
        assert time.monotonic() < deadline, (
            f"{seen:.0f} of {count} events were counted in {SECONDS_MAX:.0f} s"
        )
        await asyncio.sleep(POLL_S)
    assert first is not None, "events are seen before all of them are"
    return (seen - first[1]) / (time.perf_counter() - first[0])


async def _until_counted(service: Service, count: float) -> float:
    """Wait for so many events; how many there are then."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        seen = await _counted([service])
        if seen >= count:
            return seen
        assert time.monotonic() < deadline, (
            f"{seen:.0f} of {count} events were counted in {SECONDS_MAX:.0f} s"
        )
        await asyncio.sleep(POLL_S)


async def workers(stage: Stage) -> Outcome:
    """Wall rate of one worker, and of two that share the topic."""
    turns: list[list[float]] = []
    for number in range(stage.rounds):
        rates = []
        for size in (1, 2):
            group = f"share-{size}-{number}"
            config = worker_config(stage.broker.bootstrap, group, stage.profile)
            async with AsyncExitStack() as running:
                services = [
                    await running.enter_async_context(Service(stage.folder, config, f"{group}-{i}"))
                    for i in range(size)
                ]
                rates.append(await _rate(services, stage.filled.events))
        say(f"round {number + 1}: one worker {rates[0]:,.0f} events/s, two {rates[1]:,.0f}")
        turns.append(rates)
    ratio = median(two / one for one, two in turns)
    figures = [
        Figure("one worker, events/s", f"{median(one for one, _ in turns):,.0f}"),
        Figure("two workers, events/s", f"{median(two for _, two in turns):,.0f}"),
        Figure("two workers against one", f"{ratio:.2f} ×", "≥ 1.8 ×", ratio >= 1.8),
    ]
    return Outcome(figures, {"worker_rates": turns})


async def recovery(stage: Stage) -> Outcome:
    """Kill a worker as SIGKILL does, start another, and see how long it takes to have caught up."""
    count, group = stage.filled.events, "recovery"
    config = worker_config(stage.broker.bootstrap, group, stage.profile)
    # Under one name, as the chart gives it: the group lets it in again before the dead one's session ends.
    config["kafka"]["instance"] = "worker-0"
    async with Service(stage.folder, config, f"{group}-killed") as service:
        seen = await _until_counted(service, WARM * count)
        service.kill()
    killed_s = time.perf_counter()
    async with Service(stage.folder, config, f"{group}-next") as service:
        await _until_counted(service, 1)
        first_s = time.perf_counter() - killed_s
        rate = await _rate([service], round(0.9 * (count - seen)))
    whole_s = first_s + BACKLOG_EVENTS / rate
    say(f"killed at {seen:,.0f} events; counting again after {first_s:.1f} s, then {rate:,.0f} events/s")
    figures = [
        Figure("kill -9 to first event counted again", f"{first_s:.1f} s"),
        Figure("catching up, one worker, events/s", f"{rate:,.0f}"),
        Figure(
            "kill -9 to caught up, 3 min at 50,000/s behind",
            f"{whole_s:.0f} s", f"≤ {RECOVERY_S:.0f} s", whole_s <= RECOVERY_S,
        ),
    ]  # fmt: skip
    return Outcome(figures, {"recovery": {"first_s": first_s, "rate": rate, "killed_at": seen}})


async def memory(stage: Stage) -> Outcome:
    """Peak memory of a worker with 1,000 slices of 20 features in windows of 24 hours."""
    count = MEMORY_EVENTS_QUICK if stage.quick else MEMORY_EVENTS
    hours = 26
    times = START_MS + np.arange(count) * (hours * HOUR_MS // count)
    traffic = [
        zip(own.tolist(), events(own, partition, stores=SLICES), strict=True)
        for partition, own in enumerate(times[i::MEMORY_PARTITIONS] for i in range(MEMORY_PARTITIONS))
    ]
    await fill_with(stage.broker, MEMORY_TOPIC, traffic)
    config = worker_config(stage.broker.bootstrap, "memory", stage.profile)
    model = model_config([{"length": "24h", "every": "1h"}], LATENESS) | {"slices": [["store"]]}
    config["sources"] = [{"topic": MEMORY_TOPIC, "start": "earliest"}]
    config["models"] = [model | {"reference": {"profile": str(stage.profile)}}]
    async with Service(stage.folder, config) as service:
        await _until_evaluated(service, count, (START_MS + (hours - 1) * HOUR_MS) / 1000)
        peak = peak_bytes_of(service.pid) / MIB
    figure = Figure(
        "peak memory, 1,000 slices × 20 features × 24 h", f"{peak:.0f} MiB",
        f"≤ {MEMORY_MAX} MiB", peak <= MEMORY_MAX,
    )  # fmt: skip
    return Outcome([figure], {"memory_peak_mib": peak, "memory_events": count})


async def _until_evaluated(service: Service, count: int, end_s: float) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    series: dict[str, Any] = {}
    while (
        series.get(EVENTS, 0.0) < count or series.get("driftline_window_end_timestamp_seconds", 0.0) < end_s
    ):
        assert time.monotonic() < deadline, f"not all windows were evaluated in {SECONDS_MAX:.0f} s"
        await asyncio.sleep(POLL_S)
        series = await service.series()
