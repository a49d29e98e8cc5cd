"""The results on the board as Prometheus series, within ``limits.series``."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import version
from weakref import WeakKeyDictionary

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from detectors.result import Status
from service.alerts.notice import AlertNotice, AlertState
from service.evaluation.result import Verdict
from service.web.board import Board, Key, Snapshot
from service.web.metrics import RESULTS, STATE
from service.web.ranking import threshold_ratio
from service.web.spending import newest_spending

_SAYS_SOMETHING = frozenset({Status.OK, Status.DRIFT, Status.BREACH})

RANKS = 3
"""Of the overall slice, of what breaches, of what a monitor names."""

Families = dict[str, GaugeMetricFamily | CounterMetricFamily]


@dataclass(frozen=True, slots=True)
class _Place:
    """The series of one slice and feature: baselines, metric names and values; baselines, metrics, monitors
    and ratios.
    """

    slice: str
    feature: str
    values: tuple[tuple[str, str, float], ...]
    ratios: tuple[tuple[str, str, str, float], ...]

    @classmethod
    def of(cls, snapshot: Snapshot, place: tuple[str, str]) -> _Place:
        values = tuple(
            (item.baseline, RESULTS[item.metric].name, item.value * RESULTS[item.metric].factor)
            for item in snapshot.by_place.get(place, ())
            if item.value is not None and item.status in _SAYS_SOMETHING and item.metric in RESULTS
        )
        ratios = tuple(
            (item.result.baseline, item.result.metric, item.monitor.name, ratio)
            for item in snapshot.judged_by_place.get(place, ())
            if item.verdict is not Verdict.NO_DATA and (ratio := threshold_ratio(item)) is not None
        )
        return cls(*place, values, ratios)

    @property
    def size(self) -> int:
        """How many series."""
        return len(self.values) + len(self.ratios)


class BoardCollector(Collector):
    """Reads the board at every scrape.

    Exported of each window: every feature on the overall slice, then what breaches (worst first), then the
    slices that a monitor names. What passes ``limits.series`` is counted in ``driftline_dropped_series``.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._limit = board.settings.limits.series
        self._patterns = tuple(
            sorted({glob for monitor in board.settings.monitors for glob in monitor.slices if glob != "*"})
        )
        self._version = version("driftline")
        self._known: WeakKeyDictionary[Snapshot, list[list[_Place]]] = WeakKeyDictionary()

    def describe(self) -> Iterable[Metric]:
        """The names, without reading the board."""
        return _families().values()

    def collect(self) -> Iterator[Metric]:
        """Every series as it stands now."""
        families = _families()
        snapshots = self._board.snapshots()
        _add_windows(families, snapshots)
        _add_decisions(families, snapshots, self._board)
        _add_alerts(families, self._board)
        self._add_models(families)
        exported, dropped = self._add_results(families, snapshots)
        families["driftline_exported_series"].add_metric((), exported)
        families["driftline_dropped_series"].add_metric((), dropped)
        families["driftline_build_info"].add_metric((self._version, platform.python_version()), 1)
        for kind, count in sorted(self._board.cut.items()):
            families["driftline_board_cut_total"].add_metric((kind,), count)
        yield from families.values()

    def _add_results(self, families: Families, snapshots: dict[Key, Snapshot]) -> tuple[int, int]:
        exported = dropped = 0
        candidates = {key: self._candidates(snapshot) for key, snapshot in snapshots.items()}
        for rank in range(RANKS):
            for key, places in candidates.items():
                for place in places[rank]:
                    if exported + place.size > self._limit:
                        dropped += place.size
                    else:
                        exported += place.size
                        _add_place(families, key, place)
        return exported, dropped

    def _candidates(self, snapshot: Snapshot) -> list[list[_Place]]:
        """What is to be exported of a window: the overall slice, what breaches, what a monitor names."""
        known = self._known.get(snapshot)
        if known is not None:
            return known
        taken: set[tuple[str, str]] = set()
        ranks: list[list[_Place]] = []
        breaching = (finding.place for finding in snapshot.breaching_findings)
        for places in (
            (place for place in snapshot.by_place if place[0] == "all"),
            breaching,
            self._named(snapshot),
        ):
            fresh = [place for place in places if place not in taken]
            taken.update(fresh)
            ranks.append([_Place.of(snapshot, place) for place in fresh])
        self._known[snapshot] = ranks
        return ranks

    def _named(self, snapshot: Snapshot) -> list[tuple[str, str]]:
        slices = {
            name
            for name in snapshot.evaluated.window.slices
            if any(fnmatchcase(name, pattern) for pattern in self._patterns)
        }
        return [place for place in snapshot.by_place if place[0] in slices]

    def _add_models(self, families: Families) -> None:
        for model in self._board.owned():
            if (ms := self._board.watermark_ms(model)) is not None:
                families["driftline_watermark_timestamp_seconds"].add_metric((model,), ms / 1000)
        for model, merging in self._board.merging().items():
            families["driftline_late_statements_total"].add_metric((model,), merging.late)
            families["driftline_mismatched_statements_total"].add_metric((model,), merging.mismatched)
            families["driftline_retired_versions_total"].add_metric((model,), merging.retired)
        for (model, model_version), progress in self._board.progress().items():
            families["driftline_learning_ratio"].add_metric((model, model_version), progress.ratio)


