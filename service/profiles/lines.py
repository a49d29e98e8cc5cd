"""Reference data in JSON lines: native events, or flat rows; the first line tells which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import orjson

from service.config.model import Model
from service.events.batch import Batch, Decoded, Header, Reason, Record, Reject
from service.profiles.columns import RowColumns
from service.profiles.flat import to_batches

LINES_AT_ONCE = 16_384

Decode = Callable[[Sequence[Record]], Decoded]
"""Decodes records of native events."""


@dataclass(slots=True)
class Line:
    """A line of a file as a record: its offset is the line's number, and it has no timestamp and no key."""

    offset: int
    value: bytes | None
    timestamp: int = -1
    key: bytes | None = None
    headers: Sequence[Header] = ()


@dataclass
class Refused:
    """Lines that were not counted: how many by reason, and the sentence for the first."""

    counts: Counter[str] = field(default_factory=Counter)
    first: str = ""

    def add(self, reason: Reason, line: int, detail: str) -> None:
        """Count one line, numbered from 0."""
        if not self.counts:
            self.first = f"line {line + 1}: {detail}"
        self.counts[reason] += 1


def holds_events(path: Path) -> bool:
    """Whether a file's first line is a native event, not a flat row."""
    first = next((line for line in _lines(path) if line.value), None)
    if first is None:
        return False
    row = _object(first)
    if not isinstance(row, dict):
        return False
    return isinstance(row.get("features"), dict) or isinstance(row.get("actual"), dict)


def event_batches(path: Path, decode: Decode, first: int, refused: Refused) -> Iterator[list[Batch]]:
    """The events of a file, a chunk of lines at a time; ``first`` is the offset of the first line."""
    lines = _lines(path)
    while chunk := list(islice(lines, LINES_AT_ONCE)):
        records = [Line(first + line.offset, line.value) for line in chunk if line.value]
        decoded = decode(records)
        for reject in decoded.rejects:
            refused.add(reject.reason, reject.record.offset - first, reject.detail)
        yield decoded.batches


def row_batches(
    path: Path, model: Model, version: str, first: int, refused: Refused, *, timed: bool
) -> Iterator[list[Batch]]:
    """The rows of a file of flat objects, a chunk at a time."""
    lines = _lines(path)
    while chunk := list(islice(lines, LINES_AT_ONCE)):
        rows = []
        for line in chunk:
            row = _object(line) if line.value else None
            if isinstance(row, dict):
                rows.append(row)
            elif isinstance(row, Reject):
                refused.add(row.reason, line.offset, row.detail)
        if rows:
            yield to_batches(model, version, RowColumns(rows), first + chunk[0].offset, timed=timed)


def _lines(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        for number, line in enumerate(file):
            yield Line(number, line.strip())


def _object(line: Line) -> dict[str, object] | Reject:
    try:
        row = orjson.loads(line.value or b"")
    except orjson.JSONDecodeError as error:
        return Reject(
            line, Reason.NOT_JSON, f"no JSON ({error}), so the row was not counted; write one object a line"
        )
    if not isinstance(row, dict):
        return Reject(
            line, Reason.NOT_AN_EVENT, "no JSON object, so the row was not counted; write one object a line"
        )
    return row
