"""L-infinity distance: the group whose share moved most."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.rates import two_proportions
from detectors.shares import shares

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


class Linf(NamedTuple):
    """Arrays; ``value`` and ``p_value`` are NaN where reference or window is empty.

    Attributes
    ----------
    value
        float64[...]: the largest difference of shares, in [0, 1].
    p_value
        float64[...]: of that group's two shares, times the number of groups.
    group
        int64[...]: the group that moved most, the first of several; 0 where a side is empty.
    factor
        int64[...]: among how many it was chosen, which the p-value answers for.
    """

    value: Floats
    p_value: Floats
    group: NDArray[np.int64]
    factor: NDArray[np.int64]


def linf(reference: Counts, window: Counts) -> Linf:
    r"""Largest change of any group's share between two samples of counts.

    .. math:: \max_i |p_i - q_i|

    with reference shares p and window shares q as counted. The test compares the two shares of the group that
    moved most, as :func:`detectors.rates.two_proportions` does, and multiplies its p-value by the number of
    groups (Bonferroni), since it was chosen among so many. Two groups move together, so there the factor is
    1. It never rejects more often than it says.

    Parameters
    ----------
    reference, window
        int64[..., B]: counts by group. Groups empty in both count for nothing.

    References
    ----------
    Breck et al. (2019), Data validation for machine learning, SysML, for the distance as a measure of drift;
    Dunn (1961), Multiple comparisons among means, JASA 56, for the factor.

    >>> result = linf(np.array([500, 300, 200]), np.array([400, 300, 300]))
    >>> round(float(result.value), 4), int(result.group), float(result.p_value) < 1e-4
    (0.1, 0, True)
    """
    m, n = reference.sum(axis=-1), window.sum(axis=-1)
    empty = (m == 0) | (n == 0)
    away = np.where(empty[..., None], 0.0, np.abs(shares(reference) - shares(window)))
    group = away.argmax(axis=-1)
    at = group[..., None]
    alone = two_proportions(
        np.take_along_axis(window, at, axis=-1)[..., 0],
        n,
        np.take_along_axis(reference, at, axis=-1)[..., 0],
        m,
    )
    groups = ((reference > 0) | (window > 0)).sum(axis=-1)
    factor = np.where(groups > 2, groups, 1)
    p_value = np.minimum(factor * alone, 1.0)
    value = away.max(axis=-1)
    return Linf(np.where(empty, np.nan, value), np.where(empty, np.nan, p_value), group, factor)
