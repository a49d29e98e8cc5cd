"""Snapshots on a real broker: the newest whole one is found, at a cost that its own size sets."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest

from service.config.settings import Kafka
from service.kafka import snapshots
from service.kafka.connection import make_producer
from service.kafka.newest import read_newest
from service.kafka.outbox import Outbox
from service.kafka.snapshots import LAST, Snapshot, read_snapshot, write_snapshot
from tests.parts.kafka import KafkaBroker

CHUNKS = 5


@pytest.fixture
def settings(kafka: KafkaBroker, topic_prefix: str) -> Kafka:
    """A broker with a topic for snapshots that nobody has written to."""
    topic = f"{topic_prefix}snapshots"
    kafka.create_topics(topic, config={"cleanup.policy": "compact"})
    return Kafka.model_validate({"bootstrap_servers": kafka.bootstrap, "topics": {"snapshots": topic}})


@pytest.fixture
async def outbox(settings: Kafka, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outbox]:
    """Writes snapshots in chunks of a byte, and a few bytes for how they are packed."""
    monkeypatch.setattr(snapshots, "CHUNK_BYTES", 1)
    monkeypatch.setattr(snapshots, "pack_text", bytes)
    monkeypatch.setattr(snapshots, "unpack_text", bytes)
    producer = make_producer(settings)
    await producer.start()
    yield Outbox(producer)
    await producer.stop()


async def write(outbox: Outbox, settings: Kafka, *written: Snapshot) -> None:
    for snapshot in written:
        await write_snapshot(outbox, settings.topics.snapshots, 0, "digest", snapshot)


def snapshot(position: int, size: int = CHUNKS) -> Snapshot:
    return Snapshot(position, bytes([position]) * size, position % 2)


async def test_of_many_snapshots_only_the_last_few_records_are_read(
    settings: Kafka, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(outbox, settings, *(snapshot(position) for position in range(1, 21)))
    looked: list[int | None] = []

    async def counted(
        kafka: Kafka, topic: str, partition: int, last: int | None
    ) -> tuple[dict[bytes, bytes], bool]:
        looked.append(last)
        return await read_newest(kafka, topic, partition, last)

    monkeypatch.setattr(snapshots, "read_newest", counted)
    assert await read_snapshot(settings, 0, "digest") == snapshot(20)
    assert looked == [LAST]


async def test_a_snapshot_of_more_records_than_are_read_first_is_found(
    settings: Kafka, outbox: Outbox
) -> None:
    await write(outbox, settings, snapshot(1), snapshot(2, 10 * LAST))
    assert await read_snapshot(settings, 0, "digest") == snapshot(2, 10 * LAST)


async def test_where_a_writer_died_the_whole_snapshot_before_it_is_found(
    settings: Kafka, outbox: Outbox
) -> None:
    await write(outbox, settings, snapshot(1), snapshot(2))
    for number in range(2 * LAST):
        await outbox.send(settings.topics.snapshots, b"?", f"chunk/1/{number}".encode(), 0)
    await outbox.acknowledged()
    assert await read_snapshot(settings, 0, "digest") == snapshot(2)


async def test_snapshots_of_another_configuration_are_said_once_however_many_there_are(
    settings: Kafka, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    assert await read_snapshot(settings, 0, "digest") is None
    await write(outbox, settings, *(snapshot(position) for position in range(1, 21)))
    with caplog.at_level(logging.WARNING, "service"):
        assert await read_snapshot(settings, 0, "other") is None
    [line] = caplog.records
    assert (line.message, vars(line)["position"]) == ("snapshot of another configuration left aside", 20)
