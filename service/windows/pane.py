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
    def rows(self) -> Mapping[str, int]:
        """The rows by their names."""
        return self._rows

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
            self._begin(dimension, column, places, is_label).take(column.codes, out=rows, mode="clip")

    def _begin(
        self, dimension: int, column: SliceColumn, places: NDArray[np.int64], is_label: bool
    ) -> NDArray[np.int64]:
        """Give slices rows of their own as budget lasts, in order of their first events.

        Returns
        -------
        int64[names]
            The rows of all slices: also of those that have none of their own, which are looked at again each
            time, since what a budget cuts is counted.
        """
        codes, taken = column.codes, self._taken[is_label]
        events = np.bincount(codes, minlength=len(places))
        first = np.empty(len(places), np.int64)
        # Of several values for one place the last one stays: backwards, that is the first event.
        first[codes[::-1]] = np.arange(len(codes))[::-1]
        new = np.flatnonzero((places == _NEW) & (events > 0))
        new = new[np.argsort(first[new])]
        self._make_room(len(new))
        own, cut = np.split(new, [max(0, self._budget - taken[dimension])])
        taken[dimension] += len(own)
        names = [name for name in map(column.names.__getitem__, own.tolist()) if name is not None]
        assert len(names) == len(own), "what is in no slice needs no row"
        rows = [self._rows.setdefault(name, len(self._rows)) for name in names]
        self._known[is_label].update(zip(names, rows, strict=True))
        places[own] = rows
        chosen = places.copy()
        if len(cut):
            self.cut += int(events[cut].sum())
            chosen[cut] = self._rows.setdefault(self._other[dimension], len(self._rows))
        return chosen

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
