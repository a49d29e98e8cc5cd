"""Partials that are not what the snapshots were made of: made anew, or spread over more partitions."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from service.config.digest import settings_digest
from service.config.loading import load
from service.kafka.placing import placed
from service.kafka.recovery import LEAP
from service.kafka.snapshots import read_snapshot
from tests.e2e.commands import KEPT, write_config
from tests.e2e.service import Service
from tests.e2e.test_gaps import Traffic, delete_topic, lines, windows
from tests.e2e.test_outages import EVERY_MS, live_config
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually

OWN = ("partials", "results", "alerts", "snapshots")


async def grow(kafka: KafkaBroker, prefix: str, partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.create_partitions({f"{prefix}{name}": NewPartitions(partitions) for name in OWN})
    finally:
        await admin.close()


async def test_partials_that_are_made_anew_leave_incomplete_windows_and_nothing_else(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """The snapshot lies beyond the end of the new log, whose offsets begin anew."""
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, config=KEPT)
    traffic = Traffic(kafka, topic)
    config = live_config(kafka, topic_prefix, grace="3s")
    config["timing"]["future"] = "1s"  # so long after a gap windows may still lack an event
    with Service(tmp_path / "service", config) as service:
        await eventually(service.ready, seconds=30)
        await traffic.flow(25)
        await asyncio.to_thread(service.server.stop)
        await delete_topic(kafka, f"{topic_prefix}partials")
        await asyncio.sleep(1)
        await asyncio.to_thread(service.server.start)
        await traffic.flow(65)  # well beyond the last window that may lack something
        last = traffic.events[-1]["timestamp"] // EVERY_MS * EVERY_MS

        async def complete() -> bool:
            return last in await windows(kafka, topic_prefix)

        await eventually(complete, seconds=60, what="the windows after that")
        reasons = {line["why"] for line in lines(service, "partials are gone before they were evaluated")}
        assert reasons == {"made_anew"}
    found = await windows(kafka, topic_prefix)
    for end, result in found.items():
        assert result["incomplete"] or result["value"] == traffic.truth(end), result
    assert any(result["incomplete"] for result in found.values())
    assert not found[max(found)]["incomplete"]

    settings = load(write_config(tmp_path / "config.json", config))
    [home] = [p for p in range(3) if placed(["credit"], p, range(3))]
    newest = await read_snapshot(settings.kafka, home, settings_digest(settings))
    assert newest is not None
    assert newest.base > LEAP  # what is told from now on counts as newer than all before


async def test_partitions_added_to_the_partials_end_the_worker_with_what_to_do(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, config=KEPT)
    config = live_config(kafka, topic_prefix, grace="3s")
    with Service(tmp_path / "before", config) as service:
        await eventually(service.ready, seconds=30)
        await Traffic(kafka, topic).flow(5)
        await eventually(lambda: service.metric("driftline_events_total") > 0)
    [home] = [p for p in range(3) if placed(["credit"], p, range(3))]
    more = next(count for count in range(4, 12) if not placed(["credit"], home, range(count)))
    await grow(kafka, topic_prefix, more)
    await asyncio.sleep(1)

    config["kafka"] |= {"partials_partitions": more}
    service = Service(tmp_path / "after", config)
    service.server.start()
    try:
        await eventually(lambda: not service.runs(), seconds=40, what="the end of the worker")
        status, _ = service.end()
    finally:
        service.server.stop()
    assert status == 1
    assert f"among its {more} partitions the name falls on" in service.log()
    assert "Traceback" not in service.log()