def _families() -> Families:
    return {
        item.name: (CounterMetricFamily if item.type == "counter" else GaugeMetricFamily)(
            item.name, item.help, labels=item.labels
        )
        for item in (*RESULTS.values(), *STATE)
    }


def _add_place(families: Families, key: Key, place: _Place) -> None:
    labels = (key[0], key[1], place.slice, place.feature, key[2])
    for baseline, name, value in place.values:
        families[name].add_metric((*labels, baseline), value)
    for baseline, metric, monitor, ratio in place.ratios:
        families["driftline_threshold_ratio"].add_metric((*labels, baseline, metric, monitor), ratio)


def _add_windows(families: Families, snapshots: dict[Key, Snapshot]) -> None:
    references: set[tuple[str, str, str]] = set()
    for key, snapshot in snapshots.items():
        window = snapshot.evaluated.window
        families["driftline_window_end_timestamp_seconds"].add_metric(key, window.end_ms / 1000)
        families["driftline_window_incomplete"].add_metric(key, int(window.incomplete))
        families["driftline_window_late_records"].add_metric(key, window.late)
        families["driftline_window_slices"].add_metric(key, len(window.slices))
        families["driftline_window_missing_records"].add_metric(key, window.model_gaps)
        if window.profile is not None:
            references.add((window.model, window.version, window.profile.id))
        breaches = dict.fromkeys(snapshot.monitors, 0)
        for judgement in snapshot.breaches:
            breaches[judgement.monitor.name] += 1
        for monitor, count in sorted(breaches.items()):
            families["driftline_breaches"].add_metric((*key, monitor), count)
    for labels in sorted(references):
        families["driftline_reference_info"].add_metric(labels, 1)


def _add_decisions(families: Families, snapshots: dict[Key, Snapshot], board: Board) -> None:
    unfollowed = dict.fromkeys(board.owned(), 0)
    for key, snapshot in snapshots.items():
        unfollowed[key[0]] = unfollowed.get(key[0], 0) + snapshot.evaluated.unfollowed
        if (spending := snapshot.evaluated.spending) is not None:
            families["driftline_false_alarm_level"].add_metric(key, spending.level)
    for model, count in sorted(unfollowed.items()):
        families["driftline_unfollowed_series"].add_metric((model,), count)
    for model in board.owned():
        if (newest := newest_spending(board, model)) is not None:
            ratio = newest.spent / newest.per_week
            families["driftline_false_alarm_budget_spent_ratio"].add_metric((model,), ratio)


def _add_alerts(families: Families, board: Board) -> None:
    opened = board.open_alerts()
    states = {(model, state): 0 for model in board.owned() for state in ("pending", "firing")}
    for notice in opened:
        states[notice.model, notice.state.value] += 1
    for labels, count in sorted(states.items()):
        families["driftline_alerts"].add_metric(labels, count)
    firing: dict[tuple[str, ...], int] = {}
    for notice in (*board.resolved_alerts(), *opened):
        fires = int(notice.state is AlertState.FIRING)
        labels_of_alert = _alert_labels(notice)
        firing[labels_of_alert] = max(firing.get(labels_of_alert, 0), fires)
    for labels_of_alert, fires in firing.items():
        families["driftline_alert_firing"].add_metric(labels_of_alert, fires)


def _alert_labels(notice: AlertNotice) -> tuple[str, ...]:
    return (
        notice.alertname, notice.severity, notice.model, notice.model_version, notice.feature, notice.slice,
        notice.window.name,
    )  # fmt: skip
