"""Adding a batch of records to rows of totals.

The loops are written in C (``tally.c``), which costs a fifth of what numpy takes; where there was no compiler
to build them, numpy does the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from detectors.layout import Rows

if TYPE_CHECKING:
    from detectors.totals import _tally
else:
    try:
        from detectors.totals import _tally
    except ImportError:  # built where there was no compiler
        _tally = None

BUILT = _tally is not None
"""Whether the loops in C are there."""


def accumulate(
    totals: Rows, rows: NDArray[np.int64], cells: NDArray[np.int64], sums: NDArray[np.int64]
) -> None:
    """Add N records to ``totals`` in place, each to one row.

    Parameters
    ----------
    totals
        int64[R, row size], C-contiguous.
    rows
        int64[N]: the row of each record, in ``[0, R)``.
    cells
        int64[N, F]: the columns in which a record counts once; cheapest when a field's column is contiguous.
    sums
        int64[N, S]: what a record adds to the first S columns.

    >>> totals = np.zeros((2, 3), np.int64)  # one sum, then two cells
    >>> accumulate(totals, np.array([0, 1, 1]), np.array([[1], [1], [2]]), np.array([[5], [6], [7]]))
    >>> totals.tolist()
    [[5, 1, 0], [13, 1, 1]]
    """
    add_sums(totals, rows, sums)
    add_cells(np.empty((0, totals.shape[1]), np.uint8), totals, ~rows, cells, 0)


def add_sums(totals: Rows, rows: NDArray[np.int64], sums: NDArray[np.int64]) -> None:
    """Add int64[N, S] ``sums`` of N records, each to the first S columns of its row, in place.

    >>> totals = np.zeros((2, 3), np.int64)
    >>> add_sums(totals, np.array([1, 1]), np.array([[6], [7]]))
    >>> totals.tolist()
    [[0, 0, 0], [13, 0, 0]]
    """
    assert totals.flags.c_contiguous, "totals that are not contiguous would be counted in a copy"
    n = len(rows)
    if BUILT:
        _tally.add_sums(totals, rows, sums)
    elif n:
        one_hot = csc_array((np.ones(n, np.int64), rows, np.arange(n + 1)), shape=(len(totals), n))
        totals[:, : sums.shape[1]] += one_hot @ sums


def add_cells(
    narrow: NDArray[np.uint8],
    wide: NDArray[np.int64],
    places: NDArray[np.int64],
    cells: NDArray[np.int64],
    first: int,
) -> None:
    """Count N records in place, each in cells of one row.

    Parameters
    ----------
    narrow, wide
        uint8[R, C] and int64[W, C]: two sets of rows of the same cells. No narrow count may pass 255.
    places
        int64[N]: the narrow row of each record, or ``~w`` for the wide row w.
    cells
        int64[N, F]: the cells in which a record counts once, ``first`` being the first of a row.

    >>> wide, narrow = np.zeros((1, 3), np.int64), np.zeros((2, 3), np.uint8)
    >>> add_cells(narrow, wide, np.array([1, ~0, 1]), np.array([[7], [8], [7]]), 6)
    >>> wide.tolist(), narrow.tolist()
    ([[0, 0, 1]], [[0, 0, 0], [0, 2, 0]])
    """
    assert narrow.flags.c_contiguous, "counts that are not contiguous would be counted in a copy"
    assert wide.flags.c_contiguous, "likewise"
    if BUILT:
        _tally.add_cells(narrow, wide, places, cells, first)
        return
    size = wide.shape[1]
    for totals, chosen, rows in ((narrow, places >= 0, places), (wide, places < 0, ~places)):
        if chosen.any():
            # Field by field: the cells of one field lie close together, and stay in the processor's cache.
            at = cells.T[:, chosen] - first + rows[chosen] * size
            np.add.at(totals.reshape(-1), at.ravel(), np.ones((), totals.dtype))
