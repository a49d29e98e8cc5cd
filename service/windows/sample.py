"""Batches on the wire, for learning a reference from traffic."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from detectors.fields import ABSENT, INVALID
from detectors.layout import COUNTERS
from service.events.batch import Batch
from service.events.coded import CodedColumn

SAMPLE_EVENTS = 1_000
"""Events in one record at most."""
SAMPLE_BYTES = 700_000
"""Bytes of them: well under the broker's default limit of 1 MB a record."""

_VALUES = {0: ABSENT, 1: INVALID}


class _Packed(msgspec.Struct, array_like=True):
    offsets: bytes
    event_ms: bytes
    tags: dict[str, list[str | None]]
    numeric: bytes
    categorical: list[list[str | int | None]]
    counters: bytes
    latency_ms: bytes | None = None


def packed(batch: Batch) -> Iterator[tuple[Batch, bytes]]:
    """The batch in pieces of at most ``SAMPLE_EVENTS``, each with its bytes, at most ``SAMPLE_BYTES``.

    An event that is too long by itself is left out: no reference needs such a text.
    """
    spans = [(0, len(batch))]
    while spans:
        first, last = spans.pop()
        if first == last:
            continue
        count = last - first
        piece = batch.take(np.arange(first, last)) if count <= SAMPLE_EVENTS else None
        data = pack(piece) if piece is not None else b""
        if piece is not None and len(data) <= SAMPLE_BYTES:
            yield piece, data
        elif count > 1:
            middle = first + min(SAMPLE_EVENTS, -(-count // 2))
            spans += [(middle, last), (first, middle)]


def pack(batch: Batch) -> bytes:
    """Bytes of a batch of predictions of one model version."""
    return msgspec.msgpack.encode(
        _Packed(
            offsets=batch.offsets.tobytes(),
            event_ms=batch.event_ms.tobytes(),
            tags={tag: list(column) for tag, column in batch.tags.items()},
            numeric=np.ascontiguousarray(batch.numeric).tobytes(),
            categorical=[[_text(value) for value in column] for column in batch.categorical],
            counters=np.ascontiguousarray(batch.counters).tobytes(),
            latency_ms=None if batch.latency_ms is None else batch.latency_ms.tobytes(),
        )
    )


def unpack(data: bytes, model: str, version: str) -> Batch:
    """What ``pack`` was given; categorical values come back as text."""
    packed = msgspec.msgpack.decode(data, type=_Packed)
    offsets = np.frombuffer(packed.offsets, np.int64)
    n = len(offsets)
    return Batch(
        model=model,
        is_label=False,
        offsets=offsets,
        record_ms=np.full(n, -1),
        event_ms=np.frombuffer(packed.event_ms, np.int64),
        versions=CodedColumn(np.zeros(n, np.int64), [version]),
        tags={tag: CodedColumn.of(column) for tag, column in packed.tags.items()},
        numeric=np.frombuffer(packed.numeric, np.float64).reshape(n, -1),
        categorical=tuple(
            CodedColumn.of([_VALUES.get(v, v) if isinstance(v, int) else v for v in column])
            for column in packed.categorical
        ),
        counters=np.frombuffer(packed.counters, np.int64).reshape(n, len(COUNTERS)),
        latency_ms=None if packed.latency_ms is None else np.frombuffer(packed.latency_ms, np.float64),
    )


def _text(value: object) -> str | int | None:
    if value is ABSENT:
        return 0
    if value is INVALID:
        return 1
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
