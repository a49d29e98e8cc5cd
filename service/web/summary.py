"""Where each model stands: the documents of ``/api/v1/models`` and the cards of the page."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

import msgspec

from service.alerts.notice import AlertState, rfc3339
from service.web.board import Board, Learning, Snapshot
from service.web.spending import newest_spending


class ModelStatus(StrEnum):
    """Where a model stands; the worst of its versions and windows."""

    DRIFTING = "drifting"
    """An alert fires, or a result of a newest window breaches."""
    LEARNING = "learning"
    """Its reference is being learned; nothing can be compared yet."""
    NO_DATA = "insufficient_data"
    """Windows close, but no monitor has enough data."""
    OK = "ok"
    """At least one monitor had enough data, and none breaches."""
    WAITING = "waiting"
    """Nothing was heard of it in this process."""


class VersionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The newest window of one version, or how far its reference is learned."""

    model_version: str
    window: str | None = None
    start: str | None = None
    end: str | None = None
    events: int = 0
    slices: int = 0
    breaches: int = 0
    late: int = 0
    incomplete: bool = False
    lower_bounds: bool = False
    reference_id: str | None = None
    learned: int | None = None
    learn_wanted: int | None = None
    false_alarm_level: float | None = None


class ModelSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One model; the last two are the budget of false alarms, and what was spent of it in seven days."""

    model: str
    status: ModelStatus
    firing: int
    pending: int
    breaches: int
    watermark: str | None
    versions: tuple[VersionSummary, ...]
    false_alarms_per_week: float | None = None
    false_alarms_spent: float | None = None


def model_summaries(board: Board) -> tuple[ModelSummary, ...]:
    """Every model of the board."""
    states = Counter((notice.model, notice.state) for notice in board.open_alerts())
    return tuple(_summary(board, model, states) for model in board.models())


def model_summary(board: Board, model: str) -> ModelSummary | None:
    """One model; None when nobody knows it."""
    return next((item for item in model_summaries(board) if item.model == model), None)


def _summary(board: Board, model: str, states: Counter[tuple[str, AlertState]]) -> ModelSummary:
    snapshots = board.snapshots(model)
    progress = board.progress(model)
    firing = states[model, AlertState.FIRING]
    breaches = sum(len(snapshot.breaches) for snapshot in snapshots.values())
    watermark = board.watermark_ms(model)
    versions = [_version(snapshot, progress.get(key[:2])) for key, snapshot in sorted(snapshots.items())]
    spending = newest_spending(board, model)
    shown = {version.model_version for version in versions}
    for (_, version), learned in sorted(progress.items()):
        if version not in shown:
            item = VersionSummary(model_version=version, learned=learned.seen, learn_wanted=learned.wanted)
            versions.append(item)
    return ModelSummary(
        model=model,
        status=_status(list(snapshots.values()), firing, breaches, learning=bool(progress)),
        firing=firing,
        pending=states[model, AlertState.PENDING],
        breaches=breaches,
        watermark=None if watermark is None else rfc3339(watermark),
        versions=tuple(versions),
        false_alarms_per_week=None if spending is None else spending.per_week,
        false_alarms_spent=None if spending is None else spending.spent,
    )


def _version(snapshot: Snapshot, learned: Learning | None) -> VersionSummary:
    window, spending = snapshot.evaluated.window, snapshot.evaluated.spending
    return VersionSummary(
        model_version=window.version,
        window=window.name,
        start=rfc3339(window.start_ms),
        end=rfc3339(window.end_ms),
        events=int(window.layout.counter(window.totals[0], "events")),
        slices=len(window.slices),
        breaches=len(snapshot.breaches),
        late=window.late,
        incomplete=window.incomplete,
        lower_bounds=window.lower_bounds,
        reference_id=None if window.profile is None else window.profile.id,
        learned=None if learned is None else learned.seen,
        learn_wanted=None if learned is None else learned.wanted,
        false_alarm_level=None if spending is None else spending.level,
    )


def _status(snapshots: list[Snapshot], firing: int, breaches: int, *, learning: bool) -> ModelStatus:
    if firing or breaches:
        return ModelStatus.DRIFTING
    if any(item.evaluated.window.profile is not None and item.says_something for item in snapshots):
        return ModelStatus.OK
    if learning:
        return ModelStatus.LEARNING
    return ModelStatus.NO_DATA if snapshots else ModelStatus.WAITING
