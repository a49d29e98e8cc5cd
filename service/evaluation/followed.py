"""One series that an online detector follows: its detector, and the unit of a series without a reference."""

from __future__ import annotations

import math
from typing import NamedTuple, Self

import msgspec
import numpy as np
from scipy import special

from detectors.online.adwin import Adwin
from detectors.online.cusum import Cusum
from detectors.online.detector import Detector
from detectors.online.kswin import Kswin
from detectors.online.page_hinkley import PageHinkley
from detectors.online.scale import Scale
from detectors.online.standard import DOUBT
from service.evaluation.series import TRAFFIC

DETECTORS: dict[str, type[Detector]] = {
    "cusum": Cusum, "adwin": Adwin, "page_hinkley": PageHinkley, "kswin": Kswin,
}  # fmt: skip
"""By the name that a monitor gives."""

LEARNED = 60
"""From so many first values a series without a reference learns its unit."""

_QUANTILE = 0.05
"""The spread of so few values is taken at its upper bound, which the true one passes this often."""


class Seen(NamedTuple):
    """What a value said.

    Attributes
    ----------
    ratio
        The detector's statistic over its threshold: at least 1 for a detection.
    direction
        1 when the series rose, -1 when it fell; NaN without a detection, or where the detector cannot tell.
    """

    ratio: float
    direction: float


class Learned(msgspec.Struct, frozen=True):
    """The unit of a series: ``mean`` and ``spread`` of its first values, and how much each foretells the
    next.
    """

    mean: float
    spread: float
    dependence: float

    @classmethod
    def of(cls, values: list[float]) -> Self:
        """Of numbers of events; a spread below that of independent arrivals is not believed."""
        known = np.array(values)
        floor = max(math.sqrt(float(known.mean())), 1.0)
        if not np.ptp(known) > 0:
            return cls(float(known.mean()), floor, 0.0)
        scale = Scale.of(known, whiten=True)
        freedom = len(values) - 1
        upper = scale.spread * math.sqrt(freedom / float(special.chdtri(freedom, 1 - _QUANTILE)))
        return cls(scale.mean, max(upper, floor), scale.dependence)


class Kept(msgspec.Struct, frozen=True):
    """A followed series at rest."""

    feature: str
    metric: str
    slice: str
    name: str
    detector: bytes
    silent: int
    first: list[float]
    before: float | None
    learned: Learned | None


class Followed:
    """A series and its detector.

    Attributes
    ----------
    name
        The detector's.
    silent
        Values in a row that were none.
    """

    def __init__(self, name: str, metric: str) -> None:
        self.name = name
        self.silent = 0
        self._detector = DETECTORS[name]()
        self._learns = metric == TRAFFIC
        self._first: list[float] = []
        self._before = math.nan
        self._learned: Learned | None = None

    def take(self, value: float, slack: float) -> Seen | None:
        """Take the next value; None where it says nothing, or while the unit is being learned."""
        if not math.isfinite(value):
            self.silent += 1
            self._before = math.nan
            return None
        self.silent = 0
        if self._learns:
            if self._learned is None:
                self._learn(value)
                return None
            value, slack = self._standard(value), DOUBT / math.sqrt(LEARNED)
        found = self._detector.update(value, slack)
        if found is None:
            return Seen(self._detector.ratio, math.nan)
        return Seen(found.ratio, float(found.direction) or math.nan)

    def keep(self, feature: str, metric: str, on: str) -> Kept:
        """At rest; equal series give equal bytes."""
        before = self._before if math.isfinite(self._before) else None
        state = self._detector.dump()
        return Kept(feature, metric, on, self.name, state, self.silent, self._first, before, self._learned)

    @classmethod
    def of(cls, kept: Kept) -> Self:
        """The series that :meth:`keep` laid to rest; it goes on as that would have."""
        made = cls(kept.name, kept.metric)
        made.silent = kept.silent
        made._detector = DETECTORS[kept.name].load(kept.detector)
        made._first = list(kept.first)
        made._before = math.nan if kept.before is None else kept.before
        made._learned = kept.learned
        return made

    def _learn(self, value: float) -> None:
        self._first.append(value)
        if len(self._first) >= LEARNED:
            self._learned, self._first = Learned.of(self._first), []
            self._before = value

    def _standard(self, value: float) -> float:
        assert self._learned is not None, "a unit comes before its use"
        unit = self._learned
        z = Scale(unit.mean, unit.spread, unit.dependence).standard(value, self._before)
        self._before = value
        return z
