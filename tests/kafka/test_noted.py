"""What evaluation says in the log."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest

from service.alerts.notice import TriggerNotice
from service.evaluation.result import Evaluated
from service.kafka.noted import note
from service.pipeline import Effect


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
