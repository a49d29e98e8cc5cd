"""Where everything stands in one row of totals.

A row is a vector of int64: first the sums (counters, then Σq and Σq² of each numeric field on its grid), then
the cells of each field. Rows of the same layout merge by addition, whatever their number, order or origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detectors.fields import Field, NumericField

COUNTERS = ("events", "errors", "labelled", "positive", "actuals", "actual_positive")
"""Counters of a row: predictions seen, failed requests, predictions with a label, positive ones; labels,
positive ones."""

Rows = NDArray[np.int64]
"""int64[..., row size]: rows of totals."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The columns of a matrix of totals for ``fields`` (numeric ones first)."""

    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        kinds = [isinstance(field, NumericField) for field in self.fields]
        assert kinds == sorted(kinds, reverse=True), "numeric fields come first"

    @cached_property
    def numeric(self) -> tuple[NumericField, ...]:
        """The numeric fields, in order."""
        return tuple(field for field in self.fields if isinstance(field, NumericField))

    @cached_property
    def sums(self) -> int:
        """How many leading columns are sums."""
        return len(COUNTERS) + 2 * len(self.numeric)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """int64[F + 1]: the first column of each field's cells; the last entry is the row size."""
        sizes = [field.cells for field in self.fields]
        return np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))) + self.sums

    @cached_property
    def size(self) -> int:
        """Columns in a row."""
        return int(self.starts[-1])

    @cached_property
    def index(self) -> dict[str, int]:
        """The place of each field by name."""
        return {field.name: i for i, field in enumerate(self.fields)}

    def zeros(self, rows: int) -> Rows:
        """Rows of nothing."""
        return np.zeros((rows, self.size), dtype=np.int64)

    def counter(self, rows: Rows, name: str) -> NDArray[np.int64]:
        """int64[...]: one counter of each row."""
        return rows[..., COUNTERS.index(name)]

    def values(self, rows: Rows, field: int) -> Rows:
        """int64[..., value cells]: the counts of a field's values, out-of-range or unseen ones included."""
        return rows[..., self.starts[field] + 1 : self.starts[field + 1] - 2]

    def state(self, rows: Rows, field: int, which: str) -> NDArray[np.int64]:
        """int64[...]: how often a field was ``invalid``, ``absent`` or ``null``."""
        column = {"invalid": self.starts[field], "absent": self.starts[field + 1] - 2}.get(
            which, self.starts[field + 1] - 1
        )
        return rows[..., column]

    def moments(self, rows: Rows, field: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Σq and Σq² of a numeric field, each int64[...]; q is in steps of ``scale / GRID_STEPS`` from
        ``centre``.
        """
        first = len(COUNTERS) + field
        return rows[..., first], rows[..., first + len(self.numeric)]


def stack(parts: Sequence[Rows], size: int) -> Rows:
    """All rows of ``parts`` as one matrix, also when there are none."""
    return np.concatenate(parts) if parts else np.zeros((0, size), dtype=np.int64)
