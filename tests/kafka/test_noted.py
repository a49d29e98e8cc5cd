"""What evaluation says in the log."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest

from service.alerts.notice import TriggerNotice
from service.evaluation.result import Evaluated
from service.kafka.noted import LATE_EVERY_S, LateNotes, note
from service.pipeline import Effect
from service.windows.closing import ModelWindows
from tests.windows.rolling import MINUTE_MS, START_MS, model_of, plan_of, stated


def window(*, incomplete: bool) -> Effect:
    closed = SimpleNamespace(
        model="credit", version="7", name="1h/5m", start_ms=0, end_ms=3_600_000, incomplete=incomplete
    )
    return Evaluated(cast(Any, closed), (), ())


def test_a_window_that_lacks_records_is_said_and_a_whole_one_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "service"):
        note(window(incomplete=False))
        note(window(incomplete=True))
    [record] = caplog.records
    said = vars(record)
    assert (record.message, record.levelname) == ("window incomplete", "WARNING")
    assert (said["model"], said["window"], said["end_ms"]) == ("credit", "1h/5m", 3_600_000)


def test_a_request_is_said_with_its_id_and_without_its_evidence(caplog: pytest.LogCaptureFixture) -> None:
    trigger = TriggerNotice(
        trigger_id="t-1", kind="model.retraining.requested", model="credit", model_version="7",
        requested_ms=1, expires_ms=2, evidence=(), evidence_omitted=0,
        summary="income fell", config_digest="d", position=3,
    )  # fmt: skip
    with caplog.at_level(logging.INFO, "service"):
        note(trigger)
    [record] = caplog.records
    assert (record.message, vars(record)["trigger_id"]) == ("request made", "t-1")
    assert "income fell" not in str(vars(record))


def test_a_model_names_a_window_that_something_came_too_late_for_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """
    too late    x x . . . x . .
    said        2 . . . . . 1 .     the first at once, the next when a minute has passed
    """
    plan = plan_of(model_of({"length": "10m", "every": "5m"}, {"length": "1h"}))
    windows = ModelWindows(plan)
    list(windows.close(START_MS + 60 * MINUTE_MS))
    now_s = 0.0
    notes = LateNotes(lambda: now_s)
    notes.note("fast", windows.late)
    for minute in (0, 5):
        windows.state(stated(plan, START_MS + minute * MINUTE_MS, 1, version="7"))
    with caplog.at_level(logging.INFO, "service"):
        notes.note("fast", windows.late)
        windows.state(stated(plan, START_MS + 55 * MINUTE_MS, 1))
        for now_s in (LATE_EVERY_S - 1, LATE_EVERY_S + 1, 3 * LATE_EVERY_S):  # noqa: B007  # the clock of the notes
            notes.note("fast", windows.late)
    said = [
        (vars(line)["model_version"], vars(line)["end_ms"], vars(line)["statements"])
        for line in caplog.records
    ]
    assert said == [("7", START_MS + 10 * MINUTE_MS, 2), ("1", START_MS + 60 * MINUTE_MS, 1)]
    assert {vars(line)["window"] for line in caplog.records} == {"10m/5m"}
    assert windows.merging.late == 3
