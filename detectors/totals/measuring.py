"""Where records count, and what they add: the cells and moments of a batch of columns, in one pass over each.

The loop is written in C (``measure.c``). A binary search in a hundred edges mispredicts about half of its
seven branches; so a column's range is cut into buckets of equal width, and a table says how many edges lie
below those of a bucket. The few edges in the same bucket are compared one by one, so that the result is
exact: the map from value to bucket never falls, so an edge in an earlier bucket is surely below the value,
and one in a later bucket is not. Rounding cannot change that. Where there was no compiler, numpy searches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.fields import (
    GRID_CLAMP,
    GRID_STEPS,
    CategoricalField,
    CategoryCells,
    HistogramField,
    NumericField,
)
from detectors.layout import COUNTERS, Layout
from detectors.totals.numeric import grid_moments, numeric_cells

if TYPE_CHECKING:
    from detectors.totals import _measure
else:
    try:
        from detectors.totals import _measure
    except ImportError:  # built where there was no compiler
        _measure = None

BUILT = _measure is not None
"""Whether the loops in C are there."""

BUCKETS = 2048
EDGES_MAX = 4
"""Edges in one bucket beyond which binary search is as fast."""

Numbers = NDArray[np.float64]


class Coded(NamedTuple):
    """A column of N categorical values.

    Attributes
    ----------
    codes
        int64[N]: where in ``values`` each stands.
    values
        Distinct values as they were decoded. A list may grow behind its end, but not change.
    """

    codes: NDArray[np.int64]
    values: Sequence[object]


class Measured(NamedTuple):
    """What N records of F fields are to the totals.

    Attributes
    ----------
    cells
        int32[F, N]: for each field the cell in which a record counts, 0 being the first cell of a row.
    sums
        int64[N, S]: what a record adds to counters and moments.
    unseen
        Categorical values that the layout does not know.
    """

    cells: NDArray[np.int32]
    sums: NDArray[np.int64]
    unseen: int

    def only(self, members: NDArray[np.int64]) -> Measured:
        """The records at ``members``, int64[n]; how many of their values are unseen is not told apart."""
        return Measured(self.cells.take(members, axis=1), self.sums.take(members, axis=0), self.unseen)


class Measuring:
    """Measures batches of records for one layout.

    Parameters
    ----------
    layout
        Says which columns there are and how they are cut into cells.

    >>> age = NumericField("age", np.array([0.0, 10.0]), 5.0, 1.0)
    >>> layout = Layout((age, CategoricalField("state", ("CA",))))
    >>> found = Measuring(layout).measured(
    ...     [np.array([[3.0], [np.nan]])], [Coded(np.array([0, 1]), ["CA", "??"])], np.zeros((2, 6), np.int64)
    ... )
    >>> found.cells.tolist(), found.sums[:, 6:].tolist(), found.unseen
    ([[2, 5], [7, 8]], [[-2048, 4194304], [0, 0]], 1)
    """

    def __init__(self, layout: Layout) -> None:
        self._numeric = layout.numeric
        measured = tuple(field for field in layout.fields if isinstance(field, HistogramField))
        # In the order in which their numbers come: all that have moments, then those that have none.
        self._columns: tuple[NumericField | HistogramField, ...] = (*layout.numeric, *measured)
        starts = (layout.starts - layout.sums).tolist()
        last = len(layout.fields) - len(measured)
        self._places = [*range(len(layout.numeric)), *range(last, len(layout.fields))]
        self._starts = [starts[place] for place in self._places]
        self._categories = [
            _Categories(place, starts[place], field)
            for place, field in enumerate(layout.fields)
            if isinstance(field, CategoricalField)
        ]
        self._fields = len(layout.fields)
        self._recipe = _recipe(self._columns, self._starts, layout.numeric) if BUILT else ()

    def measured(
        self, numbers: Sequence[Numbers], categorical: Sequence[Coded], counters: NDArray[np.int64]
    ) -> Measured:
        """Measure N records.

        Parameters
        ----------
        numbers
            float64[N, columns] or float64[N] each: the numeric fields in the layout's order, then those that
            are only measured; ``NaN`` is null, ``+inf`` absent, ``-inf`` invalid. What is not C-contiguous is
            read as it lies.
        categorical
            The columns of the categorical fields, in order.
        counters
            int64[N, C]: what each record adds to the counters.
        """
        n = len(counters)
        by_column = np.empty((len(self._columns), n), np.int32)
        sums = np.empty((n, len(COUNTERS) + 2 * len(self._numeric)), np.int64)
        sums[:, : len(COUNTERS)] = counters
        if BUILT:
            _measure.numbers(self._recipe, float(GRID_CLAMP), list(numbers), by_column, sums, len(COUNTERS))
        else:
            self._search(np.column_stack([np.empty((n, 0)), *numbers]), by_column, sums)
        if not self._categories:
            return Measured(by_column, sums, 0)
        cells = np.empty((self._fields, n), np.int32)
        cells[self._places] = by_column
        unseen = sum(
            own.count(column, cells) for own, column in zip(self._categories, categorical, strict=True)
        )
        return Measured(cells, sums, unseen)

    def _search(self, numbers: Numbers, cells: NDArray[np.int32], sums: NDArray[np.int64]) -> None:
        for field, start, values, own in zip(self._columns, self._starts, numbers.T, cells, strict=True):
            own[:] = start + numeric_cells(field, values)
        moments = grid_moments(self._numeric, numbers[:, : len(self._numeric)])
        sums[:, len(COUNTERS) :] = np.concatenate(moments, axis=1)


class _Categories:
    """The cells of one categorical field's values, remembered from batch to batch."""

    def __init__(self, place: int, start: int, field: CategoricalField) -> None:
        self._place, self._start = place, start
        self._cells = CategoryCells(field)
        self._unseen = start + 1 + len(field.categories)
        self._values: Sequence[object] = ()
        self._table = np.empty(0, np.int32)

    def count(self, column: Coded, cells: NDArray[np.int32]) -> int:
        """Put the cells of a column in their row; how many values the field does not know."""
        if column.values is not self._values:
            self._values, self._table = column.values, np.empty(0, np.int32)
        if len(self._table) < len(column.values):
            new = column.values[len(self._table) :]
            found = np.fromiter(map(self._cells.__getitem__, new), np.int32, len(new)) + np.int32(self._start)
            self._table = np.concatenate((self._table, found))
        own = cells[self._place]
        if BUILT:
            return int(
                _measure.categories(np.ascontiguousarray(column.codes), self._table, own, self._unseen)
            )
        self._table.take(column.codes, out=own, mode="clip")
        return int(np.count_nonzero(own == self._unseen))


