"""Flights become well-formed events, in order, each once."""

import re
from typing import Any

import numpy as np
import orjson
import pytest

from service.demo import schedule
from service.demo.flights import CATEGORICAL, DAY_MS, NUMERIC, Flights
from service.demo.model import Model
from service.demo.play import prepare
from service.demo.traffic import Event, Traffic, prediction_ids

PREDICTION_FIELDS = [
    "model",
    "model_version",
    "prediction_id",
    "timestamp",
    "features",
    "prediction",
    "tags",
    "latency_ms",
]
WEEK_MS = (schedule.morning_ms(2, 4), schedule.morning_ms(2, 11))  # with the snowstorm of 8 February


@pytest.fixture(scope="module")
def week(year: Flights) -> Flights:
    return year.departing(*WEEK_MS)


@pytest.fixture(scope="module")
def traffic(week: Flights, model: Model) -> Traffic:
    return Traffic(week, model.score(week))


@pytest.fixture(scope="module")
def events(traffic: Traffic) -> list[Event]:
    return traffic.between(WEEK_MS[0], WEEK_MS[1] + DAY_MS)


def of_kind(events: list[Event], kind: str) -> list[dict[str, Any]]:
    return [orjson.loads(event.value) for event in events if event.kind == kind]


def test_each_flight_is_predicted_once_and_each_landing_labelled_once(
    events: list[Event], week: Flights
) -> None:
    predicted = [event.key for event in events if event.kind == "prediction"]
    labelled = [event.key for event in events if event.kind == "label"]
    assert len(predicted) == len(set(predicted)) == len(week)
    assert len(labelled) == len(set(labelled)) == week.landed.sum()
    assert set(labelled) < set(predicted)


def test_events_are_in_order_and_a_label_follows_its_prediction(events: list[Event]) -> None:
    times = [event.event_ms for event in events]
    assert times == sorted(times)
    seen: set[bytes] = set()
    for event in events:
        assert (event.key in seen) == (event.kind == "label")
        seen.add(event.key)


def test_cancelled_flights_are_predicted_without_a_delay_and_never_labelled(events: list[Event]) -> None:
    labelled = {body["prediction_id"] for body in of_kind(events, "label")}
    predictions = of_kind(events, "prediction")
    delays = {body["prediction_id"]: body["features"]["dep_delay"] for body in predictions}
    cancelled = {key for key, delay in delays.items() if delay is None}
    assert len(cancelled) > 800
    assert not cancelled & labelled


def test_a_prediction_has_the_fields_of_the_contract(events: list[Event]) -> None:
    for event in events:
        if event.kind == "label":
            continue
        body = orjson.loads(event.value)
        assert list(body) == PREDICTION_FIELDS
        assert body["model"] == "flight-delay"
        assert body["prediction_id"].encode() == event.key
        assert tuple(body["features"]) == (*NUMERIC, *CATEGORICAL)
        assert body["prediction"]["label"] == ("late" if body["prediction"]["score"] >= 0.5 else "on_time")
        assert body["tags"] == {name: body["features"][name] for name in ("origin", "carrier")}
        assert 1 < body["latency_ms"] < 100
        assert re.fullmatch(r"2013-02-\d\dT\d\d:\d\d:00\.000Z", body["timestamp"])
        assert np.datetime64(body["timestamp"][:-1], "ms").astype(int) == event.event_ms


def test_a_label_has_the_fields_of_the_contract(events: list[Event]) -> None:
    tags = {body["prediction_id"]: body["tags"] for body in of_kind(events, "prediction")}
    for body in of_kind(events, "label"):
        assert list(body) == ["model", "prediction_id", "timestamp", "actual", "tags"]
        assert body["tags"] == tags[body["prediction_id"]]
        assert body["actual"] in ({"label": "late"}, {"label": "on_time"})


def test_hours_give_what_the_whole_range_gives(traffic: Traffic, events: list[Event]) -> None:
    hours = list(traffic.hours(WEEK_MS[0], WEEK_MS[1] + DAY_MS))
    assert [event for hour in hours for event in hour] == events


def test_an_absent_field_has_no_key_and_a_missing_one_is_null(year: Flights, model: Model) -> None:
    incident = schedule.FIELD
    flights = incident.apply(year).departing(incident.start_ms, incident.end_ms)
    traffic = Traffic(flights, model.score(flights))
    bodies = of_kind(traffic.between(incident.start_ms, incident.end_ms), "prediction")
    for body in bodies:
        is_theirs = body["tags"]["carrier"] == "B6"
        assert ("dep_delay" not in body["features"]) == is_theirs
    assert any(body["features"].get("dep_delay", 0) is None for body in bodies)


def test_prediction_ids_are_unique_over_the_year(year: Flights) -> None:
    ids = prediction_ids(year)
    assert len(np.unique(ids)) == len(year)
    assert "2013-01-01-EWR-UA-1545" in ids


def test_scores_of_other_flights_are_refused(week: Flights) -> None:
    with pytest.raises(ValueError, match="score these very flights"):
        Traffic(week, np.zeros(3))


def test_the_play_has_reference_and_incidents_in_one_traffic() -> None:
    traffic = prepare()
    first_hours = traffic.between(schedule.REFERENCE_MS[0], schedule.REFERENCE_MS[0] + DAY_MS)
    assert len(of_kind(first_hours, "prediction")) > 700
    unseen = traffic.between(schedule.CODE.start_ms, schedule.CODE.start_ms + DAY_MS)
    assert any(body["tags"]["carrier"] == "ZZ" for body in of_kind(unseen, "prediction"))
    last_hour = traffic.between(schedule.PLAY_MS[1], schedule.PLAY_MS[1] + DAY_MS)
    assert of_kind(last_hour, "prediction") == []
