"""Files of events as sources: one JSON event a line."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from service.errors import EventFileError
from service.events.batch import Header

CHUNK = 2_000
"""Lines read at once."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A line as a record: its offset is its number, and it has no timestamp of its own."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int = -1
    headers: Sequence[Header] = ()


def read_records(path: Path) -> Iterator[list[FileRecord]]:
    """The lines of a file in chunks; ``.gz`` files are unpacked. Empty lines are skipped.

    Raises
    ------
    EventFileError
        When the file cannot be read.
    """
    try:
        with open_events(path) as lines:
            chunk: list[FileRecord] = []
            for number, line in enumerate(lines):
                if line.strip():
                    chunk.append(FileRecord(number, line.rstrip(b"\r\n")))
                if len(chunk) == CHUNK:
                    yield chunk
                    chunk = []
            if chunk:
                yield chunk
    except (OSError, EOFError) as error:
        raise EventFileError(
            f"cannot read events from {path}: {error}; nothing more of it is counted; "
            "give a readable file with one JSON event a line (.jsonl or .jsonl.gz)",
            reason="unreadable",
        ) from error


def open_events(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where it is packed."""
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]  # GzipFile reads as a BinaryIO
