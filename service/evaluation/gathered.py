"""All that was measured of a window, in one order, whatever it was measured with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.evaluation.block import ARRAYS, BASELINES, METRICS, Block, Counts, Floats, Row
from service.evaluation.kept import Recent


class Placed(NamedTuple):
    """A block of C slices, and which of a window's S slices these are: int64[C]."""

    part: Block
    columns: Counts


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Where K rows of S slices stand in blocks that are laid out one behind the other.

    Attributes
    ----------
    keys
        What each row is about, in the order of features, metrics and baselines.
    places
        int32[K, S]: -1 for what was not measured.
    """

    keys: tuple[Row, ...]
    places: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Measured:
    """E results to be, side by side; as in :class:`service.evaluation.block.Block`, but flat."""

    value: Floats
    data: NDArray[np.int8]
    n: Counts
    reference_n: Counts
    p_value: Floats
    null_bound: Floats
    lower: Floats
    upper: Floats
    change: Floats


PLACES_MAX = 500_000
"""Arrangements of so many rows times slices are kept: from window to window they are mostly the same."""

_recent: Recent[Arrangement] = Recent(PLACES_MAX)


def arranged(parts: Sequence[Placed], features: tuple[str, ...], slices: int) -> Arrangement:
    """The order of features, :data:`METRICS` and :data:`BASELINES` for the rows of all ``parts``."""
    shape = tuple((part.keys, columns.tobytes()) for part, columns in parts)

    def make() -> tuple[Arrangement, int]:
        made = _arrange(parts, features, slices)
        return made, made.places.size

    return _recent.get((shape, features, slices), make)


def _arrange(parts: Sequence[Placed], features: tuple[str, ...], slices: int) -> Arrangement:
    place = {name: i for i, name in enumerate(features)}
    rows = dict.fromkeys(key for part, _ in parts for key in part.keys)
    keys = sorted(
        rows, key=lambda key: (place[key.feature], METRICS.index(key.metric), BASELINES.index(key.baseline))
    )
    row = {key: i for i, key in enumerate(keys)}
    places = np.full((len(keys), slices), -1, np.int32)
    first = 0
    for part, columns in parts:
        own = np.array([row[key] for key in part.keys], np.int64)
        size = len(own) * len(columns)
        places[own[:, None], columns] = np.arange(first, first + size).reshape(len(own), -1)
        first += size
    return Arrangement(tuple(keys), places)


def picked(parts: Sequence[Placed], places: NDArray[np.integer[Any]]) -> Measured:
    """What was measured at some places of the arrangement, int[E]."""
    arrays = {
        name: np.concatenate([getattr(part, name).ravel() for part, _ in parts])[places] for name in ARRAYS
    }
    return Measured(**arrays)
