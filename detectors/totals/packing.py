"""Small counts without their zeros: a bit for each that says whether it is there, and those that are.

Written in C (``tally.c``) like the loops of counting; where that was not built, numpy does the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from detectors.layout import Rows
from detectors.totals import accumulate

if TYPE_CHECKING:
    from detectors.totals import _tally
else:
    _tally = accumulate._tally  # noqa: SLF001  # the package's own, or None


def pack(counts: NDArray[np.uint8]) -> tuple[bytes, bytes]:
    r"""The marks and the counts of uint8[R, C], row by row.

    >>> pack(np.array([[0, 7, 0], [0, 0, 9]], np.uint8))
    (b'D', b'\x07\t')
    """
    if accumulate.BUILT and counts.size:
        return _tally.pack(np.ascontiguousarray(counts))
    present = counts.ravel() != 0
    # Places are five times faster than a mask of as many cells.
    return np.packbits(present).tobytes(), counts.ravel()[np.flatnonzero(present)].tobytes()


def unpack(marks: memoryview, counts: memoryview, rows: Rows, sums: int) -> None:
    """Put packed counts behind the first ``sums`` columns of int64[R, size] ``rows``, in place.

    Raises
    ------
    ValueError
        When they are not as many as the rows have places.
    """
    if accumulate.BUILT and rows.size:
        _tally.unpack(marks, counts, rows, sums)
        return
    size = len(rows) * (rows.shape[1] - sums)
    if len(marks) != (size + 7) // 8:
        raise ValueError("packed counts do not fit their rows")
    cells = np.zeros(size, np.uint8)
    present = np.unpackbits(np.frombuffer(marks, np.uint8), count=size).view(bool)
    cells[np.flatnonzero(present)] = np.frombuffer(counts, np.uint8)
    rows[:, sums:] = cells.reshape(len(rows), rows.shape[1] - sums)
