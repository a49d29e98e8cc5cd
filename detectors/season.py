"""Baselines of the stream's own past: the same hour of other days, or of other weeks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from detectors.layout import Rows

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS

_EPOCH_MONDAY_MS = 4 * DAY_MS
"""The first Monday after the epoch, a Thursday: weeks begin on Mondays, 00:00 UTC."""


@dataclass(frozen=True)
class Season:
    """A rhythm, cut into equal phases.

    Attributes
    ----------
    period_ms, phases
        Length of the rhythm, and into how many phases it is cut.
    offset_ms
        How far local time is ahead of UTC. Zones that change their clocks are off by an hour for a part of
        the year.

    >>> Season(DAY_MS, 24).phase(1_787_392_800_000), Season(WEEK_MS, 168).phase(1_787_392_800_000)
    (10, 130)
    """

    period_ms: int
    phases: int
    offset_ms: int = 0

    def __post_init__(self) -> None:
        if self.period_ms <= 0 or self.phases < 2 or self.period_ms % self.phases:
            raise ValueError(
                f"a period of {self.period_ms} ms is not cut into {self.phases} equal phases: give at least "
                "2 that divide it"
            )

    def phase(self, time_ms: int) -> int:
        """The phase in which a time lies, in ``[0, phases)``; of a window, take its start.

        >>> DAILY.phase(3 * 3_600_000), WEEKLY.phase(0)  # the epoch is a Thursday
        (3, 72)
        """
        return (time_ms + self.offset_ms - _EPOCH_MONDAY_MS) % self.period_ms * self.phases // self.period_ms


DAILY, WEEKLY = Season(DAY_MS, 24), Season(WEEK_MS, 168)


@dataclass(frozen=True, eq=False)
class Past:
    """Totals of earlier windows by phase, all in one layout.

    Attributes
    ----------
    keep
        How many windows of a phase are kept, the newest.
    windows
        By phase, from the oldest to the newest: start and totals by slice, each int64[row size].
    dropped
        How many older windows the bound has cut.
    """

    season: Season
    keep: int
    windows: Mapping[int, tuple[tuple[int, Mapping[str, Rows]], ...]] = field(default_factory=dict)
    dropped: int = 0

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise ValueError(f"`keep` ({self.keep}) must be at least 1: no window would be a baseline")

    def add(self, start_ms: int, totals: Mapping[str, Rows]) -> Past:
        """The past with one more window; one that is already there is replaced.

        Leave out windows that drifted, and a drift that lasts stays one; with them it becomes the baseline.
        """
        phase = self.season.phase(start_ms)
        others = [window for window in self.windows.get(phase, ()) if window[0] != start_ms]
        together = sorted([*others, (start_ms, dict(totals))], key=lambda window: window[0])
        kept = tuple(together[-self.keep :])
        return Past(
            self.season,
            self.keep,
            {**self.windows, phase: kept},
            self.dropped + len(together) - len(kept),
        )

    def baseline(self, start_ms: int) -> tuple[int, dict[str, Rows]]:
        """What the window that begins at ``start_ms`` is compared with.

        Returns
        -------
        windows, totals
            How many windows of its phase, of earlier periods only, and their sum by slice. None and empty
            while there is no past: that is too little data, not the absence of drift.
        """
        first = start_ms - self.season.period_ms // self.season.phases
        earlier = [rows for at, rows in self.windows.get(self.season.phase(start_ms), ()) if at <= first]
        totals: dict[str, Rows] = {}
        for rows in earlier:
            for name, row in rows.items():
                totals[name] = totals[name] + row if name in totals else np.array(row)
        return len(earlier), totals
