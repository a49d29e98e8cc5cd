"""Windows and references drawn at random and judged by the detectors: what the pictures are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from detectors.fields import GRID_STEPS
from detectors.groups import decile_groups, group_counts
from detectors.ks import ks
from detectors.psi import psi
from detectors.shift import Sample, mean_shift, std_shift

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

CELLS = 100
EDGES = stats.norm.ppf(np.arange(1, CELLS) / CELLS)
WINDOWS = 400
"""Windows behind each point of a curve."""

REFERENCE = 50_000
ALPHA = 0.001


def normal_shares(mean: float = 0.0, spread: float = 1.0) -> Floats:
    """Shares of a normal feature in the hundredths of the standard one, float64[CELLS]."""
    return np.diff(stats.norm.cdf((EDGES - mean) / spread), prepend=0.0, append=1.0)


def counted(rng: np.random.Generator, shares: Floats, n: int, windows: int = WINDOWS) -> Counts:
    """Windows of n values, int64[windows, cells]."""
    return rng.multinomial(n, shares / shares.sum(), size=windows)


def moments(cells: Counts, rng: np.random.Generator) -> Sample:
    """Mean and spread of values drawn within the cells of :func:`normal_shares`, in grid steps."""
    u = (np.arange(CELLS)[:, None] + rng.random((CELLS, 64))) / CELLS
    inside = stats.norm.ppf(u) * GRID_STEPS
    n = cells.sum(axis=-1)
    mean = (cells @ inside.mean(axis=1)) / n
    square = (cells @ (inside**2).mean(axis=1)) / n
    return Sample(n.astype(np.float64), mean, (square - mean**2) * n / (n - 1))


Power = Callable[[np.random.Generator, Floats, int], dict[str, float]]


def power(rng: np.random.Generator, shares: Floats, n: int) -> dict[str, float]:
    """Share of windows in which PSI, KS, mean and spread stand out at ``ALPHA``."""
    reference = counted(rng, normal_shares(), REFERENCE)
    window = counted(rng, shares, n)
    groups = decile_groups(reference)
    before, now = moments(reference, rng), moments(window, rng)
    found = {
        "psi": psi(group_counts(reference, groups), group_counts(window, groups)).p_value,
        "ks": ks(reference, window).p_value,
        "mean_shift": mean_shift(before, now).p_value,
        "std_shift": std_shift(before, now, np.full(len(window), 3.0)).p_value,
    }
    return {name: float((p <= ALPHA).mean()) for name, p in found.items()}
