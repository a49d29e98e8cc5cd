"""Adding a batch of records to rows of totals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from detectors.layout import Rows


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
    """
    assert totals.flags.c_contiguous, "totals that are not contiguous would be counted in a copy"
    count, size = totals.shape
    n = len(rows)
    if not n:
        return
    one_hot = csc_array((np.ones(n, np.int64), rows, np.arange(n + 1)), shape=(count, n))
    totals[:, : sums.shape[1]] += one_hot @ sums
    # Field by field: the cells of one field lie close together, and stay in the processor's cache.
    np.add.at(totals.reshape(-1), (cells.T + rows * size).ravel(), 1)
