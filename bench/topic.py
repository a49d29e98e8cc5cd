"""The topic that is read: filled beforehand, so that no producer runs beside what is measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from bench.workload import CLOSING_EVENTS, EVENTS_PER_PANE, PANE_MS, START_MS, events, regular_times
from tests.parts.kafka import KafkaBroker

TOPIC = "predictions"
BATCH_BYTES = 64 * 1024
"""Of a batch of records: between the default of Java's producer (16 KiB) and what a busy one sends."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What is in the topic: events, bytes of their values, and when the last window that they close ends."""

    events: int
    size: int
    end_ms: int


Event = tuple[int, bytes]
"""Time (epoch ms) and value."""


async def fill(broker: KafkaBroker, panes: int, partitions: int) -> Filled:
    """Create the topic and write the events of so many panes to each partition, uncompressed."""
    count = panes * EVENTS_PER_PANE + CLOSING_EVENTS
    traffic = []
    for partition in range(partitions):
        times = regular_times(count, partition)
        traffic.append(zip(times.tolist(), events(times, partition), strict=True))
    size = await fill_with(broker, TOPIC, traffic)
    return Filled(partitions * count, size, START_MS + panes * PANE_MS)


async def fill_with(broker: KafkaBroker, topic: str, traffic: Sequence[Iterable[Event]]) -> int:
    """Create a topic with a partition for each of these; how many bytes were written."""
    # Kafka deletes records with old timestamps within minutes unless it is told to keep them.
    broker.create_topics(topic, partitions=len(traffic), config={"retention.ms": "-1"})
    return sum([await write(broker.bootstrap, topic, i, own) for i, own in enumerate(traffic)])


async def write(bootstrap: str, topic: str, partition: int, traffic: Iterable[Event]) -> int:
    """Write events to one partition in prepared batches; how many bytes their values have."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_batch_size=BATCH_BYTES, linger_ms=0
    )
    await producer.start()
    size, number = 0, 0
    batch = producer.create_batch()
    try:
        for time_ms, value in traffic:
            key = f"{partition}-{number}".encode()
            number += 1
            size += len(value)
            if batch.append(key=key, value=value, timestamp=time_ms) is None:
                await producer.send_batch(batch, topic, partition=partition)
                batch = producer.create_batch()
                batch.append(key=key, value=value, timestamp=time_ms)
        await producer.send_batch(batch, topic, partition=partition)
        await producer.flush()
    finally:
        await producer.stop()
    return size
