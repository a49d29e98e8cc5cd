"""What a row of totals says of one field, in the numbers that people ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.fields import GRID_STEPS, CategoricalField, NumericField
from detectors.profile import Profile


@dataclass(frozen=True, eq=False)
class Summary:
    """One field of one slice.

    Attributes
    ----------
    values, invalid, absent, null
        Records by what they held; together all records.
    cells
        int64[value cells]: counts of values, cell by cell.
    """

    name: str
    values: int
    invalid: int
    absent: int
    null: int
    cells: NDArray[np.int64]

    @property
    def records(self) -> int:
        """Everything that was counted."""
        return self.values + self.invalid + self.absent + self.null

    @property
    def missing_ratio(self) -> float:
        """Null or absent, as a share of all records; 0 when there are none."""
        return (self.absent + self.null) / max(self.records, 1)

    @property
    def invalid_ratio(self) -> float:
        """Of a wrong type, as a share of all records; 0 when there are none."""
        return self.invalid / max(self.records, 1)


@dataclass(frozen=True, eq=False)
class NumericSummary(Summary):
    """A field of numbers; ``mean`` and ``std`` are NaN without values."""

    edges: NDArray[np.float64]
    mean: float
    std: float

    @property
    def uppers(self) -> NDArray[np.float64]:
        """float64[value cells]: the upper edge of each cell, +inf for the last."""
        return np.append(self.edges, np.inf)

    @property
    def below(self) -> int:
        """Values below the range."""
        return int(self.cells[0]) if len(self.edges) else 0

    @property
    def above(self) -> int:
        """Values above the range."""
        return int(self.cells[-1]) if len(self.edges) else 0

    @property
    def low(self) -> float:
        """The least number of the lowest used cell: the smallest value, where the cells begin with it."""
        if not self.values or not len(self.edges):
            return float("nan")
        first = int(np.flatnonzero(self.cells)[0])
        return float(np.nextafter(self.edges[first - 1], np.inf)) if first else -np.inf

    @property
    def high(self) -> float:
        """The upper edge of the highest used cell: the largest value, where the cells end with it."""
        return self.quantile(1.0)

    def quantile(self, share: float) -> float:
        """The upper edge of the cell in which a quantile lies: the quantile, wherever it was made an edge."""
        if not self.values:
            return float("nan")
        rank = max((share - 1e-9) * self.values, 0.5)
        cell = int(np.searchsorted(np.cumsum(self.cells), rank, side="left"))
        return float(self.uppers[min(cell, len(self.cells) - 1)])


@dataclass(frozen=True, eq=False)
class CategoricalSummary(Summary):
    """A field of strings; the last cell is of those without one of their own."""

    categories: tuple[str, ...]

    @property
    def unseen(self) -> int:
        """Values without a cell of their own."""
        return int(self.cells[-1])

    def ranked(self) -> list[tuple[str, int]]:
        """The categories with their counts, frequent ones first."""
        counted = zip(self.categories, self.cells[:-1].tolist(), strict=True)
        return sorted(counted, key=lambda pair: (-pair[1], pair[0]))


def summarise(profile: Profile, slice_name: str = "all") -> list[NumericSummary | CategoricalSummary]:
    """Every judged field of a slice, in the order of the profile.

    Raises
    ------
    KeyError
        When the profile has no such slice.
    """
    row = profile.totals[profile.row[slice_name]]
    layout = profile.layout
    found: list[NumericSummary | CategoricalSummary] = []
    for place, field in enumerate(layout.judged):
        cells = layout.values(row, place)
        invalid, absent, null = (
            int(layout.state(row, place, which)) for which in ("invalid", "absent", "null")
        )
        values = int(cells.sum())
        if isinstance(field, CategoricalField):
            found.append(
                CategoricalSummary(field.name, values, invalid, absent, null, cells, field.categories)
            )
        else:
            moments = [int(moment) for moment in layout.moments(row, place)]
            mean, std = _mean_and_std(field, values, moments[0], moments[1])
            found.append(
                NumericSummary(field.name, values, invalid, absent, null, cells, field.edges, mean, std)
            )
    return found


def _mean_and_std(field: NumericField, n: int, q: int, squares: int) -> tuple[float, float]:
    if not n:
        return float("nan"), float("nan")
    unit = field.scale / GRID_STEPS
    variance = max(squares / n - (q / n) ** 2, 0.0)
    return field.centre + (q / n) * unit, variance**0.5 * unit
