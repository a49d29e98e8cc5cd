"""Windows and judgements made by hand, one letter a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from detectors.layout import Layout
from detectors.result import Status
from service.alerts.notice import AlertNotice, Notice, rfc3339
from service.alerts.state import AlertBook
from service.config.monitor import Monitor
from service.config.receivers import RetrainingSpec
from service.evaluation.result import Evaluated, Explanation, Interval, Judgement, Result, Verdict
from service.windows.closed import ClosedWindow

MINUTE = 60_000
START = 1_787_356_800_000  # 2026-08-22T00:00:00Z
LETTERS = {"x": Verdict.BREACH, "h": Verdict.HOLDING, ".": Verdict.CLEAR, "?": Verdict.NO_DATA}
VALUES = {"x": 0.31, "h": 0.15, ".": 0.02, "?": None}


def monitor(**changes: Any) -> Monitor:
    fields = {"name": "age-drift", "metric": "psi", "threshold": 0.2, "resolve_threshold": 0.1, **changes}
    return Monitor.model_validate(fields)


def window(index: int, *, model: str = "credit", version: str = "7", name: str = "1m") -> ClosedWindow:
    """The window that ends ``index`` minutes after the start."""
    end_ms = START + index * MINUTE
    totals = np.zeros((1, 1), dtype=np.int64)
    layout: Layout = None  # type: ignore[assignment]  # alerts never look at the totals
    return ClosedWindow(model, version, name, end_ms - MINUTE, end_ms, ("all",), totals, layout, None)


def judgement(
    rule: Monitor,
    letter: str,
    at: ClosedWindow,
    feature: str = "age",
    slice_: str = "all",
    told: Explanation | None = None,
) -> Judgement:
    result = Result(
        model=at.model,
        model_version=at.version,
        slice=slice_,
        feature=feature,
        metric=rule.metric,
        value=VALUES[letter],
        p_adjusted=None if letter == "?" else 0.0004,
        threshold=rule.threshold,
        status={"x": Status.DRIFT, "?": Status.INSUFFICIENT}.get(letter, Status.OK),
        n=3 if letter == "?" else 18_422,
        reference_n=50_000,
        reference_id="sha256:ab12",
        window=Interval(rfc3339(at.start_ms), rfc3339(at.end_ms), at.name),
        explanation=told,
    )
    return Judgement(rule, result, LETTERS[letter])


def evaluated(
    rule: Monitor,
    letters: Mapping[tuple[str, str], str],
    at: ClosedWindow,
    told: Explanation | None = None,
) -> Evaluated:
    """A window whose (feature, slice) have these verdicts; a space stands for one that does not appear."""
    judgements = tuple(
        judgement(rule, letter, at, feature, slice_, told)
        for (feature, slice_), letter in letters.items()
        if letter != " "
    )
    return Evaluated(at, tuple(one.result for one in judgements), judgements)


def book(*rules: Monitor, cooldown: str = "0s", expire: str = "6h", **changes: Any) -> AlertBook:
    spec = RetrainingSpec.model_validate({"cooldown": cooldown, "expire": expire})
    return AlertBook(rules, spec, "digest-1", **changes)


def run(states: AlertBook, rule: Monitor, verdicts: str, first: int = 1) -> list[list[Notice]]:
    """Notices of each window when one feature has these verdicts, window by window."""
    return [
        states.step(evaluated(rule, {("age", "all"): letter}, window(first + index)))
        for index, letter in enumerate(verdicts)
    ]


def alerts(notices: list[Notice]) -> list[AlertNotice]:
    return [notice for notice in notices if isinstance(notice, AlertNotice)]
