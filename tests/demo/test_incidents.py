"""Each incident touches what it says, while it lasts, and nothing else."""

from dataclasses import fields

import numpy as np
import pytest

from service.demo import schedule
from service.demo.flights import DAY_MS, Booleans, Flights
from service.demo.incidents import Incident, apply_all

FLAT = [entry.name for entry in fields(Flights) if entry.name not in {"numeric", "categorical", "absent"}]


def flat_columns(flights: Flights) -> dict[str, object]:
    grouped = {"numeric": flights.numeric, "categorical": flights.categorical, "absent": flights.absent}
    columns: dict[str, object] = {name: getattr(flights, name) for name in FLAT}
    return columns | {
        f"{group}.{name}": column for group, of in grouped.items() for name, column in of.items()
    }


def changed(before: Flights, after: Flights) -> dict[str, Booleans]:
    """Which rows of which columns differ; missing values are alike."""
    old, new = flat_columns(before), flat_columns(after)
    rows = {}
    for name, column in new.items():
        values = np.asarray(column)
        was = np.asarray(old.get(name, np.zeros(len(values), dtype=np.bool_)))
        differs = (values != was) & ~((values != values) & (was != was))  # noqa: PLR0124  # NaN is unlike itself
        if differs.any():
            rows[name] = differs
    return rows


def during(incident: Incident, year: Flights) -> Booleans:
    return (year.departure_ms >= incident.start_ms) & (year.departure_ms < incident.end_ms)


def test_the_wind_changes_at_one_airport_alone(year: Flights) -> None:
    after = schedule.WIND.apply(year)
    rows = changed(year, after)
    assert set(rows) == {"numeric.wind_speed"}
    touched = rows["numeric.wind_speed"]
    windy = np.nan_to_num(year.numeric["wind_speed"]) > 0
    expected = during(schedule.WIND, year) & (year.categorical["origin"] == "JFK") & windy
    assert np.array_equal(touched, expected)
    ratio = after.numeric["wind_speed"][touched] / year.numeric["wind_speed"][touched]
    np.testing.assert_allclose(ratio, 1.609344, rtol=1e-3)


def test_the_field_is_lost_for_one_carrier_alone(year: Flights) -> None:
    rows = changed(year, schedule.FIELD.apply(year))
    assert set(rows) == {"absent.dep_delay"}
    expected = during(schedule.FIELD, year) & (year.categorical["carrier"] == "B6")
    assert np.array_equal(rows["absent.dep_delay"], expected)


def test_the_new_code_takes_about_half_of_one_carrier(year: Flights) -> None:
    after = schedule.CODE.apply(year)
    rows = changed(year, after)
    assert set(rows) == {"categorical.carrier"}
    touched = rows["categorical.carrier"]
    theirs = during(schedule.CODE, year) & (year.categorical["carrier"] == "UA")
    assert not (touched & ~theirs).any()
    assert 0.4 < touched.sum() / theirs.sum() < 0.6
    assert set(after.categorical["carrier"][touched]) == {"ZZ"}
    assert "ZZ" not in set(year.categorical["carrier"])


def test_only_arrivals_change_when_the_outcome_does(year: Flights) -> None:
    after = schedule.OUTCOME.apply(year)
    rows = changed(year, after)
    expected = during(schedule.OUTCOME, year) & (year.categorical["origin"] == "EWR") & year.landed
    assert set(rows) == {"arrival_ms", "arr_delay"}
    assert np.array_equal(rows["arrival_ms"], expected)
    assert np.array_equal(rows["arr_delay"], expected)
    assert after.late[expected].mean() > year.late[expected].mean() + 0.5


@pytest.mark.parametrize("incident", schedule.INCIDENTS, ids=lambda incident: incident.name)
def test_an_incident_leaves_its_input_as_it_was(incident: Incident, year: Flights) -> None:
    wind = year.numeric["wind_speed"].copy()
    incident.apply(year)
    assert np.array_equal(year.numeric["wind_speed"], wind, equal_nan=True)
    assert not year.absent


def test_all_incidents_together_change_what_each_changes(year: Flights) -> None:
    rows = changed(year, apply_all(schedule.INCIDENTS, year))
    each = [changed(year, incident.apply(year)) for incident in schedule.INCIDENTS]
    assert {name: touched.sum() for name, touched in rows.items()} == {
        name: touched.sum() for one in each for name, touched in one.items()
    }


def test_training_reference_and_play_follow_each_other_without_overlap() -> None:
    assert schedule.TRAINING_MS[1] <= schedule.REFERENCE_MS[0]
    assert schedule.REFERENCE_MS[1] <= schedule.PLAY_MS[0]


def test_incidents_are_inside_the_play_with_quiet_days_around_each() -> None:
    starts = [incident.start_ms for incident in schedule.INCIDENTS]
    ends = [incident.end_ms for incident in schedule.INCIDENTS]
    quiet_from = [schedule.PLAY_MS[0], *ends]
    quiet_until = [*starts, schedule.PLAY_MS[1]]
    gaps = [until - since for since, until in zip(quiet_from, quiet_until, strict=True)]
    assert min(gaps) >= 2 * DAY_MS
    assert len({incident.name for incident in schedule.INCIDENTS}) == len(schedule.INCIDENTS)
