"""Consecutive records of a source, side by side in one buffer: no object for any until somebody asks for it.

A record costs little to read and much to hold in an object of its own, and most are only ever read as part of
thousands. So a run has arrays of what decoding needs of each record, and makes the record itself when a
refusal, or a reader that has no arrays, needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter
from typing import overload

import numpy as np
from numpy.typing import NDArray

from service.events.batch import Header, Record

Buffer = bytes | bytearray | memoryview
Make = Callable[[int], Record]
"""Makes the record of a number."""

TOMBSTONE = -1
"""The length of a value that is not there."""

_VALUE, _OFFSET, _TIMESTAMP = attrgetter("value"), attrgetter("offset"), attrgetter("timestamp")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One record of a run."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]


class Run(Sequence[Record]):
    """N consecutive records of one source, in offset order.

    Parameters
    ----------
    data
        Holds all values. Nobody may change it.
    starts, lengths
        int64[N]: where each value stands in ``data``, in bytes; a length of -1 is a tombstone.
    offsets, record_ms
        int64[N]: offset and timestamp of each, -1 where the broker gave none.
    make
        Makes the record of a number.
    numbers
        That of each record; ``0..N-1`` unless the run is part of another.

    Examples
    --------
    >>> one = RunRecord(offset=7, timestamp=0, key=None, value=b"{}", headers=())
    >>> run = Run.of([one, RunRecord(offset=8, timestamp=5, key=None, value=None, headers=())])
    >>> run.lengths.tolist(), run.size, run[0] is one
    ([2, -1], 2, True)
    >>> run[1:].offsets.tolist()
    [8]
    """

    __slots__ = ("_make", "_numbers", "data", "lengths", "offsets", "record_ms", "starts")

    def __init__(
        self,
        data: Buffer,
        starts: NDArray[np.int64],
        lengths: NDArray[np.int64],
        offsets: NDArray[np.int64],
        record_ms: NDArray[np.int64],
        make: Make,
        numbers: range | None = None,
    ) -> None:
        self.data, self.starts, self.lengths = data, starts, lengths
        self.offsets, self.record_ms = offsets, record_ms
        self._make = make
        self._numbers = range(len(starts)) if numbers is None else numbers

    @classmethod
    def of(cls, records: Sequence[Record]) -> Run:
        """The records as a run; of a run, itself."""
        if isinstance(records, Run):
            return records
        values = list(map(_VALUE, records))
        lengths = [TOMBSTONE if value is None else len(value) for value in values]
        # A zero behind each value spares the scanner a copy of it.
        starts = list(accumulate((max(length, 0) + 1 for length in lengths), initial=0))
        return cls(
            b"\0".join([*(value or b"" for value in values), b""]),
            np.array(starts[:-1], np.int64),
            np.array(lengths, np.int64),
            np.fromiter(map(_OFFSET, records), np.int64, len(values)),
            np.fromiter(map(_TIMESTAMP, records), np.int64, len(values)),
            records.__getitem__,
        )

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return int(np.maximum(self.lengths, 0).sum())

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> Run: ...
    def __getitem__(self, place: int | slice) -> Record | Run:
        if not isinstance(place, slice):
            return self._make(self._numbers[place])
        columns = (self.starts, self.lengths, self.offsets, self.record_ms)
        starts, lengths, offsets, record_ms = (np.ascontiguousarray(column[place]) for column in columns)
        return Run(self.data, starts, lengths, offsets, record_ms, self._make, self._numbers[place])


def joined(runs: Sequence[Run]) -> Run:
    """One run of several consecutive ones.

    Parts of one buffer stay in it; else their bytes are copied.

    Raises
    ------
    ValueError
        If there are none.
    """
    if len(runs) == 1:
        return runs[0]
    if not runs:
        raise ValueError("no runs to join: there is no telling of what source the result would be")
    firsts = list(accumulate(map(len, runs), initial=0))
    data: Buffer = runs[0].data
    starts = [run.starts for run in runs]
    if any(run.data is not data for run in runs):
        spans = [_span(run) for run in runs]
        data = b"\0".join(
            [*(memoryview(run.data)[low:high] for run, (low, high) in zip(runs, spans, strict=True)), b""]
        )
        moved = accumulate((high - low + 1 for low, high in spans), initial=0)
        starts = [own + (base - low) for own, base, (low, _) in zip(starts, moved, spans, strict=False)]

    def make(number: int) -> Record:
        owner = int(np.searchsorted(firsts, number, side="right")) - 1
        return runs[owner][number - firsts[owner]]

    return Run(
        data,
        np.concatenate(starts),
        np.concatenate([run.lengths for run in runs]),
        np.concatenate([run.offsets for run in runs]),
        np.concatenate([run.record_ms for run in runs]),
        make,
    )


def _span(run: Run) -> tuple[int, int]:
    """From where to where its values stand."""
    if not len(run):
        return 0, 0
    return int(run.starts.min()), int((run.starts + np.maximum(run.lengths, 0)).max())
