"""A pane: totals of one model version over one non-overlapping stretch of event time, out of one source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.layout import Rows
from detectors.totals.measuring import Measured
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
        self._places = [[_Places(known) for _ in dimensions] for known in self._known]
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

    def add(self, measured: Measured, slices: Sequence[SliceColumn], is_label: bool) -> int:
        """Count N events; how many of them a slice budget sent to a shared row.

        Parameters
        ----------
        measured
            The events as ``Counting`` measures them; labels have no cells.
        slices
            Their slices in each dimension.
        """
        cut_before = self.cut
        cells, sums, _ = measured
        rows = np.zeros((1 + len(slices), len(sums)), np.int64)
        for d, column in enumerate(slices):
            self._put_rows(d, column, is_label, rows[1 + d])
        self._counts.add_all(rows, cells, sums)
        if self.counting.layout.multivariate and not is_label:
            self._counts.add_scatter(0, cells.T.astype(np.int64) + self.counting.layout.sums, sums)
        return self.cut - cut_before

    def _put_rows(self, dimension: int, column: SliceColumn, is_label: bool, rows: NDArray[np.int64]) -> None:
        """Put the row of each event in one dimension, -1 without; slices get rows as budget lasts."""
        places = self._places[is_label][dimension].of(column.names)
        places.take(column.codes, out=rows, mode="clip")
        if len(rows) and rows.min() == _NEW:
            new, first = np.unique(column.codes[rows == _NEW], return_index=True)
            events = np.bincount(column.codes, minlength=len(places))
            self._make_room(len(new))
            # What a budget cuts is looked at again each time, since it is counted.
            chosen = places.copy()
            for code in new[np.argsort(first)].tolist():
                name = column.names[code]
                assert name is not None, "what is in no slice needs no row"
                chosen[code] = self._row(dimension, name, int(events[code]), is_label)
                places[code] = self._known[is_label].get(name, _NEW)
            chosen.take(column.codes, out=rows, mode="clip")

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


class _Places:
    """The rows of a column's slice names, remembered while the column's names only grow."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self._known = known
        self._names: Sequence[str | None] = ()
        self._rows = np.empty(0, np.int64)

    def of(self, names: Sequence[str | None]) -> NDArray[np.int64]:
        """int64[names]: the row of each; -1 for None, ``_NEW`` for one that has none yet, to be put in."""
        if names is not self._names:
            self._names, self._rows = names, np.empty(0, np.int64)
        if len(self._rows) < len(names):
            new = names[len(self._rows) :]
            rows = (-1 if name is None else self._known.get(name, _NEW) for name in new)
            self._rows = np.concatenate((self._rows, np.fromiter(rows, np.int64, len(new))))
        return self._rows
