"""Hellinger distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.shares import smoothed_shares

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def hellinger(reference: Counts, window: Counts) -> Floats:
    r"""Hellinger distance between two samples of counts, in [0, 1].

    .. math:: \sqrt{\tfrac12 \sum_i (\sqrt{p_i} - \sqrt{q_i})^2} = \sqrt{1 - \sum_i \sqrt{p_i q_i}}

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
    It has no test of its own: see :func:`hellinger_of_psi`.

    References
    ----------
    Hellinger (1909), Neue Begründung der Theorie quadratischer Formen von unendlichvielen Veränderlichen,
    Journal für die reine und angewandte Mathematik 136.

    >>> round(float(hellinger(np.array([500, 300, 200]), np.array([400, 300, 300]))), 4)
    0.0884
    """
    p, q, held = smoothed_shares(reference, window)
    # The sum of squares, because 1 less a sum near 1 would lose half of the digits of a small distance.
    away = np.where(held, np.sqrt(p) - np.sqrt(q), 0.0)
    distance = np.sqrt((away * away).sum(axis=-1) / 2)
    empty = (reference.sum(axis=-1) == 0) | (window.sum(axis=-1) == 0)
    return np.where(empty, np.nan, distance)


def hellinger_of_psi(psi: Floats) -> Floats:
    r"""The distance that goes with a small PSI, :math:`\sqrt{\mathrm{PSI}/8}`, at most 1.

    Of the same shares, the Hellinger distance is never larger than this and comes close to it near no drift.
    So one test serves both: its p-value is that of :func:`detectors.psi.psi`, and the null bound of PSI,
    taken through this function, bounds the distance at least as surely.

    Parameters
    ----------
    psi
        float64[...]

    References
    ----------
    Taneja (2005), Refinement inequalities among symmetric divergence measures, The Australian Journal of
    Mathematical Analysis and Applications 2, for :math:`H^2 \le \mathrm{PSI}/8`.

    >>> round(float(hellinger_of_psi(np.array(0.0627))), 4)
    0.0885
    """
    return np.minimum(np.sqrt(psi / 8), 1.0)
