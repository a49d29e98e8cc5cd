"""A year of flights out of New York, as columns.

The 336,776 departures of 2013 from EWR, JFK and LGA, each with the weather that its origin reported for the
scheduled hour. `examples/flights/README.md` tells where the data comes from and what is to be seen in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Strings = NDArray[np.str_]
Booleans = NDArray[np.bool_]

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
LATE_MINUTES = 15

NUMERIC = ("dep_delay", "distance", "hour", "temp", "humid", "wind_speed", "precip", "pressure", "visib")
CATEGORICAL = ("origin", "carrier", "dest")
EXTRACT = Path(__file__).parent / "data" / "flights.parquet"


@dataclass(frozen=True)
class Flights:
    """Flights as columns of equal length, ordered by departure.

    Attributes
    ----------
    departure_ms, scheduled_ms
        When the flight left, and was to leave: epoch milliseconds. A cancelled flight counts by its schedule:
        that is when its prediction is asked for, with the delay missing.
    arrival_ms
        When it landed; -1 where it never did or where nobody wrote it down (cancelled, diverted).
    arr_delay
        Minutes behind the schedule at arrival; NaN where `arrival_ms` is -1.
    number
        The flight number; with date, origin and carrier it is unique.
    numeric
        The model's numeric features by name; NaN is a value that was not measured.
    categorical
        The model's categorical features by name.
    absent
        By feature: where a sender left the field out altogether.
    """

    departure_ms: Integers
    scheduled_ms: Integers
    arrival_ms: Integers
    arr_delay: Floats
    number: Integers
    numeric: Mapping[str, Floats]
    categorical: Mapping[str, Strings]
    absent: Mapping[str, Booleans] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.departure_ms)

    @property
    def landed(self) -> Booleans:
        """Where an arrival is known, and so a label follows."""
        return self.arrival_ms >= 0

    @property
    def late(self) -> Booleans:
        """Where the flight landed more than 15 minutes late."""
        return self.arr_delay > LATE_MINUTES

    def departing(self, start_ms: int, end_ms: int) -> "Flights":
        """The flights that leave in [start_ms, end_ms)."""
        first, last = np.searchsorted(self.departure_ms, (start_ms, end_ms))
        return self.rows(slice(int(first), int(last)))

    def rows(self, rows: slice) -> "Flights":
        """A run of rows, without copying."""
        return replace(
            self,
            departure_ms=self.departure_ms[rows],
            scheduled_ms=self.scheduled_ms[rows],
            arrival_ms=self.arrival_ms[rows],
            arr_delay=self.arr_delay[rows],
            number=self.number[rows],
            numeric={name: column[rows] for name, column in self.numeric.items()},
            categorical={name: column[rows] for name, column in self.categorical.items()},
            absent={name: column[rows] for name, column in self.absent.items()},
        )


def load(path: Path = EXTRACT) -> Flights:
    """Reads the whole year.

    Raises
    ------
    FileNotFoundError
        If the extract is not there; `examples/flights/extract.py` makes it.
    """
    table = pq.read_table(path)
    floats = {name: table[name].to_numpy().astype(np.float64) for name in (*NUMERIC, "arr_delay")}
    scheduled_ms = table["sched_dep_ms"].to_numpy().astype(np.int64)
    delay = np.nan_to_num(floats["dep_delay"], nan=0.0).astype(np.int64)
    arr_delay = floats.pop("arr_delay")
    landed = ~np.isnan(arr_delay)
    minutes = table["sched_minutes"].to_numpy() + np.nan_to_num(arr_delay, nan=0.0).astype(np.int64)
    return Flights(
        departure_ms=scheduled_ms + delay * MINUTE_MS,
        scheduled_ms=scheduled_ms,
        arrival_ms=np.where(landed, scheduled_ms + minutes * MINUTE_MS, -1),
        arr_delay=arr_delay,
        number=table["flight"].to_numpy().astype(np.int64),
        # The file holds single precision; two decimals are what was written there.
        numeric={name: np.round(floats[name], 2) for name in NUMERIC},
        categorical={name: strings(table[name]) for name in CATEGORICAL},
    )


def strings(column: pa.ChunkedArray) -> Strings:
    """A dictionary-encoded column as an array of strings."""
    encoded = column.combine_chunks()
    values: Strings = np.array(encoded.dictionary.to_pylist(), dtype=np.str_)
    codes: Integers = encoded.indices.to_numpy()
    return values[codes]
