"""One side of a comparison: rows of totals, with what every test wants of them computed once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detectors.layout import COUNTERS, Layout, Rows
from detectors.shift import Sample, sample

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


class Side:
    """R rows of totals in a layout of F judged fields, of which the first M are numeric.

    Parameters
    ----------
    rows
        int64[R, row size]; not changed later.
    """

    def __init__(self, layout: Layout, rows: Rows) -> None:
        self.layout, self.rows = layout, rows

    @cached_property
    def upto(self) -> Counts:
        """int64[R, cells]: the counts of all cells up to each, whatever field they belong to.

        What any run of neighbouring cells holds is then one difference.
        """
        return np.cumsum(self.rows[:, self.layout.sums :], axis=1)

    @cached_property
    def n(self) -> Counts:
        """int64[F, R]: how many values each field has."""
        before, last = span_of_values(self.layout)
        spans = np.stack((before, last), axis=1).ravel() + 1
        cells = self.rows[:, self.layout.sums :]
        if not len(spans):
            return np.zeros((0, len(cells)), np.int64)
        return np.ascontiguousarray(np.add.reduceat(cells, spans, axis=1)[:, ::2].T)

    @cached_property
    def samples(self) -> Sample:
        """Moments of the numeric fields, float64[M, R]."""
        count, first = len(self.layout.numeric), len(COUNTERS)
        sums = self.rows[:, first : first + 2 * count].T
        return sample(self.n[:count], sums[:count], sums[count:])

    @cached_property
    def shares(self) -> Floats:
        """float64[R, numeric cells]: of each numeric field the share of its values up to each cell.

        A field's first column, of what is no number, is 0; so a cell's neighbour to the left is always the
        share before it. The last two columns of a field say nothing.
        """
        starts = self.layout.starts[: len(self.layout.numeric) + 1]
        sizes = np.diff(starts)
        before = starts[:-1] - self.layout.sums
        base, n = self.upto[:, before], np.maximum(self.n[: len(sizes)].T, 1)
        inside = self.upto[:, : int(starts[-1]) - self.layout.sums]
        shares: Floats = (inside - np.repeat(base, sizes, axis=1)) / np.repeat(n, sizes, axis=1)
        return shares


def span_of_values(layout: Layout) -> tuple[Counts, Counts]:
    """int64[F] each: the cell before the first value of each judged field, and its last one.

    Columns of :attr:`Side.upto`; every field's values stand between one cell before them and two behind.
    """
    starts = layout.starts[: len(layout.judged) + 1] - layout.sums
    return starts[:-1], starts[1:] - 3
