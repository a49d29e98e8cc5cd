"""Refused records, kept as they came."""

from __future__ import annotations

from service.events.batch import Reject

DETAIL_BYTES = 2_000
VALUE_BYTES = 900_000
"""Longer values are cut, and say so: the topic takes records up to 1 MB unless told otherwise."""

Headers = list[tuple[str, bytes]]


def dead_letter(reject: Reject, topic: str, partition: int) -> tuple[bytes | None, bytes | None, Headers]:
    """Key, value and headers of the dead-letter record: the original bytes, and why and whence.

    The headers of the original follow ours under ``original.`` names.
    """
    record = reject.record
    value = record.value
    headers: Headers = [
        ("driftline.reason", reject.reason.encode()),
        ("driftline.detail", reject.detail.encode()[:DETAIL_BYTES]),
        ("driftline.topic", topic.encode()),
        ("driftline.partition", str(partition).encode()),
        ("driftline.offset", str(record.offset).encode()),
        ("driftline.timestamp", str(record.timestamp).encode()),
    ]
    if value is not None and len(value) > VALUE_BYTES:
        headers.append(("driftline.cut", f"{len(value)} bytes, cut to {VALUE_BYTES}".encode()))
        value = value[:VALUE_BYTES]
    room = 50_000
    for name, content in record.headers:
        room -= len(name) + len(content or b"")
        if room > 0:
            headers.append((f"original.{name}", content or b""))
    return record.key, value, headers
