"""Which events of a batch belong together: their slices, their panes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from service.events.batch import Batch
from service.events.coded import CodedColumn
from service.windows.slicing import SliceColumn, SliceNames

Group = tuple[str, int, NDArray[np.int64]]
"""Version, start of a pane in ms, and which events of a batch (ascending indices) belong to it."""


def slice_columns(memories: Sequence[SliceNames], batch: Batch) -> list[SliceColumn]:
    """The slices of the events in each dimension; a label is in those that its own tags name."""
    return [memory.column(batch.tags) for memory in memories]


def groups(versions: CodedColumn[str], homes: NDArray[np.int64]) -> Iterator[Group]:
    """The events of each pane; versions of a pane in the order in which they appear.

    Parameters
    ----------
    versions
        N versions, of which no two codes mean the same.
    homes
        int64[N]: where the pane of each event begins.
    """
    codes = versions.codes
    if not len(codes):
        return
    # Nearly always there is one pane, and one version, which costs less to see than to look for others.
    one_pane, one_version = bool((homes == homes[0]).all()), bool((codes == codes[0]).all())
    for start_ms in homes[:1].tolist() if one_pane else np.unique(homes).tolist():
        members = np.arange(len(homes)) if one_pane else np.flatnonzero(homes == start_ms)
        if one_version:
            yield versions.values[codes[0]], start_ms, members
            continue
        own = codes[members]
        present, first = np.unique(own, return_index=True)
        for code in present[np.argsort(first)].tolist():
            yield versions.values[code], start_ms, members[own == code]
