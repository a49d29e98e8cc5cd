"""Cells and grid moments of numeric columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.fields import GRID_CLAMP, GRID_STEPS, HistogramField, NumericField


def numeric_cells(field: NumericField | HistogramField, values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The cell of each value within the field.

    Parameters
    ----------
    values
        float64[N]; ``NaN`` is null, ``+inf`` absent, ``-inf`` invalid.

    Returns
    -------
    int64[N]

    >>> field = NumericField("age", np.array([0.0, 10.0, 20.0]))
    >>> numeric_cells(field, np.array([-1.0, 0.0, 5.0, 10.0, 20.0, 21.0, np.inf, np.nan, -np.inf])).tolist()
    [1, 1, 2, 2, 3, 4, 5, 6, 0]
    """
    return np.searchsorted(field.search_edges, values, side="left")


def grid_moments(
    fields: tuple[NumericField, ...], values: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each value on its field's grid, and its square.

    Integers, so that sums do not depend on order, batches or merges. Whatever is no number contributes
    nothing.

    Parameters
    ----------
    values
        float64[N, M], a column a field.

    Returns
    -------
    q, q²
        int64[N, M] each.

    >>> field = NumericField("age", np.array([0.0]), 40.0, 10.0)
    >>> q, squares = grid_moments((field,), np.array([[40.0], [50.0], [np.nan]]))
    >>> q.ravel().tolist(), squares.ravel().tolist()
    ([0, 1024, 0], [0, 1048576, 0])
    """
    centre = np.array([field.centre for field in fields])
    unit = np.array([GRID_STEPS / field.scale for field in fields])
    with np.errstate(invalid="ignore", over="ignore"):
        grid = (values - centre) * unit
    grid[~np.isfinite(values)] = 0.0
    q = np.rint(np.clip(grid, -GRID_CLAMP, GRID_CLAMP)).astype(np.int64)
    return q, q * q
