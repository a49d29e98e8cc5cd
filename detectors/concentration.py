"""Where a change comes from: how much of it each slice of the traffic makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Concentration(NamedTuple):
    """One slice's part in a change.

    Attributes
    ----------
    place
        Which of the slices.
    share_of_change
        Its part of the whole; all slices of a dimension sum to 1. Negative where the slice moves against it.
    share_of_records
        Its part of the window's records.
    """

    place: int
    share_of_change: float
    share_of_records: float


def shares_of_change(reference: Floats, window: Floats, m: float, n: float) -> Floats:
    r"""How much of the change of a mean each slice makes.

    Let a score v be summed over the records of each slice, and the slices of a dimension part the traffic.
    The change of its mean is then a sum over slices,

    .. math:: \bar v - \bar v_r = \sum_s \left(\frac{V_s}{n} - \frac{R_s}{m}\right)

    so that each term over the whole is the slice's share. It holds what changed within the slice, and that
    the slice itself grew or shrank.

    Parameters
    ----------
    reference, window
        float64[S]: sums of the score over each slice's records, :math:`R_s` and :math:`V_s`.
    m, n
        Records of all the traffic in reference and window.

    Returns
    -------
    float64[S]
        NaN when the mean did not change.

    Notes
    -----
    With the score :math:`\ln(q_b/p_b)` of a record's group b the sum is the population stability index, with
    :math:`1[x \le x^*]` at the point of largest distance it is Kolmogorov and Smirnov's D, and with 1 for a
    success it is the change of a rate.

    >>> shares_of_change(np.array([10.0, 90.0]), np.array([40.0, 90.0]), 1000, 1000).tolist()
    [1.0, 0.0]
    """
    parts = window / n - reference / m
    whole = parts.sum()
    if not np.isfinite(whole) or whole == 0:
        return np.full(len(parts), np.nan)
    shares: Floats = parts / whole
    return shares


def concentrated(
    shares: Floats, records: Floats, *, least: float = 0.25, excess: float = 1.5, k: int = 3
) -> Sequence[Concentration]:
    """The slices that stand out: those that make much of a change, and more than their traffic would.

    Parameters
    ----------
    shares
        float64[S] as :func:`shares_of_change` gives them.
    records
        float64[S]: each slice's share of the window's records.
    least, excess
        At least this share of the change, and so many times the share of the records.
    k
        At most so many, the largest first.

    >>> concentrated(np.array([0.9, 0.1]), np.array([0.2, 0.8]))
    (Concentration(place=0, share_of_change=0.9, share_of_records=0.2),)
    >>> concentrated(np.array([0.3, 0.7]), np.array([0.25, 0.75]))  # as everywhere
    ()
    """
    with np.errstate(invalid="ignore"):
        standing = np.flatnonzero((shares >= least) & (shares >= excess * records))
    best = standing[np.argsort(-shares[standing], kind="stable")][:k]
    return tuple(Concentration(int(i), float(shares[i]), float(records[i])) for i in best)
