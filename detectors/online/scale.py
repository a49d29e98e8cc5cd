"""The unit of a series: what its values are when nothing changes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VALUES_MIN = 20
"""Fewer reference values say too little about a spread, and nothing about dependence."""

DEPENDENCE_MAX = 0.95
"""A series closer to a random walk has no mean to be held to; it is whitened no further."""


@dataclass(frozen=True)
class Scale:
    r"""Standardises a series by the reference's: :math:`z_t = (x_t - \mu)/\sigma`.

    With ``dependence`` φ other than 0 it gives the part of each value that the one before did not foretell,
    :math:`(z_t - \varphi z_{t-1})/\sqrt{1 - \varphi^2}`. For a first-order autoregression that is
    independent with variance 1, so false alarms are as rare as stated; a step of δ shrinks to
    :math:`\delta\sqrt{(1 - \varphi)/(1 + \varphi)}` (but for its first value).

    References
    ----------
    Alwan and Roberts (1988), Time-series modeling for statistical process control, Journal of Business &
    Economic Statistics 6.

    >>> Scale(10.0, 2.0).standard(13.0)
    1.5
    """

    mean: float
    spread: float
    dependence: float = 0.0

    @classmethod
    def of(cls, reference: Floats, *, whiten: bool = False) -> Scale:
        """The scale of a reference series, float64[N] in time order; NaN values are gaps.

        Raises
        ------
        ValueError
            When there are too few values, or all are equal.
        """
        known = reference[np.isfinite(reference)]
        if len(known) < VALUES_MIN:
            raise ValueError(
                f"{len(known)} values of reference series are too few for a scale: wait for {VALUES_MIN}"
            )
        mean, spread = float(known.mean()), float(known.std(ddof=1))
        if not spread > 0:
            raise ValueError(f"all {len(known)} values of the reference series are {mean:g}: no spread")
        return cls(mean, spread, _dependence((reference - mean) / spread) if whiten else 0.0)

    def standard(self, x: float, before: float = math.nan) -> float:
        """The standardised value; NaN for NaN.

        Parameters
        ----------
        before
            The value before ``x``, in its own units; NaN after a gap.

        >>> scale = Scale.of(np.arange(1.0, 101.0))
        >>> round(scale.standard(101.0), 2)
        1.74
        """
        z = (x - self.mean) / self.spread
        if not self.dependence or not math.isfinite(before):
            return z
        foretold = self.dependence * (before - self.mean) / self.spread
        return (z - foretold) / math.sqrt(1 - self.dependence**2)


def _dependence(z: Floats) -> float:
    """Correlation of neighbours, float64[N] standardised, corrected for its bias downwards; at least 0."""
    both = np.isfinite(z[1:]) & np.isfinite(z[:-1])
    n = int(both.sum())
    if n < VALUES_MIN:
        return 0.0
    r = float((z[1:][both] * z[:-1][both]).sum() / (z[np.isfinite(z)] ** 2).sum()) * len(z) / (len(z) - 1)
    return min(max((n * r + 1) / (n - 3), 0.0), DEPENDENCE_MAX)
