"""Cumulative sums: the quickest detection of a shift of known size, at a stated rate of false alarms."""

from __future__ import annotations

import math
from typing import Self

import msgspec
from scipy import optimize

from detectors.online.detector import Detector, Step
from detectors.online.kept import pack, unpack

KIND = "cusum/1"

OVERSHOOT = 1.166
"""Siegmund's correction: twice the mean excess of a normal random walk over a distant boundary."""


class CusumConfig(msgspec.Struct, frozen=True):
    """How large a shift is sought, and how long without a false alarm.

    Attributes
    ----------
    k
        Allowance, in standard deviations: half the shift that should be found soonest.
    h
        Decision interval, in standard deviations. See :func:`decision_interval`.
    """

    k: float = 0.25
    h: float = 15.5

    def __post_init__(self) -> None:
        if not (self.k > 0 and self.h > 0 and math.isfinite(self.k + self.h)):
            raise ValueError(f"`k` ({self.k}) and `h` ({self.h}) must be positive and finite")


class _State(msgspec.Struct, frozen=True):
    index: int
    skipped: int
    up: float
    down: float


class Cusum(Detector):
    r"""Two-sided tabular CUSUM of a standardised series.

    .. math:: S^+_t = \max(0, S^+_{t-1} + z_t - k), \quad S^-_t = \max(0, S^-_{t-1} - z_t - k)

    A change is seen when either exceeds h; both then start at 0 again.

    References
    ----------
    Page (1954), Continuous inspection schemes, Biometrika 41.

    >>> cusum = Cusum(CusumConfig(k=0.5, h=4.0))
    >>> [found for z in [0.0, 2.0, 2.0, 2.0] if (found := cusum.update(z))]
    [Detection(index=3, statistic=4.5, threshold=4.0, direction=1)]
    """

    def __init__(self, config: CusumConfig | None = None) -> None:
        super().__init__()
        self.config = config or CusumConfig()
        self._up = self._down = 0.0

    @property
    def ratio(self) -> float:
        """The larger sum over the decision interval."""
        return max(self._up, self._down) / self.config.h

    def _step(self, x: float, slack: float) -> Step | None:
        allowance = self.config.k + slack
        self._up = max(0.0, self._up + x - allowance)
        self._down = max(0.0, self._down - x - allowance)
        statistic = max(self._up, self._down)
        if statistic <= self.config.h:
            return None
        direction = 1 if self._up >= self._down else -1
        self._up = self._down = 0.0
        return Step(statistic, self.config.h, direction)

    def dump(self) -> bytes:
        """Configuration and state; equal detectors give equal bytes."""
        return pack(KIND, self.config, _State(self.index, self.skipped, self._up, self._down))

    @classmethod
    def load(cls, data: bytes) -> Self:
        """The detector whose :meth:`dump` these bytes are."""
        config, state = unpack(data, KIND, CusumConfig, _State)
        made = cls(config)
        made.index, made.skipped, made._up, made._down = state.index, state.skipped, state.up, state.down
        return made


def run_length(k: float, h: float, shift: float = 0.0) -> float:
    r"""About how many values a two-sided CUSUM takes to its first alarm, on independent normal values.

    One side takes :math:`(e^{-2\Delta b} + 2\Delta b - 1)/(2\Delta^2)` with drift Δ (the shift less k, or
    its negative less k) and :math:`b = h + 1.166`; the rates of both sides add up.

    Parameters
    ----------
    shift
        Of the mean, in standard deviations; 0 gives the time between false alarms, anything else the mean
        delay of detection.

    References
    ----------
    Siegmund (1985), Sequential Analysis, Springer, 2.5; Montgomery, Introduction to Statistical Quality
    Control, 9.1.

    >>> round(run_length(0.5, 5.0))
    469
    >>> round(run_length(0.5, 5.0, 1.0), 1)
    10.3
    """
    return 1 / (1 / _one_side(shift - k, h) + 1 / _one_side(-shift - k, h))


def decision_interval(k: float, values: float) -> float:
    """The ``h`` that gives a false alarm in about so many values, for :func:`run_length`'s series.

    Parameters
    ----------
    values
        More than 10: the mean number of values between two false alarms.

    >>> round(decision_interval(0.25, 10_000), 1)
    14.5
    """
    if not values > 10:
        raise ValueError(f"{values:g} values between false alarms are too few: ask for more than 10")
    return float(optimize.brentq(lambda h: math.log(run_length(k, h) / values), 0.0, 400.0 / k))


def _one_side(drift: float, h: float) -> float:
    b = h + OVERSHOOT
    if abs(drift) < 1e-9:
        return b * b
    exponent = -2 * drift * b
    return (math.exp(min(exponent, 700.0)) - exponent - 1) / (2 * drift * drift)