def _recipe(
    columns: Sequence[NumericField | HistogramField],
    starts: Sequence[int],
    moments: Sequence[NumericField],
) -> tuple[NDArray[np.generic], ...]:
    """What the loop in C must know of its columns, as ``measure.c`` names it."""
    tables = [_table(column.edges) for column in columns]
    edges = [column.edges for column in columns]
    return (
        np.array([low for low, _, _ in tables], np.float64),
        np.array([per_unit for _, per_unit, _ in tables], np.float64),
        np.concatenate([*edges, np.empty(0)]),
        np.cumsum([0, *map(len, edges)], dtype=np.int64),
        np.array([table for _, _, table in tables], np.uint16),
        np.array(starts, np.int32),
        np.array([start + own.cells - 1 for start, own in zip(starts, columns, strict=True)], np.int32),
        np.array([field.centre for field in moments], np.float64),
        np.array([GRID_STEPS / field.scale for field in moments], np.float64),
    )


def _table(edges: Numbers) -> tuple[float, float, NDArray[np.int64]]:
    """Where the buckets begin, how many there are in a unit, and int64[BUCKETS]: the edges before each.

    There are none in a unit where edges are too uneven for buckets of equal width, or too few to need any.
    """
    searched = 0.0, 0.0, np.zeros(BUCKETS, np.int64)
    if not 2 <= len(edges) < 2**16:
        return searched
    # The outermost bins of heavy tails are wide; they are reached without giving them buckets.
    low, high = map(float, (edges[1], edges[-2]) if len(edges) >= 8 else (edges[0], edges[-1]))
    per_unit = (BUCKETS - 1) / (high - low)
    if not 0.0 < per_unit < math.inf:
        return searched
    with np.errstate(over="ignore"):
        buckets = np.clip((edges - low) * per_unit, 0.0, BUCKETS - 1.0).astype(np.int64)
    before = np.searchsorted(buckets, np.arange(BUCKETS + 1), side="left")
    return (low, per_unit, before[:-1]) if np.diff(before).max() <= EDGES_MAX else searched
