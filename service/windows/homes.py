"""The pane that each event of a run of records counts in, for all models of the run at once.

It depends on what stands before the event in the log alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.events.batch import Batch
from service.windows.clock import Clock


class Limits(NamedTuple):
    """What of a model says where its events belong: lateness and length of panes, and up to when panes are
    finished, all in ms.
    """

    lateness_ms: int
    pane_ms: int
    finished_ms: int


class Placed(NamedTuple):
    """N events of one model and kind, each with its pane.

    Attributes
    ----------
    homes, newest
        int64[N]: where the pane begins, and the largest event time before the event, in ms.
    late, clamped
        bool[N]: whether the event came too late for its own pane; whether its time was far ahead, and cut.
    """

    batch: Batch
    homes: NDArray[np.int64]
    newest: NDArray[np.int64]
    late: NDArray[np.bool_]
    clamped: NDArray[np.bool_]

    def only(self, members: NDArray[np.int64]) -> Placed:
        """The events at ``members``, int64[n] ascending."""
        return Placed(
            self.batch.take(members),
            self.homes[members],
            self.newest[members],
            self.late[members],
            self.clamped[members],
        )


class Skipped(NamedTuple):
    """What does not count, since its pane is finished: how many events, and how many of them were clamped."""

    events: int = 0
    clamped: int = 0


def placed(
    batches: Sequence[Batch], limits: Sequence[Limits], clock: Clock, future_ms: int
) -> Iterator[tuple[Placed | None, Skipped]]:
    """Each batch with the panes of its events, without those whose pane is finished.

    Parameters
    ----------
    limits
        Of each batch's model.
    clock
        Where it stands before the first event; it is moved behind the last.
    """
    if not batches:
        return
    sizes = [len(batch) for batch in batches]
    offsets = _together([batch.offsets for batch in batches])
    times, told, clamped = held_times(
        _together([batch.event_ms for batch in batches]),
        _together([batch.record_ms for batch in batches]),
        future_ms,
    )
    newest = _advanced(clock, offsets, told, in_order=len(batches) == 1)
    lateness_ms, pane_ms, finished_ms = np.repeat(np.array(limits, np.int64).T, sizes, axis=1)
    watermark = np.maximum(newest - lateness_ms, clock.caught_up_ms(offsets))
    homes = times // pane_ms * pane_ms
    late = homes + pane_ms <= watermark
    if late.any():
        # A late event is a fact of the pane in which the watermark stood when it came.
        homes = np.where(late, watermark // pane_ms * pane_ms, homes)
    wanted = homes + pane_ms > finished_ms
    whole = bool(wanted.all())
    end = 0
    for batch, size in zip(batches, sizes, strict=True):
        span = slice(end, end := end + size)
        own = Placed(batch, homes[span], newest[span], late[span], clamped[span])
        if whole or wanted[span].all():
            yield own, Skipped()
            continue
        members = np.flatnonzero(wanted[span])
        kept = own.only(members)
        skipped = Skipped(size - len(members), int(own.clamped.sum() - kept.clamped.sum()))
        yield kept if len(members) else None, skipped


def held_times(
    event_ms: NDArray[np.int64], record_ms: NDArray[np.int64], future_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Event times (clamped if far ahead of their record), what each does to the clock, which were clamped."""
    record = np.where(record_ms < 0, np.iinfo(np.int64).max // 2, record_ms)
    clamped = event_ms > record + future_ms
    times = np.where(clamped, record, event_ms)
    return times, np.minimum(times, record), clamped


def _advanced(
    clock: Clock, offsets: NDArray[np.int64], told: NDArray[np.int64], *, in_order: bool
) -> NDArray[np.int64]:
    """int64[N]: the newest event time before each event, over the whole partition."""
    if in_order:
        return clock.advance(told)
    order = np.argsort(offsets, kind="stable")
    before = np.empty(len(offsets), np.int64)
    before[order] = clock.advance(told[order])
    return before


def _together(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
