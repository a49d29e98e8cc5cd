r"""P-values under the dependence that a reference shows.

Every test of independent records is wrong when neighbouring records resemble each other: a window of 2,000
then says as much as 200 would. :mod:`detectors.dependence` finds out by how much; here a test takes it into
account, in two steps:

1. its statistic is put to the distribution that it has under that dependence;
2. the p-value so found is charged for the dependence being an estimate from K windows: the normal deviate of
   its tail is read as Student's t with K degrees of freedom.

For one mean this is exact: its square over its inflated variance is F-distributed with 1 and K degrees of
freedom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detectors.ks import ks_p_value

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

WINDOWS_MIN = 5
"""With fewer reference windows a statistic stays uncalibrated."""


class Fit(NamedTuple):
    r"""The distribution of a statistic T without drift: :math:`(T - c)/a` is chi-squared with ν degrees.

    Attributes
    ----------
    scale
        a, float64[...]: by how much the statistic is inflated; 1 for independent records.
    freedom
        ν, float64[...]; 1 for tests that have a normal deviate or Kolmogorov's, where it has no meaning.
    offset
        c, float64[...].
    windows
        K, int64[...]: how many reference windows that rests on; 0 where it is not calibrated.
    """

    scale: Floats
    freedom: Floats
    offset: Floats
    windows: Counts

    def pick(self, *index: Any) -> Fit:
        """The same part of all four arrays."""
        return Fit(self.scale[index], self.freedom[index], self.offset[index], self.windows[index])


def fit_of_weights(first: Floats, second: Floats, largest: Floats, windows: Counts) -> Fit:
    r"""The shifted chi-square with the mean, the variance and the far tail of :math:`\sum_i w_i \chi^2_1`.

    Alarms among thousands of tests are decided in the far tail, which falls like that of the largest weight.
    Distributions of two or three equal moments fall faster and claim too much there.

    Parameters
    ----------
    first, second, largest
        float64[...]: :math:`\sum w`, :math:`\sum w^2`, :math:`\max w`.

    References
    ----------
    Satterthwaite (1946), An approximate distribution of estimates of variance components, Biometrics Bulletin
    2, for moments; Zolotarev (1961), Concerning a certain probability problem, Theory of Probability and its
    Applications 6, for the tail.

    >>> w = np.array([9.0, 4.0, 2.0, 1.0])
    >>> fit = fit_of_weights(w.sum(), (w**2).sum(), w.max(), np.array(1000))
    >>> [round(float(part), 2) for part in fit]
    [9.0, 1.26, 4.67, 1000.0]
    """
    return Fit(largest, second / largest**2, first - second / largest, windows)


def charged(p: Floats, windows: Counts) -> Floats:
    """A p-value that answers for the null distribution being an estimate from K windows.

    >>> p, K = np.array([1e-5, 1e-5, 1e-5]), np.array([10, 1000, 0])
    >>> charged(p, K).round(6).tolist()
    [0.0013, 1.1e-05, 1e-05]
    """
    if not windows.any():
        return p
    with np.errstate(invalid="ignore"):
        deviate = -special.ndtri(np.asarray(p) / 2)
        found: Floats = np.minimum(2 * special.stdtr(np.maximum(windows, 1), -deviate), 1.0)
    return np.where(windows > 0, found, p)


def calibrated_deviate(p: Floats, fit: Fit) -> Floats:
    """The calibrated p-value of a test with a normal deviate: of means, spreads and rates.

    Parameters
    ----------
    p
        float64[...]: two-sided, for independent records. NaN stays NaN.

    >>> fit = Fit(np.array(4.0), np.array(1.0), np.array(0.0), np.array(1000))
    >>> calibrated_deviate(np.array([0.0455, 1e-6]), fit).round(4).tolist()  # two and five standard errors
    [0.3176, 0.0146]
    """
    deviate = -special.ndtri(np.asarray(p) / 2) / np.sqrt(fit.scale)
    return _no_smaller(charged(2 * special.ndtr(-deviate), fit.windows), p, fit)


def calibrated_shares(statistic: Floats, p: Floats, fit: Fit) -> Floats:
    """The calibrated p-value of a statistic that is chi-squared for independent records.

    Parameters
    ----------
    statistic, p
        float64[...]: T, such as :func:`psi_statistic`, and its p-value for independent records.
    """
    beyond = np.maximum((statistic - fit.offset) / fit.scale, 0.0)
    return _no_smaller(charged(special.chdtrc(fit.freedom, beyond), fit.windows), p, fit)


def shares_bound(plain: Floats, level: float, fit: Fit) -> Floats:
    """What T exceeds at a level when nothing drifts: :func:`calibrated_shares` the other way round.

    Parameters
    ----------
    plain
        float64[...]: the bound for independent records, on the scale of T.
    """
    return no_lower(plain, shares_quantile(level, fit), fit)


def shares_quantile(level: float, fit: Fit) -> Floats:
    """What T exceeds at a level by its fit alone: dear, and the same for every window."""
    windows, place = np.unique(np.maximum(fit.windows, 1), return_inverse=True)
    own = 2 * special.ndtr(special.stdtrit(windows.astype(np.float64), level / 2))
    own = np.maximum(own, np.finfo(np.float64).tiny)[place.reshape(fit.windows.shape)]
    quantile: Floats = fit.offset + fit.scale * special.chdtri(fit.freedom, own)
    return quantile


def no_lower(plain: Floats, quantile: Floats, fit: Fit) -> Floats:
    """The bound under dependence, where there is a fit, but none below that for independent records."""
    return np.where(fit.windows > 0, np.maximum(quantile, plain), plain)


def calibrated_ks(D: Floats, n: Counts, m: Counts, p: Floats, fit: Fit) -> Floats:
    """The calibrated p-value of a Kolmogorov-Smirnov statistic.

    Windows of n records say as much as n/a independent ones, with a at the value where the shares below it
    vary most: the tail of a Gaussian process is that of its largest variance.

    Parameters
    ----------
    D, p
        float64[...]: the statistic, and its p-value for independent records.
    n, m
        int64[...]: sizes of window and reference.

    >>> fit = Fit(np.array(4.0), np.array(1.0), np.array(0.0), np.array(1_000))
    >>> D, n, m, p = np.array(0.05), np.array(2_000), np.array(20_000), np.array(0.0003)
    >>> round(float(calibrated_ks(D, n, m, p, fit)), 3)  # 2,000 records say as much as 500
    0.199
    """
    effective = m * (n / np.maximum(m + n, 1)) / fit.scale
    return _no_smaller(charged(ks_p_value(D, effective), fit.windows), p, fit)


def _no_smaller(found: Floats, p: Floats, fit: Fit) -> Floats:
    least = np.where(fit.windows > 0, np.maximum(found, p), p)
    return np.where(np.isfinite(p), least, np.nan)


def psi_statistic(psi: Floats, n: Counts, m: Counts) -> Floats:
    """T of a PSI: its value over 1/n + 1/m, chi-squared with B - 1 degrees of freedom.

    Parameters
    ----------
    psi
        float64[...]
    n, m
        int64[...]: sizes of window and reference.

    >>> round(float(psi_statistic(np.array(0.02), np.array(1_000), np.array(9_000))), 1)
    18.0
    """
    T: Floats = psi / (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1))
    return T


Key = tuple[str, str]
"""Feature and metric; the feature is empty for the counters."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """The fits of a profile: how strong the dependence is, by slice and test.

    Parameters
    ----------
    keys
        The T tests.
    fits
        float64 and int64[R, T]. Its first row is of slice ``all``.
    rows
        int64[S]: the row of each slice; 0 for those that have too few records for one of their own.
    """

    keys: tuple[Key, ...]
    fits: Fit
    rows: Counts

    @cached_property
    def column(self) -> dict[Key, int]:
        """The place of each test."""
        return {key: i for i, key in enumerate(self.keys)}

    def at(self, keys: tuple[Key, ...], slices: Counts) -> Fit:
        """The fits of K tests on slices (rows of the profile, int64[S]), [K, S] each."""
        columns = np.array([self.column.get(key, -1) for key in keys], np.int64)[:, None]
        found = self.fits.pick(self.rows[slices], columns)
        return found._replace(windows=np.where(columns < 0, 0, found.windows))

    def to_document(self, slices: tuple[str, ...]) -> dict[str, Any]:
        """For JSON: what slices without fits of their own share is left out."""
        rows = zip(slices, self.rows.tolist(), strict=True)
        own = {name: row for name, row in rows if row or name == slices[0]}
        document: dict[str, Any] = {"tests": [list(key) for key in self.keys]}
        for part, values in self.fits._asdict().items():
            columns = self._columns(part)
            document[part] = {name: values[row, columns].tolist() for name, row in own.items()}
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any], slices: tuple[str, ...]) -> Calibration:
        """Read what ``to_document`` wrote.

        Raises
        ------
        ValueError, LookupError, TypeError
            When the document is something else.
        """
        keys = tuple((str(feature), str(metric)) for feature, metric in document["tests"])
        own = [name for name in slices if name in document["windows"]]
        place = {name: i for i, name in enumerate(own)}
        rows = np.array([place.get(name, 0) for name in slices], np.int64)
        found = cls(keys, uncalibrated((len(own), len(keys))), rows)
        for part, values in found.fits._asdict().items():
            columns = found._columns(part)
            values[:, columns] = [document[part][name] for name in own]
        scale, freedom, offset, windows = found.fits
        if not (
            (scale > 0).all() and (freedom > 0).all() and np.isfinite(offset).all() and (windows >= 0).all()
        ):
            raise ValueError("the calibration holds a fit that is no distribution")
        return found

    def _columns(self, part: str) -> list[int]:
        """The tests that have the part of a fit: freedom and offset are those of shares alone."""
        shaped = part in {"scale", "windows"}
        return [i for i, (_, metric) in enumerate(self.keys) if shaped or metric == "psi"]


def uncalibrated(shape: tuple[int, ...]) -> Fit:
    """Fits that change nothing.

    >>> uncalibrated((2,)).windows.tolist()
    [0, 0]
    """
    return Fit(np.ones(shape), np.ones(shape), np.zeros(shape), np.zeros(shape, np.int64))
