"""State of the evaluation at a position: chunks first, then the manifest that makes them count."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from service.config.settings import Kafka
from service.kafka.newest import read_newest
from service.kafka.outbox import Outbox
from service.windows.codec import pack_text, unpack_text

log = logging.getLogger(__name__)

CHUNK_BYTES = 900_000
LAST = 32
"""Offsets that are read first, in the hope that they hold a whole snapshot."""
SCHEMA = 2


class Manifest(msgspec.Struct, frozen=True):
    """A whole snapshot: its chunks are on the topic before it.

    Attributes
    ----------
    position
        Offset on the partials partition from which to go on.
    digest
        Of the configuration and schema under which the state was kept; another one is not taken up.
    base
        What offsets count from, where a log took the place of another.
    """

    schema: int
    position: int
    digest: str
    chunks: int
    sha256: str
    base: int = 0


class Snapshot(NamedTuple):
    """The state at a position, which of the two sets of keys holds it, and what positions count from."""

    position: int
    state: bytes
    turn: int
    base: int = 0


async def write_snapshot(outbox: Outbox, topic: str, partition: int, digest: str, snapshot: Snapshot) -> None:
    """Write a snapshot of a partials partition. All sent before must be acknowledged.

    The two sets of keys take turns, so that the chunks of the last whole snapshot stay until the next is
    whole: ``turn`` is 0 or 1, and never that of the last whole one.
    """
    position, state, turn, base = snapshot
    data = pack_text(state)
    chunks = [data[i : i + CHUNK_BYTES] for i in range(0, len(data), CHUNK_BYTES)]
    for number, chunk in enumerate(chunks):
        await outbox.send(topic, chunk, f"chunk/{turn}/{number}".encode(), partition)
    await outbox.acknowledged()
    manifest = Manifest(SCHEMA, position, digest, len(chunks), hashlib.sha256(data).hexdigest(), base)
    key = f"manifest/{turn}".encode()
    await outbox.send(topic, msgspec.json.encode(manifest), key, partition)
    await outbox.acknowledged()


async def read_snapshot(kafka: Kafka, partition: int, digest: str) -> Snapshot | None:
    """The newest whole snapshot of a partials partition; None where there is none."""
    last = LAST
    while True:
        # Compaction leaves the newest segment as it is: what was written since may be a thousand snapshots.
        newest, everything = await read_newest(kafka, kafka.topics.snapshots, partition, last)
        found = newest_whole(newest, digest)
        if found is not None or everything:
            break
        last *= 8
    if found is None and (aside := _manifests(newest)):
        where = {"partition": partition, "position": max(manifest.position for manifest in aside)}
        log.warning("snapshot of another configuration left aside", extra=where)
    return found


def newest_whole(newest: Mapping[bytes, bytes], digest: str) -> Snapshot | None:
    """The newest whole snapshot out of the last value of each key."""
    whole = [found for turn in (0, 1) if (found := _assemble(newest, turn, digest)) is not None]
    return max(whole, key=lambda found: found.base + found.position, default=None)


def _assemble(newest: Mapping[bytes, bytes], turn: int, digest: str) -> Snapshot | None:
    manifest = _manifest(newest, turn)
    if manifest is None or manifest.schema != SCHEMA or manifest.digest != digest:
        return None
    data = b"".join(newest.get(f"chunk/{turn}/{i}".encode(), b"") for i in range(manifest.chunks))
    if hashlib.sha256(data).hexdigest() != manifest.sha256:
        return None
    return Snapshot(manifest.position, unpack_text(data), turn, manifest.base)


def _manifests(newest: Mapping[bytes, bytes]) -> list[Manifest]:
    return [manifest for turn in (0, 1) if (manifest := _manifest(newest, turn)) is not None]


def _manifest(newest: Mapping[bytes, bytes], turn: int) -> Manifest | None:
    text = newest.get(f"manifest/{turn}".encode())
    return None if text is None else msgspec.json.decode(text, type=Manifest)
