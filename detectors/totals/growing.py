"""Adding a batch of records to the rows of a pane, in all groupings of its slices at once.

Written in C (``growing.c``); where that was not built, numpy does the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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


FEW = int(np.iinfo(np.int64).max)
"""The place of a row whose cells are hits."""


class PaneRows(NamedTuple):
    """The rows of a pane, R of them; all arrays are C-contiguous.

    A row begins with the cells that its first events hit, in the order in which they came, and keeps them
    until they are many: no zeros to clear, to miss in the cache and to search for the few that are none.

    Attributes
    ----------
    totals
        int64[R, S]: the sums.
    hits, held
        uint16[R, K * F] and uint8[R]: the cells that up to K events hit, event by event, and how many these
        events are.
    narrow, wide
        uint8[A, C] and int64[B, C]: two sets of rows of cells.
    places
        int64[R]: the narrow row of each row, or ``~w`` for the wide row w, or ``FEW``.
    """

    totals: Rows
    hits: NDArray[np.uint16]
    held: NDArray[np.uint8]
    narrow: NDArray[np.uint8]
    wide: Rows
    places: Numbers


def count_events(
    events: Numbers, places: Numbers, rows: Numbers, few_most: int, narrow_most: int
) -> tuple[list[int], list[int]]:
    """Count the events of rows, in place; which rows are now too many for their place.

    Parameters
    ----------
    events, places
        int64[R]: how many events a row has, and where its cells are.
    rows
        int64[D, N]: the row of each event in each grouping, -1 where it is in none.
    few_most, narrow_most
        How many events hits and a narrow row can hold.

    Returns
    -------
    tuple
        Rows of hits that passed ``few_most``, and rows of either kind that passed ``narrow_most``.

    >>> events = np.array([5, 0])
    >>> count_events(events, np.array([0, FEW]), np.array([[0, 0, 1], [-1, 1, -1]]), 1, 6)
    ([1], [0])
    >>> events.tolist()
    [7, 2]
    """
    if BUILT:
        return _growing.count_events(events, places, rows, few_most, narrow_most)
    before = events.copy()
    events += np.bincount(rows[rows >= 0], minlength=len(events))
    some = (before <= few_most) & (events > few_most) & (places == FEW)
    many = (before <= narrow_most) & (events > narrow_most) & (places >= 0)
    return np.flatnonzero(some).tolist(), np.flatnonzero(many).tolist()


def add_all(pane: PaneRows, rows: Numbers, cells: NDArray[np.int32], sums: Numbers, by_cell: Numbers) -> None:
    """Add N records in place, each to a row of each of D groupings. All arrays are C-contiguous.

    Parameters
    ----------
    pane
        Its rows; those of hits must have room for these events, and narrow ones not pass 255.
    rows
        int64[D, N]: the row of each record, -1 where it is in none.
    cells
        int32[F, N]: the cells in which a record counts once; none where F is 0.
    sums
        int64[N, S']: what a record adds to the first S' sums.
    by_cell
        int64[M, 2]: by numeric field, the column of ``sums`` that has its value, and what leads from its cell
        to the sum of that cell's values; a value of zero may have no such sum. M is 0 where none are kept.

    Raises
    ------
    IndexError
        When a record counts outside of the rows; in numpy not for every such one.

    >>> totals, wide, narrow = np.zeros((2, 1), int), np.zeros((1, 3), int), np.zeros((2, 3), np.uint8)
    >>> no_hits = np.empty((2, 0), np.uint16), np.zeros(2, np.uint8)
    >>> pane = PaneRows(totals, *no_hits, narrow, wide, np.array([~0, 1]))
    >>> rows, cells = np.array([[0, 0], [-1, 1]]), np.array([[2, 0]], np.int32)
    >>> add_all(pane, rows, cells, np.array([[5], [6]]), np.empty((0, 2), int))
    >>> totals.tolist(), wide.tolist(), narrow.tolist()
    ([[11], [6]], [[1, 0, 1]], [[0, 0, 0], [1, 0, 0]])
    """
    if BUILT:
        _growing.add_all(pane, rows, cells, sums, by_cell)
        return
    assert not pane.hits.shape[1], "numpy counts no hits"
    for grouping in rows:
        inside = np.flatnonzero(grouping >= 0)
        row, own = grouping[inside], sums[inside]
        add_sums(pane.totals, row, own)
        if len(cells):
            at = cells[:, inside].astype(np.int64)
            add_cells(pane.narrow, pane.wide, pane.places[row], at.T, 0)
            for field, (moment, shift) in enumerate(by_cell.tolist()):
                valued = np.flatnonzero(own[:, moment])
                np.add.at(pane.totals, (row[valued], at[field, valued] + shift), own[valued, moment])


def move_rows(pane: PaneRows, fields: int, moves: list[tuple[int, int]]) -> None:
    """Bring the cells of rows to other places, in place: out of hits or a narrow row, into one of zeros.

    Parameters
    ----------
    fields
        How many cells each event hits.
    moves
        Rows, each with its new place.
    """
    if BUILT:
        _growing.move_rows(pane, fields, moves)
        return
    assert not pane.hits.shape[1], "numpy counts no hits"
    for row, target in moves:
        if pane.places[row] != FEW:
            pane.wide[~target] = pane.narrow[pane.places[row]]
        pane.places[row] = target
