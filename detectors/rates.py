"""Rates: interval of one, comparison of two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

EXPECTED_MIN = 25
"""With fewer expected successes (or failures) in either sample, the comparison is made by the binomial
distribution."""

RARE = 0.1
"""Likewise when the pooled rate, or its complement, is at most this."""


def ratio(successes: Counts, n: Counts) -> Floats:
    """Successes per record; NaN where there are no records.

    >>> ratio(np.array([1, 0]), np.array([4, 0])).tolist()
    [0.25, nan]
    """
    return np.where(n > 0, successes / np.maximum(n, 1), np.nan)


def wilson(successes: Counts, n: Counts, level: float = 0.95) -> tuple[Floats, Floats]:
    r"""Score interval of a rate: all rates that a two-sided z-test at ``1 - level`` does not reject.

    .. math:: \frac{\hat p + z^2/2n \pm z\sqrt{\hat p(1 - \hat p)/n + z^2/4n^2}}{1 + z^2/n}

    Parameters
    ----------
    successes, n
        int64[...]

    Returns
    -------
    lower, upper
        float64[...] each, within [0, 1]; NaN where there are no records.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.

    >>> lower, upper = wilson(np.array([8]), np.array([100]))
    >>> round(float(lower[0]), 4), round(float(upper[0]), 4)
    (0.0411, 0.15)
    """
    z = float(special.ndtri(0.5 + level / 2))
    rate, size = ratio(successes, n), np.maximum(n, 1)
    middle = rate + z * z / (2 * size)
    half = z * np.sqrt(rate * (1 - rate) / size + (z / (2 * size)) ** 2)
    whole = 1 + z * z / size
    lower = np.where(successes == 0, np.where(n > 0, 0.0, np.nan), (middle - half) / whole)
    upper = np.where((successes == n) & (n > 0), 1.0, (middle + half) / whole)
    return lower, upper


def two_proportions(k: Counts, n: Counts, k_reference: Counts, m: Counts) -> Floats:
    r"""Two-sided p-value of equal rates in window and reference, both samples.

    The score test :math:`z = (\hat p - \hat r) / \sqrt{\bar p (1 - \bar p)(1/n + 1/m)}` with the pooled rate.
    For rare events its tail is far too light (none in 50,000 against one in 100 would be z = 22), so there
    the conditional test takes over: of all successes, the window's are binomial with probability n/(n + m).
    It is slightly conservative.

    Parameters
    ----------
    k, n
        int64[...]: successes and records of the window.
    k_reference, m
        int64[...]: those of the reference.

    Returns
    -------
    float64[...]
        NaN where either sample is empty.

    References
    ----------
    Pearson (1900) for the score test, whose square is the chi-squared statistic of the 2 x 2 table;
    Przyborowski and Wilenski (1940), Homogeneity of results in testing samples from Poisson series,
    Biometrika 31.

    >>> k, n, k_reference, m = np.array([[1, 330], [100, 1000], [0, 3000], [50000, 10000]])
    >>> p = two_proportions(k, n, k_reference, m)
    >>> p.round(4).tolist()
    [0.004, 0.049]
    """
    pooled = (k + k_reference) / np.maximum(n + m, 1)
    smaller = np.minimum(pooled, 1 - pooled)
    rare = (smaller <= RARE) | (smaller * np.minimum(n, m) < EXPECTED_MIN)
    variance = pooled * (1 - pooled) * (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1))
    difference = k / np.maximum(n, 1) - k_reference / np.maximum(m, 1)
    z = np.abs(difference) / np.sqrt(np.where(variance > 0, variance, 1.0))
    p = np.where(rare, _conditional(k, n, k_reference, m), 2 * special.ndtr(-z))
    return np.where((n > 0) & (m > 0), p, np.nan)


def _conditional(k: Counts, n: Counts, k_reference: Counts, m: Counts) -> Floats:
    # Rates near 1 are compared by their failures, which are then the rare side.
    failures = 2 * (k + k_reference) > n + m
    own = np.where(failures, n - k, k)
    total = own + np.where(failures, m - k_reference, k_reference)
    share = n / np.maximum(n + m, 1)
    at_most = special.bdtr(own, total, share)
    at_least = np.where(own > 0, special.bdtrc(np.maximum(own - 1, 0), total, share), 1.0)
    p: Floats = np.minimum(2 * np.minimum(at_most, at_least), 1.0)
    return p
