"""Latency: its histogram on edges that are the same for every model, and quantiles out of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.fields import LATENCY, HistogramField

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

PER_DECADE = 25
"""Edges in a factor of ten: neighbours lie 9.6 % apart, 10.2 % at most once they are rounded."""

LOWEST_MS, HIGHEST_MS = 0.1, 600_000.0
"""The first and the last edge: a tenth of a millisecond, ten minutes."""


def _edges() -> Floats:
    # Three digits are what people read, and the same number wherever powers are computed.
    steps = int(np.ceil(np.log10(HIGHEST_MS / LOWEST_MS) * PER_DECADE))
    powers = (float(f"{LOWEST_MS * 10 ** (i / PER_DECADE):.3g}") for i in range(steps))
    return np.array([*powers, HIGHEST_MS])


LATENCY_FIELD = HistogramField(LATENCY, _edges())
"""The field of every model that counts latency; 0 ms and whatever is below the first edge share a cell."""


class Quantile(NamedTuple):
    """A quantile of binned values.

    Attributes
    ----------
    value
        float64[...]: between the edges of the cell in which it lies.
    lower, upper
        float64[...]: those edges; the upper one is infinite beyond the last.
    """

    value: Floats
    lower: Floats
    upper: Floats


def quantile(counts: Counts, edges: Floats, share: float) -> Quantile:
    r"""The smallest value at or below which a share of the values lies, from their histogram.

    The cell is the one that holds the :math:`\lceil \text{share} \cdot n \rceil`-th smallest value, which
    surely lies between the cell's edges: those of latency are 10.2 % apart at most. In between, values
    are taken to be spread evenly on a logarithmic scale.

    Parameters
    ----------
    counts
        int64[..., E + 1]: values by cell.
    edges
        float64[E]: positive, increasing.
    share
        In (0, 1].

    Returns
    -------
    Quantile
        NaN where there are no values. Below the first edge the value is half that edge, beyond the last the
        last edge itself.

    >>> found = quantile(np.array([0, 90, 9, 1]), np.array([1.0, 10.0, 100.0]), 0.5)
    >>> round(float(found.value), 1), float(found.lower), float(found.upper)
    (3.5, 1.0, 10.0)
    """
    n = counts.sum(axis=-1)
    rank = np.maximum(np.ceil(share * n - 1e-9).astype(np.int64), 1)
    upto = np.cumsum(counts, axis=-1)
    cell = np.minimum((upto < rank[..., None]).sum(axis=-1), len(edges))
    lower = np.concatenate(([0.0], edges))[cell]
    upper = np.append(edges, np.inf)[cell]
    inside = np.take_along_axis(counts, cell[..., None], -1)[..., 0]
    before = np.take_along_axis(upto, cell[..., None], -1)[..., 0] - inside
    part = (rank - before - 0.5) / np.maximum(inside, 1)
    between = (cell > 0) & (cell < len(edges))
    low, high = np.where(between, lower, 1.0), np.where(between, upper, 1.0)
    value = np.where(between, low * (high / low) ** part, np.where(cell == 0, edges[0] / 2, lower))
    return Quantile(*(np.where(n > 0, bound, np.nan) for bound in (value, lower, upper)))
