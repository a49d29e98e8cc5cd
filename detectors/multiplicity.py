"""Adjusting p-values for how many tests were made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def benjamini_hochberg(p: Floats) -> Floats:
    r"""Adjusted p-values that control the false discovery rate.

    :math:`\tilde p_{(i)} = \min_{j \ge i} \min(1, p_{(j)} k / j)` over the k tests made. Rejecting those at
    most α keeps the expected share of false ones among the rejected at α, for independent tests and under
    positive dependence.

    Parameters
    ----------
    p
        float64[...]; NaN stands for no test and stays NaN.

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate, JRSS B 57.

    >>> benjamini_hochberg(np.array([0.01, 0.04, np.nan, 0.03])).round(3).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    adjusted = np.full(p.shape, np.nan)
    made = np.isfinite(p)
    tests = p[made]
    k = tests.size
    order = np.argsort(tests, kind="stable")[::-1]
    scaled = np.minimum(np.minimum.accumulate(tests[order] * k / np.arange(k, 0, -1)), 1.0)
    result = np.empty(k)
    result[order] = scaled
    adjusted[made] = result
    return adjusted


def bonferroni(p: Floats) -> Floats:
    """Adjusted p-values that control the probability of any false rejection: each times the number of tests
    made.

    Parameters
    ----------
    p
        float64[...]; NaN stands for no test and stays NaN.

    References
    ----------
    Dunn (1961), Multiple comparisons among means, JASA 56.

    >>> bonferroni(np.array([0.01, 0.4, np.nan, 0.03])).round(3).tolist()
    [0.03, 1.0, nan, 0.09]
    """
    return np.minimum(p * int(np.isfinite(p).sum()), 1.0)
