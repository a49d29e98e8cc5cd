"""Where everything stands in one row of totals.

A row is a vector of int64: first the sums, then the cells of each field. The sums are

- the counters;
- Σq of each numeric field on its grid, then Σq² of each;
- with ``bin_sums``, Σq of each numeric field by its value cells;
- with ``multivariate``, the scatter of the numeric features: how many complete records, Σq of each, and the
  upper triangle of Σqqᵀ, row by row. It is filled in the row ``all`` alone.

Rows of the same layout merge by addition, whatever their number, order or origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.fields import LATENCY, PREDICTION, Field, HistogramField, Judged, NumericField

COUNTERS = ("events", "errors", "labelled", "positive", "actuals", "actual_positive")
"""Counters of a row: predictions seen, failed requests, predictions with a label, positive ones; labels,
positive ones."""

Rows = NDArray[np.int64]
"""int64[..., row size]: rows of totals."""


class Sections(NamedTuple):
    """Which of the optional sums a layout has."""

    bin_sums: bool = False
    multivariate: bool = False


NO_SECTIONS = Sections()


@dataclass(frozen=True, eq=False)
class Layout:
    """The columns of a matrix of totals.

    Parameters
    ----------
    fields
        Numeric ones, then categorical ones, then those that are only measured.
    bin_sums, multivariate
        Whether the optional sums are kept.
    """

    fields: tuple[Field, ...]
    bin_sums: bool = False
    multivariate: bool = False

    def __post_init__(self) -> None:
        kinds = [
            0 if isinstance(field, NumericField) else 2 if isinstance(field, HistogramField) else 1
            for field in self.fields
        ]
        assert kinds == sorted(kinds), "numeric fields come first, measured ones last"

    @cached_property
    def numeric(self) -> tuple[NumericField, ...]:
        """The numeric fields, in order."""
        return tuple(field for field in self.fields if isinstance(field, NumericField))

    @cached_property
    def judged(self) -> tuple[Judged, ...]:
        """The fields that are compared with a reference: the first ones, in order."""
        return tuple(field for field in self.fields if not isinstance(field, HistogramField))

    @cached_property
    def features(self) -> tuple[int, ...]:
        """The places of the numeric fields in the scatter: all but the model's output."""
        return tuple(i for i, field in enumerate(self.numeric) if field.name != PREDICTION)

    @cached_property
    def moments_end(self) -> int:
        """The first column after counters and moments."""
        return len(COUNTERS) + 2 * len(self.numeric)

    @cached_property
    def bin_sum_starts(self) -> NDArray[np.int64]:
        """int64[M + 1]: the first column of each numeric field's sums by cell, then that of the scatter."""
        sizes = [field.value_cells if self.bin_sums else 0 for field in self.numeric]
        return np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))) + self.moments_end

    @cached_property
    def sums(self) -> int:
        """How many leading columns are sums."""
        count = len(self.features)
        scatter = 1 + count + count * (count + 1) // 2 if self.multivariate else 0
        return int(self.bin_sum_starts[-1]) + scatter

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
        """The place of each judged field by name."""
        return {field.name: i for i, field in enumerate(self.judged)}

    @cached_property
    def latency(self) -> int | None:
        """The place of the latency, None where it is not counted."""
        return next((i for i, field in enumerate(self.fields) if field.name == LATENCY), None)

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

    def cell_sums(self, rows: Rows, field: int) -> Rows:
        """int64[..., value cells]: Σq of a numeric field by value cell; only with ``bin_sums``."""
        assert self.bin_sums, "this layout keeps no sums by cell"
        return rows[..., self.bin_sum_starts[field] : self.bin_sum_starts[field + 1]]


def stack(parts: Sequence[Rows], size: int) -> Rows:
    """All rows of ``parts`` as one matrix, also when there are none.

    Parameters
    ----------
    parts
        int64[..., size] each.

    >>> stack([np.ones((1, 2), np.int64), np.zeros((2, 2), np.int64)], 2).tolist()
    [[1, 1], [0, 0], [0, 0]]
    """
    return np.concatenate(parts) if parts else np.zeros((0, size), dtype=np.int64)
