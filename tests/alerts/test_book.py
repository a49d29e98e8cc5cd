"""What an alert book does beyond the table of one alert: identities, change of rules, bounds, bytes."""

from __future__ import annotations

import pytest

from service.alerts import state as state_module
from service.alerts.notice import AlertNotice, AlertState, Reason
from service.errors import ConfigError, DriftlineError
from service.evaluation.result import Evaluated, Explanation
from tests.alerts.making import MINUTE, START, alerts, book, evaluated, judgement, monitor, run, window
from tests.calls import calls

RULE = monitor()


def states_of(notices: list[AlertNotice]) -> list[tuple[str, str]]:
    return [(notice.state.value, notice.reason.value) for notice in notices]


def test_feature_slice_version_and_window_make_alerts_of_their_own() -> None:
    states = book(RULE)
    letters = {("age", "all"): "x", ("age", "region=eu"): "x", ("income", "all"): "x"}
    places = [window(1), window(1, version="8"), window(1, name="1h/1m"), window(1, model="churn")]
    notices = [one for at in places for one in alerts(states.step(evaluated(RULE, letters, at)))]
    assert len({one.alert_id for one in notices}) == len({one.id for one in notices}) == 12
    assert {one.state for one in notices} == {AlertState.FIRING}


def test_monitors_of_one_name_and_two_severities_are_two_alerts() -> None:
    warning, critical = monitor(), monitor(severity="critical", threshold=0.3)
    states = book(warning, critical)
    at = window(1)
    judgements = (judgement(warning, "x", at), judgement(critical, "x", at))
    notices = alerts(states.step(Evaluated(at, (), judgements)))
    assert [(one.severity, one.threshold) for one in notices] == [("warning", 0.2), ("critical", 0.3)]


@pytest.mark.parametrize(
    "other", [monitor(metric="ks"), monitor(name="age-drift-no-data")], ids=["same name", "name of no-data"]
)
def test_monitors_that_would_share_an_alert_are_refused(other: object) -> None:
    with pytest.raises(ConfigError, match="give one of them another `name` or `severity`"):
        book(monitor(insufficient_after=2), other)  # type: ignore[arg-type]  # a monitor, parametrized


def test_a_window_is_judged_once() -> None:
    states = book(RULE)
    once = states.step(evaluated(RULE, {("age", "all"): "x"}, window(2)))
    before = states.dump()
    assert once
    assert states.step(evaluated(RULE, {("age", "all"): "."}, window(2))) == []
    assert states.step(evaluated(RULE, {("age", "all"): "."}, window(1))) == []
    assert states.dump() == before


def test_restatements_keep_the_id_and_bring_the_newest_numbers_and_position() -> None:
    states = book(RULE)
    [fired] = alerts(states.step(evaluated(RULE, {("age", "all"): "x"}, window(1)), position=10))
    [again] = alerts(states.step(evaluated(RULE, {("age", "all"): "h"}, window(2)), position=20))
    assert (again.id, again.transition, again.position, again.value) == (fired.id, False, 20, 0.15)
    assert again.started_ms == fired.started_ms == START + MINUTE


def test_held_without_data_an_alert_keeps_the_numbers_of_the_last_window_that_had_some() -> None:
    *_, [held] = (alerts(notices) for notices in run(book(RULE), RULE, "x?"))
    assert (held.value, held.n, held.window.end) == (0.31, 18_422, "2026-08-22T00:01:00Z")
    assert held.at_ms == START + 2 * MINUTE
    assert "Held as it was: 1 window without enough data since." in held.description


def test_the_explanation_of_the_window_that_fired_stays() -> None:
    states = book(RULE)
    notices = [
        alerts(states.step(evaluated(RULE, {("age", "all"): letter}, window(index), told)))[0]
        for index, (letter, told) in enumerate(
            [("x", Explanation("mean 3 to 4")), ("x", Explanation("mean 3 to 5")), (".", None)], start=1
        )
    ]
    assert len(notices) == 3
    assert all(one.description.endswith("It went from mean 3 to 4.") for one in notices)


def test_a_changed_rule_goes_on_firing_but_begins_to_count_anew() -> None:
    old = monitor(resolve_after=2)
    states = book(old)
    run(states, old, "x.")
    new = monitor(resolve_after=2, threshold=0.25)
    changed = book(new)
    changed.load(states.dump())
    windows = run(changed, new, "..", first=3)
    assert [states_of(alerts(notices)) for notices in windows] == [
        [("firing", "not_yet_good")],
        [("resolved", "recovered")],
    ]


