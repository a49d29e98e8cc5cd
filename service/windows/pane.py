"""A pane: totals of one model version over one non-overlapping stretch of event time, out of one source."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.layout import Rows
from service.windows.counts import PaneCounts
from service.windows.plan import Counting
from service.windows.slicing import ALL, SliceColumn, other_name
from service.windows.unseen import Unseen

_NEW = -2
"""Marks a slice that the pane has no row for, yet."""


class Pane:
    """Totals that grow as events come, in the order of their offsets.

    Parameters
    ----------
    counting
        How events are counted; fixed for the life of the pane.
    dimensions
        Slice dimensions (lists of tag names).
    budget
        Slices per dimension, of predictions and of labels; the first so many by offset have rows, the rest
        share one.
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
        self.unseen: Unseen = {}
        self.cut = 0
        """Events that a slice budget sent to the shared row."""
        self._budget = budget
        self._other = [other_name(dimension) for dimension in dimensions]
        self._rows: dict[str, int] = {ALL: 0}
        # Predictions and labels come in batches of their own, in no order to each other: each have a budget.
        self._taken = [[0] * len(dimensions) for _ in (False, True)]
        self._known: list[dict[str, int]] = [{} for _ in (False, True)]
        self._counts = PaneCounts(counting.layout)

    @property
    def slices(self) -> tuple[str, ...]:
        """Names of the rows."""
        return tuple(self._rows)

    @property
    def totals(self) -> Rows:
        """int64[slices, row size]."""
        return self._counts.dense(np.arange(len(self._rows)))

    def encode(self, rows: NDArray[np.int64]) -> bytes:
        """Some of the rows, encoded."""
        return self._counts.encode(rows)

    def add(
        self,
        cells: NDArray[np.int64],
        sums: NDArray[np.int64],
        slices: Sequence[SliceColumn],
        is_label: bool,
    ) -> int:
        """Count N events; how many of them a slice budget sent to a shared row.

        Parameters
        ----------
        cells, sums
            int64[N, F] and int64[N, S] as ``Counting`` gives them; labels have no cells.
        slices
            The events' slices in each dimension.
        """
        cut_before = self.cut
        if is_label:
            cells = cells[:, :0]
        everything = np.zeros(len(sums), dtype=np.int64)
        self._counts.add(everything, cells, sums)
        if self.counting.layout.multivariate and not is_label:
            self._counts.add_scatter(0, cells, sums)
        for d, column in enumerate(slices):
            rows = self._rows_of(d, column, is_label)
            inside = rows >= 0
            if inside.all():
                self._counts.add(rows, cells, sums)
            elif inside.any():
                self._counts.add(rows[inside], cells[inside], sums[inside])
        return self.cut - cut_before

    def _rows_of(self, dimension: int, column: SliceColumn, is_label: bool) -> NDArray[np.int64]:
        """int64[N]: the row of each event in one dimension, -1 without; slices get rows as budget lasts."""
        known = self._known[is_label]
        places = (-1 if name is None else known.get(name, _NEW) for name in column.names)
        rows = np.fromiter(places, np.int64, len(column.names))
        if _NEW in rows:
            codes = column.codes
            events = np.bincount(codes, minlength=len(rows))
            first = np.empty(len(rows), np.int64)
            # Of several values for one place the last one stays: backwards, that is the first event.
            first[codes[::-1]] = np.arange(len(codes))[::-1]
            new = np.flatnonzero((rows == _NEW) & (events > 0))
            self._make_room(len(new))
            for code in new[np.argsort(first[new])]:
                name = column.names[code]
                assert name is not None, "what is in no slice needs no row"
                rows[code] = self._row(dimension, name, int(events[code]), is_label)
        return rows[column.codes]

    def _row(self, dimension: int, name: str, events: int, is_label: bool) -> int:
        """The row of a slice without one that now gets ``events``: its own, or the shared one."""
        taken = self._taken[is_label]
        if taken[dimension] < self._budget:
            taken[dimension] += 1
        else:
            self.cut += events
            name = self._other[dimension]
        row = self._known[is_label][name] = self._rows.setdefault(name, len(self._rows))
        return row

    def _make_room(self, slices: int) -> None:
        """Let there be rows for so many slices more, as far as budgets can give them any."""
        most = 1 + len(self._other) * (2 * self._budget + 1)
        self._counts.make_room(min(len(self._rows) + slices, most))
