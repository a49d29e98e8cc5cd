"""Records that are gone before they were counted: the windows that they may belong to say so."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import orjson
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError

from tests.e2e.commands import KEPT
from tests.e2e.service import Service
from tests.e2e.test_outages import EVERY_MS, LENGTH_MS, live_config
from tests.e2e.traffic import Event, Sent, count_all, credit_events, produce, read_all, spread
from tests.e2e.truth import end_ms
from tests.parts.kafka import KafkaBroker
from tests.parts.process import eventually


async def delete_before(kafka: KafkaBroker, topic: str, partition: int, offset: int) -> None:
    """What retention does, at once."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(topic, partition): RecordsToDelete(offset)})
    finally:
        await admin.close()


async def windows(kafka: KafkaBroker, prefix: str) -> dict[int, dict[str, Any]]:
    """The result `traffic` over everything, by the end of its window."""
    found = {}
    for record in await read_all(kafka.bootstrap, f"{prefix}results"):
        result = orjson.loads(record.value)
        if result["metric"] == "traffic" and result["slice"] == "all":
            found[end_ms(result)] = result
    return found


def lines(service: Service, message: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in service.log().splitlines() if line.startswith("{")]
    return [line for line in found if line["message"] == message]


class Traffic:
    """Live events on one partition, remembered here, since the log forgets them."""

    def __init__(self, kafka: KafkaBroker, topic: str) -> None:
        self._kafka, self._topic = kafka, topic
        self.events: list[Event] = []

    async def flow(self, bursts: int) -> None:
        for _ in range(bursts):
            now_ms = round(time.time() * 1000)
            burst = credit_events(200, now_ms - 400, 0, seed=now_ms % 2**32)
            await produce(self._kafka.bootstrap, self._topic, spread(burst, 1))
            self.events += burst
            await asyncio.sleep(0.4)

    def truth(self, end_ms: int) -> int:
        return sum(end_ms - LENGTH_MS <= event["timestamp"] < end_ms for event in self.events)


async def test_windows_that_lack_records_deleted_before_they_were_counted_are_incomplete(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """
    events    ████████████████████████████████
    service   ███████──────────────███████████
    deleted         ░░░░░░░░░                     what it had not finished, and more
    """
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, config=KEPT)
    traffic = Traffic(kafka, topic)
    with Service(tmp_path / "service", live_config(kafka, topic_prefix, grace="5s")) as service:
        await eventually(service.ready, seconds=30)
        await traffic.flow(30)
        await asyncio.to_thread(service.server.stop)
        await traffic.flow(8)
        gone, gone_ms = len(traffic.events), traffic.events[-1]["timestamp"]
        await delete_before(kafka, topic, 0, gone)
        await traffic.flow(8)
        await asyncio.to_thread(service.server.start)
        await traffic.flow(30)
        last = traffic.events[-1]["timestamp"] // EVERY_MS * EVERY_MS

        async def complete() -> bool:
            return last in await windows(kafka, topic_prefix)

        await eventually(complete, seconds=60, what="the windows after the gap")
        [gap] = lines(service, "records are gone before they were counted")
        assert (gap["to"], gap["why"]) == (gone, "retention")
        assert service.metric("driftline_gap_records_total") == gone - gap["from"]
        from_ms = traffic.events[gap["from"]]["timestamp"]
    found = await windows(kafka, topic_prefix)
    for end, result in found.items():
        exact = result["value"] == traffic.truth(end)
        assert exact or result["incomplete"], result
        # What is marked lies near the gap: by a lateness before it, by that and the tolerance after it.
        if end < from_ms - 5_000:
            assert not result["incomplete"], result
    assert any(result["incomplete"] and not result["value"] for result in found.values()), gone_ms
    assert sum(not result["incomplete"] for result in found.values()) > 3


async def test_a_topic_that_is_made_anew_is_read_from_its_start_and_the_windows_say_so(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, config=KEPT)
    old, new = Traffic(kafka, topic), Traffic(kafka, topic)
    with Service(tmp_path / "service", live_config(kafka, topic_prefix, grace="5s")) as service:
        await eventually(service.ready, seconds=30)
        await old.flow(25)
        await eventually(lambda: service.metric("driftline_consumer_lag_records") == 0)
        await delete_topic(kafka, topic)
        await asyncio.sleep(1)
        kafka.create_topics(topic, config=KEPT)
        await eventually(lambda: knows(kafka, topic), what="the new topic")
        await new.flow(25)
        last = new.events[-1]["timestamp"] // EVERY_MS * EVERY_MS

        async def complete() -> bool:
            return last in await windows(kafka, topic_prefix)

        await eventually(complete, seconds=90, what="the windows of the new topic")
        gaps = lines(service, "records are gone before they were counted")
    assert gaps, service.log()
    found = await windows(kafka, topic_prefix)
    for end, result in found.items():
        assert result["incomplete"] or result["value"] == old.truth(end) + new.truth(end), result
    assert any(result["incomplete"] for result in found.values())


async def test_partials_that_are_gone_before_they_were_evaluated_leave_incomplete_windows(
    kafka: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    """The snapshot that a service left behind is older than what the partials still hold."""
    topic = f"{topic_prefix}predictions"
    kafka.create_topics(topic, config=KEPT)
    traffic = Traffic(kafka, topic)
    config = live_config(kafka, topic_prefix, grace="3s")
    config["timing"]["future"] = "1s"  # so long after a gap windows may still lack an event
    with Service(tmp_path / "service", config) as service:
        await eventually(service.ready, seconds=30)
        await traffic.flow(25)
        await asyncio.to_thread(service.server.stop)
        for partition, end in (await ends(kafka, f"{topic_prefix}partials")).items():
            await delete_before(kafka, f"{topic_prefix}partials", partition, end)
            await lift(kafka, f"{topic_prefix}partials", partition)
        await asyncio.to_thread(service.server.start)
        await traffic.flow(65)  # well beyond the last window that may lack something
        last = traffic.events[-1]["timestamp"] // EVERY_MS * EVERY_MS

        async def complete() -> bool:
            return last in await windows(kafka, topic_prefix)

        await eventually(complete, seconds=60, what="the windows after that")
        assert lines(service, "partials are gone before they were evaluated")
    found = await windows(kafka, topic_prefix)
    for end, result in found.items():
        assert result["incomplete"] or result["value"] == traffic.truth(end), result
    assert any(result["incomplete"] for result in found.values())
    assert not found[max(found)]["incomplete"]


async def knows(kafka: KafkaBroker, topic: str) -> bool:
    try:
        return await count_all(kafka.bootstrap, topic) == 0
    except KafkaError:
        return False


async def delete_topic(kafka: KafkaBroker, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic])
    finally:
        await admin.close()


async def ends(kafka: KafkaBroker, topic: str) -> dict[int, int]:
    """Where each partition ends."""
    found = dict.fromkeys(range(3), 0)
    for record in await read_all(kafka.bootstrap, topic):
        found[record.partition] = max(found[record.partition], record.offset + 1)
    return found


async def lift(kafka: KafkaBroker, topic: str, partition: int) -> None:
    """One more record, of no meaning, taken away again: the log begins after the snapshot's position."""
    await produce(kafka.bootstrap, topic, [Sent(partition, b"?")])
    await delete_before(kafka, topic, partition, -1)
