"""The rows of a pane while it grows: a byte a cell, until a row has more events than a byte can count.

Most slices are small, and most cells empty: with a thousand slices, wide cells would cost more to clear, to
fill and to read again than all else that is done with an event.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.layout import COUNTERS, Layout, Rows
from detectors.totals import growing
from detectors.totals.accumulate import add_cells, add_sums
from detectors.totals.compact import Shape, pack_pane
from detectors.totals.sections import add_cell_sums, add_scatter
from service.windows.codec import encode_packed

_NARROW_MAX = 255
"""Events that a row of bytes can hold."""

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
        # Sums by cell have no place for what is no number: the last row's zeros would go to a row behind it.
        self._sums = np.zeros((9, layout.sums), np.int64)
        self._narrow = np.zeros((8, cells), np.uint8)
        self._wide = np.zeros((0, cells), np.int64)
        self._widened = 0
        self._events = np.zeros(8, np.int64)
        # The narrow row of a row is its own number; one that was widened has ~w for the wide row w.
        self._places = np.arange(8)
        self._by_cell = np.empty((0, 2), np.int64)
        if layout.bin_sums:
            moments = np.arange(len(layout.numeric))
            # The first cell of a field is that of invalid values, and has no sum.
            shifts = layout.bin_sum_starts[:-1] - (layout.starts[moments] - layout.sums) - 1
            self._by_cell = np.stack((moments + len(COUNTERS), shifts), axis=1)

    def make_room(self, rows: int) -> None:
        """Let there be at least so many rows."""
        before = len(self._events)
        if rows > before:
            size = max(rows, 2 * before)
            self._sums = _grown(self._sums, size + 1)
            self._narrow = _grown(self._narrow, size)
            self._events = _grown(self._events, size)
            self._places = np.concatenate((self._places, np.arange(before, size)))

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
            full = growing.count_events(self._events, self._places, rows, _NARROW_MAX)
            if full:
                self._widen(np.array(full))
        growing.add_all(self._sums, self._narrow, self._wide, self._places, rows, cells, sums, self._by_cell)

    def add(self, rows: Numbers, cells: Numbers, sums: Numbers) -> None:
        """Count N records.

        Parameters
        ----------
        rows
            int64[N]: the row of each.
        cells, sums
            int64[N, F], int64[N, S], as for :func:`detectors.totals.accumulate.accumulate`.
        """
        add_sums(self._sums, rows, sums)
        if not cells.shape[1]:
            return
        self._events += np.bincount(rows, minlength=len(self._events))
        full = np.flatnonzero((self._events > _NARROW_MAX) & (self._places >= 0))
        if len(full):
            self._widen(full)
        add_cells(self._narrow, self._wide, self._places[rows], cells, self._layout.sums)
        if self._layout.bin_sums:
            add_cell_sums(self._layout, self._sums, rows, cells, sums)

    def add_scatter(self, row: int, cells: Numbers, sums: Numbers) -> None:
        """Add N records to the scatter of one row."""
        add_scatter(self._layout, self._sums[row], cells, sums)

    def _widen(self, rows: Numbers) -> None:
        first = self._widened
        self._widened += len(rows)
        if self._widened > len(self._wide):
            self._wide = _grown(self._wide, max(self._widened, 2 * len(self._wide)))
        self._wide[first : self._widened] = self._narrow[rows]
        self._places[rows] = ~np.arange(first, self._widened)

    def dense(self, rows: Numbers) -> Rows:
        """int64[R, row size]: some of the rows, whole."""
        cells = self._narrow[rows].astype(np.int64)
        wide = self._places[rows] < 0
        cells[wide] = self._wide[~self._places[rows[wide]]]
        return np.concatenate((self._sums[rows], cells), axis=1)

    def encode(self, rows: Numbers) -> bytes:
        """The bytes that :func:`service.windows.codec.encode_rows` makes of these rows."""
        packed = pack_pane(rows, self._sums, self._narrow, self._wide, self._places)
        cells = self._narrow.shape[1]
        return encode_packed(packed, Shape(len(rows), self._layout.sums, cells))


def _grown(array: NDArray[T], rows: int) -> NDArray[T]:
    grown = np.zeros((rows, *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown
