"""Which events of a batch belong together: their slices, their panes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.events.batch import Batch
from service.windows.slicing import SliceColumn, SliceNames

Group = tuple[str, int, NDArray[np.int64]]
"""Version, start of a pane in ms, and which events of a batch (ascending indices) belong to it."""


def slice_columns(memories: Sequence[SliceNames], batch: Batch) -> list[SliceColumn]:
    """The slices of the events in each dimension; a label is in those that its own tags name."""
    return [memory.column(batch.tags) for memory in memories]


def groups(versions: Sequence[str], homes: NDArray[np.int64]) -> Iterable[Group]:
    """The events of each pane; versions of a pane in the order in which they appear."""
    one_version = versions.count(versions[0]) == len(versions) if versions else True
    # Nearly always there is one pane, which costs less to see than to look for others.
    single = bool((homes == homes[0]).all())
    for start_ms in homes[:1] if single else np.unique(homes):
        members = np.arange(len(homes)) if single else np.flatnonzero(homes == start_ms)
        if one_version:
            yield versions[0], int(start_ms), members
            continue
        by_version: dict[str, list[int]] = {}
        for i in members.tolist():
            by_version.setdefault(versions[i], []).append(i)
        for version, indices in by_version.items():
            yield version, int(start_ms), np.array(indices)
