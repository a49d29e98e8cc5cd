"""Panes of a model with windows of several slides, and its windows summed pane by pane in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from detectors.fields import NumericField
from detectors.layout import Layout
from detectors.profile import Profile
from service.config.model import Model
from service.windows.closed import ClosedWindow
from service.windows.closing import ModelWindows
from service.windows.codec import encode_rows
from service.windows.control import Control, ProfilePublished
from service.windows.plan import Plan, bare_fields
from service.windows.statement import Statement

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
START_MS = 19_700 * DAY_MS
"""A midnight in UTC."""


def model_of(*windows: dict[str, Any], **more: Any) -> Model:
    document = {
        "name": "fast",
        "features": {"x": {"type": "numeric"}},
        "slices": [["region"]],
        "windows": list(windows),
        "lateness": "0s",
    }
    return Model.model_validate(document | more)


def plan_of(model: Model, control: Control | None = None) -> Plan:
    return Plan(model, control or Control())


def published(model: Model, boundary_ms: int, *, mark: float = 1.0, version: str = "1") -> Control:
    """A profile of the version, told apart by its edge, in force from a boundary on."""
    fields = tuple(
        replace(field, edges=np.array([mark]))
        if isinstance(field, NumericField) and field.name == "x"
        else field
        for field in bare_fields(model)
    )
    profile = Profile("fast", version, fields, ("all",), Layout(fields).zeros(1))
    control = Control()
    control.apply(ProfilePublished.of(profile, boundary_ms))
    return control


def stated(
    plan: Plan,
    start_ms: int,
    events: int,
    *,
    version: str = "1",
    region: str = "eu",
    source: str = "events/0",
    hi: int = 100,
    lost: int = 0,
) -> Statement:
    """A pane of one source that holds so many events, all of one region."""
    counting = plan.counting(version, start_ms)
    rows = counting.layout.zeros(2)
    rows[:, 0] = rows[:, -1] = events
    return Statement(
        source=source, model="fast", version=version, pane_ms=start_ms, hi=hi, digest=counting.digest,
        slices=("all", f"region={region}"), rows=encode_rows(rows, counting.layout.sums), late=0, clamped=0,
        cut=0, part=0, parts=1, lost=lost,
    )  # fmt: skip


def close_all(windows: ModelWindows, statements: Sequence[Statement], *marks: int) -> list[ClosedWindow]:
    """State everything, then let the watermark pass the marks."""
    for statement in statements:
        windows.state(statement)
    return [window for mark in marks for window in windows.close(mark)]


def events_of(window: ClosedWindow) -> dict[str, int]:
    counts = window.layout.counter(window.totals, "events").tolist()
    return dict(zip(window.slices, counts, strict=True))
