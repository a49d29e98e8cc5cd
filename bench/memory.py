"""Section ``memory``: the most memory that a worker of many slices and long windows takes."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np

from bench.cost import peak_bytes_of
from bench.running import Service
from bench.section import MIB, Figure, Outcome, Stage
from bench.topic import fill_with
from bench.worker import worker_config
from bench.workload import LATENESS, START_MS, events, model_config

POLL_S = 0.2
SECONDS_MAX = 600.0
EVENTS = "driftline_events_total"

HOUR_MS = 3_600_000
MEMORY_TOPIC, MEMORY_PARTITIONS, SLICES = "sliced", 4, 1_000
MEMORY_EVENTS, MEMORY_EVENTS_QUICK = 400_000, 60_000
MEMORY_MAX = 512


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
