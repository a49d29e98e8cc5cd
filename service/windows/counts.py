"""The rows of a pane while it grows: hits, then a byte a cell, then as many as it takes.

Most slices are small, and most cells empty: with a thousand slices, wide cells would cost more to clear, to
fill and to read again than all else that is done with an event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.layout import COUNTERS, Layout, Rows
from detectors.totals import growing
from detectors.totals.compact import Packed, Shape, pack_pane, unpack_rows
from detectors.totals.growing import FEW, PaneRows
from detectors.totals.sections import add_scatter
from service.windows.codec import encode_packed

_FEW_MAX = 16
"""Events of a row whose hits are kept; those of twice as many would often take as much as a byte a cell."""
_NARROW_MAX = 255
"""Events that a row of bytes can hold."""
_NO_SUMS = np.empty((0, 2), np.int64)

Numbers = NDArray[np.int64]
T = TypeVar("T", bound=np.generic)


class PaneCounts:
    """Rows of totals, numbered from 0, that only grow.

    Parameters
    ----------
    layout
        Where everything stands in a row.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        cells = layout.size - layout.sums
        self._few = _FEW_MAX if growing.BUILT and cells <= np.iinfo(np.uint16).max + 1 else 0
        self._rows = PaneRows(
            np.zeros((8, layout.sums), np.int64),
            np.empty((8, self._few * len(layout.fields)), np.uint16),
            np.zeros(8, np.uint8),
            np.zeros((0, cells), np.uint8),
            np.zeros((0, cells), np.int64),
            np.full(8, FEW),
        )
        self._narrowed = self._widened = 0
        self._events = np.zeros(8, np.int64)
        self._by_cell = _sums_by_cell(layout)

    def make_room(self, rows: int) -> None:
        """Let there be at least so many rows."""
        before = len(self._events)
        if rows > before:
            size, held = max(rows, 2 * before), self._rows
            self._events = _grown(self._events, size)
            self._rows = held._replace(
                totals=_grown(held.totals, size),
                hits=_grown(held.hits, size, np.empty),
                held=_grown(held.held, size),
                places=np.concatenate((held.places, np.full(size - before, FEW))),
            )

    def add_all(self, rows: Numbers, cells: NDArray[np.int32], sums: Numbers) -> None:
        """Count N records, each in a row of each of D groupings.

        Parameters
        ----------
        rows
            int64[D, N], C-contiguous: the row of each record, -1 where it is in none.
        cells
            int32[F, N], C-contiguous: the cells in which a record counts, 0 being the first of a row; F is 0
            for labels.
        sums
            int64[N, S], C-contiguous: what a record adds to the first S sums.
        """
        if len(cells):
            some, many = growing.count_events(self._events, self._rows.places, rows, self._few, _NARROW_MAX)
            if some or many:
                self._move(some, many)
        growing.add_all(self._rows, rows, cells, sums, self._by_cell)

    def add_scatter(self, row: int, cells: Numbers, sums: Numbers) -> None:
        """Add N records to the scatter of one row."""
        add_scatter(self._layout, self._rows.totals[row], cells, sums)

    def _move(self, some: Sequence[int], many: Sequence[int]) -> None:
        """Find rows a place for cells: narrow ones, and wide ones for ``many``."""
        to_narrow = set(some).difference(many)
        moves = [
            *zip(to_narrow, range(self._narrowed, self._narrowed + len(to_narrow)), strict=True),
            *zip(many, range(~self._widened, ~self._widened - len(many), -1), strict=True),
        ]
        self._narrowed += len(to_narrow)
        self._widened += len(many)
        rows = self._rows
        if self._narrowed > len(rows.narrow) or self._widened > len(rows.wide):
            narrow, wide = _with_room(rows.narrow, self._narrowed), _with_room(rows.wide, self._widened)
            rows = self._rows = rows._replace(narrow=narrow, wide=wide)
        growing.move_rows(rows, len(self._layout.fields), moves)

    def dense(self, rows: Numbers) -> Rows:
        """int64[R, row size]: some of the rows, whole."""
        return unpack_rows(*self._packed(rows))

    def encode(self, rows: Numbers) -> bytes:
        """The bytes that :func:`service.windows.codec.encode_rows` makes of these rows."""
        return encode_packed(*self._packed(rows))

    def _packed(self, rows: Numbers) -> tuple[Packed, Shape]:
        packed = pack_pane(self._rows, len(self._layout.fields), rows)
        return packed, Shape(len(rows), self._layout.sums, self._layout.size - self._layout.sums)


def _sums_by_cell(layout: Layout) -> Numbers:
    """int64[M, 2]: where values and their sums by cell stand, as ``add_all`` wants it; empty without such."""
    if not layout.bin_sums:
        return _NO_SUMS
    fields = np.arange(len(layout.numeric))
    # The first cell of a field is that of invalid values, and has no sum.
    shifts = layout.bin_sum_starts[:-1] - (layout.starts[fields] - layout.sums) - 1
    return np.stack((fields + len(COUNTERS), shifts), axis=1)


def _with_room(array: NDArray[T], rows: int) -> NDArray[T]:
    return array if rows <= len(array) else _grown(array, max(rows, 2 * len(array)))


def _grown(array: NDArray[T], rows: int, make: Callable[..., Any] = np.zeros) -> NDArray[T]:
    grown: NDArray[T] = make((rows, *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown
