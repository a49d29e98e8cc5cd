"""docs/alerts.md says what the code does, and its examples run."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from service.alerts.notice import Reason
from service.alerts.outcome import Outcome
from service.alerts.render import WebhookEvent, webhook_event
from service.alerts.signing import parse_secret, signed_headers
from service.alerts.triggers import GateReason
from service.config.monitor import Hysteresis, Monitor
from service.config.receivers import AlertmanagerReceiver, RetrainingSpec, WebhookReceiver
from service.evaluation.result import Explanation, ValueShare
from tests.alerts.making import book, evaluated, monitor, window

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOLD = Explanation(
    change="mean 38.2 to 41.6, sd 11.9 to 12.1",
    values=(ValueShare("30 to 40", 0.24, 0.11, 0.62),),
    everywhere=0.013,
)


def block(language: str, containing: str) -> str:
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if containing in text]
    assert len(found) == 1, f"one {language} block with {containing!r}"
    return str(found[0])


@pytest.fixture(scope="module")
def events() -> list[WebhookEvent]:
    """The firing alert and the request that the page shows."""
    rule = monitor(
        resolve_after=2, retrain=True, runbook_url="https://runbooks.example/age-drift",
        hysteresis={"windows": 2, "of": 3},
    )  # fmt: skip
    states = book(rule)
    states.step(evaluated(rule, {("age", "region=eu"): "x"}, window(1)))
    notices = states.step(evaluated(rule, {("age", "region=eu"): "x"}, window(2), TOLD))
    found = [webhook_event(notice, "https://grafana.example") for notice in notices]
    return [event for event in found if event is not None]


@pytest.mark.parametrize("kind", ["drift.alert.firing", "model.retraining.requested"])
def test_the_example_bodies_are_what_is_sent(events: list[WebhookEvent], kind: str) -> None:
    [event] = [one for one in events if one.type == kind]
    assert json.loads(block("json", f'"{kind}"')) == json.loads(event.body)


@pytest.mark.parametrize(("tamper", "valid"), [(b"", True), (b" ", False)])
def test_the_ten_lines_that_verify_a_signature_do(
    events: list[WebhookEvent], tamper: bytes, valid: bool
) -> None:
    names: dict[str, Any] = {}
    code = block("python", "def verified")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    exec(code, names)
    headers = signed_headers([parse_secret(SECRET)], events[0].webhook_id, int(time.time()), events[0].body)
    assert names["verified"](SECRET, headers, events[0].body + tamper) is valid
    old = signed_headers([parse_secret(SECRET)], events[0].webhook_id, int(time.time()) - 301, events[0].body)
    assert names["verified"](SECRET, old, events[0].body) is False


@pytest.mark.parametrize(
    "section", [Monitor, Hysteresis, AlertmanagerReceiver, WebhookReceiver, RetrainingSpec]
)
def test_every_field_that_alerts_obey_is_described(section: type[Monitor]) -> None:
    missing = [name for name in section.model_fields if not re.search(rf"`[\w.]*\b{name}\b`", PAGE)]
    assert missing == []


@pytest.mark.parametrize("words", [Reason, Outcome, GateReason])
def test_every_word_of_a_closed_set_is_described(words: type[Reason | Outcome | GateReason]) -> None:
    assert [word.value for word in words if f"`{word.value}`" not in PAGE] == []
