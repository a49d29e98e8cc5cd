"""Event time as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(time_ms: int) -> str:
    """Epoch milliseconds in RFC 3339, in UTC; with milliseconds only where they say something.

    >>> rfc3339(1_787_392_800_000), rfc3339(1_787_392_800_120)
    ('2026-08-22T10:00:00Z', '2026-08-22T10:00:00.120Z')
    """
    text = (_EPOCH + timedelta(milliseconds=time_ms)).isoformat(
        timespec="milliseconds" if time_ms % 1000 else "seconds"
    )
    return text.removesuffix("+00:00") + "Z"
