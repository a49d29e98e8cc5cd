"""From a window's close to the alert at a receiver, with live traffic.

One feature after another drifts, each in a window of its own, while a producer writes events of this moment
to a topic. What a webhook receives is held against the earliest moment at which the window could close: its
end plus the model's lateness.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web
from aiokafka import AIOKafkaProducer

from bench.running import Service
from bench.workload import NUMERIC, events, model_config
from tests.parts.kafka import KafkaBroker
from tests.parts.process import HOST

TOPIC = "live"
PARTITIONS = 4
EVENTS_PER_S = 2_000
WINDOW_MS = 5_000
LATENESS_MS = 1_000
BATCH_S = 0.02


async def alert_delays(folder: Path, broker: KafkaBroker, profile: Path, features: int) -> list[float]:
    """Seconds from close to alert, of so many features that drift one after another."""
    await asyncio.to_thread(broker.create_topics, TOPIC, partitions=PARTITIONS)
    received: list[tuple[float, dict[str, Any]]] = []
    async with (
        _receiver(received) as url,
        Service(folder, _config(broker.bootstrap, profile, url)) as service,
    ):
        async with asyncio.timeout(60):
            await service.until_ready()
        await _produce(broker.bootstrap, features)
        await asyncio.sleep(3.0)
    first: dict[str, float] = {}
    for at_s, alert in received:
        closes_s = _seconds(alert["window"]["end"]) + LATENESS_MS / 1000
        first.setdefault(alert["feature"], at_s - closes_s)
    return sorted(first.values())


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
