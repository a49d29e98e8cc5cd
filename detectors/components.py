"""What a profile knows of how its numeric features vary together, and how windows are measured by it.

The components are found once, when the profile is built, and stored in it: the same windows then give the
same numbers wherever they are evaluated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detectors.layout import Layout
from detectors.reconstruction import RECORDS_PER_FEATURE, Components
from detectors.totals.numeric import grid_moments
from detectors.totals.scatter import Scatter

Floats = NDArray[np.float64]

BLOCKS_MIN, BLOCKS_MAX = 10, 50
"""Into so many blocks of time the reference is cut; where it has records for fewer, there is no test."""

BLOCK_RECORDS = 200
"""A block has at least so many complete records, and what its components need."""


@dataclass(frozen=True, eq=False)
class Fitted:
    r"""Components of a reference, and the errors of its own blocks of time.

    Parameters
    ----------
    features
        Names of the M features.
    middle
        Mean of the logarithms of the blocks' errors.
    variance
        How much such a logarithm varies, times the records of a block: that of a window of n records is
        ``variance`` / n, dependence between neighbouring records included.
    blocks
        How many blocks that rests on; 0 where there are too few.
    records
        Complete records of the reference.
    """

    features: tuple[str, ...]
    components: Components
    middle: float
    variance: float
    blocks: int
    records: int

    def relative_error(self, window: Scatter) -> float:
        """A window's error over that of the reference: 1 is as ever; NaN of too few records."""
        return self.components.error(window) / math.exp(self.middle)

    def p_value(self, relative: float, n: int) -> float:
        """Two-sided probability of an error so far from the reference's, of windows of n complete records.

        The logarithm of the error over its standard error is Student's t with one degree of freedom less than
        blocks. NaN without blocks.
        """
        if not self.blocks or not relative > 0:
            return math.nan
        return float(2 * special.stdtr(self.blocks - 1, -abs(math.log(relative)) / self._standard_error(n)))

    def null_bound(self, n: int, level: float) -> float:
        """The relative error that windows of n records without drift pass with probability ``level``."""
        if not self.blocks or not n:
            return math.nan
        deviate = float(special.stdtrit(self.blocks - 1, 1 - level))
        return math.exp(deviate * self._standard_error(n))

    def to_document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "features": list(self.features),
            "residual": self.components.residual.tolist(),
            "kept": self.components.kept,
            "explained": self.components.explained,
            "middle": self.middle,
            "variance": self.variance,
            "blocks": self.blocks,
            "records": self.records,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Fitted:
        """Read what ``to_document`` wrote."""
        residual = np.array(document["residual"], np.float64)
        components = Components(residual, int(document["kept"]), float(document["explained"]))
        return cls(
            tuple(document["features"]), components, float(document["middle"]), float(document["variance"]),
            int(document["blocks"]), int(document["records"]),
        )  # fmt: skip

    def _standard_error(self, n: int) -> float:
        return math.sqrt(self.variance * (1 / n + 1 / self.records))


def fit_components(layout: Layout, numeric: Floats) -> Fitted | None:
    """Components of the reference's numeric features, and how far off its own blocks of time are.

    Each block is measured by the components of all other records, as a window will be by those of all.

    Parameters
    ----------
    numeric
        float64[N, ≥ M] in the order of time: the columns of the layout's numeric fields.

    Returns
    -------
    Fitted
        None where there are fewer than two features, too few complete records, or nothing that varies.
    """
    places = list(layout.features)
    fields = tuple(layout.numeric[place] for place in places)
    values = numeric[:, places]
    complete = np.isfinite(values).all(axis=1)
    count = int(complete.sum())
    size = max(RECORDS_PER_FEATURE * len(fields), BLOCK_RECORDS)
    K = min(count // size, BLOCKS_MAX) if fields else 0
    parts = np.array_split(values[complete], max(K, 1))
    scatters = [Scatter.of(grid_moments(fields, part)[0], np.ones(len(part), bool)) for part in parts]
    whole = sum(scatters[1:], scatters[0])
    try:
        components = Components.of(whole)
        held_out = [Components.of(whole - own).error(own) for own in scatters] if K >= BLOCKS_MIN else []
    except ValueError:
        return None
    error = components.error(whole)
    if not error > 0 or not all(own > 0 for own in held_out):
        return None
    names = tuple(field.name for field in fields)
    if not held_out:
        return Fitted(names, components, math.log(error), 0.0, 0, count)
    logs = np.log(held_out)
    variance = float(logs.var(ddof=1)) * count / K
    return Fitted(names, components, float(logs.mean()), variance, K if variance > 0 else 0, count)
