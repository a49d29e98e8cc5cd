"""Batches on the wire, for learning a reference from traffic."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from detectors.fields import ABSENT, INVALID
from detectors.layout import COUNTERS
from service.events.batch import Batch

SAMPLE_EVENTS = 1_000
"""Events in one record, so that it stays below the broker's message limit."""

_VALUES = {0: ABSENT, 1: INVALID}


class _Packed(msgspec.Struct, array_like=True):
    offsets: bytes
    event_ms: bytes
    tags: dict[str, list[str | None]]
    numeric: bytes
    categorical: list[list[str | int | None]]
    counters: bytes


def split(batch: Batch) -> Iterator[Batch]:
    """The batch in pieces of at most ``SAMPLE_EVENTS``."""
    for first in range(0, len(batch), SAMPLE_EVENTS):
        yield batch.take(np.arange(first, min(first + SAMPLE_EVENTS, len(batch))))


def pack(batch: Batch) -> bytes:
    """Bytes of a batch of predictions of one model version."""
    return msgspec.msgpack.encode(
        _Packed(
            offsets=batch.offsets.tobytes(),
            event_ms=batch.event_ms.tobytes(),
            tags=batch.tags,
            numeric=np.ascontiguousarray(batch.numeric).tobytes(),
            categorical=[[_text(value) for value in column] for column in batch.categorical],
            counters=np.ascontiguousarray(batch.counters).tobytes(),
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
        versions=[version] * n,
        tags=packed.tags,
        numeric=np.frombuffer(packed.numeric, np.float64).reshape(n, -1),
        categorical=tuple(
            [_VALUES.get(v, v) if isinstance(v, int) else v for v in c] for c in packed.categorical
        ),
        counters=np.frombuffer(packed.counters, np.int64).reshape(n, len(COUNTERS)),
    )


def _text(value: object) -> str | int | None:
    if value is ABSENT:
        return 0
    if value is INVALID:
        return 1
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
