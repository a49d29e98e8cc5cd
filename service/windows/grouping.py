"""Which events of a batch belong together: their times as they count, their slices, their panes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.events.batch import Batch
from service.windows.slicing import SliceColumn, SliceNames

Group = tuple[str, int, NDArray[np.int64]]
"""Version, start of a pane in ms, and which events of a batch (ascending indices) belong to it."""


def held_times(
    batch: Batch, future_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Event times (clamped if far ahead of their record), what each does to the clock, which were clamped."""
    record = np.where(batch.record_ms < 0, np.iinfo(np.int64).max // 2, batch.record_ms)
    clamped = batch.event_ms > record + future_ms
    times = np.where(clamped, record, batch.event_ms)
    return times, np.minimum(times, record), clamped


def slice_columns(memories: Sequence[SliceNames], batch: Batch) -> list[SliceColumn]:
    """The slices of the events in each dimension; a label is in those that its own tags name."""
    return [memory.column(batch.tags) for memory in memories]


def groups(versions: Sequence[str], homes: NDArray[np.int64], wanted: NDArray[np.bool_]) -> Iterable[Group]:
    """The events of each pane; versions of a pane in the order in which they appear."""
    one_version = versions.count(versions[0]) == len(versions) if versions else True
    for start_ms in np.unique(homes[wanted]):
        members = np.flatnonzero((homes == start_ms) & wanted)
        if one_version:
            yield versions[0], int(start_ms), members
            continue
        by_version: dict[str, list[int]] = {}
        for i in members.tolist():
            by_version.setdefault(versions[i], []).append(i)
        for version, indices in by_version.items():
            yield version, int(start_ms), np.array(indices)
