"""Chi-squared test of two samples, with an effect that does not grow with them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detectors.psi import NULL_LEVEL
from detectors.rates import two_proportions

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

EXPECTED_MIN = 5
"""Where either sample expects fewer records of a group, the chi-squared distribution does not hold for it."""


class Chi2(NamedTuple):
    """Arrays; NaN where reference or window is empty.

    Attributes
    ----------
    value
        float64[...]: Cohen's w, an effect that does not grow with the samples.
    p_value
        Probability of a difference at least as large when both samples come from one distribution.
    null_bound
        What 99.9 % of windows stay below when nothing drifts; NaN where that cannot be said.
    statistic
        float64[...]: Pearson's statistic; it grows with the samples.
    freedom
        int64[...]: its degrees of freedom, groups that hold a record of either, less one.
    """

    value: Floats
    p_value: Floats
    null_bound: Floats
    statistic: Floats
    freedom: Counts


def pearson(reference: Counts, window: Counts) -> Chi2:
    r"""Pearson's test of homogeneity of two samples of counts.

    .. math:: X^2 = \frac{1}{s} \sum_i \frac{(p_i - q_i)^2}{\pi_i}, \quad s = \frac1n + \frac1m, \quad
              w = \sqrt{s X^2}

    with reference shares p, window shares q and the shares :math:`\pi` of both together. Without drift
    :math:`X^2` is distributed like :math:`\chi^2_{B-1}` over the B groups that hold a record of either. Both
    sides are samples: taking the reference for the truth would reject far too often.

    The effect w is Cohen's, for which 0.1 counts as small, 0.3 as medium and 0.5 as large. Near no drift its
    square is PSI. Cramér's V of the same table, :math:`\sqrt{X^2/(n + m)}`, shrinks as a window becomes
    smaller than its reference, so it cannot be held against one threshold.

    Parameters
    ----------
    reference, window
        int64[..., B]: counts by group. Groups empty in both count for nothing.

    References
    ----------
    Pearson (1900), On the criterion that a given system of deviations ..., Philosophical Magazine 50;
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, chapter 7.

    >>> result = pearson(np.array([500, 300, 200]), np.array([40, 30, 30]))
    >>> round(float(result.statistic), 3), int(result.freedom), round(float(result.p_value), 4)
    (6.2, 2, 0.0451)
    >>> round(float(result.value), 3), round(float(result.null_bound), 3)
    (0.261, 0.39)
    """
    m, n = reference.sum(axis=-1), window.sum(axis=-1)
    both = reference + window
    freedom = np.maximum((both > 0).sum(axis=-1) - 1, 0)
    away = reference / np.maximum(m, 1)[..., None] - window / np.maximum(n, 1)[..., None]
    share = np.maximum(both, 1) / np.maximum(m + n, 1)[..., None]
    squared = (away * away / share).sum(axis=-1)
    spread = 1 / np.maximum(n, 1) + 1 / np.maximum(m, 1)
    statistic, some = squared / spread, np.maximum(freedom, 1)
    p_value = np.where(freedom > 0, special.chdtrc(some, statistic), 1.0)
    bound = np.where(freedom > 0, np.sqrt(spread * special.chdtri(some, NULL_LEVEL)), 0.0)
    empty = (m == 0) | (n == 0)
    value, p_value, bound, statistic = (
        np.where(empty, np.nan, x) for x in (np.sqrt(squared), p_value, bound, statistic)
    )
    return Chi2(value, p_value, bound, statistic, freedom)


def chi2(reference: Counts, window: Counts) -> Chi2:
    """:func:`pearson`, with a p-value that also holds where groups are sparse.

    Sparse groups (:data:`EXPECTED_MIN`) are joined to one. Where even that one is sparse, the test is split
    in two that are independent of each other: how many records it holds, by
    :func:`detectors.rates.two_proportions`, and how the rest divides, by Pearson's. The p-value is then twice
    the smaller one. So a category that is new in the window is seen at once, and three records of it do not
    alarm. The null bound does not exist there.

    Parameters
    ----------
    reference, window
        int64[..., B]: counts by group. Groups empty in both count for nothing.

    References
    ----------
    Cochran (1954), Some methods for strengthening the common chi-squared tests, Biometrics 10, for joining.

    >>> few = np.array([30_000, 20_000, 0]), np.array([3_000, 1_999, 1])
    >>> round(float(pearson(*few).p_value), 3), round(float(chi2(*few).p_value), 3)
    (0.007, 0.364)
    """
    reference, window = _join_sparse(reference, window)
    whole, rest = pearson(reference, window), pearson(reference[..., :-1], window[..., :-1])
    m, n = reference.sum(axis=-1), window.sum(axis=-1)
    k_reference, k = reference[..., -1], window[..., -1]
    sparse = ((k > 0) | (k_reference > 0)) & ((k + k_reference) * _least(m, n) < EXPECTED_MIN)
    divided = rest.freedom > 0
    smaller = np.fmin(two_proportions(k, n, k_reference, m), np.where(divided, rest.p_value, 1.0))
    split = np.where(np.isnan(whole.p_value), np.nan, np.minimum(smaller * (1 + divided), 1.0))
    return whole._replace(
        p_value=np.where(sparse, split, whole.p_value),
        null_bound=np.where(sparse, np.nan, whole.null_bound),
    )


def _join_sparse(reference: Counts, window: Counts) -> tuple[Counts, Counts]:
    """The sparse groups' records moved into one more group, the last.

    Which groups are sparse rests on the sums of both samples, on which the test is conditioned anyway.
    """
    least = _least(reference.sum(axis=-1), window.sum(axis=-1))[..., None]
    sparse = (reference + window) * least < EXPECTED_MIN
    first, second = (
        np.concatenate(
            (np.where(sparse, 0, side), np.where(sparse, side, 0).sum(axis=-1, keepdims=True)), axis=-1
        )
        for side in (reference, window)
    )
    return first, second


def _least(m: Counts, n: Counts) -> Floats:
    """The smaller sample's part of all records."""
    part: Floats = np.minimum(m, n) / np.maximum(m + n, 1)
    return part
