"""The documents of ``/api/v1``: pure functions from the board to what is sent as JSON."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from service.alerts.notice import AlertNotice, AlertState, TriggerNotice
from service.evaluation.result import Result
from service.web.board import Board
from service.web.distribution import Distribution, distribution
from service.web.ranking import Finding, order
from service.web.summary import ModelSummary, model_summaries, model_summary

RESULTS_MAX = 10_000
"""Results in one answer."""


class Models(msgspec.Struct, frozen=True):
    """Answer of ``/api/v1/models``."""

    models: tuple[ModelSummary, ...]


class FindingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A judged result, and how it was judged."""

    result: Result
    monitor: str
    severity: str
    verdict: str
    threshold_ratio: float | None


class ModelDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of ``/api/v1/models/{model}``: the summary, and what is worst."""

    summary: ModelSummary
    findings: tuple[FindingRow, ...]


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of ``/api/v1/results``; ``omitted`` is how many more match than are sent."""

    results: tuple[Result, ...]
    omitted: int


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of ``/api/v1/alerts``."""

    firing: tuple[AlertNotice, ...]
    pending: tuple[AlertNotice, ...]
    resolved: tuple[AlertNotice, ...]
    requests: tuple[TriggerNotice, ...]


class ProfileSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A reference in force."""

    id: str
    model: str
    model_version: str
    profile_version: str
    events: int
    slices: int
    fields: tuple[str, ...]


class Profiles(msgspec.Struct, frozen=True):
    """Answer of ``/api/v1/profiles``."""

    profiles: tuple[ProfileSummary, ...]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What ``/api/v1/results`` is asked for; None takes everything."""

    model: str | None = None
    version: str | None = None
    window: str | None = None
    slice: str | None = None
    feature: str | None = None
    metric: str | None = None
    baseline: str | None = None
    status: str | None = None

    def takes(self, result: Result) -> bool:
        """Whether a result is asked for."""
        return (
            self.slice in {None, result.slice}
            and self.feature in {None, result.feature}
            and self.metric in {None, result.metric}
            and self.baseline in {None, result.baseline}
            and self.status in {None, result.status.value}
            and self.model in {None, result.model}
            and self.version in {None, result.model_version}
            and self.window in {None, result.window.name}
        )


def models(board: Board) -> Models:
    """Every model with its status."""
    return Models(model_summaries(board))


def model_detail(board: Board, model: str, limit: int = 100) -> ModelDetail | None:
    """One model with its worst findings; None when nobody knows it."""
    summary = model_summary(board, model)
    if summary is None:
        return None
    findings = [item for snapshot in board.snapshots(model).values() for item in snapshot.findings[:limit]]
    worst = sorted(findings, key=order)[:limit]
    return ModelDetail(summary=summary, findings=tuple(_row(item) for item in worst))


def results(board: Board, wanted: Filter, limit: int) -> Results:
    """The results of the newest windows that a filter takes, at most ``limit``."""
    taken: list[Result] = []
    matching = 0
    for result in _all_results(board, wanted.model):
        if wanted.takes(result):
            matching += 1
            if len(taken) < limit:
                taken.append(result)
    return Results(results=tuple(taken), omitted=matching - len(taken))


def alerts(board: Board) -> Alerts:
    """Open and recently resolved alerts, and requests to act."""
    opened = board.open_alerts()
    return Alerts(
        firing=tuple(item for item in opened if item.state is AlertState.FIRING),
        pending=tuple(item for item in opened if item.state is AlertState.PENDING),
        resolved=board.resolved_alerts(),
        requests=board.triggers(),
    )


def profiles(board: Board) -> Profiles:
    """The references in force."""
    found: dict[tuple[str, str, str], ProfileSummary] = {}
    versioned_first = sorted(board.snapshots().items(), key=lambda item: item[0][1] == "")
    for _, snapshot in versioned_first:
        window, profile = snapshot.evaluated.window, snapshot.evaluated.window.profile
        if profile is None:
            continue
        if window.version == "" and any(key[2] == profile.id for key in found):
            continue  # labels carry no version; they share the reference of one that has its own entry
        found[window.model, window.version, profile.id] = ProfileSummary(
            id=profile.id,
            model=window.model,
            model_version=window.version,
            profile_version=profile.version,
            events=int(profile.layout.counter(profile.totals[0], "events")),
            slices=len(profile.slices),
            fields=tuple(field.name for field in profile.layout.judged),
        )
    return Profiles(tuple(found[key] for key in sorted(found)))


def find_distribution(
    board: Board, model: str, feature: str, slice_name: str, version: str | None, window: str | None
) -> tuple[Distribution, str, str] | None:
    """A distribution of the newest window that has it, with the version and the window's name."""
    snapshots = board.snapshots(model)
    for key in sorted(snapshots, key=lambda key: -snapshots[key].evaluated.window.end_ms):
        if version in {None, key[1]} and window in {None, key[2]}:
            found = distribution(snapshots[key].evaluated.window, feature, slice_name)
            if found is not None:
                return found, key[1], key[2]
    return None


def _all_results(board: Board, model: str | None) -> Iterator[Result]:
    for snapshot in board.snapshots(model).values():
        yield from snapshot.evaluated.results


def _row(finding: Finding) -> FindingRow:
    judgement = finding.judgement
    return FindingRow(
        result=judgement.result,
        monitor=judgement.monitor.name,
        severity=judgement.monitor.severity,
        verdict=judgement.verdict.value,
        threshold_ratio=finding.ratio,
    )
