"""A model's budget of false alarms: what it leaves each window, and what was spent of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Self

import msgspec

from detectors.lord import WEEK_MS, Lord, decide, level
from service.config.model import Model
from service.evaluation.result import Spending
from service.windows.closed import ClosedWindow

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

MEMORY_MS = WEEK_MS + HOUR_MS
"""Levels are remembered by the hour: what is remembered covers any seven days."""

LORD_SHARE = 0.5
"""What part of the budget follows discoveries; the rest is spent steadily: quiet years starve no window."""

RESERVE = 0.1
"""What part of the steady spending is kept for streams that come up; as it is used, shares shrink."""

ALPHA_MAX = 0.5
"""A rate of false discoveries above this is none that anybody wants."""


class _Spent(msgspec.Struct):
    """Levels of an hour of event time."""

    steady: float = 0.0
    lord: float = 0.0


class _State(msgspec.Struct):
    """Everything that a snapshot must hold."""

    ends: dict[tuple[str, str], int] = {}
    hours: dict[int, _Spent] = {}
    lord: Lord | None = None


class Budget:
    r"""Shares ``false_alarms_per_week`` among all windows and versions of a model.

    A window without drift alarms with a probability of at most its level, so that the levels of seven days
    bound the false alarms to be expected in them; and they never pass the budget. A level depends on earlier
    windows alone.

    ``steady``: each window gets its share by the clock, :math:`0.9 F \cdot \text{slide} / \text{week}`,
    divided by the number of streams (versions and kinds of windows) that are alive; shares shrink while
    streams that came up have spent the rest. ``lord``: half is shared so, and the other half by LORD++
    (:mod:`detectors.lord`): little while nothing is found, much after a discovery.

    Parameters
    ----------
    model
        Its windows and its ``multiplicity``.
    """

    def __init__(self, model: Model, per_week: float) -> None:
        self._slides: Mapping[str, int] = {spec.name: spec.slide_ms for spec in model.windows}
        self.per_week = per_week
        self._lord_week = per_week * LORD_SHARE if model.multiplicity.budget == "lord" else 0.0
        self._state = _State()
        if self._lord_week:
            self._state.lord = Lord(min(self._lord_week, ALPHA_MAX))

    @classmethod
    def of(cls, model: Model) -> Self | None:
        """The budget that a model has, if any."""
        per_week = model.multiplicity.false_alarms_per_week
        return None if per_week is None else cls(model, per_week)

    def offer(self, window: ClosedWindow) -> Spending:
        """The level of a window, before its tests are known."""
        self._forget(window.end_ms)
        self._state.ends[window.version, window.name] = window.end_ms
        steady, lord = self._levels(window)
        return Spending(self.per_week, min(steady + lord, 1.0), self._spent())

    def settle(self, window: ClosedWindow, p: float) -> Spending:
        """Take in the window's p-value (Simes'); NaN is no test and spends nothing."""
        steady, lord = self._levels(window)
        at = min(steady + lord, 1.0)
        if not math.isnan(p):
            hour = self._state.hours.setdefault(window.end_ms // HOUR_MS, _Spent())
            hour.steady += steady
            hour.lord += lord
            if self._state.lord is not None:
                self._state.lord, _ = decide(self._state.lord, p, at)
        return Spending(self.per_week, at, self._spent())

    def dump(self) -> bytes:
        """All state; equal ones give equal bytes."""
        state = self._state
        ends, hours = dict(sorted(state.ends.items())), dict(sorted(state.hours.items()))
        return msgspec.msgpack.encode(_State(ends, hours, state.lord))

    def load(self, data: bytes) -> None:
        """Take up what ``dump`` gave; a budget that was changed since begins anew but for what was spent."""
        mine, self._state = self._state.lord, msgspec.msgpack.decode(data, type=_State)
        known = self._state.lord
        if mine is None or known is None or mine.alpha != known.alpha:
            self._state.lord = mine

    def _levels(self, window: ClosedWindow) -> tuple[float, float]:
        spent = list(self._state.hours.values())
        week = self.per_week - self._lord_week
        left = week - sum(hour.steady for hour in spent)
        share = week * (1 - RESERVE) * self._slide_ms(window) / MEMORY_MS / self._streams(window.end_ms)
        steady = share * min(left / (week * RESERVE), 1.0)
        lord = 0.0
        if self._state.lord is not None:
            lord = min(level(self._state.lord), self._lord_week - sum(hour.lord for hour in spent))
        return max(steady, 0.0), max(lord, 0.0)

    def _streams(self, now_ms: int) -> int:
        """Streams alive: those with a window in the last day, or in their last two slides."""
        alive = sum(
            end_ms > now_ms - max(DAY_MS, 2 * self._slides.get(name, 0))
            for (_, name), end_ms in self._state.ends.items()
        )
        return max(alive, 1)

    def _slide_ms(self, window: ClosedWindow) -> int:
        return self._slides.get(window.name, window.end_ms - window.start_ms)

    def _spent(self) -> float:
        return sum(hour.steady + hour.lord for hour in self._state.hours.values())

    def _forget(self, now_ms: int) -> None:
        state, oldest = self._state, now_ms - MEMORY_MS
        state.hours = {hour: spent for hour, spent in state.hours.items() if hour * HOUR_MS > oldest}
        kept_ms = {name: max(WEEK_MS, 2 * slide) for name, slide in self._slides.items()}
        state.ends = {
            key: end for key, end in state.ends.items() if end > now_ms - kept_ms.get(key[1], WEEK_MS)
        }
