"""A fetch response of one partition, read as runs: an index of where its records stand, and no record.

The index is made in C (``batches/``): at once for all batches up to the first compressed one, and for those
that are compressed when their turn comes. What is odd about a response (a format before version 2, damage) is
left to aiokafka's parser, from the batch on in which it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from aiokafka import codec
from numpy.typing import NDArray

from service.events.batch import Header, Record
from service.events.run import Run, joined

if TYPE_CHECKING:
    from service.kafka import _batches
else:
    try:
        from service.kafka import _batches
    except ImportError:  # built where there was no compiler
        _batches = None

BUILT = _batches is not None
"""Whether responses can be indexed."""

_END, _PACKED, _ODD = range(3)
_COLUMNS = 5
_RECORD_BYTES_MIN = 7
_ALL = 2**31

UNPACKED_BYTES = 16 * 1024 * 1024
"""From here on no more is unpacked at once, however many records were asked for."""

_WORD = 2**64 - 1

_DECODE: dict[int, Callable[[bytes], bytes]] = {
    1: codec.gzip_decode,
    2: codec.snappy_decode,
    3: codec.lz4_decode,
    4: codec.zstd_decode,
}


class Response:
    """What is left to read of a response.

    Parameters
    ----------
    data
        The record batches as the broker sent them; the last one may be cut off.
    next_offset
        From which offset on records are wanted.

    Attributes
    ----------
    next_offset
        The first offset that has not been taken. It lies behind that of the last record where compaction or a
        transaction left offsets without one.
    position
        Of the first byte that is not indexed.
    """

    def __init__(self, data: bytes, next_offset: int) -> None:
        self.next_offset, self.position = next_offset, 0
        self._data = data
        self._ready: Run | None = None
        self._after = next_offset
        self._state = _PACKED

    @property
    def is_odd(self) -> bool:
        """Whether another must read what is left, from ``position`` on."""
        return self._ready is None and self._state == _ODD

    @property
    def is_read(self) -> bool:
        """Whether nothing is left."""
        return self._ready is None and self._state == _END

    def take(self, most: int | None) -> Run | None:
        """The next records, at most so many; None where there are none, or none that this can read."""
        taken: list[Run] = []
        room = most
        while room is None or room > 0:
            if self._ready is None:
                if self._state != _PACKED or sum(len(run.data) for run in taken) >= UNPACKED_BYTES:
                    break
                self._advance(_ALL if room is None else room)
                continue
            part = self._ready[:room]
            taken.append(part)
            room = None if room is None else room - len(part)
            if len(part) == len(self._ready):
                self._ready, self.next_offset = None, self._after
            else:
                self._ready, self.next_offset = self._ready[len(part) :], int(part.offsets[-1]) + 1
        return joined(taken) if taken else None

    def _advance(self, most: int) -> None:
        """Make ready what comes next: all batches before a compressed one or, if there are none, such."""
        self._ready = self._indexed(self._data, _batches.count(self._data, self.position))
        if self._state == _PACKED and self._ready is None:
            room, packed = _batches.packed(self._data, self.position, most)
            unpacked = list(self._unpacked(packed))
            if not unpacked:
                self._state = _ODD
                return
            records = b"".join(unpacked)
            ends = np.cumsum(list(map(len, unpacked)), dtype=np.int64)
            self._ready = self._indexed(records, min(room, len(records) // _RECORD_BYTES_MIN), records, ends)

    def _unpacked(self, packed: list[tuple[int, int, int]]) -> Iterator[bytes]:
        """The records of compressed batches, up to the first that cannot be had."""
        room = UNPACKED_BYTES
        for compression, start, end in packed:
            try:
                records = _DECODE[compression](self._data[start:end])
            except Exception:  # noqa: BLE001  # whatever a codec raises, aiokafka's parser shall say what it means
                return
            yield records
            room -= len(records)
            if room <= 0:
                return

    def _indexed(self, buffer: bytes, room: int, *unpacked: Any) -> Run | None:
        """Index up to so many records, which stand in ``buffer``."""
        places = np.empty((_COLUMNS, room), np.int64)
        self._state, found, self.position, self._after = _batches.index(
            self._data, self.position, self.next_offset, places, *unpacked
        )
        if found:
            return _run(buffer, places[:, :found])
        self.next_offset = self._after
        return None


@dataclass(frozen=True, slots=True)
class _Record:
    """A record whose key and headers are read when they are asked for: most often they are not."""

    offset: int
    timestamp: int
    value: bytes | None
    data: bytes
    key_at: int
    headers_at: int

    @property
    def key(self) -> bytes | None:
        return _bytes(self.data, self.key_at)[0]

    @property
    def headers(self) -> tuple[Header, ...]:
        count, at = _varint(self.data, self.headers_at)
        found: list[Header] = []
        for _ in range(count):
            name, at = _bytes(self.data, at)
            content, at = _bytes(self.data, at)
            # A name that is no text must not keep anybody from reading the record.
            found.append(((name or b"").decode(errors="replace"), content))
        return tuple(found)


def _run(data: bytes, places: NDArray[np.int64]) -> Run:
    """The records at these places, int64[5, N]."""
    offsets, record_ms, starts, lengths, keys = places

    def make(number: int) -> Record:
        start, length = starts.item(number), lengths.item(number)
        end = start + max(length, 0)
        value = None if length < 0 else data[start:end]
        return _Record(offsets.item(number), record_ms.item(number), value, data, keys.item(number), end)

    return Run(data, starts, lengths, offsets, record_ms, make)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, which the index has found to be whole, and the place after it."""
    bits = shift = 0
    while data[at] & 0x80:
        bits |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    bits = (bits | data[at] << shift) & _WORD
    return (bits >> 1) ^ -(bits & 1), at + 1


def _bytes(data: bytes, at: int) -> tuple[bytes | None, int]:
    """Bytes that say their length first, and the place after them."""
    length, at = _varint(data, at)
    return (None, at) if length < 0 else (data[at : at + length], at + length)
