"""Makes the record batches of responses as a broker sends them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

TIME_MS = 1_767_571_200_000
CONTROL, LOG_APPEND_TIME = 0x20, 0x08
CODECS = range(5)
"""None, gzip, snappy, lz4, zstd."""


@dataclass(frozen=True)
class Sent:
    """One record of a batch; `step` offsets stand between it and the one before."""

    value: bytes | None = b"{}"
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()
    time_ms: int = TIME_MS
    step: int = 0


@dataclass(frozen=True)
class Batch:
    """A batch as a broker keeps it; `before` and `after` are offsets that compaction has emptied."""

    sent: Sequence[Sent] = (Sent(),)
    codec: int = 0
    attributes: int = 0
    before: int = 0
    after: int = 0


def encoded(batches: Sequence[Batch], base: int = 100) -> bytes:
    """The batches of a response, from offset `base` on."""
    return b"".join(_encoded(batches, base))


def _encoded(batches: Sequence[Batch], base: int) -> Iterator[bytes]:
    for batch in batches:
        codec = batch.codec if batch.sent else 0  # an emptied batch is never compressed
        builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 2**30)
        offset, last = batch.before, -1
        for one in batch.sent:
            offset += one.step
            added = builder.append(offset, one.time_ms, one.key, one.value, list(one.headers))
            assert added is not None
            last, offset = offset, offset + 1
        last += batch.after if batch.sent else batch.before + batch.after + 1
        made = bytearray(builder.build())
        struct.pack_into(">q", made, 0, base)
        (attributes,) = struct.unpack_from(">h", made, 21)
        struct.pack_into(">hi", made, 21, attributes | batch.attributes, last)
        struct.pack_into(">I", made, 17, calc_crc32c(made[21:]))
        base += last + 1
        yield bytes(made)
