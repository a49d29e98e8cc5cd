"""ADWIN of river: a window that shrinks when its older part has another mean than its newer part."""

# ruff: noqa: SLF001 - river offers its detectors' state by no other way

from __future__ import annotations

import math
from typing import Any, Self

import msgspec
from river import drift

from detectors.online.detector import Detector, Step
from detectors.online.kept import pack, unpack

KIND = "adwin/1"


class AdwinConfig(msgspec.Struct, frozen=True):
    """Settings of :class:`river.drift.ADWIN`.

    Attributes
    ----------
    delta
        Confidence of a cut; smaller is stricter.
    clock
        A check every so many values.
    grace
        No check before so many values.
    """

    delta: float = 0.002
    clock: int = 1
    grace: int = 10

    def __post_init__(self) -> None:
        if not (0 < self.delta < 1 and self.clock >= 1 and self.grace >= 1):
            raise ValueError(
                f"`delta` ({self.delta}) must lie between 0 and 1, `clock` ({self.clock}) and `grace` "
                f"({self.grace}) be at least 1"
            )


class _State(msgspec.Struct, frozen=True):
    index: int
    skipped: int
    window: bytes


class Adwin(Detector):
    r"""Adaptive windowing; sees changes of the mean only.

    The statistic is the distance between the means of what the detector dropped and of what it kept, the
    threshold its bound ε for that cut. river drops old values in blocks for as long as *any* cut exceeds its
    bound, so the cut it ends with can be within the bound: the statistic is then given as the bound.

    Checks are made at every value (river's default is every 32nd), since a pane is minutes, not microseconds.

    References
    ----------
    Bifet and Gavaldà (2007), Learning from time-changing data with adaptive windowing, SIAM International
    Conference on Data Mining.

    >>> adwin = Adwin()
    >>> found = [adwin.update(z) for z in [0.0, 0.5] * 100 + [2.0, 2.5] * 20]
    >>> [(change.index, change.direction) for change in found if change]
    [(208, 1)]
    """

    _MIN_LENGTH = 5

    def __init__(self, config: AdwinConfig | None = None) -> None:
        super().__init__()
        self.config = config or AdwinConfig()
        self._river: Any = self._fresh()

    def _fresh(self) -> Any:
        river: Any = drift.ADWIN
        return river(
            delta=self.config.delta,
            clock=self.config.clock,
            grace_period=self.config.grace,
            min_window_length=self._MIN_LENGTH,
        )

    @property
    def ratio(self) -> float:
        """0: river tells that a cut passed its bound, and of the others not how near they came."""
        return 0.0

    def _step(self, x: float, slack: float) -> Step | None:  # noqa: ARG002  # compares with its own past
        river = self._river
        width, total, squares = river.width + 1, river.total + x, river.variance
        river.update(x)
        if not river.drift_detected:
            return None
        kept, kept_total = river.width, river.total
        self._river = self._fresh()
        difference = kept_total / kept - (total - kept_total) / (width - kept)
        bound = self._bound(width, width - kept, kept, squares / width)
        return Step(max(abs(difference), bound), bound, 1 if difference > 0 else -1)

    def _bound(self, width: float, old: float, new: float, variance: float) -> float:
        """ε of a cut between so many old and new values; ``variance`` of all of them."""
        confidence = math.log(2 * math.log(width) / self.config.delta)
        least = self._MIN_LENGTH - 1
        reciprocal = 1 / max(old - least, 1) + 1 / max(new - least, 1)
        return math.sqrt(2 * reciprocal * variance * confidence) + 2 / 3 * confidence * reciprocal

    def dump(self) -> bytes:
        """Configuration and state; equal detectors give equal bytes."""
        window: bytes = self._river._helper.__getstate__()
        return pack(KIND, self.config, _State(self.index, self.skipped, window))

    @classmethod
    def load(cls, data: bytes) -> Self:
        """The detector whose :meth:`dump` these bytes are."""
        config, state = unpack(data, KIND, AdwinConfig, _State)
        made = cls(config)
        made.index, made.skipped = state.index, state.skipped
        made._river._helper.__setstate__(state.window)
        return made
