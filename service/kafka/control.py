"""The control topic: read to its end by every worker, written by few."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from service.config.settings import Kafka
from service.kafka.connection import make_consumer
from service.windows.control import (
    Control,
    ControlRecord,
    ProfilePublished,
    decode_control,
    encode_control,
)

log = logging.getLogger(__name__)

Watcher = Callable[[ControlRecord], None]


class ControlReader:
    """Folds the control topic into ``control``; safe to call from several tasks.

    Parameters
    ----------
    watch
        Told every record, in order, after it was folded.
    """

    def __init__(self, kafka: Kafka, control: Control, watch: Watcher) -> None:
        self._kafka = kafka
        self._control = control
        self._watch = watch
        self._partition = TopicPartition(kafka.topics.control, 0)
        self._consumer: AIOKafkaConsumer | None = None
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Connect, and read everything there is."""
        self._consumer = make_consumer(self._kafka, group=None, fetch_max_wait_ms=100)
        self._consumer.assign([self._partition])
        await self._consumer.start()
        self._consumer.pause(self._partition)
        await self._consumer.seek_to_beginning(self._partition)
        await self.read_to_end()

    async def stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def read_to_end(self) -> None:
        """Fold everything that was on the topic when this was called."""
        assert self._consumer is not None, "start comes first"
        async with self._lock:
            end = (await self._consumer.end_offsets([self._partition]))[self._partition]
            if await self._consumer.position(self._partition) >= end:
                return
            # A broker answers one request of a connection after the other: a fetch that waits for news would
            # hold up the question for the end. So nothing is fetched but what is known to be there.
            self._consumer.resume(self._partition)
            try:
                while await self._consumer.position(self._partition) < end:
                    records = await self._consumer.getmany(self._partition, timeout_ms=1_000)
                    for record in records.get(self._partition, ()):
                        self._take(record.offset, record.value)
            finally:
                self._consumer.pause(self._partition)

    def _take(self, offset: int, value: bytes | None) -> None:
        try:
            record = decode_control(value or b"")
            if isinstance(record, ProfilePublished):
                self._control.apply(record)
        except (msgspec.MsgspecError, ValueError, KeyError) as error:
            where = {"topic": self._partition.topic, "offset": offset, "error": str(error)}
            log.error("control record refused", extra=where)  # noqa: TRY400  # the error says it all
            return
        self._watch(record)


async def send_control(producer: AIOKafkaProducer, kafka: Kafka, record: ControlRecord) -> int:
    """Write a record; its offset once the broker has it."""
    metadata = await producer.send_and_wait(
        kafka.topics.control, encode_control(record), key=b"control", partition=0
    )
    return int(metadata.offset)
