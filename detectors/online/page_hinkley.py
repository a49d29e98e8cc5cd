"""Page-Hinkley of river: cumulative deviations from a running mean."""

# ruff: noqa: SLF001 - river offers its detectors' state by no other way

from __future__ import annotations

import math
from typing import Any, Self

import msgspec
from river import drift

from detectors.online.detector import Detector, Step
from detectors.online.kept import pack, unpack

KIND = "page_hinkley/1"


class PageHinkleyConfig(msgspec.Struct, frozen=True):
    """Settings of :class:`river.drift.PageHinkley`, in standard deviations of the series.

    Attributes
    ----------
    grace
        No alarm before so many values.
    delta
        Deviations from the running mean up to this are tolerated.
    threshold
        How far the cumulated deviations may rise above their lowest (fall below their highest) value.
    memory
        What remains of the sums with each value.
    """

    grace: int = 30
    delta: float = 0.25
    threshold: float = 20.0
    memory: float = 0.9999

    def __post_init__(self) -> None:
        if not (self.grace >= 1 and self.delta >= 0 and self.threshold > 0 and 0 < self.memory <= 1):
            raise ValueError(
                f"`grace` ({self.grace}) must be at least 1, `delta` ({self.delta}) at least 0, `threshold` "
                f"({self.threshold}) above 0 and `memory` ({self.memory}) within (0, 1]"
            )


class _State(msgspec.Struct, frozen=True):
    index: int
    skipped: int
    n: float
    mean: float
    rise: float
    fall: float
    lowest: float
    highest: float


class PageHinkley(Detector):
    """The two-sided Page-Hinkley test.

    Unlike :class:`~detectors.online.cusum.Cusum` it compares with the mean of the series itself since the
    last detection, so it needs no reference mean, and a slow drift takes that mean with it.

    Notes
    -----
    river's own default tolerates deviations of 0.005 units: on a series with standard deviation 1 that
    gives a false alarm in about 1,600 values.

    References
    ----------
    Page (1954), Continuous inspection schemes, Biometrika 41; Hinkley (1971), Inference about the
    change-point from cumulative sum tests, Biometrika 58.

    >>> detector = PageHinkley()
    >>> found = [detector.update(z) for z in [0.0] * 100 + [1.0] * 50]
    >>> [(change.index, change.direction) for change in found if change]
    [(132, 1)]
    """

    def __init__(self, config: PageHinkleyConfig | None = None) -> None:
        super().__init__()
        self.config = config or PageHinkleyConfig()
        self._river: Any = drift.PageHinkley(
            min_instances=self.config.grace,
            delta=self.config.delta,
            threshold=self.config.threshold,
            alpha=self.config.memory,
        )

    @property
    def ratio(self) -> float:
        """The larger deviation over the threshold; 0 while too few values came for an alarm."""
        river = self._river
        if river._x_mean.n < self.config.grace:
            return 0.0
        rose = river._sum_increase - river._min_increase
        fell = river._max_decrease - river._sum_decrease
        return min(float(max(rose, fell)) / self.config.threshold, 1.0)

    def _step(self, x: float, slack: float) -> Step | None:  # noqa: ARG002  # compares with its own past
        river = self._river
        river.update(x)
        if not river.drift_detected:
            return None
        rose = river._sum_increase - river._min_increase
        fell = river._max_decrease - river._sum_decrease
        river._reset()
        return Step(max(rose, fell), self.config.threshold, 1 if rose >= fell else -1)

    def dump(self) -> bytes:
        """Configuration and state; equal detectors give equal bytes."""
        river = self._river
        state = _State(
            self.index, self.skipped, float(river._x_mean.n), float(river._x_mean._mean),
            river._sum_increase, river._sum_decrease, river._min_increase, river._max_decrease,
        )  # fmt: skip
        return pack(KIND, self.config, state)

    @classmethod
    def load(cls, data: bytes) -> Self:
        """The detector whose :meth:`dump` these bytes are."""
        config, state = unpack(data, KIND, PageHinkleyConfig, _State)
        made = cls(config)
        made.index, made.skipped = state.index, state.skipped
        river = made._river
        assert math.isfinite(state.mean), "a mean of finite values"
        river._x_mean.n, river._x_mean._mean = state.n, state.mean
        river._sum_increase, river._sum_decrease = state.rise, state.fall
        river._min_increase, river._max_decrease = state.lowest, state.highest
        return made
