"""Total variation distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.shares import shares

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def total_variation(reference: Counts, window: Counts) -> Floats:
    r"""Total variation distance between two samples of counts, in [0, 1].

    .. math:: \tfrac12 \sum_i |p_i - q_i| = \max_A |P(A) - Q(A)|

    with reference shares p and window shares q as counted: the share of records that would have to move to
    another group to make both equal.

    Parameters
    ----------
    reference, window
        int64[..., B]: counts by group.

    Returns
    -------
    float64[...]
        NaN where reference or window is empty.

    References
    ----------
    Levin, Peres and Wilmer (2009), Markov Chains and Mixing Times, section 4.1.

    >>> round(float(total_variation(np.array([500, 300, 200]), np.array([400, 300, 300]))), 4)
    0.1
    """
    moved: Floats = np.abs(shares(reference) - shares(window)).sum(axis=-1) / 2
    return np.minimum(moved, 1.0)
