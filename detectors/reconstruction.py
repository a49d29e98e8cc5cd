"""PCA reconstruction error: features that each look as ever, but no longer go together as they did."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.fields import GRID_STEPS
from detectors.totals.scatter import Scatter

Floats = NDArray[np.float64]

EXPLAINED = 0.65
"""The least share of the reference's variance that the components keep."""

RECORDS_PER_FEATURE = 20
"""A window needs so many complete records for each feature."""


@dataclass(frozen=True, eq=False)
class Components:
    """The subspace in which the reference's variation lies.

    Attributes
    ----------
    residual
        float64[M, M]: I - P, what takes away a record's part in the subspace; symmetric, its own square.
    kept
        How many components P has.
    explained
        Their share of the reference's variance.
    """

    residual: Floats
    kept: int
    explained: float

    @classmethod
    def of(cls, reference: Scatter, explained: float = EXPLAINED) -> Components:
        """The fewest components of the reference's scatter that explain a share of its variance.

        Raises
        ------
        ValueError
            When there are fewer than two features, too few records, or no variance; or the share is no share.
        """
        if not 0 < explained < 1:
            raise ValueError(f"`explained` ({explained}) must lie between 0 and 1: it is a share of variance")
        features = len(reference.sums)
        if features < 2 or not enough(reference):
            raise ValueError(
                f"{reference.n} complete records of {features} features do not give components: that takes "
                f"two features and {RECORDS_PER_FEATURE} records for each"
            )
        variances, vectors = np.linalg.eigh(about_mean(reference))
        variances, vectors = np.maximum(variances[::-1], 0.0), vectors[:, ::-1]
        if not variances[0] > 0:
            raise ValueError(
                f"all {features} features are constant in the reference: nothing varies together"
            )
        shares = np.cumsum(variances) / variances.sum()
        # With all components nothing would be left to see.
        kept = min(int(np.searchsorted(shares, explained)) + 1, features - 1)
        basis = vectors[:, :kept]
        return cls(np.eye(features) - basis @ basis.T, kept, float(shares[kept - 1]))

    def error(self, window: Scatter) -> float:
        r"""Mean squared reconstruction error of a window's records, in squared reference standard deviations.

        .. math:: \frac1n \sum_i \|x_i - P x_i\|^2 = \operatorname{tr}((I - P) S (I - P)^\top)

        with :math:`S = \frac1n \sum_i x_i x_i^\top` about the reference mean: the records themselves are not
        needed. The sum runs over all features, so it lies between 0 and M when nothing drifts.

        Returns
        -------
        float
            NaN where the window has too few complete records (:func:`enough`).

        References
        ----------
        Jackson and Mudholkar (1979), Control procedures for residuals associated with principal component
        analysis, Technometrics 21.

        >>> rng = np.random.default_rng(1)
        >>> x = np.rint(1024 * rng.standard_normal(1_000)).astype(np.int64)
        >>> together = Scatter.of(np.column_stack([x, x]), np.ones(1_000, bool))
        >>> apart = Scatter.of(np.column_stack([x, x[::-1]]), np.ones(1_000, bool))
        >>> components = Components.of(together)
        >>> round(components.error(together), 3), round(components.error(apart), 1)
        (0.0, 1.0)
        """
        if not enough(window):
            return math.nan
        # I - P is its own square and symmetric: the trace of a product is the sum of an elementwise one.
        return max(float((self.residual * second_moments(window)).sum()), 0.0)


def second_moments(scatter: Scatter) -> Floats:
    """float64[M, M]: Σ x xᵀ / n about the reference mean, in reference standard deviations."""
    moments: Floats = scatter.products / (max(scatter.n, 1) * float(GRID_STEPS) ** 2)
    return moments


def about_mean(scatter: Scatter) -> Floats:
    """float64[M, M]: likewise about the records' own mean."""
    mean = scatter.sums / (max(scatter.n, 1) * float(GRID_STEPS))
    return second_moments(scatter) - np.outer(mean, mean)


def enough(scatter: Scatter) -> bool:
    """Whether there are :data:`RECORDS_PER_FEATURE` complete records for each feature."""
    return scatter.n >= RECORDS_PER_FEATURE * len(scatter.sums)
