"""State of the evaluation at a position: chunks first, then the manifest that makes them count."""

from __future__ import annotations

import hashlib
import logging

import msgspec
from aiokafka import TopicPartition

from service.config.settings import Kafka
from service.kafka.connection import make_consumer
from service.kafka.outbox import Outbox
from service.windows.codec import pack_text, unpack_text

log = logging.getLogger(__name__)

CHUNK_BYTES = 900_000
SCHEMA = 1


class Manifest(msgspec.Struct, frozen=True):
    """A whole snapshot: its chunks are on the topic before it.

    Attributes
    ----------
    position
        Offset on the partials partition from which to go on.
    digest
        Of the configuration and schema under which the state was kept; another one is not taken up.
    """

    schema: int
    position: int
    digest: str
    chunks: int
    sha256: str


async def write_snapshot(
    outbox: Outbox, kafka: Kafka, partition: int, position: int, digest: str, state: bytes
) -> int:
    """Write a snapshot of a partials partition; its packed bytes. All sent before must be acknowledged."""
    data = pack_text(state)
    chunks = [data[i : i + CHUNK_BYTES] for i in range(0, len(data), CHUNK_BYTES)]
    # Two sets of keys take turns, so that the chunks of the last good snapshot stay until the next is whole.
    turn = position % 2
    for number, chunk in enumerate(chunks):
        await outbox.send(kafka.topics.snapshots, chunk, f"chunk/{turn}/{number}".encode(), partition)
    await outbox.acknowledged()
    manifest = Manifest(SCHEMA, position, digest, len(chunks), hashlib.sha256(data).hexdigest())
    key = f"manifest/{turn}".encode()
    await outbox.send(kafka.topics.snapshots, msgspec.json.encode(manifest), key, partition)
    await outbox.acknowledged()
    return len(data)


async def read_snapshot(kafka: Kafka, partition: int, digest: str) -> tuple[int, bytes] | None:
    """Position and state of the newest whole snapshot of a partials partition; None where there is none."""
    tp = TopicPartition(kafka.topics.snapshots, partition)
    consumer = make_consumer(kafka, group=None)
    consumer.assign([tp])
    await consumer.start()
    newest: dict[bytes, bytes] = {}
    try:
        await consumer.seek_to_beginning(tp)
        end = (await consumer.end_offsets([tp]))[tp]
        while await consumer.position(tp) < end:
            for record in (await consumer.getmany(tp, timeout_ms=1_000)).get(tp, ()):
                newest[record.key] = record.value
    finally:
        await consumer.stop()
    whole = [found for turn in (0, 1) if (found := _assemble(newest, turn, digest)) is not None]
    return max(whole, default=None, key=lambda found: found[0])


def _assemble(newest: dict[bytes, bytes], turn: int, digest: str) -> tuple[int, bytes] | None:
    text = newest.get(f"manifest/{turn}".encode())
    if text is None:
        return None
    manifest = msgspec.json.decode(text, type=Manifest)
    if manifest.schema != SCHEMA or manifest.digest != digest:
        log.warning("snapshot of another configuration left aside", extra={"position": manifest.position})
        return None
    data = b"".join(newest.get(f"chunk/{turn}/{i}".encode(), b"") for i in range(manifest.chunks))
    if hashlib.sha256(data).hexdigest() != manifest.sha256:
        return None
    return manifest.position, unpack_text(data)
