"""Which alerts the flights raise: by themselves, and with the incidents."""

from collections import Counter

import pytest

from service.alerts.notice import AlertNotice, AlertState, TriggerNotice
from service.demo import schedule
from service.demo.flights import Flights
from service.demo.incidents import Incident
from service.demo.model import Model
from service.demo.scorecard import Scorecard
from service.demo.screen import moment
from service.demo.stage import demo_settings
from tests.demo.playing import play

pytestmark = pytest.mark.slow

Played = tuple[list[AlertNotice], list[TriggerNotice]]

REAL = {
    ("SeasonShift", "temp", "all"): ["14 Nov 00:00"],
    ("ScoreDrift", "prediction", "all"): [
        "18 Nov 06:00",
        "05 Dec 18:00",
        "09 Dec 18:00",
        "15 Dec 00:00",
        "18 Dec 00:00",
    ],
    ("PressureMissing", "pressure", "all"): ["27 Nov 18:00", "07 Dec 00:00", "18 Dec 00:00"],
    ("DelayDrift", "dep_delay", "all"): ["06 Dec 06:00", "09 Dec 12:00", "15 Dec 00:00"],
    ("FieldMissing", "dep_delay", "origin=LGA,carrier=MQ"): ["11 Dec 06:00"],
}
"""Every alert of the autumn as it was, and when; docs/demo.md says what happened each time."""


@pytest.fixture(scope="module")
def quiet(year: Flights, model: Model) -> Played:
    return play(year, model, ())


@pytest.fixture(scope="module")
def staged(year: Flights, model: Model) -> Played:
    return play(year, model, schedule.INCIDENTS)


def fired(played: Played) -> dict[tuple[str, str, str], list[str]]:
    firings: dict[tuple[str, str, str], list[str]] = {}
    for alert in played[0]:
        if alert.state is AlertState.FIRING:
            key = (alert.alertname, alert.feature, alert.slice)
            firings.setdefault(key, []).append(moment(alert.at_ms))
    return firings


def scored(played: Played) -> Scorecard:
    windows = demo_settings().models[0].windows
    scorecard = Scorecard(schedule.INCIDENTS, {spec.name: spec.length for spec in windows})
    for alert in played[0]:
        scorecard.take(alert)
    return scorecard


def test_without_incidents_only_what_really_happened_fires(quiet: Played) -> None:
    assert fired(quiet) == REAL
    assert quiet[1] == []


def test_the_incidents_add_their_own_alerts_and_change_no_other(quiet: Played, staged: Played) -> None:
    features = {incident.feature for incident in schedule.INCIDENTS}
    before, after = fired(quiet), fired(staged)
    assert {key: times for key, times in after.items() if key[1] not in features} == {
        key: times for key, times in before.items() if key[1] not in features
    }
    assert all(set(times) <= set(after[key]) for key, times in before.items())
    assert scored(staged).others == scored(quiet).others == sum(map(len, REAL.values()))


@pytest.mark.parametrize("incident", schedule.INCIDENTS, ids=lambda incident: incident.name)
def test_each_incident_is_found_where_it_is_and_resolves_after_it_ended(
    incident: Incident, staged: Played
) -> None:
    [line] = [line for line in scored(staged).lines if line.incident is incident]
    assert line.fired is not None
    assert incident.start_ms < line.fired.started_ms <= incident.end_ms
    assert line.complete


def test_retraining_is_asked_for_once_and_because_of_the_outcome(staged: Played) -> None:
    [request] = staged[1]
    assert schedule.OUTCOME.start_ms < request.requested_ms < schedule.OUTCOME.end_ms
    assert Counter(alert.slice for alert in request.evidence) == {schedule.OUTCOME.slice: 1}
