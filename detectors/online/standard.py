"""Values of a series in the unit that detectors expect: standard deviations of what does not change."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detectors.shift import KURTOSIS_MIN, Sample

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

Z_MAX = 50.0
"""Where a value is cut: nothing is learned from the difference between 50 and 500 standard deviations."""

DOUBT = 2.0
"""Standard errors of the reference that count as not known."""

_TINY = 1e-300


class Standard(NamedTuple):
    """A standardised value, and what the reference leaves open of it; float64[...].

    ``z`` has mean 0 and standard deviation 1 while nothing changes; NaN where it does not exist. ``slack`` is
    how far its mean may be from 0 because the reference is a sample too.
    """

    z: Floats
    slack: Floats


def standard_mean(reference: Sample, newest: Sample) -> Standard:
    r"""Of a mean: :math:`(\bar x - \bar r)\sqrt n/s_r`; NaN where the reference is constant.

    >>> reference = Sample(np.array(10000.0), np.array(0.0), np.array(4.0))
    >>> found = standard_mean(reference, Sample(np.array(100.0), np.array(0.5), np.array(4.0)))
    >>> float(found.z), float(found.slack)
    (2.5, 0.2)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (newest.mean - reference.mean) / np.sqrt(reference.variance / newest.n)
    return _finished(np.where(reference.constant, np.nan, z), reference.n, newest.n)


def standard_spread(reference: Sample, newest: Sample, kurtosis: Floats) -> Standard:
    r"""Of a standard deviation: :math:`\ln(s_x^2/s_r^2)/\sqrt{(\kappa - 1)/n}`.

    Parameters
    ----------
    kurtosis
        float64[...]: of the reference, see :func:`detectors.shift.std_shift`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt((np.maximum(kurtosis, KURTOSIS_MIN) - 1) / newest.n)
        z = np.log(newest.variance / reference.variance) / error
    return _finished(np.where(reference.constant, np.nan, z), reference.n, newest.n)


def standard_rate(k: Counts, n: Counts, k_reference: Counts, m: Counts) -> Standard:
    r"""Of a rate: the normal score of its mid-p-value, :math:`\Phi^{-1}(P(X < k) + \tfrac12 P(X = k))`.

    X is binomial with the reference's rate :math:`(k_r + \tfrac12)/(m + 1)`. Where rates are far from 0 and 1
    this is the difference over the binomial standard deviation; near them it stays centred, which that is
    not.

    References
    ----------
    Lancaster (1961), Significance tests in discrete distributions, Journal of the American Statistical
    Association 56.

    >>> n, m = np.array([100, 100]), np.array([1000, 1000])
    >>> standard_rate(np.array([50, 0]), n, np.array([400, 0]), m).z.round(2).tolist()
    [2.01, -0.06]
    """
    rate = (k_reference + 0.5) / (m + 1)
    below, above = ((f(k - 1, n, rate), f(k, n, rate)) for f in (special.bdtr, special.bdtrc))
    first = k == 0
    lower = (np.where(first, 0.0, below[0]) + below[1]) / 2
    upper = (np.where(first, 1.0, above[0]) + above[1]) / 2
    score = np.where(
        lower < upper,
        special.ndtri(np.maximum(lower, _TINY)),
        -special.ndtri(np.maximum(upper, _TINY)),
    )
    none = (n == 0) | (m == 0)
    return _finished(np.where(none, np.nan, score), m.astype(np.float64), n.astype(np.float64))


def _finished(z: Floats, m: Floats, n: Floats) -> Standard:
    slack = DOUBT * np.sqrt(n / np.maximum(m, 1.0))
    return Standard(np.clip(z, -Z_MAX, Z_MAX), slack)
