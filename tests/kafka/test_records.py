"""Consumers that ask for runs get all that the ingest reads, from a real broker; others as ever."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from service.events.run import Run
from service.kafka.records import bulk_options, install, unwrapped
from service.kafka.response import BUILT
from tests.kafka.test_response import content
from tests.parts.kafka import KafkaBroker

HEADERS = [("source", b"test")]

needs_index = pytest.mark.skipif(not BUILT, reason="the index is not built on this machine")


async def read(
    kafka: KafkaBroker, topic: str, count: int, most: int = 10, **options: Any
) -> tuple[list[Any], list[type], int]:
    """So many records of a topic, the kinds of sequence they came in, and where the consumer stood then."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", **options)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    await consumer.start()
    found: list[Any] = []
    kinds = []
    try:
        while len(found) < count:
            for records in (await consumer.getmany(timeout_ms=1_000, max_records=most)).values():
                found += records
                kinds.append(type(records))
        await consumer.getmany(timeout_ms=300)  # what stands behind the last record is passed
        return found, kinds, await consumer.position(partition)
    finally:
        await consumer.stop()


async def written(kafka: KafkaBroker, topic: str, **options: Any) -> None:
    """Write thirty records in a few batches."""
    kafka.create_topics(topic)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, **options)
    await producer.start()
    for batch in range(3):
        if "transactional_id" in options:
            await producer.begin_transaction()
        for i in range(10):
            value = None if i == 4 else b'{"model": "a", "n": %d}' % i * (1 + 40 * batch)
            await producer.send(
                topic, value, key=b"k%d" % i, timestamp_ms=1_767_571_200_000 + i, headers=HEADERS * (i % 3)
            )
        if "transactional_id" in options:
            await (producer.abort_transaction if batch == 1 else producer.commit_transaction)()
        await producer.flush()
    await producer.stop()


async def same_as_wrapped(kafka: KafkaBroker, topic: str) -> None:
    install()
    runs, kinds, stands = await read(kafka, topic, 30, **bulk_options())
    wrapped, usual, stood = await read(kafka, topic, 30)
    assert set(kinds) == {Run}
    assert set(usual) == {list}
    assert list(map(content, runs)) == list(map(content, wrapped))
    assert stands == stood
    assert all(isinstance(record, ConsumerRecord) for record in wrapped)


@needs_index
@pytest.mark.parametrize("codec", [None, "gzip", "snappy", "lz4", "zstd"])
async def test_a_run_says_the_same_as_wrapped_records(
    kafka: KafkaBroker, topic_prefix: str, codec: str | None
) -> None:
    topic = f"{topic_prefix}-records-{codec}"
    await written(kafka, topic, compression_type=codec, linger_ms=20)
    await same_as_wrapped(kafka, topic)


@needs_index
async def test_ends_of_transactions_are_no_records(kafka: KafkaBroker, topic_prefix: str) -> None:
    topic = f"{topic_prefix}-transactions"
    await written(kafka, topic, transactional_id=f"{topic_prefix}-producer", linger_ms=20)
    await same_as_wrapped(kafka, topic)
    committed, kinds, _ = await read(
        kafka, topic, 20, value_deserializer=unwrapped, check_crcs=False, isolation_level="read_committed"
    )
    assert set(kinds) == {list}
    assert len(committed) == 20


def release() -> SimpleNamespace:
    """The names of aiokafka's fetcher, in classes of their own."""
    return SimpleNamespace(
        MemoryRecords=type("MemoryRecords", (), {"has_next": None}),
        FetchResult=type(
            "FetchResult", (), {"getall": str, "check_assignment": None, "_update_position": None}
        ),
        PartitionRecords=type("PartitionRecords", (), {"_consumer_record": str, "_unpack_records": None}),
    )


@needs_index
def test_a_release_with_all_names_is_read_by_runs() -> None:
    where = release()
    usual = where.MemoryRecords
    install(where)
    assert where.FetchResult.getall is not str
    assert where.MemoryRecords is not usual


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("FetchResult", "getall"),
        ("FetchResult", "check_assignment"),
        ("FetchResult", "_update_position"),
        ("PartitionRecords", "_unpack_records"),
        ("MemoryRecords", "has_next"),
    ],
)
def test_a_release_that_lacks_a_name_is_read_as_ever(owner: str, name: str) -> None:
    where = release()
    usual = where.MemoryRecords
    delattr(getattr(where, owner), name)
    install(where)
    assert getattr(where.FetchResult, "getall", str) is str
    assert where.MemoryRecords is usual
    assert where.PartitionRecords._consumer_record is not str


def test_a_release_with_none_of_the_names_is_left_alone() -> None:
    install(SimpleNamespace())
