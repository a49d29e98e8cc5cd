"""Consumers that ask for unwrapped records get all that the ingest reads; others are served as ever."""

from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from service.kafka.records import install, unwrapped
from tests.parts.kafka import KafkaBroker

HEADERS = [("source", b"test")]


async def read(kafka: KafkaBroker, topic: str, **options: Any) -> list[Any]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", **options)
    consumer.assign([TopicPartition(topic, 0)])
    await consumer.start()
    try:
        found: list[Any] = []
        while len(found) < 3:
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                found += records
    finally:
        await consumer.stop()
    return found


def content(records: list[Any]) -> list[tuple[object, ...]]:
    return [(r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in records]


async def test_an_unwrapped_record_says_the_same_as_a_wrapped_one(
    kafka: KafkaBroker, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}-records"
    kafka.create_topics(topic)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    await producer.send_and_wait(topic, b"one", key=b"k", timestamp_ms=1_767_571_200_000, headers=HEADERS)
    await producer.send_and_wait(topic, None, key=b"tombstone")
    await producer.send_and_wait(topic, b"three")
    await producer.stop()
    install()
    install()
    light = await read(kafka, topic, value_deserializer=unwrapped)
    wrapped = await read(kafka, topic)
    assert content(light) == content(wrapped)
    assert content(light)[0] == (0, 1_767_571_200_000, b"k", b"one", tuple(HEADERS))
    assert all(isinstance(record, ConsumerRecord) for record in wrapped)
    assert not any(isinstance(record, ConsumerRecord) for record in light), (
        "aiokafka wraps again: see records.py"
    )
