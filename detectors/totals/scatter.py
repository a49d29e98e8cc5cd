"""The scatter matrix of several numeric columns as a mergeable total."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.fields import GRID_CLAMP

Counts = NDArray[np.int64]

EXACT_RECORDS = 2**53 // GRID_CLAMP**2
"""So many products of two grid values sum to an integer that a float64 holds exactly, in any order."""


@dataclass(frozen=True, eq=False)
class Scatter:
    """Sums over the complete records of M columns on the moment grid; all integers.

    So merging is associative and commutative to the bit, as for the moments of single columns.

    Attributes
    ----------
    n
        Complete records, those in which every column is a number.
    skipped
        The others.
    sums
        int64[M]: Σq.
    products
        int64[M, M]: Σq qᵀ, symmetric. Each term is at most 2**38, so 2**25 records fit.
    """

    n: int
    skipped: int
    sums: Counts
    products: Counts

    @classmethod
    def zero(cls, columns: int) -> Scatter:
        """The scatter of no records.

        >>> Scatter.zero(2).products.tolist()
        [[0, 0], [0, 0]]
        """
        return cls(0, 0, np.zeros(columns, np.int64), np.zeros((columns, columns), np.int64))

    @classmethod
    def of(cls, q: Counts, complete: NDArray[np.bool_]) -> Scatter:
        """The scatter of records on the grid.

        Parameters
        ----------
        q
            int64[N, M], as :func:`~detectors.totals.numeric.grid_moments` gives them.
        complete
            bool[N]: whether every column of the record is a number.

        >>> q = np.array([[1, 2], [3, 4], [0, 9]])
        >>> scatter = Scatter.of(q, np.array([True, True, False]))
        >>> scatter.n, scatter.skipped, scatter.sums.tolist(), scatter.products.tolist()
        (2, 1, [4, 6], [[10, 14], [14, 20]])
        """
        assert q.ndim == 2, "records by columns"
        known = q[complete].astype(np.float64)
        products = np.zeros((q.shape[1], q.shape[1]), np.int64)
        # A matrix product of integers has no fast routine; that of floats is exact for so many at once.
        for start in range(0, len(known), EXACT_RECORDS):
            chunk = known[start : start + EXACT_RECORDS]
            products += (chunk.T @ chunk).astype(np.int64)
        return cls(len(known), len(q) - len(known), q[complete].sum(axis=0, dtype=np.int64), products)

    def __sub__(self, other: Scatter) -> Scatter:
        """The scatter of what is left when the records of ``other`` are taken away."""
        return Scatter(
            self.n - other.n,
            self.skipped - other.skipped,
            self.sums - other.sums,
            self.products - other.products,
        )

    def __add__(self, other: Scatter) -> Scatter:
        assert self.sums.shape == other.sums.shape, "scatters of the same columns"
        return Scatter(
            self.n + other.n,
            self.skipped + other.skipped,
            self.sums + other.sums,
            self.products + other.products,
        )
