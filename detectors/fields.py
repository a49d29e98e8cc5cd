"""A field is one column that is counted: a feature, or the model's output.

Each field owns a run of *cells* in a row of totals. The run begins with ``invalid``, then come the cells of
values, then ``absent`` and ``null``, so that every record falls in exactly one cell of every field.
Numbers carry their own state: ``-inf`` is invalid, ``+inf`` absent, ``NaN`` null; in this order one binary
search finds the cell of anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import msgspec
import numpy as np
from numpy.typing import NDArray

PREDICTION = "prediction"
"""The name of the field that holds the model's output: its score or its value."""

LATENCY = "latency_ms"
"""The name of the field that holds how long a prediction took, in milliseconds."""

GRID_STEPS = 1024
"""Steps of the moment grid in one ``scale`` (about one standard deviation of the reference)."""

GRID_CLAMP = 512 * GRID_STEPS
"""Values further out are clamped for the moments: squares stay below 2**38, so 2**25 of them fit an int64."""

ABSENT = msgspec.UNSET
"""A categorical value whose key was not in the event."""


class _Invalid(Enum):
    INVALID = "invalid"


INVALID = _Invalid.INVALID
"""A categorical value of a wrong type."""


class _Binned:
    """What fields of numbers share: cells between edges."""

    edges: NDArray[np.float64]

    @property
    def value_cells(self) -> int:
        """How many cells hold values."""
        return len(self.edges) + 1

    @property
    def cells(self) -> int:
        """How many cells the field owns."""
        return self.value_cells + 3

    @property
    def search_edges(self) -> NDArray[np.float64]:
        """Edges whose left binary search gives the cell of any float, missing ones included."""
        return search_edges(self.edges)


@dataclass(frozen=True, eq=False)
class NumericField(_Binned):
    """A field of numbers, binned on edges frozen at the reference.

    Parameters
    ----------
    edges
        float64[E], strictly increasing, finite. Value cell ``i`` holds ``edges[i-1] < x <= edges[i]``; the
        first holds what lies at or below ``edges[0]`` (out of range), the last what lies above ``edges[-1]``.
        Without edges there is one value cell.
    centre, scale
        Origin and unit of the moment grid: reference mean and standard deviation. ``scale > 0``.
    """

    name: str
    edges: NDArray[np.float64]
    centre: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class CategoricalField:
    """A field of strings, counted over the reference's categories; the last value cell is for unseen ones."""

    name: str
    categories: tuple[str, ...]

    @property
    def value_cells(self) -> int:
        """How many cells hold values, the cell of unseen ones included."""
        return len(self.categories) + 1

    @property
    def cells(self) -> int:
        """How many cells the field owns."""
        return self.value_cells + 3


@dataclass(frozen=True, eq=False)
class HistogramField(_Binned):
    """A field of numbers that are counted on edges that no reference chooses, and have no moments.

    It is measured, as latency is, but not compared with a reference.

    Parameters
    ----------
    edges
        float64[E], as those of :class:`NumericField`, whose cells it shares.
    """

    name: str
    edges: NDArray[np.float64]


def search_edges(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[E + 3]: the edges between all cells of a field of numbers, those of missing ones included."""
    return np.concatenate(([-np.inf], edges, [np.finfo(np.float64).max, np.inf]))


Judged = NumericField | CategoricalField
"""A field that is compared with a reference."""

Field = Judged | HistogramField


class CategoryCells(dict[object, int]):
    """Maps a decoded categorical value to its cell within the field; anything unknown is unseen.

    >>> cells = CategoryCells(CategoricalField("state", ("CA", "NY")))
    >>> cells["CA"], cells["NY"], cells["??"], cells[None], cells[ABSENT], cells[INVALID]
    (1, 2, 3, 5, 4, 0)
    """

    def __init__(self, field: CategoricalField) -> None:
        count = len(field.categories)
        super().__init__((category, 1 + i) for i, category in enumerate(field.categories))
        self._unseen = 1 + count
        self[INVALID] = 0
        self[ABSENT] = 2 + count
        self[None] = 3 + count

    def __missing__(self, value: object) -> int:
        # A boolean or integer is read as its JSON text. It is not cached, since True == 1 would share it.
        if isinstance(value, bool):
            return self.get("true" if value else "false", self._unseen)
        if isinstance(value, int):
            return self.get(str(value), self._unseen)
        return self._unseen
