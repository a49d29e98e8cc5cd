"""Events for the end-to-end tests, and their way into Kafka."""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

REGIONS = ("eu", "us", "ap")
STATES = ("CA", "NY", "TX")

Event = dict[str, Any]
"""An event as JSON has it."""


@dataclass(frozen=True)
class Sent:
    """A record to produce."""

    partition: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int | None = None


def credit_events(
    count: int,
    start_ms: int,
    step_ms: int,
    *,
    seed: int = 1,
    shift: float = 0.0,
    shifted: tuple[str, ...] = ("eu",),
) -> list[Event]:
    """Predictions of the model `credit`, in order of time; `age` is shifted in some regions."""
    rng = np.random.default_rng(seed)
    age = rng.normal(40, 10, count)
    income = rng.lognormal(10, 1, count)
    region, state = rng.integers(0, 3, count), rng.integers(0, 3, count)
    score = rng.random(count)
    return [
        {
            "model": "credit",
            "model_version": "7",
            "prediction_id": f"p{i}",
            "timestamp": start_ms + i * step_ms,
            "features": {
                "age": float(age[i]) + (shift if REGIONS[region[i]] in shifted else 0.0),
                "income": None if i % 50 == 0 else float(income[i]),
                "state": STATES[state[i]],
            },
            "prediction": {"label": "approve" if score[i] > 0.6 else "deny", "score": float(score[i])},
            "tags": {"region": REGIONS[region[i]]},
        }
        for i in range(count)
    ]


def spread(events: Iterable[Event], partitions: int) -> list[Sent]:
    """Events over partitions in turn, each with its own time as the record's."""
    sent = []
    for i, event in enumerate(events):
        key = str(event["prediction_id"]).encode()
        sent.append(Sent(i % partitions, orjson.dumps(event), key, event["timestamp"]))
    return sent


async def flow(
    bootstrap: str, topic: str, bursts: int, *, partitions: int = 4, events: int = 500, shift: float = 0.0
) -> None:
    """Live traffic: bursts of events of now. What is not taken soon is given up; the log tells what was."""
    for _ in range(bursts):
        now_ms = round(time.time() * 1000)
        burst = credit_events(events, now_ms - 400, 0, seed=now_ms % 2**32, shift=shift)
        with contextlib.suppress(KafkaError):
            await produce(bootstrap, topic, spread(burst, partitions), timeout_ms=4_000)
        await asyncio.sleep(0.35)


async def produce(bootstrap: str, topic: str, records: Sequence[Sent], timeout_ms: int = 40_000) -> None:
    """Write records in whole batches, a partition in its order."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, max_request_size=8_000_000, request_timeout_ms=timeout_ms
    )
    try:
        await producer.start()
        by_partition: dict[int, list[Sent]] = defaultdict(list)
        for record in records:
            by_partition[record.partition].append(record)
        for partition, own in by_partition.items():
            await _produce_partition(producer, topic, partition, own)
    finally:
        await producer.stop()


async def _produce_partition(producer: AIOKafkaProducer, topic: str, partition: int, own: list[Sent]) -> None:
    pending: list[asyncio.Future[object]] = []
    batch = producer.create_batch()
    for record in own:
        if len(record.value or b"") > 10_000:  # larger than a batch likes
            if batch.record_count():
                pending.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
            await asyncio.gather(*pending)
            await producer.send_and_wait(
                topic, record.value, record.key, partition, timestamp_ms=record.timestamp
            )
            continue
        stamp, key, value = record.timestamp, record.key, record.value
        if batch.append(timestamp=stamp, key=key, value=value) is None:
            pending.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(timestamp=stamp, key=key, value=value)
    if batch.record_count():
        pending.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*pending)


@dataclass(frozen=True)
class Got:
    """A record as it was read."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: dict[str, bytes]


async def count_all(bootstrap: str, topic: str) -> int:
    """How many records a topic that nothing was deleted from holds now; 0 before it is there."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        await consumer.start()
        partitions = await _partitions(consumer, topic)
        return sum((await consumer.end_offsets(partitions)).values()) if partitions else 0
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    if topic not in await consumer.topics():
        return []
    consumer._client.add_topic(topic)
    await consumer._client.force_metadata_update()
    return [TopicPartition(topic, partition) for partition in consumer.partitions_for_topic(topic) or ()]


async def read_all(bootstrap: str, topic: str) -> list[Got]:
    """Everything on a topic now; a topic that is still to be made has nothing."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = await _partitions(consumer, topic)
        if not partitions:
            return []
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(partitions)
        records: list[Got] = []
        while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                records += [Got(r.partition, r.offset, r.key, r.value, dict(r.headers)) for r in batch]
        return records
    finally:
        await consumer.stop()
