"""Adding a batch of records to the rows of a pane, in all groupings of its slices at once.

Written in C (``growing.c``); where that was not built, numpy does the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from detectors.layout import Rows
from detectors.totals.accumulate import add_cells, add_sums

if TYPE_CHECKING:
    from detectors.totals import _growing
else:
    try:
        from detectors.totals import _growing
    except ImportError:  # built where there was no compiler
        _growing = None

BUILT = _growing is not None
"""Whether the loops in C are there."""

Numbers = NDArray[np.int64]


def count_events(events: Numbers, places: Numbers, rows: Numbers, most: int) -> list[int]:
    """Count the events of rows, in place; the narrow rows that have more than ``most`` now and had not.

    Parameters
    ----------
    events, places
        int64[R]: how many events a row has, and where its cells are, negative for a wide row.
    rows
        int64[D, N]: the row of each event in each grouping, -1 where it is in none.

    >>> events = np.array([5, 0])
    >>> count_events(events, np.array([0, 1]), np.array([[0, 0, 1], [-1, 1, -1]]), 6)
    [0]
    >>> events.tolist()
    [7, 2]
    """
    if BUILT:
        return _growing.count_events(events, places, rows, most)
    before = events.copy()
    events += np.bincount(rows[rows >= 0], minlength=len(events))
    return np.flatnonzero((before <= most) & (events > most) & (places >= 0)).tolist()


def add_all(
    totals: Rows,
    narrow: NDArray[np.uint8],
    wide: NDArray[np.int64],
    places: Numbers,
    rows: Numbers,
    cells: NDArray[np.int32],
    sums: Numbers,
    by_cell: Numbers,
) -> None:
    """Add N records in place, each to a row of each of D groupings. All arrays are C-contiguous.

    Parameters
    ----------
    totals
        int64[R, S]: the sums of the rows.
    narrow, wide
        uint8[A, C] and int64[B, C]: two sets of rows of the same cells. No narrow count may pass 255.
    places
        int64[R]: the narrow row of each row, or ``~w`` for the wide row w.
    rows
        int64[D, N]: the row of each record, -1 where it is in none.
    cells
        int32[F, N]: the cells in which a record counts once; none where F is 0.
    sums
        int64[N, S']: what a record adds to the first S' sums.
    by_cell
        int64[M, 2]: by numeric field, the column of ``sums`` that has its value, and what leads from its cell
        to the sum of that cell's values; a value of zero may have no such sum. M is 0 where none are kept.

    >>> totals, wide, narrow = np.zeros((2, 1), int), np.zeros((1, 3), int), np.zeros((2, 3), np.uint8)
    >>> rows, cells = np.array([[0, 0], [-1, 1]]), np.array([[2, 0]], np.int32)
    >>> none, sums = np.empty((0, 2), int), np.array([[5], [6]])
    >>> add_all(totals, narrow, wide, np.array([~0, 1]), rows, cells, sums, none)
    >>> totals.tolist(), wide.tolist(), narrow.tolist()
    ([[11], [6]], [[1, 0, 1]], [[0, 0, 0], [1, 0, 0]])
    """
    if BUILT:
        _growing.add_all(totals, narrow, wide, places, rows, cells, sums, by_cell)
        return
    for grouping in rows:
        inside = np.flatnonzero(grouping >= 0)
        row, own = grouping[inside], sums[inside]
        add_sums(totals, row, own)
        if len(cells):
            at = cells[:, inside].astype(np.int64)
            add_cells(narrow, wide, places[row], at.T, 0)
            for field, (moment, shift) in enumerate(by_cell.tolist()):
                valued = np.flatnonzero(own[:, moment])
                np.add.at(totals, (row[valued], at[field, valued] + shift), own[valued, moment])
