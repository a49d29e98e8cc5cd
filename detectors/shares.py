"""Shares of counts: what distances between distributions are made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def shares(counts: Counts) -> Floats:
    """Each count over the sum of its row, float64[..., B]; NaN in a row that holds nothing.

    Parameters
    ----------
    counts
        int64[..., B]

    >>> shares(np.array([[1, 3], [0, 0]])).tolist()
    [[0.25, 0.75], [nan, nan]]
    """
    total = counts.sum(axis=-1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1), np.nan)


class Smoothed(NamedTuple):
    """Shares of two samples, float64[..., B]; where ``held`` is false they mean nothing.

    Attributes
    ----------
    p, q
        Of reference and window.
    held
        bool[..., B]: whether either sample has a record in the group.
    """

    p: Floats
    q: Floats
    held: NDArray[np.bool_]


def smoothed_shares(reference: Counts, window: Counts) -> Smoothed:
    r"""Shares with half a record added to each of the B groups that hold a record of either sample.

    .. math:: p_i = \frac{c_i + 1/2}{N + B/2}

    This is the mean under the Jeffreys prior of a multinomial: no share is zero, and none is replaced by an
    arbitrary small number.

    Parameters
    ----------
    reference, window
        int64[..., B]: counts by group.

    >>> p, q, held = smoothed_shares(np.array([7, 2, 0]), np.array([3, 0, 0]))
    >>> p[held].tolist(), q[held].tolist()
    ([0.75, 0.25], [0.875, 0.125])
    """
    held = (reference > 0) | (window > 0)
    half = held.sum(axis=-1, keepdims=True) / 2
    p, q = (
        (counts + 0.5) / np.maximum(counts.sum(axis=-1, keepdims=True) + half, 0.5)
        for counts in (reference, window)
    )
    return Smoothed(p, q, held)
