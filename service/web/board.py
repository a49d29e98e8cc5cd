"""What is known right now: fed by the shells, read by the page, the API and ``/metrics``.

Writers run on the event loop; a reader may run in a thread. Everything handed out is immutable or a copy.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from service.alerts.notice import AlertNotice, AlertState, TriggerNotice
from service.config.settings import Settings
from service.evaluation.judged import remembered
from service.evaluation.looking import (
    breaching,
    judgements_by_place,
    judging,
    results_by_place,
    says_something,
)
from service.evaluation.result import Evaluated, Judgement, Result
from service.web.ranking import Finding, rank
from service.windows.merging import Merging

VERSIONS = 16
"""Versions kept a model and window; the one whose windows ended first goes first."""
ALERTS = 1000
"""Open alerts kept; the oldest goes first."""
RESOLVED = 50
"""Resolved alerts kept."""
TRIGGERS = 50
"""Retraining and rollback requests kept."""
HISTORY = 120
"""Windows whose values are remembered."""
HISTORY_VALUES = 500
"""Values remembered a window: those of the overall slice first, then breaching ones, then others judged."""
LAST_MS = 253_402_300_800_000
"""The first millisecond of the year 10000, which no date can show."""
RETIRED_SLIDES = 3
"""A version whose newest window ended this many slides before the model's newest is retired."""

Key = tuple[str, str, str]
"""Model, version, window name."""
Series = tuple[str, str, str, str]
"""Slice, feature, metric, baseline."""
Point = tuple[int, float | None]
"""End of a window in epoch milliseconds, and the value."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The newest window of one model version, and the values of the windows before it."""

    evaluated: Evaluated
    history: tuple[tuple[int, Mapping[Series, float | None]], ...]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """One finding a feature and slice, worst first."""
        return rank(self.evaluated.judgements)

    @cached_property
    def breaches(self) -> tuple[Judgement, ...]:
        """The judgements that breach."""
        return breaching(self.evaluated.judgements)

    @cached_property
    def breaching_findings(self) -> tuple[Finding, ...]:
        """The findings with a breach, worst first."""
        places = dict.fromkeys((item.result.slice, item.result.feature) for item in self.breaches)
        return rank(chain.from_iterable(self.judged_by_place[place] for place in places))

    @cached_property
    def by_place(self) -> Mapping[tuple[str, str], tuple[Result, ...]]:
        """The results of each slice and feature."""
        return results_by_place(self.evaluated.results)

    @cached_property
    def judged_by_place(self) -> Mapping[tuple[str, str], tuple[Judgement, ...]]:
        """The judgements of each slice and feature."""
        return judgements_by_place(self.evaluated.judgements)

    @cached_property
    def monitors(self) -> tuple[str, ...]:
        """The names of the monitors that judge anything."""
        return judging(self.evaluated.judgements)

    @cached_property
    def says_something(self) -> bool:
        """Whether any monitor had enough data."""
        return says_something(self.evaluated.judgements)

    def series(
        self, slice_name: str, feature: str, metric: str, baseline: str = "reference"
    ) -> tuple[Point, ...]:
        """One value over the remembered windows, oldest first."""
        key = (slice_name, feature, metric, baseline)
        return tuple((end_ms, values[key]) for end_ms, values in self.history if key in values)


@dataclass(frozen=True, slots=True)
class Learning:
    """How far a reference is learned."""

    seen: int
    wanted: int

    @property
    def ratio(self) -> float:
        """Between 0 and 1."""
        return min(self.seen / self.wanted, 1.0) if self.wanted > 0 else 1.0


