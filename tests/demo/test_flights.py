"""The extract holds the whole year, and its joins and times are right."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from service.demo.flights import CATEGORICAL, NUMERIC, Flights, load


def utc_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def row_of(year: Flights, scheduled: str, origin: str, carrier: str, number: int) -> int:
    found = np.flatnonzero(
        (year.scheduled_ms == utc_ms(scheduled))
        & (year.categorical["origin"] == origin)
        & (year.categorical["carrier"] == carrier)
        & (year.number == number)
    )
    assert len(found) == 1
    return int(found[0])


def test_the_extract_holds_every_flight_of_the_year(year: Flights) -> None:
    assert len(year) == 336_776
    assert np.isnan(year.numeric["dep_delay"]).sum() == 8_255
    assert (~year.landed).sum() == 9_430


def test_flights_are_ordered_by_departure(year: Flights) -> None:
    assert np.all(np.diff(year.departure_ms) >= 0)


def test_every_flight_lands_after_it_leaves(year: Flights) -> None:
    minutes = (year.arrival_ms - year.departure_ms)[year.landed] / 60_000
    assert minutes.min() == 33
    assert minutes.max() == 738


def test_a_winter_flight_agrees_with_the_original_tables(year: Flights) -> None:
    # flights.csv, first row: UA 1545 EWR-IAH, scheduled 05:15 to 08:19, left +2, landed 08:30 (+11)
    row = row_of(year, "2013-01-01T10:15", "EWR", "UA", 1545)
    assert year.departure_ms[row] == utc_ms("2013-01-01T10:17")
    assert year.arrival_ms[row] == utc_ms("2013-01-01T14:30")  # 08:30 in Houston
    assert year.arr_delay[row] == 11
    assert not year.late[row]
    features = {name: column[row] for name, column in year.numeric.items()}
    # weather.csv, EWR, 2013-01-01, hour 5
    assert features == {
        "dep_delay": 2, "distance": 1400, "hour": 5, "temp": 39.02, "humid": 64.43, "wind_speed": 12.66,
        "precip": 0, "pressure": 1011.9, "visib": 10,
    }  # fmt: skip
    assert {name: year.categorical[name][row] for name in CATEGORICAL} == {
        "origin": "EWR", "carrier": "UA", "dest": "IAH",
    }  # fmt: skip


def test_summer_time_and_a_distant_time_zone_are_counted(year: Flights) -> None:
    # flights.csv: 2013-07-01, HA 51 JFK-HNL, scheduled 10:00 to 14:30, left +5, landed 15:27 (+57)
    row = row_of(year, "2013-07-01T14:00", "JFK", "HA", 51)
    assert year.departure_ms[row] == utc_ms("2013-07-01T14:05")
    assert year.arrival_ms[row] == utc_ms("2013-07-02T01:27")  # 15:27 in Honolulu
    assert year.late[row]
    assert year.numeric["hour"][row] == 10


def test_a_cancelled_flight_counts_by_its_schedule_and_has_no_delay(year: Flights) -> None:
    cancelled = np.isnan(year.numeric["dep_delay"])
    assert np.array_equal(year.departure_ms[cancelled], year.scheduled_ms[cancelled])
    assert not year.landed[cancelled].any()
    assert not year.late[cancelled].any()


def test_weather_that_was_not_reported_is_missing(year: Flights) -> None:
    last_day = year.departing(utc_ms("2013-12-31T06:00"), utc_ms("2014-01-01T06:00"))
    for name in ("temp", "humid", "wind_speed", "precip", "pressure", "visib"):
        assert np.isnan(last_day.numeric[name]).all()
    for name in ("distance", "hour"):
        assert not np.isnan(year.numeric[name]).any()


def test_a_range_takes_its_start_and_leaves_its_end(year: Flights) -> None:
    start_ms, end_ms = utc_ms("2013-03-04T12:00"), utc_ms("2013-03-04T13:00")
    some = year.departing(start_ms, end_ms)
    inside = (year.departure_ms >= start_ms) & (year.departure_ms < end_ms)
    assert len(some) == inside.sum() > 0
    assert set(some.numeric) == set(NUMERIC)
    assert all(len(column) == len(some) for column in (*some.numeric.values(), *some.categorical.values()))


def test_loading_twice_gives_the_same(year: Flights) -> None:
    again = load()
    assert np.array_equal(again.departure_ms, year.departure_ms)
    assert np.array_equal(again.numeric["wind_speed"], year.numeric["wind_speed"], equal_nan=True)


def test_a_missing_extract_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load(tmp_path / "nowhere.parquet")
