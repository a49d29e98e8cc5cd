"""Reference data out of files: Parquet, CSV and JSON lines, a chunk of rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from detectors.profile import Profile
from service.config.model import Model
from service.errors import EventFileError, ProfileError
from service.events.batch import Batch
from service.profiles.columns import ArrowColumns
from service.profiles.flat import TIMESTAMP, check_columns, to_batches, wanted_columns
from service.profiles.lines import Decode, Refused, event_batches, holds_events, row_batches
from service.profiles.seen import Seen

ROWS_AT_ONCE = 65_536

MAX_ROWS = 5_000_000
"""Rows read in all; what follows in the files is left out, and said so."""

Interval = tuple[int | None, int | None]
"""Half-open interval of event time in epoch milliseconds; None is open."""


@dataclass(frozen=True)
class Source:
    """What the rows are read for.

    Attributes
    ----------
    version
        The model version of rows that do not say theirs.
    decode
        Decodes native events of the model.
    interval
        Only rows with an event time in it are read.
    """

    model: Model
    version: str
    decode: Decode
    interval: Interval = (None, None)
    max_rows: int = MAX_ROWS

    @property
    def timed(self) -> bool:
        """Whether event times matter."""
        return self.interval != (None, None)


@dataclass
class ReferenceData:
    """What the files held.

    Attributes
    ----------
    rows
        Rows or events read, those out of the interval included.
    refused
        Lines that are no event or row.
    cut
        Whether ``max_rows`` ended the reading.
    """

    batches: list[Batch] = field(default_factory=list)
    rows: int = 0
    refused: Refused = field(default_factory=Refused)
    cut: bool = False


def read_reference(
    paths: Sequence[Path], source: Source, progress: Callable[[int], None] = lambda _: None
) -> ReferenceData:
    """The events in files of reference data, whatever their formats.

    Parameters
    ----------
    paths
        Files that end in ``.parquet``, ``.csv``, ``.jsonl`` or ``.ndjson``.
    source
        What they are read for.
    progress
        Called with the rows read so far, after each chunk.

    Raises
    ------
    EventFileError
        When a file cannot be read, is of another format, or holds no row that could be counted.
    ProfileError
        When a feature has no column, or a column of a wrong type.
    """
    data = ReferenceData()
    for path in paths:
        seen = Seen(source.model)
        for batches in _chunks(path, source, data):
            for batch in batches:
                seen.add(batch)
                data.rows += 0 if batch.is_label else len(batch)
                kept = _within(batch, source.interval)
                if len(kept):
                    data.batches.append(kept)
            progress(data.rows)
            if data.rows >= source.max_rows:
                data.cut = True
                break
        _check(path, seen, data)
        if data.cut:
            break
    return data


def _chunks(path: Path, source: Source, data: ReferenceData) -> Iterator[list[Batch]]:
    """The rows of one file; every error of it begins with the file's name."""
    readers = {".parquet": _parquet, ".csv": _csv, ".jsonl": _lines, ".ndjson": _lines}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise EventFileError(
            f"{path}: files `{path.suffix or 'without an ending'}` are not read; give .parquet, .csv, .jsonl",
            reason="unknown_format",
        )
    try:
        yield from reader(path, source, data)
    except ProfileError as error:
        raise ProfileError(f"{path}: {error}", reason=error.reason) from None
    except (OSError, pa.ArrowException) as error:
        raise EventFileError(
            f"{path}: cannot be read ({error}), so nothing was built; check that the file is there and whole",
            reason="unreadable",
        ) from error


def _parquet(path: Path, source: Source, data: ReferenceData) -> Iterator[list[Batch]]:
    with pa.parquet.ParquetFile(path) as file:
        names = list(file.schema_arrow.names)
        _check_table(source, names)
        columns = wanted_columns(source.model, names)
        first = data.rows
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=columns):
            yield to_batches(source.model, source.version, ArrowColumns(batch), first, timed=source.timed)
            first += batch.num_rows


def _csv(path: Path, source: Source, data: ReferenceData) -> Iterator[list[Batch]]:
    parse = pa.csv.ParseOptions(newlines_in_values=True)
    with pa.csv.open_csv(path, parse_options=parse) as header:
        names = list(header.schema.names)
    _check_table(source, names)
    columns = wanted_columns(source.model, names)
    # Read as text: a bad value is then one invalid value, not the end of the file. Only an empty field is
    # null (quoted or not, as tools differ): the word NA may be a category.
    convert = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()),
        include_columns=columns,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    first = data.rows
    with pa.csv.open_csv(path, parse_options=parse, convert_options=convert) as reader:
        for batch in reader:
            text = ArrowColumns(batch, text=True)
            yield to_batches(source.model, source.version, text, first, timed=source.timed)
            first += batch.num_rows


def _lines(path: Path, source: Source, data: ReferenceData) -> Iterator[list[Batch]]:
    if holds_events(path):
        yield from event_batches(path, source.decode, data.rows, data.refused)
    else:
        yield from row_batches(
            path, source.model, source.version, data.rows, data.refused, timed=source.timed
        )


def _check_table(source: Source, names: list[str]) -> None:
    check_columns(source.model, names)
    if source.timed and TIMESTAMP not in names:
        raise ProfileError(
            f"there is no column `{TIMESTAMP}`, so rows cannot be chosen by time; add it, or take all rows",
            reason="missing_column",
        )


def _check(path: Path, seen: Seen, data: ReferenceData) -> None:
    if not seen.rows and data.refused.counts:
        raise EventFileError(
            f"{path}: no line could be counted, so nothing was built; {data.refused.first}",
            reason="not_events",
        )
    try:
        seen.check()
    except ProfileError as error:
        raise ProfileError(f"{path}: {error}", reason=error.reason) from None


def _within(batch: Batch, interval: Interval) -> Batch:
    start, end = interval
    inside = np.ones(len(batch), dtype=np.bool_)
    if start is not None:
        inside &= batch.event_ms >= start
    if end is not None:
        inside &= batch.event_ms < end
    return batch if inside.all() else batch.take(np.flatnonzero(inside))


def load_profile(path: Path) -> Profile:
    """The profile in a file.

    Raises
    ------
    ProfileError
        When there is no such file, or it is no profile of this release.
    """
    try:
        return Profile.from_json(path.read_bytes())
    except OSError as error:
        raise ProfileError(
            f"{path}: cannot be read ({error.strerror}); check the path, or write the file with "
            "`driftline profile build`",
            reason="unreadable",
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError) as error:
        raise ProfileError(
            f"{path}: not a profile ({error}), so nothing can be compared with it; build it anew with "
            "`driftline profile build`",
            reason="not_a_profile",
        ) from error


def save_profile(profile: Profile, path: Path) -> int:
    """Write a profile, whole or not at all; returns its bytes.

    Raises
    ------
    ProfileError
        When the file cannot be written.
    """
    text = profile.to_json() + b"\n"
    draft = path.with_name(path.name + ".partial")
    try:
        draft.write_bytes(text)
        draft.replace(path)
    except OSError as error:
        raise ProfileError(
            f"{path}: cannot be written ({error.strerror}), so the profile is lost; give an --output in a "
            "folder that exists and may be written to",
            reason="unwritable",
        ) from error
    return len(text)
