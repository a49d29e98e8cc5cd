from __future__ import annotations

from msgspec.structs import replace

from service.alerts.notice import AlertNotice
from service.alerts.outbox import RESOLVED_MS, Outbox
from tests.alerts.making import START, alerts, book, evaluated, monitor, run, window

RULE = monitor()


def story(verdicts: str) -> list[AlertNotice]:
    return [one for notices in run(book(RULE), RULE, verdicts) for one in alerts(notices)]


def firing(count: int) -> list[AlertNotice]:
    letters = {(f"f{index}", "all"): "x" for index in range(count)}
    return alerts(book(RULE).step(evaluated(RULE, letters, window(1))))


def test_a_transition_is_sent_at_once_and_a_restatement_waits() -> None:
    fired, again, resolved = story("xx.")
    outbox = Outbox(10)
    assert outbox.take([fired], START).fresh == [fired.alert_id]
    assert outbox.take([again], START).fresh == []
    assert outbox.take([resolved], START).fresh == [fired.alert_id]
    assert outbox.get(fired.alert_id) == resolved


def test_an_open_alert_that_was_not_known_is_sent_at_once() -> None:
    _, again = story("xx")
    assert Outbox(10).take([again], START).fresh == [again.alert_id]


def test_an_older_statement_never_replaces_a_newer_one() -> None:
    fired, resolved = story("x.")
    outbox = Outbox(10)
    outbox.take([resolved], START)
    assert outbox.take([fired], START).fresh == []
    assert outbox.get(fired.alert_id) == resolved
    # a higher position is newer, whatever the event time
    restated = replace(fired, position=5)
    outbox.take([restated], START)
    assert outbox.get(fired.alert_id) == restated


def test_a_resolved_alert_is_due_for_a_quarter_of_an_hour() -> None:
    fired, resolved = story("x.")
    outbox = Outbox(10)
    outbox.take([fired], START)
    assert outbox.due(START + 100 * RESOLVED_MS) == [fired.alert_id]
    outbox.take([resolved], START)
    outbox.take([resolved], START + RESOLVED_MS // 2)
    assert outbox.due(START + RESOLVED_MS) == [fired.alert_id]
    assert outbox.due(START + RESOLVED_MS + 1) == []
    assert len(outbox) == 0


def test_an_alert_that_fires_again_is_no_longer_forgotten() -> None:
    fired, resolved, again = story("x.x")
    outbox = Outbox(10)
    outbox.take([fired, resolved], START)
    outbox.take([again], START)
    assert outbox.due(START + 10 * RESOLVED_MS) == [again.alert_id]


def test_beyond_the_bound_the_oldest_are_dropped_and_counted() -> None:
    notices = firing(5)
    outbox = Outbox(2)
    taken = outbox.take(notices, START)
    assert taken.dropped == 3
    assert taken.fresh == outbox.due(START) == [one.alert_id for one in notices[3:]]


def test_pending_alerts_are_not_kept() -> None:
    rule = monitor(hysteresis={"windows": 2, "of": 2})
    outbox = Outbox(10)
    for notices in run(book(rule), rule, "x.."):
        assert outbox.take(notices, START) == ([], 0)
