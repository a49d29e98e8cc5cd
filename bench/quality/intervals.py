"""Intervals of what was counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from detectors.rates import wilson


@dataclass(frozen=True)
class Share:
    """K of n, with Wilson's 95 % interval; ``value`` is None where n is 0."""

    k: int
    n: int
    value: float | None
    lower: float
    upper: float

    @classmethod
    def of(cls, k: int, n: int) -> Share:
        """The share of ``k`` in ``n``."""
        lower, upper = wilson(np.array([k]), np.array([n]))
        return cls(k, n, k / n if n else None, float(lower[0]), float(upper[0]))

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        return f"{100 * self.value:.1f} % ({100 * self.lower:.1f} to {100 * self.upper:.1f})"


@dataclass(frozen=True)
class Between:
    """Mean steps between events, with the exact 95 % interval of a Poisson count."""

    k: int
    steps: int
    value: float | None
    lower: float
    upper: float | None

    @classmethod
    def of(cls, k: int, steps: int) -> Between:
        """``k`` events in so many steps."""
        most = float(special.chdtri(2 * k + 2, 0.025)) / 2
        least = float(special.chdtri(2 * k, 0.975)) / 2 if k else 0.0
        return cls(k, steps, steps / k if k else None, steps / most, steps / least if k else None)

    def __str__(self) -> str:
        if self.value is None:
            return f"none in {self.steps:,} (over {self.lower:,.0f})"
        return f"{self.value:,.0f} ({self.lower:,.0f} to {self.upper:,.0f})"
