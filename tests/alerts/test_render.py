from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from service.alerts.notice import AlertNotice, decode, encode, topic_key
from service.alerts.render import alertmanager_payload, sent_to_alertmanager, webhook_event
from service.alerts.state import AlertBook
from service.config.against import in_words
from service.config.past import PastSpec
from service.config.receivers import RetrainingSpec
from service.evaluation.result import Evaluated, Judgement
from tests.alerts.making import MINUTE, START, alerts, book, judgement, monitor, run, window

RULE = monitor(
    runbook_url="https://runbooks.example/age", resolve_after=2, hysteresis={"windows": 2, "of": 3}
)
NOW_MS = START + 10 * MINUTE


@pytest.fixture
def story() -> list[AlertNotice]:
    """Pending, firing, restated, resolved."""
    return [alerts(notices)[0] for notices in run(book(RULE), RULE, "xx..")]


def test_a_firing_alert_has_the_identity_as_labels_and_ends_after_four_resends(
    story: list[AlertNotice],
) -> None:
    payload = alertmanager_payload(story[1], NOW_MS, MINUTE, {"team": "risk"}, "https://grafana.example/")
    assert payload["labels"] == {
        "alertname": "age-drift",
        "severity": "warning",
        "model": "credit",
        "model_version": "7",
        "feature": "age",
        "slice": "all",
        "window": "1m",
        "team": "risk",
    }
    assert payload["startsAt"] == "2026-08-22T00:02:00Z"
    assert payload["endsAt"] == "2026-08-22T00:14:00Z"
    assert payload["generatorURL"].startswith("https://grafana.example/d/driftline-feature?var-model=credit&")
    assert payload["annotations"]["runbook_url"] == "https://runbooks.example/age"
    assert payload["annotations"]["value"] == "0.31"
    assert all(isinstance(text, str) for text in payload["annotations"].values())


def test_a_resolved_alert_ends_when_it_resolved(story: list[AlertNotice]) -> None:
    payload = alertmanager_payload(story[-1], NOW_MS, MINUTE)
    assert (payload["startsAt"], payload["endsAt"]) == ("2026-08-22T00:02:00Z", "2026-08-22T00:04:00Z")


def test_event_time_ahead_of_the_clock_never_makes_an_end_in_the_future(story: list[AlertNotice]) -> None:
    early_ms = START - MINUTE
    payload = alertmanager_payload(story[-1], early_ms, MINUTE)
    assert payload["startsAt"] == payload["endsAt"] == "2026-08-21T23:59:00Z"


def test_an_extra_label_never_replaces_one_of_the_identity(story: list[AlertNotice]) -> None:
    payload = alertmanager_payload(story[1], NOW_MS, MINUTE, {"model": "mine"})
    assert payload["labels"]["model"] == "credit"


def test_empty_labels_are_left_out(story: list[AlertNotice]) -> None:
    payload = alertmanager_payload(replace(story[1], feature="", model_version=""), NOW_MS, MINUTE)
    assert not {"feature", "model_version"} & payload["labels"].keys()


def test_nobody_is_told_of_a_pending_alert_nor_that_it_lapsed() -> None:
    pending, _, _, lapsed = (alerts(notices)[0] for notices in run(book(RULE), RULE, "x..."))
    for notice in (pending, lapsed):
        assert not sent_to_alertmanager(notice)
        assert webhook_event(notice) is None


def test_webhooks_carry_transitions_and_no_restatement(story: list[AlertNotice]) -> None:
    events = [webhook_event(notice) for notice in story]
    assert [event and event.type for event in events] == [
        None, "drift.alert.firing", None, "drift.alert.resolved",
    ]  # fmt: skip


def test_a_webhook_is_an_envelope_with_the_numbers_and_the_same_bytes_each_time(
    story: list[AlertNotice],
) -> None:
    event = webhook_event(story[1], "https://grafana.example")
    assert event is not None
    assert event == webhook_event(replace(story[1], position=99), "https://grafana.example")
    body = json.loads(event.body)
    assert list(body) == ["type", "timestamp", "data"]
    assert body["timestamp"] == "2026-08-22T00:02:00Z"
    assert event.webhook_id == body["data"]["id"] == story[1].id
    wanted = {"value": 0.31, "threshold": 0.2, "n": 18_422, "reference_id": "sha256:ab12", "state": "firing"}
    assert wanted.items() <= body["data"].items()
    assert not {"position", "transition", "fired", "notice"} & body["data"].keys()


def test_the_text_says_what_where_how_much_and_how_it_ends(story: list[AlertNotice]) -> None:
    assert story[1].summary == "credit 7: psi of age is 0.31 (alerts at or above 0.2)"
    assert story[1].description == (
        "Window 1m, 2026-08-22T00:01:00Z to 2026-08-22T00:02:00Z: 18,422 events against 50,000 "
        "of the reference sha256:ab12.\n"
        "Adjusted p-value 0.0004.\n"
        "2 of the last 3 windows with data breached; 2 make it fire.\n"
        "Resolves after 2 windows in a row below 0.1."
    )
    assert story[-1].summary.startswith("resolved: credit 7: psi of age is 0.02")


def test_a_notice_survives_the_topic_with_its_fields_in_order(story: list[AlertNotice]) -> None:
    for notice in story:
        assert decode(encode(notice)) == notice
        assert topic_key(notice) == notice.alert_id.encode()
    first = list(json.loads(encode(story[0])))
    assert first[:6] == ["notice", "id", "alert_id", "state", "transition", "reason"]
    assert list(json.loads(encode(story[-1]))) == first


def test_an_alert_against_the_past_says_against_which() -> None:
    rule = monitor(baseline="hour_of_week")
    past = AlertBook([rule], RetrainingSpec(), "d", against=in_words(PastSpec(periods=6)))
    fired = alerts(run(past, rule, "x")[0])[0]
    assert isinstance(fired, AlertNotice)
    words = "the same hour of the last 6 weeks"
    assert (fired.baseline, fired.against) == ("hour_of_week", words)
    assert fired.summary == f"credit 7: psi of age against {words} is 0.31 (alerts at or above 0.2)"
    assert f"18,422 events against 50,000 of {words}.\n" in fired.description
    assert decode(encode(fired)) == fired


@pytest.mark.parametrize(("change", "word"), [(1.0, "rose"), (-1.0, "fell")])
def test_a_detected_change_says_which_way_it_went(change: float, word: str) -> None:
    rule = monitor(metric="change:mean", threshold=1.0, resolve_threshold=None)
    at = window(1)
    judged = judgement(rule, "x", at)
    result = replace(judged.result, value=1.234, change=change, p_adjusted=None)
    seen = Evaluated(at, (result,), (Judgement(rule, result, judged.verdict),))
    (fired,) = book(rule).step(seen)
    assert isinstance(fired, AlertNotice)
    assert fired.change == change
    assert fired.summary == (
        f"credit 7: change:mean of age: it {word}, 1.23 times what the detector takes for chance"
    )