@pytest.mark.parametrize(
    ("rules", "reason"),
    [((), Reason.MONITOR_REMOVED), ((monitor(features=["income"]),), Reason.MONITOR_CHANGED)],
)
def test_an_alert_that_no_rule_judges_any_more_is_resolved(rules: tuple[object, ...], reason: Reason) -> None:
    states = book(RULE)
    run(states, RULE, "x")
    changed = book(*rules)  # type: ignore[arg-type]  # monitors, parametrized
    changed.load(states.dump())
    notices = alerts(changed.step(Evaluated(window(2), (), ())))
    assert states_of(notices) == [("resolved", reason.value)]
    assert list(changed.open_alerts()) == []


def test_a_new_runbook_does_not_make_a_new_rule() -> None:
    states = book(monitor(hysteresis={"windows": 2, "of": 2}))
    run(states, monitor(hysteresis={"windows": 2, "of": 2}), "x")
    other = monitor(hysteresis={"windows": 2, "of": 2}, runbook_url="https://runbooks.example")
    changed = book(other)
    changed.load(states.dump())
    [[fired]] = (alerts(notices) for notices in run(changed, other, "x", first=2))
    assert (fired.state, fired.runbook_url) == (AlertState.FIRING, "https://runbooks.example")


def test_a_retired_version_resolves_and_is_forgotten_and_others_stay() -> None:
    rule = monitor(insufficient_after=1)
    states = book(rule)
    states.step(evaluated(rule, {("age", "all"): "x", ("income", "all"): "?"}, window(1)))
    states.step(evaluated(rule, {("age", "all"): "x"}, window(1, version="8")))
    gone = states.retire(window(2))
    assert states_of(gone) == [("resolved", "version_retired")] * 2
    assert [one.model_version for one in states.open_alerts()] == ["8"]
    other = book(rule)
    other.step(evaluated(rule, {("age", "all"): "x"}, window(1, version="8")))
    assert states.dump() == other.dump()


def test_a_slice_that_never_comes_back_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "ABANDONED_AFTER", 4)
    rule = monitor(insufficient_after=2)
    windows = run(book(rule), rule, "x    ")
    assert [states_of(alerts(notices)) for notices in windows] == [
        [("firing", "breach")],
        [("firing", "no_data")],
        [("firing", "no_data"), ("firing", "insufficient_data")],
        [("firing", "no_data"), ("firing", "insufficient_data")],
        [("resolved", "abandoned"), ("resolved", "abandoned")],
    ]


def test_what_is_tracked_is_bounded_and_what_the_bound_cuts_is_counted() -> None:
    states = book(RULE, tracked_max=2)
    letters = {(name, "all"): "x" for name in ("a", "b", "c", "d")}
    assert [one.feature for one in alerts(states.step(evaluated(RULE, letters, window(1))))] == ["a", "b"]
    assert states.untracked == 2
    states.step(evaluated(RULE, {**letters, ("a", "all"): "."}, window(2)))
    notices = alerts(states.step(evaluated(RULE, letters, window(3))))
    assert "b" in {one.feature for one in notices}
    assert len(list(states.open_alerts())) == 2


def test_a_book_forgets_what_is_over() -> None:
    rule = monitor(cooldown="2m", insufficient_after=5)
    states = book(rule)
    run(states, rule, "x.?.?...")
    quiet = book(rule)
    run(quiet, rule, "........")
    assert states.dump() == quiet.dump()


@pytest.mark.parametrize(
    ("data", "reason"), [(b"nonsense", "alert_state_invalid"), (b"\x81\xa6schema\x02", "alert_state_schema")]
)
def test_state_that_cannot_be_read_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(DriftlineError, match="unknown which") as error:
        book(RULE).load(data)
    assert error.value.reason == reason


def test_quiet_judgements_cost_next_to_nothing() -> None:
    at, later = window(1), window(2)
    quiet = tuple(judgement(RULE, ".", at, slice_=f"slice={index}") for index in range(6_000))
    nothing_open = book(RULE)
    assert calls(lambda: nothing_open.step(Evaluated(later, (), quiet))) < 100
    something_open = book(RULE)
    something_open.step(Evaluated(at, (), (judgement(RULE, "x", at, "other"),)))
    # one to look it up, one to look into what is tracked
    assert calls(lambda: something_open.step(Evaluated(later, (), quiet))) < 2 * len(quiet) + 1_000
