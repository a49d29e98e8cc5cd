"""What the status page shows for one address: everything the templates need, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from urllib.parse import urlencode

from service.alerts.explain import explanation_lines
from service.alerts.notice import AlertNotice, AlertState, TriggerNotice
from service.evaluation.block import SHIFTS
from service.evaluation.result import Judgement, Result, Verdict
from service.web import drawing
from service.web.board import Board, Key, Snapshot
from service.web.distribution import Distribution, distribution
from service.web.ranking import Finding
from service.web.summary import ModelStatus, ModelSummary, model_summaries

ROWS = 100
"""Rows of the table; the filter reaches the rest."""

SPARK = (64.0, 20.0)
TREND = (460.0, 96.0)
PAIR = 190.0
"""Width of the widest bar of a category."""

_FIRST = (
    ModelStatus.DRIFTING,
    ModelStatus.OK,
    ModelStatus.NO_DATA,
    ModelStatus.LEARNING,
    ModelStatus.WAITING,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for; empty parts are chosen for the reader, the worst first."""

    model: str = ""
    version: str | None = None
    window: str = ""
    slice: str = ""
    feature: str | None = None
    filter: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    finding: Finding
    link: str
    chosen: bool
    spark: drawing.Trend | None

    @property
    def result(self) -> Result:
        """The result that the line shows."""
        return self.finding.judgement.result

    @property
    def bar(self) -> float:
        """Length of the ratio's bar, 0 to 1; the threshold is in the middle."""
        return min((self.finding.ratio or 0.0) / 2, 1.0)


