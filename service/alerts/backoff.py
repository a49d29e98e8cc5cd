"""How long to wait before trying again."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

FIRST_MS = 1_000
LONGEST_MS = 300_000


def backoff_ms(attempt: int, random: float, *, first_ms: int = FIRST_MS, longest_ms: int = LONGEST_MS) -> int:
    """Milliseconds to wait after the ``attempt``-th failure: doubling, bounded, half of it at random.

    Parameters
    ----------
    attempt
        1 for the first failure.
    random
        In [0, 1): spreads senders that failed together.

    >>> [backoff_ms(attempt, 0.0) for attempt in (1, 2, 3, 100)]
    [500, 1000, 2000, 150000]
    >>> backoff_ms(1, 0.999)
    999
    """
    full = min(longest_ms, first_ms << min(attempt - 1, 32))
    return int(full / 2 + full / 2 * random)


def retry_after_ms(header: str | None, now_ms: int) -> int | None:
    """Milliseconds that a ``Retry-After`` header asks for; None when there is none that can be read.

    Both forms of RFC 9110, section 10.2.3: seconds, and a date, which may lie in the past.

    >>> retry_after_ms("120", 0), retry_after_ms("Thu, 01 Jan 1970 00:01:00 GMT", 10_000)
    (120000, 50000)
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return int(text[:12]) * 1000
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, round(at.timestamp() * 1000) - now_ms)
