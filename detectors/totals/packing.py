"""Small counts without their zeros, as version 1 of the codec had them."""

from __future__ import annotations

import numpy as np

from detectors.layout import Rows


def unpack(marks: memoryview, counts: memoryview, rows: Rows, sums: int) -> None:
    """Put packed counts behind the first ``sums`` columns of int64[R, size] ``rows``, in place.

    Parameters
    ----------
    marks
        A bit for each count, row by row, whether it is there, the first of eight being the highest.
    counts
        A byte for each that is.

    Raises
    ------
    ValueError
        When they are not as many as the rows have places.
    """
    size = len(rows) * (rows.shape[1] - sums)
    if len(marks) != (size + 7) // 8:
        raise ValueError("packed counts do not fit their rows")
    cells = np.zeros(size, np.uint8)
    present = np.flatnonzero(np.unpackbits(np.frombuffer(marks, np.uint8), count=size))
    if len(present) != len(counts):
        raise ValueError("packed counts do not fit their rows")
    cells[present] = np.frombuffer(counts, np.uint8)
    rows[:, sums:] = cells.reshape(len(rows), rows.shape[1] - sums)
