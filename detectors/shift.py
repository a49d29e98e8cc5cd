"""Shifts of mean and spread, from the integer moments that are kept on a field's grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detectors.fields import GRID_CLAMP, GRID_STEPS, NumericField

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

CONSTANT = 0.25
"""A variance below this (a standard deviation of half a step of the grid) counts as none."""

KURTOSIS_MIN = 1.001
"""No distribution has a kurtosis below 1; at 1 (a fair coin) the variance of squares would vanish."""


class Sample(NamedTuple):
    """Size, mean and variance (of n - 1) in steps of the grid; float64[...], NaN where the size does not give
    them.
    """

    n: Floats
    mean: Floats
    variance: Floats

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Where all values are equal, as far as the grid can tell."""
        return self.variance < CONSTANT


class Shift(NamedTuple):
    """An effect and the p-value of no effect; float64[...], NaN where it does not exist."""

    value: Floats
    p_value: Floats


def sample(n: Counts, total: Counts, squares: Counts) -> Sample:
    """Moments of a sample from its sums on the grid.

    Parameters
    ----------
    n, total, squares
        int64[...]: how many values, Σq and Σq².

    >>> sample(np.array(4), np.array(10), np.array(30))  # 1, 2, 3, 4
    Sample(n=array(4.), mean=array(2.5), variance=array(1.66666667))
    """
    size = np.asarray(n, np.float64)
    mean = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    squared = squares - size * mean * mean
    variance = np.where(n > 1, np.maximum(squared, 0.0) / np.maximum(n - 1, 1), np.nan)
    return Sample(size, mean, variance)


def in_units(moments: Sample, centre: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation in the feature's own units.

    Parameters
    ----------
    centre, scale
        float64, broadcast against the sample: the field's grid.

    >>> moments = sample(np.array(2), np.array(2048), np.array(4 * 1024**2))  # 0 and 2 scales from the centre
    >>> mean, std = in_units(moments, np.array(10.0), np.array(2.0))
    >>> float(mean), round(float(std), 4)
    (12.0, 2.8284)
    """
    step = scale / GRID_STEPS
    return centre + moments.mean * step, np.sqrt(moments.variance) * step


def mean_shift(reference: Sample, window: Sample) -> Shift:
    r"""How far the mean moved, in standard deviations of the reference; signed.

    The effect is :math:`(\bar x - \bar r)/s_r`, its test Welch's
    :math:`t = (\bar x - \bar r)/\sqrt{s_x^2/n + s_r^2/m}` with Satterthwaite's degrees of freedom.

    Returns
    -------
    Shift
        NaN where the reference is constant: then there is no unit to measure in.

    References
    ----------
    Welch (1947), The generalization of Student's problem when several different population variances are
    involved, Biometrika 34.

    >>> reference = Sample(np.array(10000.0), np.array(0.0), np.array(1e6))
    >>> shift = mean_shift(reference, Sample(np.array(400.0), np.array(150.0), np.array(1e6)))
    >>> float(shift.value), round(float(shift.p_value), 4)
    (0.15, 0.0034)
    """
    of_window, of_reference = window.variance / window.n, reference.variance / reference.n
    spread = of_window + of_reference
    difference = window.mean - reference.mean
    with np.errstate(divide="ignore", invalid="ignore"):
        value = difference / np.sqrt(reference.variance)
        freedom = spread**2 / (of_window**2 / (window.n - 1) + of_reference**2 / (reference.n - 1))
        p_value = 2 * special.stdtr(freedom, -np.abs(difference) / np.sqrt(spread))
    return _unless_constant(reference, value, p_value)


def std_shift(reference: Sample, window: Sample, kurtosis: Floats) -> Shift:
    r"""Relative change of the standard deviation, :math:`s_x/s_r - 1`; signed.

    The test is :math:`z = \ln(s_x^2/s_r^2) / \sqrt{(\kappa - 1)(1/n + 1/m)}` with the reference's kurtosis κ,
    since a squared deviation has variance :math:`(\kappa - 1)\sigma^4`; the logarithm keeps the tails even.
    Spread is about the own mean, so that a shift of the mean alone does not move it. Where tails are as heavy
    as a lognormal's, sample variances are far from normal and the p-value is too small by an order of
    magnitude.

    Parameters
    ----------
    kurtosis
        float64[...]: of the reference; 3 for a normal distribution. See :func:`kurtosis_of_cells`.

    Returns
    -------
    Shift
        -1 where the window is constant, NaN where the reference is.

    References
    ----------
    Cramér (1946), Mathematical Methods of Statistics, 27.4: the variance of a sample variance, normal or not.

    >>> reference = Sample(np.array(10000.0), np.array(0.0), np.array(1e6))
    >>> shift = std_shift(reference, Sample(np.array(5000.0), np.array(0.0), np.array(1.21e6)), np.array(3.0))
    >>> round(float(shift.value), 3), float(shift.p_value) < 1e-12
    (0.1, True)
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = window.variance / reference.variance
        error = np.sqrt((np.maximum(kurtosis, KURTOSIS_MIN) - 1) * (1 / window.n + 1 / reference.n))
        p_value = 2 * special.ndtr(-np.abs(np.log(relative)) / error)
    return _unless_constant(reference, np.sqrt(relative) - 1, p_value)


def _unless_constant(reference: Sample, value: Floats, p_value: Floats) -> Shift:
    return Shift(np.where(reference.constant, np.nan, value), np.where(reference.constant, np.nan, p_value))


def kurtosis_of_cells(field: NumericField, counts: Counts, moments: Sample) -> Floats:
    r"""Kurtosis :math:`m_4/m_2^2` of a sample from its counts by cell.

    Each cell is represented by its middle or, when that comes closer to the known mean and variance, by its
    upper edge, which is exact for discrete features. The ratio is free of scale, so a spread that binning
    inflates cancels.

    Parameters
    ----------
    counts
        int64[..., value cells]
    moments
        The exact moments of the same samples.

    Returns
    -------
    float64[...]
        NaN for an empty or constant sample, and for a field without edges.

    >>> field = NumericField("x", np.array([-0.5, 0.5]))  # -1 and 1 equally often
    >>> moments = Sample(np.array(100.0), np.array(0.0), np.array(1024.0**2))
    >>> round(float(kurtosis_of_cells(field, np.array([50, 0, 50]), moments)), 1)
    1.0
    """
    if not len(field.edges):
        return np.full(counts.shape[:-1], np.nan)
    limit = GRID_CLAMP / GRID_STEPS
    with np.errstate(over="ignore"):
        edges = np.clip((field.edges - field.centre) / field.scale, -limit, limit) * GRID_STEPS
    upper = np.append(edges, edges[-1])
    middle = np.concatenate((edges[:1], (edges[1:] + edges[:-1]) / 2, edges[-1:]))
    by_middle, by_upper = _moments_at(middle, counts), _moments_at(upper, counts)
    closer = _misfit(by_upper, moments) < _misfit(by_middle, moments)
    return np.where(closer, by_upper[2], by_middle[2])


def _moments_at(points: Floats, counts: Counts) -> tuple[Floats, Floats, Floats]:
    n = counts.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = counts @ points / n
        away = (points - mean[..., None]) ** 2
        second = (counts * away).sum(axis=-1) / n
        fourth = (counts * away * away).sum(axis=-1) / n
        return mean, second, fourth / second**2


def _misfit(binned: tuple[Floats, Floats, Floats], moments: Sample) -> Floats:
    mean, second, _ = binned
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.abs(mean - moments.mean) / np.sqrt(moments.variance) + np.abs(second / moments.variance - 1)
