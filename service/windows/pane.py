"""A pane: totals of one model version over one non-overlapping stretch of event time, out of one source."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.layout import Rows
from detectors.totals.accumulate import accumulate
from service.windows.plan import Counting
from service.windows.slicing import ALL, other_name

Names = NDArray[np.object_]


class Pane:
    """Totals that grow as events come, in the order of their offsets.

    Parameters
    ----------
    counting
        How events are counted; fixed for the life of the pane.
    dimensions
        Slice dimensions (lists of tag names).
    budget
        Slices per dimension; the first so many by offset have rows, the rest share one.
    first_offset
        Offset of the first record that belongs to the pane: what a restart must read again.
    """

    def __init__(
        self, counting: Counting, dimensions: Sequence[tuple[str, ...]], budget: int, first_offset: int
    ) -> None:
        self.counting = counting
        self.first_offset = first_offset
        self.late = 0
        self.clamped = 0
        self.cut = 0
        """Events that a slice budget sent to the shared row."""
        self._budget = budget
        self._other = [other_name(dimension) for dimension in dimensions]
        self._taken = [0] * len(dimensions)
        self._rows: dict[str, int] = {ALL: 0}
        self._totals = counting.layout.zeros(8)

    @property
    def slices(self) -> tuple[str, ...]:
        """Names of the rows."""
        return tuple(self._rows)

    @property
    def totals(self) -> Rows:
        """int64[slices, row size]."""
        return self._totals[: len(self._rows)]

    def add(
        self, cells: NDArray[np.int64], sums: NDArray[np.int64], names: Sequence[Names], is_label: bool
    ) -> int:
        """Count N events; how many of them a slice budget sent to a shared row.

        Parameters
        ----------
        cells, sums
            int64[N, F] and int64[N, S] as ``Counting`` gives them; labels have no cells.
        names
            For each dimension the slice name of each event, None where it has none.
        """
        cut_before = self.cut
        if is_label:
            cells = cells[:, :0]
        everything = np.zeros(len(sums), dtype=np.int64)
        accumulate(self._totals[:1], everything, cells, sums)
        for d, column in enumerate(names):
            rows = self._rows_of(d, column)
            inside = rows >= 0
            if inside.all():
                self._scatter(rows, cells, sums)
            elif inside.any():
                self._scatter(rows[inside], cells[inside], sums[inside])
        return self.cut - cut_before

    def _scatter(self, rows: NDArray[np.int64], cells: NDArray[np.int64], sums: NDArray[np.int64]) -> None:
        """Count in the rows of one dimension, which need not stand together: only their span is touched."""
        first, last = int(rows.min()), int(rows.max()) + 1
        accumulate(self._totals[first:last], rows - first, cells, sums)

    def _rows_of(self, dimension: int, column: Names) -> NDArray[np.int64]:
        """int64[N]: the row of each event in one dimension, -1 without one; new slices get rows while budget lasts."""
        rows = np.fromiter(map(self._rows.get, column, (-2,) * len(column)), np.int64, len(column))
        for i in np.flatnonzero(rows == -2):
            name = column[i]
            rows[i] = -1 if name is None else self._row(dimension, name)
        return rows

    def _row(self, dimension: int, name: str) -> int:
        row = self._rows.get(name)
        if row is not None:
            return row
        if self._taken[dimension] >= self._budget:
            self.cut += 1
            return self._rows.setdefault(self._other[dimension], self._grow())
        self._taken[dimension] += 1
        self._rows[name] = self._grow()
        return self._rows[name]

    def _grow(self) -> int:
        row = len(self._rows)
        if row == len(self._totals):
            self._totals = np.concatenate((self._totals, np.zeros_like(self._totals)))
        return row
