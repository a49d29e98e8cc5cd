"""The results on the board as Prometheus series, within ``limits.series``."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from importlib.metadata import version

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from detectors.result import Status
from service.alerts.notice import AlertNotice, AlertState
from service.evaluation.result import Judgement, Result, Verdict
from service.web.board import Board, Key, Snapshot
from service.web.metrics import RESULTS, STATE
from service.web.ranking import threshold_ratio

_SAYS_SOMETHING = frozenset({Status.OK, Status.DRIFT, Status.BREACH})

Families = dict[str, GaugeMetricFamily | CounterMetricFamily]


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

    def describe(self) -> Iterable[Metric]:
        """The names, without reading the board."""
        return _families().values()

    def collect(self) -> Iterator[Metric]:
        """Every series as it stands now."""
        families = _families()
        snapshots = self._board.snapshots()
        _add_windows(families, snapshots)
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
        for key, place, results, judgements in self._places(snapshots):
            count = len(results) + len(judgements)
            if exported + count > self._limit:
                dropped += count
                continue
            exported += count
            labels = (key[0], key[1], *place, key[2])
            for result in results:
                assert result.value is not None
                families[RESULTS[result.metric].name].add_metric(labels, result.value)
            for judgement, ratio in judgements:
                names = (*labels, judgement.result.metric, judgement.monitor.name)
                families["driftline_threshold_ratio"].add_metric(names, ratio)
        return exported, dropped

    def _places(
        self, snapshots: dict[Key, Snapshot]
    ) -> Iterator[tuple[Key, tuple[str, str], list[Result], list[tuple[Judgement, float]]]]:
        """Slices and features of all windows in order of importance, with what is to be exported of each."""
        judged = {key: _judged(snapshot) for key, snapshot in snapshots.items()}
        seen: set[tuple[Key, tuple[str, str]]] = set()
        for choose in (self._overall, self._breaching, self._named):
            for key, snapshot in snapshots.items():
                for place in choose(snapshot):
                    if (key, place) in seen:
                        continue
                    seen.add((key, place))
                    results = [item for item in snapshot.by_place.get(place, ()) if _exported(item)]
                    yield key, place, results, judged[key].get(place, [])

    @staticmethod
    def _overall(snapshot: Snapshot) -> list[tuple[str, str]]:
        return [place for place in snapshot.by_place if place[0] == "all"]

    @staticmethod
    def _breaching(snapshot: Snapshot) -> list[tuple[str, str]]:
        return [finding.place for finding in snapshot.findings if finding.breaches]

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
        for (model, model_version), progress in self._board.progress().items():
            families["driftline_learning_ratio"].add_metric((model, model_version), progress.ratio)


def _families() -> Families:
    return {
        item.name: (CounterMetricFamily if item.type == "counter" else GaugeMetricFamily)(
            item.name, item.help, labels=item.labels
        )
        for item in (*RESULTS.values(), *STATE)
    }


def _exported(result: Result) -> bool:
    return result.value is not None and result.status in _SAYS_SOMETHING and result.metric in RESULTS


def _judged(snapshot: Snapshot) -> dict[tuple[str, str], list[tuple[Judgement, float]]]:
    places: dict[tuple[str, str], list[tuple[Judgement, float]]] = {}
    for judgement in snapshot.evaluated.judgements:
        ratio = threshold_ratio(judgement)
        if ratio is not None and judgement.verdict is not Verdict.NO_DATA:
            place = judgement.result.slice, judgement.result.feature
            places.setdefault(place, []).append((judgement, ratio))
    return places


def _add_windows(families: Families, snapshots: dict[Key, Snapshot]) -> None:
    references: set[tuple[str, str, str]] = set()
    for key, snapshot in snapshots.items():
        window = snapshot.evaluated.window
        families["driftline_window_end_timestamp_seconds"].add_metric(key, window.end_ms / 1000)
        families["driftline_window_incomplete"].add_metric(key, int(window.incomplete))
        families["driftline_window_late_records"].add_metric(key, window.late)
        families["driftline_window_slices"].add_metric(key, len(window.slices))
        if window.profile is not None:
            references.add((window.model, window.version, window.profile.id))
        breaches = dict.fromkeys((item.monitor.name for item in snapshot.evaluated.judgements), 0)
        for judgement in snapshot.breaches:
            breaches[judgement.monitor.name] += 1
        for monitor, count in sorted(breaches.items()):
            families["driftline_breaches"].add_metric((*key, monitor), count)
    for labels in sorted(references):
        families["driftline_reference_info"].add_metric(labels, 1)


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
