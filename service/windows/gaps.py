"""Records of a source that are gone before they were counted, and the event time that they may belong to.

    source     ████████ lo ░░░░░░░░░ hi ████          ░ gone by retention, or with a remade topic
    touched          [from ──────────────── until)

``from``: records before the gap are in the totals, and what the source's watermark had passed there no longer
counted: so the gap begins at the watermark before ``lo``. ``until`` is known once the source tells how far it
got beyond the gap; before that every later window may lack something. An event may lie ahead of its record,
and the first one after the gap behind those that were lost: hence the lateness and the tolerance for early
clocks are added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from service.windows.clock import FOREVER_MS, NEVER_MS
from service.windows.statement import Gap, Progress

GAPS = 64
"""Gaps remembered of which both ends are known: when there are more, the first two become one."""


class KnownGap(msgspec.Struct, frozen=True, array_like=True):
    """A gap, and how far the source had got when it told of itself again.

    Attributes
    ----------
    beyond_ms, caught_up_ms
        What the source said then; ``beyond_ms`` is None while it has not.
    """

    gap: Gap
    beyond_ms: int | None = None
    caught_up_ms: int = NEVER_MS


class Missing(NamedTuple):
    """Records that may belong to event times in ``[from_ms, until_ms)``."""

    from_ms: int
    until_ms: int
    source: str
    lo: int
    hi: int


def stated(known: Iterable[KnownGap], gap: Gap) -> list[KnownGap]:
    """The gaps with one more; while a source has not told how it went on, what it lost is one gap."""
    entries = list(known)
    for i, entry in enumerate(entries):
        if entry.beyond_ms is None and entry.gap.source == gap.source:
            del entries[i]
            gap = msgspec.structs.replace(
                gap,
                lo=min(gap.lo, entry.gap.lo),
                hi=max(gap.hi, entry.gap.hi),
                newest_ms=min(gap.newest_ms, entry.gap.newest_ms),
                caught_up_ms=min(gap.caught_up_ms, entry.gap.caught_up_ms),
            )
            break
    return [*entries, KnownGap(gap)]


def learned(known: Iterable[KnownGap], progress: Progress) -> list[KnownGap]:
    """The gaps, where ``progress`` says how far its source has got beyond those that are still open."""
    return [_closed(entry, progress) if entry.beyond_ms is None else entry for entry in known]


def _closed(entry: KnownGap, progress: Progress) -> KnownGap:
    gap = entry.gap
    # At the very end of the gap only a newer end of the log says anything new.
    if gap.source != progress.source or (progress.hi <= gap.hi and progress.caught_up_ms <= gap.caught_up_ms):
        return entry
    return KnownGap(gap, progress.clock_ms, progress.caught_up_ms)


def touched(known: Iterable[KnownGap], lateness_ms: int, ahead_ms: int) -> list[Missing]:
    """Which event times of a model the gaps touch.

    Parameters
    ----------
    lateness_ms
        The model's lateness.
    ahead_ms
        How far ahead of the end of the log an event may be.
    """
    return [
        Missing(
            max(entry.gap.newest_ms - lateness_ms, entry.gap.caught_up_ms),
            FOREVER_MS
            if entry.beyond_ms is None
            else max(entry.beyond_ms + lateness_ms, entry.caught_up_ms) + ahead_ms,
            entry.gap.source,
            entry.gap.lo,
            max(entry.gap.hi, entry.gap.lo + 1),
        )
        for entry in known
    ]


def missing_in(gaps: Iterable[Missing], start_ms: int, end_ms: int) -> int:
    """How many records are known to be missing that may belong to ``[start_ms, end_ms)``.

    Gaps of a source that overlap are told of the same records: each counts once.
    """
    spans = sorted(
        (gap.source, gap.lo, gap.hi) for gap in gaps if gap.from_ms < end_ms and start_ms < gap.until_ms
    )
    count, at, reached = 0, "", 0
    for source, lo, hi in spans:
        if source != at:
            at, reached = source, lo
        count += max(0, hi - max(lo, reached))
        reached = max(reached, hi)
    return count


def lacking(gaps: Sequence[Missing], length_ms: int) -> Callable[[int], bool]:
    """Whether the window of a length that ends at a time may lack records.

    >>> lacks = lacking([Missing(60, 80, "events/0", 3, 5)], 10)
    >>> [end for end in range(50, 110, 10) if lacks(end)]
    [70, 80]
    """
    return lambda end_ms: any(gap.from_ms < end_ms and end_ms - length_ms < gap.until_ms for gap in gaps)


def bounded(known: Iterable[KnownGap], before_ms: int, ahead_ms: int) -> list[KnownGap]:
    """The gaps that a window after ``before_ms`` may still meet; the oldest closed ones joined to be few."""
    kept = [entry for entry in known if _last_ms(entry) + ahead_ms > before_ms]
    closed = sorted((entry for entry in kept if entry.beyond_ms is not None), key=_begin)
    if len(closed) <= GAPS:
        return kept
    first, second, *rest = closed
    joined = _joined(first, second)
    return bounded(
        [entry for entry in kept if entry.beyond_ms is None] + [joined, *rest], before_ms, ahead_ms
    )


def _begin(entry: KnownGap) -> tuple[int, str, int]:
    return entry.gap.newest_ms, entry.gap.source, entry.gap.lo


def _last_ms(entry: KnownGap) -> int:
    return FOREVER_MS if entry.beyond_ms is None else max(entry.beyond_ms, entry.caught_up_ms)


def _joined(first: KnownGap, second: KnownGap) -> KnownGap:
    """One gap that touches all that two closed ones do; it bears the name of the first."""
    gap = msgspec.structs.replace(
        first.gap,
        hi=first.gap.hi + max(1, second.gap.hi - second.gap.lo),
        newest_ms=min(first.gap.newest_ms, second.gap.newest_ms),
        caught_up_ms=min(first.gap.caught_up_ms, second.gap.caught_up_ms),
    )
    beyond_ms = max(first.beyond_ms or first.gap.newest_ms, second.beyond_ms or second.gap.newest_ms)
    return KnownGap(gap, beyond_ms, max(first.caught_up_ms, second.caught_up_ms))
