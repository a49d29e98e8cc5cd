"""Calibration for dependence: how a statistic varies between the reference's own windows.

Every test of independent records is wrong when neighbouring records resemble each other: a window of 2,000
then says as much as 200 would. The reference itself tells by how much. It is cut into windows in time order,
each is compared with the rest of the reference, and what comes out is the distribution without drift.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detectors.shift import Sample

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

WINDOWS_MIN = 5
"""With fewer reference windows a statistic stays uncalibrated."""

PRIOR_WINDOWS = 5
"""How many windows of independent records the estimate of the shape is mixed with."""

TAIL = 2.0
"""By what the variance in excess of independent records counts: dependence makes T a sum of chi-squares of
unequal weight, whose tail is longer than that of the chi-square with the same variance."""

KS_MEAN, KS_VARIANCE = np.pi**2 / 12, 7 * np.pi**4 / 720 - np.pi**4 / 144
"""Moments of the square of Kolmogorov's limiting variable."""


class Calibration(NamedTuple):
    """The distribution of a statistic without drift: :math:`T/a` is chi-squared with ν degrees of freedom.

    Attributes
    ----------
    scale
        a, float64[...]: by how much the statistic is inflated; 1 for independent records.
    freedom
        ν, float64[...].
    windows
        int64[...]: how many reference windows that rests on; 0 where it is not calibrated.
    """

    scale: Floats
    freedom: Floats
    windows: Counts


def calibrate(statistics: Floats, freedom: Floats | float, *, shape: bool = True) -> Calibration:
    r"""Fit scale and degrees of freedom to the statistics of the reference's own windows.

    By moments a = var/(2 mean) and ν = 2 mean²/var. Windows are few, so

    - the mean aν is never taken below that of independent records;
    - the relative variance 2/ν is that of independent records plus what was found in excess of it, times
      :data:`TAIL`, and shrunk by K/(K + :data:`PRIOR_WINDOWS`);
    - below :data:`WINDOWS_MIN` windows nothing is calibrated;
    - :func:`calibrated_p` charges for the mean being an estimate.

    Parameters
    ----------
    statistics
        float64[K, ...]: T of K windows, chi-squared with ``freedom`` degrees of freedom if records were
        independent. NaN where a window had too little data.
    freedom
        float64[...]: B - 1 for PSI over B groups, 1 for :func:`mean_statistic`, see :func:`ks_statistic`.
    shape
        Whether the shape is estimated too. A mean stays normal under dependence: there only the scale is.

    References
    ----------
    Satterthwaite (1946), An approximate distribution of estimates of variance components, Biometrics
    Bulletin 2; Rao and Scott (1984), On chi-squared tests for multiway contingency tables with cell
    proportions estimated from survey data, Annals of Statistics 12.

    >>> calibrate(np.full((8, 1), 30.0), 9.0)
    Calibration(scale=array([3.33333333]), freedom=array([9.]), windows=array([8]))
    """
    made = np.isfinite(statistics)
    K = made.sum(axis=0)
    known = np.where(made, statistics, 0.0)
    mean = known.sum(axis=0) / np.maximum(K, 1)
    squares = np.where(made, (known - mean) ** 2, 0.0).sum(axis=0)
    expected = np.broadcast_to(np.asarray(freedom, np.float64), mean.shape)
    least = np.maximum(mean, expected)
    relative = squares / np.maximum(K - 1, 1) / least**2
    excess = np.maximum(relative - 2 / expected, 0.0) * K / (K + PRIOR_WINDOWS)
    enough = K >= WINDOWS_MIN
    nu = np.where(enough & shape, 2 / (2 / expected + TAIL * excess), expected)
    total = np.where(enough, least, expected)
    return Calibration(total / nu, nu, np.where(enough, K, 0))


def calibrated_p(statistic: Floats, p: Floats, calibration: Calibration) -> Floats:
    r"""P-value of a statistic under the dependence that the reference shows; never below ``p``.

    T over its mean, itself a mean of K windows, is F-distributed with ν and Kν degrees of freedom; for many
    windows that is :math:`\chi^2_\nu(T/a)`.

    Parameters
    ----------
    statistic, p
        float64[...]: T, and its p-value for independent records. NaN stays NaN.

    >>> few, many = (calibrate(np.full((K, 1), 30.0), 9.0) for K in (8, 1000))
    >>> T, p = np.array([60.0]), np.array([1.3e-9])
    >>> calibrated_p(T, p, few).round(3).tolist(), calibrated_p(T, p, many).round(3).tolist()
    ([0.052], [0.035])
    """
    ratio = statistic / (calibration.scale * calibration.freedom)
    windows = np.maximum(calibration.windows, 1)
    dependent = special.fdtrc(calibration.freedom, windows * calibration.freedom, np.maximum(ratio, 0.0))
    found: Floats = np.where(calibration.windows > 0, np.maximum(dependent, p), p)
    return np.where(np.isfinite(statistic), found, np.nan)


def held_out(windows: Counts) -> Counts:
    """What each window is compared with: the reference's other windows, int64[K, ..., C].

    Parameters
    ----------
    windows
        int64[K, ..., C]: any totals of the reference's windows in time order.

    >>> held_out(np.array([[1, 0], [2, 5]])).tolist()
    [[2, 5], [1, 0]]
    """
    rest: Counts = windows.sum(axis=0) - windows
    return rest


def psi_statistic(psi: Floats, n: Counts, m: Counts) -> Floats:
    """T of a PSI: its value over 1/n + 1/m, chi-squared with B - 1 degrees of freedom.

    Parameters
    ----------
    psi
        float64[...]
    n, m
        int64[...]: sizes of window and reference.
    """
    T: Floats = psi / (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1))
    return T


def ks_statistic(D: Floats, n: Counts, m: Counts) -> tuple[Floats, float]:
    r"""T of a Kolmogorov-Smirnov statistic, and its degrees of freedom.

    :math:`\frac{nm}{n+m} D^2` scaled to the chi-square of equal mean and variance (5 degrees of freedom).
    """
    freedom = 2 * KS_MEAN**2 / KS_VARIANCE
    T: Floats = D**2 / (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1)) * (freedom / KS_MEAN)
    return T, freedom


def mean_statistic(reference: Sample, window: Sample) -> Floats:
    """T of a shift of the mean: the square of Welch's t, chi-squared with 1 degree of freedom.

    Its scale is the variance inflation factor: a window of n dependent records says as much of the mean as
    n/a independent ones.
    """
    spread = window.variance / window.n + reference.variance / reference.n
    with np.errstate(divide="ignore", invalid="ignore"):
        T: Floats = (window.mean - reference.mean) ** 2 / spread
    return np.where(reference.constant, np.nan, T)
