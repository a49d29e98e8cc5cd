"""The last value of each key on one partition: what a compacted topic means."""

from __future__ import annotations

from aiokafka import TopicPartition

from service.config.settings import Kafka
from service.kafka.connection import make_consumer


async def read_newest(
    kafka: Kafka, topic: str, partition: int, last: int | None = None
) -> tuple[dict[bytes, bytes], bool]:
    """Read one partition from its start to where it ends now, and say whether that was all of it.

    Parameters
    ----------
    last
        Read so many of the last offsets only.
    """
    tp = TopicPartition(topic, partition)
    consumer = make_consumer(kafka, group=None)
    consumer.assign([tp])
    await consumer.start()
    newest: dict[bytes, bytes] = {}
    try:
        oldest = (await consumer.beginning_offsets([tp]))[tp]
        end = (await consumer.end_offsets([tp]))[tp]
        begin = oldest if last is None else max(oldest, end - last)
        consumer.seek(tp, begin)
        while await consumer.position(tp) < end:
            for record in (await consumer.getmany(tp, timeout_ms=1_000)).get(tp, ()):
                newest[record.key] = record.value
    finally:
        await consumer.stop()
    return newest, bool(begin == oldest)
