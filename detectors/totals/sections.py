"""The optional sums of a row: values by cell, and the scatter of the features."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detectors.layout import COUNTERS, Layout, Rows
from detectors.totals.scatter import Scatter

Counts = NDArray[np.int64]


def add_cell_sums(layout: Layout, totals: Rows, rows: Counts, cells: Counts, sums: Counts) -> None:
    """Add the values of N records, in place, to the sums of the cells in which they count.

    Parameters
    ----------
    layout
        One with ``bin_sums``.
    totals, rows, cells, sums
        As for :func:`detectors.totals.accumulate.accumulate`.
    """
    assert totals.flags.c_contiguous, "totals that are not contiguous would be counted in a copy"
    size, M, C = totals.shape[1], len(layout.numeric), len(COUNTERS)
    # Whatever is no number has q = 0 and adds nothing, wherever that is.
    shift = layout.bin_sum_starts[:-1] - layout.starts[:M] - 1
    columns = cells[:, :M] + shift
    np.add.at(totals.reshape(-1), (columns.T + rows * size).ravel(), sums[:, C : C + M].T.ravel())


def add_scatter(layout: Layout, row: NDArray[np.int64], cells: Counts, sums: Counts) -> None:
    """Add N records to the scatter of one row, in place.

    Parameters
    ----------
    layout
        One with ``multivariate``.
    row
        int64[row size]
    cells, sums
        As for :func:`detectors.totals.accumulate.accumulate`.
    """
    places = np.array(layout.features, np.int64)
    first, own = int(layout.bin_sum_starts[-1]), cells[:, places]
    valued = (own > layout.starts[places]) & (own < layout.starts[places + 1] - 2)
    complete: NDArray[np.bool_] = np.asarray(valued.all(axis=1))
    found = Scatter.of(sums[:, len(COUNTERS) + places], complete)
    row[first] += found.n
    row[first + 1 : first + 1 + len(places)] += found.sums
    row[first + 1 + len(places) : layout.sums] += found.products[_triangle(len(places))]


def scatter_of(layout: Layout, row: NDArray[np.int64]) -> Scatter:
    """The scatter that a row holds, int64[row size]; records that are not complete are ``skipped``."""
    assert layout.multivariate, "this layout keeps no scatter"
    count, first = len(layout.features), int(layout.bin_sum_starts[-1])
    n = int(row[first])
    products = np.zeros((count, count), np.int64)
    products[_triangle(count)] = row[first + 1 + count : layout.sums]
    products += np.triu(products, 1).T
    events = int(row[COUNTERS.index("events")])
    return Scatter(n, events - n, row[first + 1 : first + 1 + count].copy(), products)


@lru_cache(maxsize=16)
def _triangle(count: int) -> tuple[Counts, Counts]:
    rows, columns = np.triu_indices(count)
    return rows, columns
