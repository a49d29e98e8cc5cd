"""Flights as Driftline's native events, in the order in which they happened."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
import orjson

from service.demo.flights import CATEGORICAL, DAY_MS, HOUR_MS, NUMERIC, Flights, Floats, Integers, Strings
from service.demo.model import LATE_FROM, NAME, VERSION

LATENCY_SEED = 2013
LATENCY_MEDIAN_MS = 12.0


class Event(NamedTuple):
    """One record: what `kind` of topic it belongs to, when it happened, its key and its JSON."""

    event_ms: int
    kind: Literal["prediction", "label"]
    key: bytes
    value: bytes


class Traffic:
    """Predictions at departure and labels at arrival, for flights scored by the model."""

    def __init__(self, flights: Flights, scores: Floats) -> None:
        if len(scores) != len(flights):
            raise ValueError(f"{len(scores)} scores for {len(flights)} flights: score these very flights")
        self._flights = flights
        self._scores = scores
        self._ids = prediction_ids(flights)
        noise = np.random.default_rng(LATENCY_SEED).standard_normal(len(flights))
        self._latency_ms = np.round(LATENCY_MEDIAN_MS * np.exp(0.4 * noise), 1)
        by_arrival = np.argsort(flights.arrival_ms, kind="stable")
        self._by_arrival = by_arrival[np.count_nonzero(~flights.landed) :]
        self._arrivals_ms = flights.arrival_ms[self._by_arrival]

    def between(self, start_ms: int, end_ms: int) -> list[Event]:
        """The events in [start_ms, end_ms), ordered by time; predictions before labels at one instant."""
        first, last = np.searchsorted(self._flights.departure_ms, (start_ms, end_ms))
        predictions = self._predictions(slice(int(first), int(last)))
        first, last = np.searchsorted(self._arrivals_ms, (start_ms, end_ms))
        labels = self._labels(self._by_arrival[first:last])
        return sorted([*predictions, *labels], key=lambda event: event.event_ms)

    def hours(self, start_ms: int, end_ms: int) -> Iterator[list[Event]]:
        """The same, an hour at a time."""
        for hour_ms in range(start_ms, end_ms, HOUR_MS):
            yield self.between(hour_ms, min(hour_ms + HOUR_MS, end_ms))

    def _predictions(self, rows: slice) -> Iterator[Event]:
        flights = self._flights.rows(rows)
        columns = {name: flights.numeric[name].tolist() for name in NUMERIC}
        columns |= {name: flights.categorical[name].tolist() for name in CATEGORICAL}
        origins, carriers = columns["origin"], columns["carrier"]
        features = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        for name, absent in flights.absent.items():
            for row in np.flatnonzero(absent).tolist():
                del features[row][name]
        times = flights.departure_ms.tolist()
        stamps = rfc3339(flights.departure_ms)
        scores = self._scores[rows].tolist()
        latencies = self._latency_ms[rows].tolist()
        for row, key in enumerate(self._ids[rows].tolist()):
            score = scores[row]
            event = {
                "model": NAME,
                "model_version": VERSION,
                "prediction_id": key,
                "timestamp": stamps[row],
                "features": features[row],
                "prediction": {"label": label_of(score >= LATE_FROM), "score": score},
                "tags": {"origin": origins[row], "carrier": carriers[row]},
                "latency_ms": latencies[row],
            }
            # orjson writes NaN, a value that was not measured, as null.
            yield Event(times[row], "prediction", key.encode(), orjson.dumps(event))

    def _labels(self, rows: Integers) -> Iterator[Event]:
        times = self._flights.arrival_ms[rows]
        late = self._flights.late[rows].tolist()
        stamps = rfc3339(times)
        keys = self._ids[rows].tolist()
        origins, carriers = (self._flights.categorical[name][rows].tolist() for name in ("origin", "carrier"))
        for row, (time_ms, key) in enumerate(zip(times.tolist(), keys, strict=True)):
            event = {
                "model": NAME,
                "prediction_id": key,
                "timestamp": stamps[row],
                "actual": {"label": label_of(late[row])},
                "tags": {"origin": origins[row], "carrier": carriers[row]},
            }
            yield Event(time_ms, "label", key.encode(), orjson.dumps(event))


def label_of(late: bool) -> str:
    """The class as events name it."""
    return "late" if late else "on_time"


def prediction_ids(flights: Flights) -> Strings:
    """``2013-03-01-EWR-UA-1545``: local date of the schedule, origin, carrier and flight number.

    The carrier is the event's: an incident that renames it renames the flight, for its label too.
    """
    utc_hours = flights.scheduled_ms // HOUR_MS % 24
    behind_utc = (utc_hours - flights.numeric["hour"].astype(np.int64)) % 24
    days = (flights.scheduled_ms - behind_utc * HOUR_MS) // DAY_MS
    dates = np.datetime_as_string(days.astype("datetime64[D]")).tolist()
    origins, carriers = (flights.categorical[name].tolist() for name in ("origin", "carrier"))
    parts = zip(dates, origins, carriers, flights.number.tolist(), strict=True)
    return np.array([f"{date}-{origin}-{carrier}-{number}" for date, origin, carrier, number in parts])


def rfc3339(times_ms: Integers) -> list[str]:
    """Epoch milliseconds as RFC 3339 in UTC.

    >>> rfc3339(np.array([1_357_038_900_000]))
    ['2013-01-01T11:15:00.000Z']
    """
    texts = np.datetime_as_string(times_ms.astype("datetime64[ms]"), unit="ms").tolist()
    return [f"{text}Z" for text in texts]
