"""Baselines of the stream's own past: which grains a window is compared with.

    hours         … 9 10 11 12 … 9 10 11 12 … 9 [10] 11        window [10, 11) of the third day
    rolling                      ███████████████                every hour of the last ``rolling``
    hour_of_day       ██            ██                          the same hours of the last ``periods`` days
    hour_of_week                                                the same hours of the last ``periods`` weeks

Every window of the past takes part, also those that drifted: a baseline must not depend on what monitors
thought, or a changed threshold would change the data. So a drift that lasts becomes the baseline after
``rolling``, or step by step over ``periods`` periods, of which the first holds it as one part of ``periods``.
What creeps more slowly than that is seen by a monitor on the frozen reference beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from detectors.season import DAY_MS, HOUR_MS, WEEK_MS
from service.config.model import PastSpec
from service.windows.running import FoldedPane, between
from service.windows.shelf import Grain

_PERIODS_MS = {"hour_of_day": DAY_MS, "hour_of_week": WEEK_MS}
ROLLING = "rolling"


class Slice(NamedTuple):
    """The grains of a baseline, and from how many periods they come (hours, of a rolling one)."""

    grains: tuple[FoldedPane, ...]
    periods: int


class Past:
    """How far back the baselines of one model look, and at what.

    Parameters
    ----------
    spec
        The model's configuration.
    pane_ms
        Length of the model's panes: a grain of the past is one hour, or as many panes as make one at least.
    """

    def __init__(self, spec: PastSpec, pane_ms: int) -> None:
        self._spec = spec
        self.grain = Grain(-(-HOUR_MS // pane_ms) * pane_ms, spec.utc_offset)

    def span_ms(self, baseline: str) -> int:
        """How long before a window's start a grain may begin that the baseline still needs."""
        if baseline == ROLLING:
            return self._spec.rolling
        return self._spec.periods * _PERIODS_MS[baseline] + self.grain.ms

    def of(
        self, baseline: str, start_ms: int, end_ms: int, shelf: Sequence[FoldedPane], digest: str
    ) -> Slice:
        """What the window ``[start_ms, end_ms)`` is compared with.

        Only grains that ended when the window began, and that were counted as the window was; empty when
        there are none: that is too little data, not the absence of drift.
        """
        whole = between(shelf, start_ms - self.span_ms(baseline), start_ms - self.grain.ms + 1)
        usable = [grain for grain in whole if grain.digest == digest]
        if baseline == ROLLING:
            return Slice(tuple(usable), len(usable))
        taken: dict[int, FoldedPane] = {}
        periods = 0
        for number in range(1, self._spec.periods + 1):
            back_ms = number * _PERIODS_MS[baseline]
            same = between(usable, self.grain.start_of(start_ms - back_ms), end_ms - back_ms)
            taken |= {grain.start_ms: grain for grain in same}
            periods += bool(same)
        return Slice(tuple(taken[start] for start in sorted(taken)), periods)
