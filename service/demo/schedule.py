"""When what happens in the demo: which weeks train, which are the reference, and what goes wrong when.

Every boundary is at 06:00 UTC, the small hours in New York, when hardly anything flies. Each incident has
quiet days before and after it, so that its alerts come and go alone. The figures behind these choices are in
`examples/flights/README.md`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from service.demo.incidents import (
    Incident,
    arrivals_later,
    field_not_sent,
    new_carrier_code,
    wind_in_kmh,
)


def morning_ms(month: int, day: int) -> int:
    """06:00 UTC of a day in 2013, in epoch milliseconds.

    >>> morning_ms(1, 1)
    1357020000000
    """
    return int(datetime(2013, month, day, 6, tzinfo=UTC).timestamp()) * 1000


TRAINING_MS = (morning_ms(7, 22), morning_ms(9, 2))
REFERENCE_MS = (morning_ms(9, 2), morning_ms(10, 14))
PLAY_MS = (morning_ms(10, 14), morning_ms(12, 19))


@dataclass(frozen=True, slots=True)
class Happening:
    """Something in the play that did happen in that autumn, in [start_ms, end_ms)."""

    title: str
    start_ms: int
    end_ms: int


WIND = Incident(
    name="wind-unit",
    title="Wind in another unit",
    announcement="The weather feed of JFK now sends its wind in km/h; every reader still takes it for mph.",
    look_for="wind_speed drifts at JFK over a week of windows, and at no other airport.",
    slice="origin=JFK",
    feature="wind_speed",
    start_ms=morning_ms(10, 21),
    end_ms=morning_ms(10, 29),
    change=wind_in_kmh("JFK"),
)
FIELD = Incident(
    name="lost-field",
    title="A field stops coming",
    announcement="JetBlue (B6) no longer sends the delay at departure, the feature with the most weight.",
    look_for="dep_delay is missing for B6, at JFK most; B6 is scored all the same, by what is left.",
    slice="carrier=B6",
    feature="dep_delay",
    start_ms=morning_ms(11, 5),
    end_ms=morning_ms(11, 8),
    change=field_not_sent("B6", "dep_delay"),
)
CODE = Incident(
    name="new-carrier",
    title="A carrier nobody has seen",
    announcement="Half of United's flights (the odd numbers) now fly under the code ZZ.",
    look_for="carrier takes unseen values, mostly at EWR; ZZ appears as a slice; traffic of UA halves.",
    slice="origin=EWR",
    feature="carrier",
    start_ms=morning_ms(11, 14),
    end_ms=morning_ms(11, 17),
    change=new_carrier_code("UA", "ZZ"),
)
OUTCOME = Incident(
    name="late-arrivals",
    title="The outcome itself changes",
    announcement="Works on a runway: what leaves Newark (EWR) lands 40 minutes later than it did.",
    look_for="No input drifts, the scores stay calm: only labels show it, at EWR. Retraining is asked for.",
    slice="origin=EWR",
    feature="actual",
    start_ms=morning_ms(11, 19),
    end_ms=morning_ms(11, 22),
    change=arrivals_later("EWR", 40),
)
INCIDENTS = (WIND, FIELD, CODE, OUTCOME)

# Told while it plays, so that nobody takes it for staged; the figures are in `examples/flights/README.md`.
HAPPENINGS = (
    Happening(
        "winter is coming: a week is now 20 °F colder than the reference, and stays so",
        morning_ms(11, 13),
        PLAY_MS[1],
    ),
    Happening(
        "fog: one sees 4 miles, half of the events lack the pressure, a third of the flights land late",
        morning_ms(11, 17),
        morning_ms(11, 18),
    ),
    Happening(
        "rain and wind on the 27th, the eve of Thanksgiving: 64 % lack the pressure, 43 % land late",
        morning_ms(11, 26),
        morning_ms(11, 28),
    ),
    Happening(
        "fog again, and rain: 158 flights are cancelled on the 5th, and half of the others land late",
        morning_ms(12, 5),
        morning_ms(12, 7),
    ),
    Happening(
        "the first winter storm: 53 to 68 % land late, 204 flights are cancelled on the 10th",
        morning_ms(12, 8),
        morning_ms(12, 11),
    ),
    Happening(
        "snow: 125 flights are cancelled on the 14th, two of three of EV's at Newark",
        morning_ms(12, 14),
        morning_ms(12, 16),
    ),
    Happening("snow again: three of four land late, 110 are cancelled", morning_ms(12, 17), PLAY_MS[1]),
)
