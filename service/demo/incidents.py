"""What goes wrong on purpose in the demo, laid over real flights.

An incident is a pure function of flights: it changes what it says, for flights that leave while it lasts, and
nothing else. Scores are computed afterwards, so that the model sees what was sent.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from service.demo.flights import MINUTE_MS, Booleans, Flights

KMH_PER_MPH = 1.609344
Change = Callable[[Flights, Booleans], Flights]


@dataclass(frozen=True)
class Incident:
    """Something that goes wrong in [start_ms, end_ms) of event time.

    Attributes
    ----------
    name, title, announcement
        An identifier, a headline, and the sentence that tells a reader what happens.
    look_for
        What Driftline should show, in words.
    slice, feature
        Where: a slice as results write it, and the feature ("" where the outcome changes).
    change
        Takes flights and a mask of those that leave while the incident lasts.
    """

    name: str
    title: str
    announcement: str
    look_for: str
    slice: str
    feature: str
    start_ms: int
    end_ms: int
    change: Change

    def apply(self, flights: Flights) -> Flights:
        """The flights as they are with this incident."""
        during = (flights.departure_ms >= self.start_ms) & (flights.departure_ms < self.end_ms)
        return self.change(flights, during)


def apply_all(incidents: Iterable[Incident], flights: Flights) -> Flights:
    """The flights with every incident, one after the other."""
    for incident in incidents:
        flights = incident.apply(flights)
    return flights


def wind_in_kmh(origin: str) -> Change:
    """The wind of one origin comes in km/h instead of mph."""

    def change(flights: Flights, during: Booleans) -> Flights:
        there = during & (flights.categorical["origin"] == origin)
        wind = flights.numeric["wind_speed"]
        converted = np.where(there, np.round(wind * KMH_PER_MPH, 2), wind)
        return replace(flights, numeric={**flights.numeric, "wind_speed": converted})

    return change


def field_not_sent(carrier: str, feature: str) -> Change:
    """One carrier leaves a feature out of its events."""

    def change(flights: Flights, during: Booleans) -> Flights:
        theirs = during & (flights.categorical["carrier"] == carrier)
        before = flights.absent.get(feature, np.zeros(len(flights), dtype=np.bool_))
        return replace(flights, absent={**flights.absent, feature: before | theirs})

    return change


def new_carrier_code(carrier: str, code: str) -> Change:
    """The odd flight numbers of one carrier fly under a code never seen before."""

    def change(flights: Flights, during: Booleans) -> Flights:
        carriers = flights.categorical["carrier"]
        moved = during & (carriers == carrier) & (flights.number % 2 == 1)
        renamed = np.where(moved, code, carriers)
        return replace(flights, categorical={**flights.categorical, "carrier": renamed})

    return change


def arrivals_later(origin: str, minutes: int) -> Change:
    """Flights from one origin land later than they did; they leave as they left."""

    def change(flights: Flights, during: Booleans) -> Flights:
        held = during & (flights.categorical["origin"] == origin) & flights.landed
        return replace(
            flights,
            arrival_ms=np.where(held, flights.arrival_ms + minutes * MINUTE_MS, flights.arrival_ms),
            arr_delay=np.where(held, flights.arr_delay + minutes, flights.arr_delay),
        )

    return change
