"""Section ``recovery``: workers are killed three minutes behind a busy topic; how long until they catch up.

One worker that is started again at once, as an orchestrator would, and two under ``driftline run --workers
2``, which starts them again itself. The clock runs from the kill until the last window that the traffic
closes is evaluated; then no event may be missing in it, and none may be there twice.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from bench.backlog import TOPIC, Backlog, backlog
from bench.running import Service
from bench.section import Figure, Outcome, Stage, say
from bench.worker import worker_config

KILLED_AT = 100_000
"""Events counted when the kill comes."""
POLL_S = 0.1
SECONDS_MAX = 600.0
AIM_S = 30.0
EVENTS, END = "driftline_events_total", "driftline_window_end_timestamp_seconds"


async def recovery(stage: Stage) -> Outcome:
    """Kill all workers as SIGKILL does; seconds until everything is counted and evaluated."""
    filled = await backlog(stage)
    runs = [await _run(stage, filled, workers) for workers in (1, 2)]
    figures = []
    for run in runs:
        workers, whole_s, first_s = run["workers"], run["whole_s"], run["first_s"]
        name = f"{workers} worker{'s' if workers > 1 else ''}"
        figures.append(Figure(f"kill -9 to first event counted again, {name}", f"{first_s:.1f} s"))
        figures.append(Figure(
            f"kill -9 to {filled.behind / 1e6:.1f} M events caught up, {name}", f"{whole_s:.0f} s",
            f"≤ {AIM_S:.0f} s" if workers > 1 else "", whole_s <= AIM_S if workers > 1 else None,
            f"{filled.behind / (whole_s - first_s):,.0f} events/s where broker and workers share the cores",
        ))  # fmt: skip
    return Outcome(figures, {"recovery": runs, "backlog_events": filled.behind})


async def _run(stage: Stage, filled: Backlog, workers: int) -> dict[str, float]:
    group = f"recovery-{workers}"
    config = worker_config(stage.broker.bootstrap, group, stage.profile, TOPIC)
    # Under one name, as the chart gives it: the group lets it in again before the dead one's session ends.
    config["kafka"]["instance"] = group
    async with AsyncExitStack() as running:
        service = await running.enter_async_context(Service(stage.folder, config, group, workers))
        seen = await _until(service, EVENTS, KILLED_AT)
        service.kill()
        killed_s = time.perf_counter()
        if workers == 1:
            service = await running.enter_async_context(Service(stage.folder, config, f"{group}-again"))
        await _until(service, EVENTS, 1)
        first_s = time.perf_counter() - killed_s
        await _until(service, END, filled.end_ms / 1000)
        whole_s = time.perf_counter() - killed_s
    counted = await _in_last_window(stage.broker.bootstrap, config, filled.end_ms)
    assert counted == {filled.inside}, f"the last window has {counted} events and not {filled.inside}"
    say(
        f"{workers} killed at {seen:,.0f} events, {filled.events - seen:,.0f} behind: counting again after "
        f"{first_s:.1f} s, caught up after {whole_s:.1f} s"
    )
    return {"workers": workers, "killed_at": seen, "first_s": first_s, "whole_s": whole_s}


async def _until(service: Service, name: str, least: float) -> float:
    """Wait until a metric has come so far."""
    deadline = time.monotonic() + SECONDS_MAX
    while (value := (await service.series()).get(name, 0.0)) < least:
        assert time.monotonic() < deadline, f"{name} was {value:.0f} and not {least:.0f} in time"
        await asyncio.sleep(POLL_S)
    return value


async def _in_last_window(bootstrap: str, config: dict[str, Any], end_ms: int) -> set[int]:
    """How many events the results of the window that ends there tell of, each time that they were told."""
    topic = config["kafka"]["topics"]["results"]
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end_ms / 1000))
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    told: set[int] = set()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        while any([await consumer.position(tp) < end_offset for tp, end_offset in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                for record in records:
                    line = orjson.loads(record.value)
                    if (line["metric"], line["slice"], line["window"]["end"]) == ("traffic", "all", end):
                        told.add(round(line["value"]))
    finally:
        await consumer.stop()
    return told
