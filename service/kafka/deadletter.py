"""Refused records, kept as they came."""

from __future__ import annotations

import logging

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError

from service.events.batch import Reject
from service.kafka.outbox import Outbox

log = logging.getLogger(__name__)

DETAIL_BYTES = 2_000
SAFE_BYTES = 900_000
"""Values up to this fit any topic whose ``max.message.bytes`` was not lowered."""
VALUE_BYTES = 10_000_000
"""Longer values are cut, and say so."""
KEY_BYTES = 20_000
"""Longer keys likewise."""
HEADER_BYTES = 50_000
"""Headers of the original beyond this are left out."""

Headers = list[tuple[str, bytes]]


class DeadLetters:
    """Sends refused records to the dead-letter topic."""

    def __init__(self, producer: AIOKafkaProducer, outbox: Outbox, topic: str) -> None:
        self._producer, self._outbox, self._topic = producer, outbox, topic

    async def send(self, reject: Reject, source: TopicPartition) -> None:
        """Hand a refused record over; a large one is waited for, since the topic may not take it whole."""
        key, value, headers = dead_letter(reject, source.topic, source.partition, VALUE_BYTES)
        if value is not None and len(value) > SAFE_BYTES:
            try:
                await self._producer.send_and_wait(self._topic, value, key=key, headers=headers)
            except MessageSizeTooLargeError:
                log.warning(
                    "dead letter cut: raise max.message.bytes of the topic",
                    extra={"topic": self._topic, "bytes": len(value), "kept": SAFE_BYTES},
                )
                key, value, headers = dead_letter(reject, source.topic, source.partition, SAFE_BYTES)
            else:
                return
        await self._outbox.send(self._topic, value, key, headers=headers)


def dead_letter(
    reject: Reject, topic: str, partition: int, most: int
) -> tuple[bytes | None, bytes | None, Headers]:
    """Key, value and headers of the dead-letter record: the original bytes, and why and whence.

    At most ``most`` bytes of the value are kept, and ``KEY_BYTES`` of the key. The headers of the original
    follow ours, as ``original.<name>``.
    """
    record = reject.record
    key, value = record.key, record.value
    headers: Headers = [
        ("driftline.reason", reject.reason.encode()),
        ("driftline.detail", reject.detail.encode()[:DETAIL_BYTES]),
        ("driftline.topic", topic.encode()),
        ("driftline.partition", str(partition).encode()),
        ("driftline.offset", str(record.offset).encode()),
        ("driftline.timestamp", str(record.timestamp).encode()),
    ]
    if value is not None and len(value) > most:
        headers.append(("driftline.cut", f"{len(value)} bytes, cut to {most}".encode()))
        value = value[:most]
    if key is not None and len(key) > KEY_BYTES:
        headers.append(("driftline.key_cut", f"{len(key)} bytes, cut to {KEY_BYTES}".encode()))
        key = key[:KEY_BYTES]
    room = HEADER_BYTES
    for name, content in record.headers:
        room -= len(name) + len(content or b"")
        if room > 0:
            headers.append((f"original.{name}", content or b""))
    return key, value, headers