@dataclass(frozen=True, slots=True)
class Detail:
    """One feature on one slice."""

    feature: str
    slice: str
    results: tuple[Result, ...]
    judged: dict[tuple[str, str], Judgement]
    distribution: Distribution | None
    histogram: drawing.Histogram | None
    pairs: tuple[drawing.Pair, ...]
    states: tuple[drawing.Pair, ...]
    why: tuple[str, ...]
    trend_metric: str
    trend: drawing.Trend | None
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several versions or windows to look at."""

    text: str
    link: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ModelView:
    """The chosen model."""

    summary: ModelSummary
    snapshot: Snapshot | None
    choices: tuple[Choice, ...]
    rows: tuple[Row, ...]
    total: int
    matching: int
    breaching: int
    detail: Detail | None


@dataclass(frozen=True, slots=True)
class PageView:
    """The whole page."""

    asked: Asked
    banner: str | None
    not_ready: tuple[str, ...]
    models: tuple[ModelSummary, ...]
    model: ModelView | None
    firing: tuple[AlertNotice, ...]
    pending: tuple[AlertNotice, ...]
    resolved: tuple[AlertNotice, ...]
    requests: tuple[TriggerNotice, ...]
    version: str


def link(model: str, version: str = "", window: str = "", slice_name: str = "", feature: str = "") -> str:
    """The address of a model, or of a feature on a slice."""
    query = {"model": model}
    if window:
        query |= {"version": version, "window": window}  # a version may be empty: its events bear none
    if slice_name:
        query |= {"slice": slice_name, "feature": feature}
    return "?" + urlencode(query)


def alert_link(notice: AlertNotice) -> str:
    """The address of what an alert is about."""
    return link(notice.model, notice.model_version, notice.window.name, notice.slice, notice.feature)


def view(board: Board, asked: Asked, banner: str | None, not_ready: tuple[str, ...]) -> PageView:
    """The page for an address."""
    models = model_summaries(board)
    chosen = next((item for item in models if item.model == asked.model), None)
    if chosen is None:
        chosen = min(models, key=lambda item: _FIRST.index(item.status), default=None)
    opened = board.open_alerts()
    return PageView(
        asked=asked,
        banner=banner,
        not_ready=not_ready,
        models=models,
        model=None if chosen is None else _model(board, chosen, asked),
        firing=tuple(item for item in opened if item.state is AlertState.FIRING),
        pending=tuple(item for item in opened if item.state is AlertState.PENDING),
        resolved=board.resolved_alerts(),
        requests=board.triggers(),
        version=version("driftline"),
    )


def _model(board: Board, summary: ModelSummary, asked: Asked) -> ModelView:
    snapshots = board.snapshots(summary.model)
    key = _choose(snapshots, asked)
    if key is None:
        return ModelView(summary, None, (), (), 0, 0, 0, None)
    snapshot = snapshots[key]
    wanted = [finding for finding in snapshot.findings if _matches(finding, asked.filter)]
    place = _place(snapshot, wanted, asked)
    return ModelView(
        summary=summary,
        snapshot=snapshot,
        choices=_choices(snapshots, key),
        rows=tuple(_row(snapshot, key, finding, place) for finding in wanted[:ROWS]),
        total=len(snapshot.findings),
        matching=len(wanted),
        breaching=sum(finding.breaches > 0 for finding in snapshot.findings),
        detail=None if place is None else _detail(snapshot, *place),
    )


def _choose(snapshots: dict[Key, Snapshot], asked: Asked) -> Key | None:
    """The window asked for, else the one with most breaches, else the newest."""
    known = [
        key
        for key in snapshots
        if asked.version in {None, key[1]} and asked.window in {"", key[2]}
    ]  # fmt: skip
    return max(
        known or snapshots,
        key=lambda key: (
            len(snapshots[key].breaches),
            snapshots[key].says_something,
            snapshots[key].evaluated.window.end_ms,
            key,
        ),
        default=None,
    )


def _choices(snapshots: dict[Key, Snapshot], chosen: Key) -> tuple[Choice, ...]:
    return tuple(
        Choice(f"{_version_text(snapshots[key])} · {key[2]}", link(*key), key == chosen)
        for key in sorted(snapshots)
    )


def _version_text(snapshot: Snapshot) -> str:
    window = snapshot.evaluated.window
    if window.version:
        return f"version {window.version}"
    predictions = window.layout.counter(window.totals[0], "events")
    return "no version" if predictions else "labels"


def _matches(finding: Finding, wanted: str) -> bool:
    result = finding.judgement.result
    names = (result.feature, result.slice, result.metric, result.baseline, finding.judgement.monitor.name)
    line = " ".join(names).casefold()
    return all(word in line for word in wanted.casefold().split())


def _place(snapshot: Snapshot, wanted: list[Finding], asked: Asked) -> tuple[str, str] | None:
    place = (asked.slice or "all", asked.feature or "")
    if asked.feature is not None and place in snapshot.by_place:
        return place
    drawn = (item.place for item in wanted if item.place[1] in snapshot.evaluated.window.layout.index)
    return next(drawn, wanted[0].place if wanted else None)


def _row(snapshot: Snapshot, key: Key, finding: Finding, chosen: tuple[str, str] | None) -> Row:
    slice_name, feature = finding.place
    shown = finding.judgement.result
    points = snapshot.series(slice_name, feature, shown.metric, shown.baseline)
    return Row(
        finding=finding,
        link=link(*key, slice_name, feature),
        chosen=finding.place == chosen,
        spark=drawing.line(points, *SPARK, _side(finding.judgement)),
    )


def _side(judgement: Judgement) -> float:
    """The threshold on the side where the value is: shifts are judged by their size."""
    monitor, value = judgement.monitor, judgement.result.value
    mirrored = monitor.metric in SHIFTS and not monitor.below and value is not None and value < 0
    return -monitor.threshold if mirrored else monitor.threshold


def _detail(snapshot: Snapshot, slice_name: str, feature: str) -> Detail:
    drawn = distribution(snapshot.evaluated.window, feature, slice_name)
    finding = next((item for item in snapshot.findings if item.place == (slice_name, feature)), None)
    shown = None if finding is None else finding.judgement.result
    metric, baseline = ("", "") if shown is None else (shown.metric, shown.baseline)
    threshold = None if finding is None else _side(finding.judgement)
    pairs: tuple[drawing.Pair, ...] = ()
    states: tuple[drawing.Pair, ...] = ()
    if drawn is not None:
        lost = sum(bar.current for bar in drawn.states)
        lost_before = sum(bar.reference or 0 for bar in drawn.states)
        before = None if drawn.reference_n is None else drawn.reference_n + lost_before
        states = tuple(
            pair
            for bar, pair in zip(
                drawn.states, drawing.pairs(drawn.states, drawn.n + lost, before, PAIR), strict=True
            )
            if bar.current or bar.reference
        )
        if drawn.kind == "categorical":
            pairs = drawing.pairs(drawn.bars, drawn.n, drawn.reference_n, PAIR)
    return Detail(
        feature=feature,
        slice=slice_name,
        results=snapshot.by_place.get((slice_name, feature), ()),
        judged=_judged(snapshot, slice_name, feature),
        distribution=drawn,
        histogram=None if drawn is None or drawn.kind == "categorical" else drawing.histogram(drawn),
        pairs=pairs,
        states=states,
        why=() if finding is None else explanation_lines(finding.judgement.result),
        trend_metric=metric,
        trend=drawing.line(snapshot.series(slice_name, feature, metric, baseline), *TREND, threshold),
        threshold=threshold,
    )


def _judged(snapshot: Snapshot, slice_name: str, feature: str) -> dict[tuple[str, str], Judgement]:
    """By metric and baseline the judgement; a breach is kept where several monitors judge the same."""
    judged: dict[tuple[str, str], Judgement] = {}
    for item in snapshot.judged_by_place.get((slice_name, feature), ()):
        key = (item.result.metric, item.result.baseline)
        known = judged.get(key)
        if known is None or (item.verdict is Verdict.BREACH and known.verdict is not Verdict.BREACH):
            judged[key] = item
    return judged