class Board:
    """The newest state of every model this process evaluates.

    Attributes
    ----------
    revision
        Grows with every change; readers use it as a version of what they made of the board.
    cut
        What the bounds dropped, by kind: ``version``, ``alert``, ``history_value``.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.revision = 0
        self.cut: Counter[str] = Counter(version=0, alert=0, history_value=0)
        self._slide_ms = {
            (model.name, spec.name): spec.slide_ms for model in settings.models for spec in model.windows
        }
        self._snapshots: dict[Key, Snapshot] = {}
        self._learning: dict[tuple[str, str], Learning] = {}
        self._watermarks: dict[str, int] = {}
        self._merging: dict[str, Merging] = {}
        self._open: dict[str, AlertNotice] = {}
        self._resolved: deque[AlertNotice] = deque(maxlen=RESOLVED)
        self._triggers: deque[TriggerNotice] = deque(maxlen=TRIGGERS)
        self._owned: set[str] = set()

    def update(self, evaluated: Evaluated) -> None:
        """Take a closed window; older ones than the board holds are ignored."""
        window = evaluated.window
        key = (window.model, window.version, window.name)
        known = self._snapshots.get(key)
        if known is not None and known.evaluated.window.end_ms > window.end_ms:
            return
        past = () if known is None else known.history
        if past and past[-1][0] == window.end_ms:
            past = past[:-1]
        history = (*past[-HISTORY + 1 :], (window.end_ms, self._values(evaluated)))
        self._snapshots[key] = Snapshot(evaluated, history)
        if window.profile is not None:
            self._learning.pop((window.model, window.version), None)
        self._retire(window.model, window.name)
        self._changed(window.model)

    def notice(self, notice: AlertNotice | TriggerNotice) -> None:
        """Take an alert's new state, or a retraining or rollback request."""
        self._changed(notice.model)
        if isinstance(notice, TriggerNotice):
            if all(known.trigger_id != notice.trigger_id for known in self._triggers):
                self._triggers.append(notice)
            return
        known = self._open.pop(notice.alert_id, None)
        if notice.state is AlertState.RESOLVED:
            if not notice.fired:
                return  # it was pending only: nobody was told, so nothing ended
            if known is not None or all(old.alert_id != notice.alert_id for old in self._resolved):
                self._resolved.append(notice)
            return
        self._open[notice.alert_id] = notice
        if len(self._open) > ALERTS:
            self._open.pop(next(iter(self._open)))
            self.cut["alert"] += 1

    def learning(self, model: str, version: str, seen: int, wanted: int) -> None:
        """Take how many of the wanted events a reference has been learned from; ignored once there is one."""
        snapshots = self.snapshots(model).items()
        if any(key[1] == version and item.evaluated.window.profile is not None for key, item in snapshots):
            return
        if self._learning.get((model, version)) != (progress := Learning(seen, wanted)):
            self._learning[model, version] = progress
            self._changed(model)

    def watermark(self, model: str, ms: int) -> None:
        """Take up to when the model's event time is complete.

        Before every source was heard it is the far past, and there is nothing to show; after the last source
        ended it is the far future, and what was shown before stays.
        """
        known = self._watermarks.get(model)
        shown = known if ms >= LAST_MS else ms if ms >= 0 else None
        if shown == known and model in self._owned:
            return
        if shown is None:
            self._watermarks.pop(model, None)
        else:
            self._watermarks[model] = shown
        self._changed(model)

    def merged(self, model: str, merging: Merging) -> None:
        """Take what merging the model's statements has met so far."""
        self._merging[model] = merging

    def forget(self, model: str) -> None:
        """Drop everything of a model: another process evaluates it now."""
        self._snapshots = {key: value for key, value in self._snapshots.items() if key[0] != model}
        self._learning = {key: value for key, value in self._learning.items() if key[0] != model}
        self._watermarks.pop(model, None)
        self._merging.pop(model, None)
        self._open = {key: value for key, value in self._open.items() if value.model != model}
        self._resolved = deque((item for item in self._resolved if item.model != model), maxlen=RESOLVED)
        self._triggers = deque((item for item in self._triggers if item.model != model), maxlen=TRIGGERS)
        self._owned.discard(model)
        self.revision += 1

    def models(self) -> tuple[str, ...]:
        """Configured models in their order, then any others heard of."""
        configured = [model.name for model in self.settings.models]
        return (*configured, *sorted(self._owned.difference(configured)))

    def owned(self) -> tuple[str, ...]:
        """Models that this process has heard of since it last forgot them."""
        return tuple(sorted(self._owned))

    def snapshots(self, model: str | None = None) -> dict[Key, Snapshot]:
        """The newest windows, by model, version and window name."""
        items = list(self._snapshots.items())
        return {key: value for key, value in items if model is None or key[0] == model}

    def progress(self, model: str | None = None) -> dict[tuple[str, str], Learning]:
        """Progress of learning, by model and version."""
        items = list(self._learning.items())
        return {key: value for key, value in items if model is None or key[0] == model}

    def watermark_ms(self, model: str) -> int | None:
        """Up to when the model's event time is complete."""
        return self._watermarks.get(model)

    def merging(self) -> dict[str, Merging]:
        """What merging statements has met, by model."""
        return dict(sorted(self._merging.items()))

    def open_alerts(self) -> tuple[AlertNotice, ...]:
        """Firing and pending alerts, newest first."""
        return tuple(sorted(self._open.values(), key=lambda item: -item.started_ms))

    def resolved_alerts(self) -> tuple[AlertNotice, ...]:
        """Alerts that resolved, newest first."""
        return tuple(reversed(list(self._resolved)))

    def triggers(self) -> tuple[TriggerNotice, ...]:
        """Retraining and rollback requests, newest first."""
        return tuple(reversed(list(self._triggers)))

    def _changed(self, model: str) -> None:
        self._owned.add(model)
        self.revision += 1

    def _retire(self, model: str, name: str) -> None:
        ends = {
            key: item.evaluated.window.end_ms
            for key, item in self._snapshots.items()
            if key[0] == model and key[2] == name
        }
        newest = max(ends.values())
        behind = RETIRED_SLIDES * self._slide_ms.get((model, name), 0)
        by_age = sorted(ends, key=lambda key: ends[key])
        retired = [key for key in by_age if behind and newest - ends[key] >= behind]
        excess = [key for key in by_age if key not in retired][: max(0, len(ends) - len(retired) - VERSIONS)]
        self.cut["version"] += len(excess)
        for key in (*retired, *excess):
            del self._snapshots[key]

    def _values(self, evaluated: Evaluated) -> dict[Series, float | None]:
        values, cut = remembered(evaluated, HISTORY_VALUES)
        self.cut["history_value"] += cut
        return values
