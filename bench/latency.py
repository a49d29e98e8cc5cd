"""Section ``delays``: from a window's close to its results and to the alert at a receiver, with live traffic.

One feature after another drifts, each in a window of its own, while a producer writes events of this moment
to a topic. What a consumer of the results and a webhook receive is held against the earliest moment at which
the window could close: its end plus the model's lateness.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import orjson
from aiohttp import web
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.running import Service
from bench.section import Figure, Outcome, Stage, say
from bench.workload import NUMERIC, events, model_config
from tests.parts.process import HOST

TOPIC = "live"
PARTITIONS = 4
EVENTS_PER_S = 2_000
WINDOW_MS = 5_000
LATENESS_MS = 1_000
BATCH_S = 0.02


FLUSH_S = 1.0
"""The default of `timing.flush`."""
DRIFTING, DRIFTING_QUICK = 12, 3


async def delays(stage: Stage) -> Outcome:
    """Seconds from close to result and to alert, of so many features that drift one after another."""
    features = DRIFTING_QUICK if stage.quick else DRIFTING
    say(f"live traffic: {features} features drift, one after another")
    bootstrap = stage.broker.bootstrap
    await asyncio.to_thread(stage.broker.create_topics, TOPIC, partitions=PARTITIONS)
    received: list[tuple[float, dict[str, Any]]] = []
    results_s: list[float] = []
    async with (
        _receiver(received) as url,
        Service(stage.folder, _config(bootstrap, stage.profile, url)) as service,
    ):
        async with asyncio.timeout(60):
            await service.until_ready()
        watching = asyncio.create_task(_watch(bootstrap, results_s))
        await _produce(bootstrap, features)
        await asyncio.sleep(3.0)
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    first: dict[str, float] = {}
    for at_s, alert in received:
        closes_s = _seconds(alert["window"]["end"]) + LATENESS_MS / 1000
        first.setdefault(alert["feature"], at_s - closes_s)
    return _outcome(results_s, sorted(first.values()))


def _outcome(results_s: list[float], alerts_s: list[float]) -> Outcome:
    assert results_s, "results came while somebody looked"
    assert alerts_s, "alerts came while somebody looked"
    late_s, aim_s = float(np.quantile(results_s, 0.99)), FLUSH_S + 1.0
    figures = [
        Figure("window closed to result read, median", f"{median(results_s):.2f} s"),
        Figure("window closed to result read, p99", f"{late_s:.2f} s", f"≤ {aim_s:.0f} s", late_s <= aim_s),
        Figure("window closed to alert received, median", f"{median(alerts_s):.2f} s"),
        Figure("window closed to alert received, largest", f"{max(alerts_s):.2f} s"),
    ]
    by_window = sorted(set(np.round(results_s, 3).tolist()))
    return Outcome(figures, {"alert_delays_s": alerts_s, "result_delays_s": by_window})


async def _watch(bootstrap: str, delays_s: list[float]) -> None:
    """Note how long after its window could close each result arrives."""
    consumer = AIOKafkaConsumer("driftline.results", bootstrap_servers=bootstrap, auto_offset_reset="latest")
    await consumer.start()
    try:
        async for record in consumer:
            closes_s = _seconds(orjson.loads(record.value)["window"]["end"]) + LATENESS_MS / 1000
            delays_s.append(time.time() - closes_s)
    finally:
        await consumer.stop()


def _config(bootstrap: str, profile: Path, url: str) -> dict[str, Any]:
    model = model_config([{"length": f"{WINDOW_MS}ms"}], f"{LATENESS_MS}ms")
    return {
        "kafka": {"bootstrap_servers": bootstrap, "group": "live"},
        "sources": [{"topic": TOPIC, "start": "earliest"}],
        "models": [model | {"reference": {"profile": str(profile)}}],
        "monitors": [{"name": "Drift", "metric": "ks", "slices": ["all"], "threshold": 0.1}],
        "receivers": {"webhooks": [{"name": "bench", "url": url, "types": ["drift.alert.firing"]}]},
    }


async def _produce(bootstrap: str, features: int) -> None:
    """Write events of now; with each window one feature more has drifted."""
    order = list(NUMERIC)[:features]
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=0)
    await producer.start()
    started_ms = round(time.time() * 1000)
    first_ms = -(-started_ms // WINDOW_MS) * WINDOW_MS + WINDOW_MS
    end_ms = first_ms + features * WINDOW_MS + LATENESS_MS + 2_000
    written_ms, seed = started_ms, 0
    try:
        while (now_ms := round(time.time() * 1000)) < end_ms:
            for partition, value in _events(written_ms, now_ms, seed, order, first_ms):
                await producer.send(TOPIC, value, partition=partition)
            written_ms, seed = now_ms, seed + 1
            await asyncio.sleep(BATCH_S)
        await producer.flush()
    finally:
        await producer.stop()


def _events(
    start_ms: int, end_ms: int, seed: int, order: list[str], first_ms: int
) -> Iterator[tuple[int, bytes]]:
    """Partition and value of the events of a moment."""
    times = np.arange(start_ms, end_ms, 1000 / EVENTS_PER_S).astype(np.int64)
    drifted = np.maximum(0, (times - first_ms) // WINDOW_MS + 1)
    for count in np.unique(drifted).tolist():
        moment = times[drifted == count]
        for i, value in enumerate(events(moment, seed, frozenset(order[:count]))):
            yield i % PARTITIONS, value


@asynccontextmanager
async def _receiver(received: list[tuple[float, dict[str, Any]]]) -> AsyncIterator[str]:
    """A webhook that notes when an alert arrives; its address."""

    async def take(request: web.Request) -> web.Response:
        at_s = time.time()
        received.append((at_s, (await request.json())["data"]))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
