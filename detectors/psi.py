"""Population stability index, with the distribution it has when nothing drifts."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detectors.shares import smoothed_shares

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

RECORDS_PER_GROUP = 20
"""Reference and window both need so many records for each group; below, the null distribution does not
hold."""

NULL_LEVEL = 0.001
"""Without drift, PSI exceeds its null bound in this share of windows."""


class Psi(NamedTuple):
    """Arrays float64[...]; NaN where reference or window is empty.

    Attributes
    ----------
    value
        The index, in nats; 0 means equal shares.
    p_value
        Probability of a value at least as large when both samples come from one distribution.
    null_bound
        What 99.9 % of windows stay below when nothing drifts.
    """

    value: Floats
    p_value: Floats
    null_bound: Floats


def psi(reference: Counts, window: Counts) -> Psi:
    r"""Population stability index between two samples of counts.

    .. math:: \sum_i (p_i - q_i) \ln(p_i / q_i), \quad p_i = \frac{c_i + 1/2}{N + B/2}

    with reference shares p and window shares q, over the B groups that hold a record of either. Smoothing is
    the Jeffreys prior of a multinomial, so no empty group is replaced by an arbitrary small number. When
    nothing drifts, PSI is distributed like :math:`(1/n + 1/m)\,\chi^2_{B-1}`, which gives the p-value and the
    bound.

    Parameters
    ----------
    reference, window
        int64[..., B]: counts by group. Groups empty in both count for nothing, so rows may be filled up with
        zeros.

    Notes
    -----
    The approximation asks for :data:`RECORDS_PER_GROUP` in both samples; see :func:`enough_for_psi`.

    References
    ----------
    Yurdakul (2018), Statistical properties of population stability index, Western Michigan University.

    >>> result = psi(np.array([500, 300, 200]), np.array([500, 300, 200]))
    >>> float(result.value), float(result.p_value)
    (0.0, 1.0)
    >>> result = psi(np.array([500, 300, 200]), np.array([400, 300, 300]))
    >>> round(float(result.value), 4), round(float(result.null_bound), 4)
    (0.0627, 0.0276)
    """
    groups = ((reference > 0) | (window > 0)).sum(axis=-1)
    m, n = reference.sum(axis=-1), window.sum(axis=-1)
    empty = (m == 0) | (n == 0)
    value = psi_terms(reference, window).sum(axis=-1)
    spread = 1 / np.maximum(n, 1) + 1 / np.maximum(m, 1)
    freedom = np.maximum(groups - 1, 0)
    p_value = np.where(freedom > 0, special.chdtrc(np.maximum(freedom, 1), value / spread), 1.0)
    # There are few different degrees of freedom, and the quantile of each is dear.
    quantiles = _quantiles(int(freedom.max(initial=1)))
    bound = np.where(freedom > 0, spread * quantiles[np.maximum(freedom, 1)], 0.0)
    return Psi(*(np.where(empty, np.nan, x) for x in (value, p_value, bound)))


@lru_cache(maxsize=64)
def _quantiles(most: int) -> Floats:
    """float64[most + 1]: the null quantile of each number of degrees of freedom from 1 on."""
    return special.chdtri(np.maximum(np.arange(most + 1), 1), NULL_LEVEL)  # type: ignore[no-any-return]  # scipy


def psi_terms(reference: Counts, window: Counts) -> Floats:
    """The terms of the sum, float64[..., B], none negative; 0 for groups empty in both.

    Parameters
    ----------
    reference, window
        int64[..., B]: counts by group.

    >>> psi_terms(np.array([500, 300, 0, 200]), np.array([400, 300, 0, 300])).round(4).tolist()
    [0.0223, 0.0, 0.0, 0.0404]
    """
    p, q, held = smoothed_shares(reference, window)
    return np.where(held, (p - q) * np.log(p / q), 0.0)


def enough_for_psi(m: Counts, n: Counts, groups: Counts) -> NDArray[np.bool_]:
    """Whether samples of ``m`` and ``n`` records are large enough for so many groups.

    >>> enough_for_psi(np.array([5000]), np.array([199]), np.array([10])).tolist()
    [False]
    """
    return np.minimum(m, n) >= RECORDS_PER_GROUP * groups
