"""KSWIN of river: the newest values against a sample of those before, by Kolmogorov and Smirnov."""

# ruff: noqa: SLF001 - river offers its detectors' state by no other way

from __future__ import annotations

import collections
import math
from typing import Any, Self

import msgspec
from river import drift

from detectors.online.detector import Detector, Step
from detectors.online.kept import pack, unpack

KIND = "kswin/2"

TINY = 1e-300
"""A p-value that underflowed."""


class KswinConfig(msgspec.Struct, frozen=True):
    """Settings of :class:`river.drift.KSWIN`.

    Attributes
    ----------
    alpha
        A p-value at or below this is a detection.
    window, newest
        How many values are kept, and how many of them are the newest part.
    seed
        Of the sample drawn from the older part: the same series gives the same detections everywhere.
    """

    alpha: float = 1e-4
    window: int = 100
    newest: int = 30
    seed: int = 20_070_426

    def __post_init__(self) -> None:
        if not (0 < self.alpha < 1 and 2 <= self.newest <= self.window - self.newest):
            raise ValueError(
                f"`alpha` ({self.alpha}) must lie between 0 and 1, and `newest` ({self.newest}) be at least "
                f"2 and at most half of `window` ({self.window})"
            )


class _State(msgspec.Struct, frozen=True):
    index: int
    skipped: int
    n: int
    ratio: float
    values: tuple[float, ...]
    words: tuple[int, ...]


class Kswin(Detector):
    r"""Kolmogorov-Smirnov windowing; sees changes of any kind, at 100 times the cost of the others.

    The statistic is :math:`-\log_{10} p`, the threshold :math:`-\log_{10}\alpha`. The test is repeated with
    each value, so α is no rate of false alarms; measured ones stand in the documentation.

    References
    ----------
    Raab, Heusinger and Schleif (2020), Reactive soft prototype computing for concept drift streams,
    Neurocomputing 416.

    >>> kswin = Kswin()
    >>> found = [kswin.update(z) for z in [0.0, 1.0, 0.5, 0.2] * 40 + [5.0, 6.0] * 20]
    >>> [change.index for change in found if change]
    [176]
    """

    def __init__(self, config: KswinConfig | None = None) -> None:
        super().__init__()
        self.config = config or KswinConfig()
        self._ratio = 0.0
        self._river: Any = drift.KSWIN(
            alpha=self.config.alpha,
            window_size=self.config.window,
            stat_size=self.config.newest,
            seed=self.config.seed,
        )

    @property
    def ratio(self) -> float:
        """Of the newest test; 0 before the first."""
        return self._ratio

    def _step(self, x: float, slack: float) -> Step | None:  # noqa: ARG002  # compares with its own past
        river = self._river
        tested = len(river.window) + 1 >= self.config.window
        river.update(x)
        statistic = -math.log10(max(float(river.p_value), TINY)) if tested else 0.0
        threshold = -math.log10(self.config.alpha)
        self._ratio = min(statistic / threshold, 1.0)
        if not river.drift_detected:
            return None
        self._ratio = 0.0
        river._reset()
        return Step(statistic, threshold, 0)

    def dump(self) -> bytes:
        """Configuration and state; equal detectors give equal bytes."""
        river = self._river
        words = river._rng.getstate()[1]
        state = _State(self.index, self.skipped, river.n, self._ratio, tuple(river.window), words)
        return pack(KIND, self.config, state)

    @classmethod
    def load(cls, data: bytes) -> Self:
        """The detector whose :meth:`dump` these bytes are."""
        config, state = unpack(data, KIND, KswinConfig, _State)
        made = cls(config)
        made.index, made.skipped = state.index, state.skipped
        river = made._river
        made._ratio = state.ratio
        river.n = state.n
        river.window = collections.deque(state.values, maxlen=config.window)
        river._rng.setstate((_GENERATOR, state.words, None))
        return made


_GENERATOR = 3
"""The version that Python's generator gives its state; it has not changed since Python 3.2."""
