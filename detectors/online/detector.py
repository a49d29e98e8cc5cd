"""What all online detectors share: a value in, a detection or nothing out, and a state that can be kept."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, Self


@dataclass(frozen=True, slots=True)
class Detection:
    """A change that a detector saw with one value.

    Attributes
    ----------
    index
        Which value of the series it was, from 0; skipped ones count.
    statistic, threshold
        What the detector measures, and what it must not exceed; in the detector's own units.
    direction
        1 when the series rose, -1 when it fell, 0 when the detector does not tell.
    """

    index: int
    statistic: float
    threshold: float
    direction: int

    @property
    def ratio(self) -> float:
        """Statistic over threshold, at least 1."""
        return self.statistic / self.threshold


class Step(NamedTuple):
    """A detection before it knows its index."""

    statistic: float
    threshold: float
    direction: int


class Detector(ABC):
    """A detector of change on a series standardised by the reference (:mod:`detectors.online.scale`).

    NaN and infinities are skipped and counted: they are panes that say nothing, and one of them would
    silence most detectors for good. After a detection a detector starts anew. Those that compare the series
    with its own past speak once a change; one that compares it with the reference speaks again while the
    shift lasts.

    Attributes
    ----------
    index
        How many values have come.
    skipped
        How many of them were no numbers.
    """

    def __init__(self) -> None:
        self.index = 0
        self.skipped = 0

    @property
    @abstractmethod
    def ratio(self) -> float:
        """How near the detector is to a detection: statistic over threshold of what it remembers now, from 0
        to 1.

        After a detection it has started anew; how far that one went is in its :attr:`Detection.ratio`.
        """

    def update(self, x: float, slack: float = 0.0) -> Detection | None:
        """Take the next value of the series; what it reveals, if anything.

        Parameters
        ----------
        slack
            How far the value may be off for want of knowledge of the reference, in standard deviations: what
            a detector that compares with the reference forgives on top of its own allowance.
        """
        place = self.index
        self.index += 1
        if not math.isfinite(x):
            self.skipped += 1
            return None
        found = self._step(float(x), slack)
        return None if found is None else Detection(place, *found)

    @abstractmethod
    def _step(self, x: float, slack: float) -> Step | None:
        """Take a finite value."""

    @abstractmethod
    def dump(self) -> bytes:
        """Configuration and state; equal detectors give equal bytes."""

    @classmethod
    @abstractmethod
    def load(cls, data: bytes) -> Self:
        """The detector whose :meth:`dump` these bytes are; it goes on as that one would have.

        Raises
        ------
        ValueError
            When the bytes are damaged, or those of another detector or release.
        """
