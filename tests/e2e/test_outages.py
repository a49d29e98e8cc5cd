"""What is not there, or goes away: the service says so, waits, and counts exactly when it is back."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.commands import KEPT, START_MS, attempt, with_model, write_config
from tests.e2e.service import Service, credit_config
from tests.e2e.traffic import Event, credit_events, flow, produce, read_all, spread
from tests.e2e.truth import stated_counts, window_counts
from tests.parts.kafka import KafkaBroker
from tests.parts.process import HOST, eventually

LENGTH_MS, EVERY_MS = 6_000, 2_000


def live_config(kafka: KafkaBroker, prefix: str, grace: str) -> dict[str, Any]:
    """Windows of seconds, over traffic of now that may take `grace` to arrive."""
    config = credit_config(kafka.bootstrap, prefix, timing={"flush": "300ms", "grace": grace})
    return with_model(config, windows=[{"length": "6s", "every": "2s"}], lateness=grace)


async def values(kafka: KafkaBroker, topic: str) -> list[bytes]:
    return [record.value for record in await read_all(kafka.bootstrap, topic)]


async def exact(kafka: KafkaBroker, prefix: str, seconds: float) -> None:
    """Wait until every window of what the log holds is stated, and compare."""
    log: list[Event] = [json.loads(value) for value in await values(kafka, f"{prefix}predictions")]
    truth = window_counts(log, LENGTH_MS, EVERY_MS)
    assert len(truth) > 10

    async def complete() -> bool:
        return stated_counts(await values(kafka, f"{prefix}results")).keys() >= truth.keys()

    await eventually(complete, seconds=seconds, what="every window stated")
    assert stated_counts(await values(kafka, f"{prefix}results")) == truth


@asynccontextmanager
async def flowing(kafka: KafkaBroker, topic: str, bursts: int) -> AsyncIterator[None]:
    """Live traffic while the body runs, and to its end after it."""
    traffic = asyncio.create_task(flow(kafka.bootstrap, topic, bursts))
    try:
        yield
        await traffic
    finally:
        traffic.cancel()


async def test_a_service_that_starts_before_its_broker_is_alive_says_why_it_waits_and_works_once_it_can(
    own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    config = credit_config(own_kafka.bootstrap, "")
    events = credit_events(4_000, START_MS, 500)
    own_kafka.create_topics("predictions", config=KEPT)
    await produce(own_kafka.bootstrap, "predictions", spread(events, 1))
    await asyncio.to_thread(own_kafka.stop)
    with Service(tmp_path / "service", config) as service:
        await eventually(lambda: own_kafka.bootstrap in service.unready(), what="the broker named as missing")
        assert httpx.get(f"{service.url}/healthz").status_code == httpx.codes.OK
        assert httpx.get(f"{service.url}/").status_code == httpx.codes.OK
        await asyncio.to_thread(own_kafka.start)
        await eventually(service.ready, seconds=60, what="ready once the broker is there")
        truth = window_counts(events, 1_800_000, 600_000)

        async def complete() -> bool:
            return stated_counts(await values(own_kafka, "results")) == truth

        await eventually(complete, seconds=30, what="all windows exact")


async def test_windows_are_exact_after_the_broker_was_killed_while_events_flowed(
    own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    config = live_config(own_kafka, "", grace="14s")
    own_kafka.create_topics("predictions", partitions=4)
    with Service(tmp_path / "service", config) as service:
        await eventually(service.ready, seconds=30)
        async with flowing(own_kafka, "predictions", bursts=30):
            await asyncio.sleep(4)
            await asyncio.to_thread(own_kafka.kill)
            await asyncio.sleep(1)
            assert service.runs()
            await asyncio.to_thread(own_kafka.start)
        await eventually(service.ready, seconds=60, what="ready again")
        await exact(own_kafka, "", seconds=60)
        assert service.metric("driftline_late_events_total") == 0
        status, seconds = await asyncio.to_thread(service.end)
    assert status == 0
    assert seconds < 10


async def test_a_worker_that_is_killed_twice_counts_every_event_once(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, partitions=4)
    with Service(tmp_path / "service", live_config(kafka, topic_prefix, grace="8s")) as service:
        await eventually(service.ready, seconds=30)
        async with flowing(kafka, topic, bursts=25):
            for _ in range(2):
                await asyncio.sleep(2)
                await asyncio.to_thread(service.server.kill)
                await asyncio.to_thread(service.server.start)
        await exact(kafka, topic_prefix, seconds=90)
        status, seconds = await asyncio.to_thread(service.end)
    assert status == 0
    assert seconds < 10


async def test_a_missing_source_topic_is_named_and_read_once_it_is_there(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    topic = f"{topic_prefix}predictions"
    events = credit_events(4_000, START_MS, 500)
    with Service(tmp_path / "service", credit_config(kafka.bootstrap, topic_prefix)) as service:
        await eventually(
            lambda: f"has no topic {topic}" in service.unready(), what="the topic named as missing"
        )
        kafka.create_topics(topic, config=KEPT)
        await produce(kafka.bootstrap, topic, spread(events, 1))
        truth = window_counts(events, 1_800_000, 600_000)

        async def complete() -> bool:
            return service.ready() and stated_counts(await values(kafka, f"{topic_prefix}results")) == truth

        await eventually(complete, seconds=60, what="all windows exact")
        assert service.ready()


def test_a_taken_port_ends_the_start_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        config = credit_config(f"{HOST}:9", "", web={"host": HOST, "port": port})
        done = attempt("run", "--config", write_config(tmp_path / "taken.yaml", config))
    assert done.returncode == 2
    assert f"cannot listen on {HOST}:{port}" in done.stderr
    assert "choose another port" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_service_without_a_broker_ends_at_once_when_it_is_told_to(tmp_path: Path) -> None:
    with Service(tmp_path / "service", credit_config(f"{HOST}:9", "")) as service:
        await eventually(lambda: f"{HOST}:9" in service.unready())
        status, seconds = await asyncio.to_thread(service.end)
    assert status == 0
    assert seconds < 10
