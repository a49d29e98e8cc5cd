"""Jensen-Shannon distance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detectors.shares import smoothed_shares

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def js(reference: Counts, window: Counts) -> Floats:
    r"""Jensen-Shannon distance of base 2 between two samples of counts, in [0, 1].

    .. math:: \sqrt{\tfrac12 \sum_i \left(p_i \log_2 \frac{p_i}{r_i} + q_i \log_2 \frac{q_i}{r_i}\right)},
              \quad r_i = (p_i + q_i)/2

    with reference shares p and window shares q, smoothed like those of PSI
    (:func:`detectors.shares.smoothed_shares`). It is a metric: 0 for equal shares, and nearly 1 (but for the
    smoothing) for shares without a common group.

    Parameters
    ----------
    reference, window
        int64[..., B]: counts by group. Groups empty in both count for nothing.

    Returns
    -------
    float64[...]
        NaN where reference or window is empty.

    Notes
    -----
    It has no test of its own: see :func:`js_of_psi`.

    References
    ----------
    Lin (1991), Divergence measures based on the Shannon entropy, IEEE Transactions on Information Theory 37;
    Endres and Schindelin (2003), A new metric for probability distributions, ibid. 49.

    >>> round(float(js(np.array([500, 300, 200]), np.array([400, 300, 300]))), 4)
    0.106
    >>> float(js(np.array([500, 300, 200]), np.array([500, 300, 200])))
    0.0
    """
    p, q, held = smoothed_shares(reference, window)
    middle = (p + q) / 2
    terms = np.where(held, special.rel_entr(p, middle) + special.rel_entr(q, middle), 0.0)
    # Rounding may leave a sum of nothing just below 0.
    distance = np.sqrt(np.maximum(terms.sum(axis=-1), 0.0) / (2 * math.log(2)))
    empty = (reference.sum(axis=-1) == 0) | (window.sum(axis=-1) == 0)
    return np.where(empty, np.nan, distance)


def js_of_psi(psi: Floats) -> Floats:
    r"""The distance that goes with a small PSI, :math:`\sqrt{\mathrm{PSI}/(8 \ln 2)}`, at most 1.

    Of the same shares, the Jensen-Shannon distance is never larger than this and comes close to it near no
    drift. So one test serves both: its p-value is that of :func:`detectors.psi.psi`, and the null bound of
    PSI, taken through this function, bounds the distance at least as surely.

    Parameters
    ----------
    psi
        float64[...]

    References
    ----------
    Taneja (2005), Refinement inequalities among symmetric divergence measures, The Australian Journal of
    Mathematical Analysis and Applications 2, for JSD <= PSI/8.

    >>> round(float(js_of_psi(np.array(0.0627))), 4)
    0.1063
    """
    return np.minimum(np.sqrt(psi / (8 * math.log(2))), 1.0)
