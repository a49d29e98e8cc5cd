"""What became of a delivery, and what a receiver's answer means for it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Outcome(StrEnum):
    """A closed set: the label of the deliveries metric."""

    DELIVERED = "delivered"
    """The receiver answered 2xx."""
    RETRIED = "retried"
    """An attempt failed and another will follow."""
    REJECTED = "rejected"
    """The receiver refused it in a way that no further attempt changes."""
    EXPIRED = "expired"
    """It was not taken in time."""
    DISABLED = "disabled"
    """The endpoint answered 410 Gone, now or before; nothing more is sent to it."""
    DROPPED = "dropped"
    """Too many were waiting, and this was the oldest."""


OnOutcome = Callable[[str, Outcome], None]
"""Told the receiver's name and each outcome."""


class Answer(StrEnum):
    """What an HTTP status means to a sender."""

    TAKEN = "taken"
    RETRY = "retry"
    REFUSED = "refused"
    GONE = "gone"


# The request is at fault. All else, 401, 403 and 404 among them, passes when somebody mends the receiver.
_REFUSED = frozenset({400, 405, 406, 411, 413, 414, 415, 422})


def read_answer(status: int) -> Answer:
    """Meaning of a status; a redirect is refused, since following one would hand the event to somebody else.

    >>> [read_answer(status).value for status in (204, 302, 400, 404, 410, 429, 503)]
    ['taken', 'refused', 'refused', 'retry', 'gone', 'retry', 'retry']
    """
    if 200 <= status < 300:
        return Answer.TAKEN
    if status == 410:
        return Answer.GONE
    if 300 <= status < 400 or status in _REFUSED:
        return Answer.REFUSED
    return Answer.RETRY
