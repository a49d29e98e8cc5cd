"""When retraining and rollback are asked for; windows are a minute long, so letters are minutes.

A picture shows verdicts, then what is asked for: ``R`` retraining, ``B`` rollback, ``-`` nothing.
"""

from __future__ import annotations

import pytest

from service.alerts.notice import Notice, TriggerNotice, decode, encode, topic_key
from service.alerts.render import webhook_event
from service.alerts.state import AlertBook
from service.alerts.triggers import EVIDENCE_MAX, GateReason
from service.config.monitor import Monitor
from tests.alerts.making import MINUTE, START, book, evaluated, monitor, run, window

RETRAIN = monitor(retrain=True)


def asked(windows: list[list[Notice]]) -> str:
    marks = {"model.retraining.requested": "R", "model.rollback.requested": "B"}
    kinds = [[one.kind for one in notices if isinstance(one, TriggerNotice)] for notices in windows]
    return "".join("".join(marks[kind] for kind in found) or "-" for found in kinds)


def triggers(notices: list[Notice]) -> list[TriggerNotice]:
    return [notice for notice in notices if isinstance(notice, TriggerNotice)]


@pytest.mark.parametrize(
    ("why", "cooldown", "expire", "verdicts", "requests"),
    [
        ("a firing alert asks", "1h", "1h", ".x", "-R"),
        ("one request in flight", "0s", "1h", "xxxx", "R---"),
        ("after it expired, and while it breaches, again", "0s", "3m", "xxxx", "R--R"),
        ("not before the cooldown ended", "5m", "1m", "xxxxxx", "R----R"),
        ("a new alert inside the cooldown asks for nothing", "5m", "1m", "x.x.x", "R----"),
        ("an alert that only holds asks for nothing", "2m", "1m", "xhhhh", "R----"),
        ("an alert held without data asks for nothing", "2m", "1m", "x???", "R---"),
    ],
)
def test_requests_are_spaced(why: str, cooldown: str, expire: str, verdicts: str, requests: str) -> None:
    states = book(RETRAIN, cooldown=cooldown, expire=expire)
    assert asked(run(states, RETRAIN, verdicts)) == requests, why


def test_a_pending_alert_asks_for_nothing() -> None:
    rule = monitor(retrain=True, hysteresis={"windows": 2, "of": 2})
    assert asked(run(book(rule), rule, "xx")) == "-R"


def test_a_monitor_that_does_not_ask_is_not_asked_for() -> None:
    rule = monitor()
    assert asked(run(book(rule), rule, "xx")) == "--"


def test_rollback_and_retraining_are_gated_apart() -> None:
    rule = monitor(retrain=True, rollback=True)
    states = book(rule)
    states.retraining_reported("credit", "started", START)
    assert asked(run(states, rule, "xx")) == "B-"


def test_nothing_is_asked_while_a_retraining_runs_and_for_a_cooldown_after_it() -> None:
    #  minute    1    2    3    4    5    6
    #  verdict   x    x    x    x    x    x
    #  report    started   finished at 3
    #  request   -    -    -    -    R            cooldown of 2 minutes
    states = book(RETRAIN, cooldown="2m", expire="10m")
    states.retraining_reported("credit", "started", START)
    assert asked(run(states, RETRAIN, "xx")) == "--"
    assert states.retraining_gate("credit", START + 2 * MINUTE) is GateReason.RUNNING
    states.retraining_reported("credit", "finished", START + 3 * MINUTE)
    assert states.retraining_gate("credit", START + 4 * MINUTE) is GateReason.COOLDOWN
    assert asked(run(states, RETRAIN, "xxxx", first=3)) == "--R-"
    assert states.retraining_gate("credit", START + 6 * MINUTE) is GateReason.IN_FLIGHT


def test_a_retraining_whose_end_is_never_reported_does_not_silence_a_model_for_good() -> None:
    states = book(RETRAIN, cooldown="1m", expire="3m")
    states.retraining_reported("credit", "started", START + MINUTE)
    assert asked(run(states, RETRAIN, "xxxx")) == "---R"


def test_models_do_not_share_a_gate() -> None:
    states = book(RETRAIN)
    first = states.step(evaluated(RETRAIN, {("age", "all"): "x"}, window(1)))
    second = states.step(evaluated(RETRAIN, {("age", "all"): "x"}, window(1, model="churn")))
    assert [one.model for one in triggers(first + second)] == ["credit", "churn"]


def test_versions_of_a_model_share_a_gate_and_the_evidence() -> None:
    states = book(RETRAIN, cooldown="0s", expire="1m")
    states.step(evaluated(RETRAIN, {("age", "all"): "x"}, window(1)))
    assert triggers(states.step(evaluated(RETRAIN, {("age", "all"): "x"}, window(1, version="8")))) == []
    [later] = triggers(states.step(evaluated(RETRAIN, {("age", "all"): "x"}, window(2, version="8"))))
    assert later.model_version == "8"
    assert [one.model_version for one in later.evidence] == ["7", "8"]


def many(states: AlertBook, rule: Monitor, count: int) -> TriggerNotice:
    letters = {(f"f{index:03}", "all"): "x" for index in range(count)}
    [made] = triggers(states.step(evaluated(rule, letters, window(1))))
    return made


def test_a_request_carries_its_evidence_and_what_it_left_out() -> None:
    made = many(book(RETRAIN), RETRAIN, EVIDENCE_MAX + 5)
    assert (len(made.evidence), made.evidence_omitted) == (EVIDENCE_MAX, 5)
    assert made.summary == "retraining of credit 7 requested: 105 firing alerts"
    first = made.evidence[0]
    assert (first.feature, first.value, first.threshold, first.n) == ("f000", 0.31, 0.2, 18_422)
    assert made.expires_ms - made.requested_ms == 6 * 60 * MINUTE


def test_the_same_request_has_the_same_id_and_bytes_whoever_makes_it() -> None:
    one, other = many(book(RETRAIN), RETRAIN, 3), many(book(RETRAIN), RETRAIN, 3)
    assert encode(one) == encode(other)
    assert decode(encode(one)) == one
    assert topic_key(one) == topic_key(many(book(RETRAIN), RETRAIN, 4))
    event = webhook_event(one)
    assert event is not None
    assert (event.type, event.webhook_id) == ("model.retraining.requested", one.trigger_id)
