"""The compact form of rows of totals, for the wire and for panes at rest."""

from __future__ import annotations

import struct

import cramjam
import numpy as np
from numpy.typing import NDArray

from detectors.layout import Rows
from detectors.totals.compact import Packed, Shape, add_packed, pack_rows, unpack_rows
from detectors.totals.packing import unpack

CODEC_VERSION = 2
_START = struct.Struct("<BIII")
_HEADER = struct.Struct("<BIIIIIII")
_HEADER_1 = struct.Struct("<BIIIII")
_ESCAPE_1 = 255
"""In version 1, marks a count that stands aside, since a byte does not hold it."""


def encode_rows(rows: Rows, sums: int) -> bytes:
    """Bytes of int64[R, C] rows, of whose columns the first ``sums`` are sums and the others counts >= 0."""
    return encode_packed(pack_rows(rows, sums), Shape(len(rows), sums, rows.shape[1] - sums))


def encode_packed(packed: Packed, shape: Shape) -> bytes:
    """The same bytes, out of rows that are packed already."""
    rows, sums, cells = shape
    return _HEADER.pack(CODEC_VERSION, rows, sums + cells, sums, *packed.lengths) + packed.body


def decode_rows(data: bytes) -> Rows:
    """The int64[R, C] rows that ``encode_rows`` was given, in this release or before.

    Raises
    ------
    ValueError
        When the bytes are of another codec version, or damaged.
    """
    return _decode_1(data) if data[:1] == b"\x01" else unpack_rows(*_parts(data))


def add_rows(data: bytes, totals: Rows, places: NDArray[np.int64], times: int = 1) -> None:
    """Add encoded rows to others, in place; small rows cost less than if they were decoded.

    Parameters
    ----------
    totals
        int64[T, C], C-contiguous.
    places
        int64[R]: the row of ``totals`` to which each is added.
    times
        How often: -1 takes them away.

    Raises
    ------
    ValueError
        When the bytes are of another codec version, damaged, or rows of another size; nothing is added then.
    """
    if data[:1] == b"\x01":
        np.add.at(totals, places, times * _decode_1(data))
    else:
        add_packed(*_parts(data), totals, places, times)


def _parts(data: bytes) -> tuple[Packed, Shape]:
    version = data[0] if data else 0
    if version != CODEC_VERSION:
        raise ValueError(f"rows of codec version {version}; this release reads 1 and {CODEC_VERSION}")
    try:
        _, rows, size, sums, *lengths = _HEADER.unpack_from(data)
    except struct.error as error:
        raise ValueError(f"no rows: {error}") from error
    if sums > size:
        raise ValueError(f"rows of {size} columns by their header, and {sums} of them sums")
    tokens, small, middle, large = lengths
    return Packed((tokens, small, middle, large), data[_HEADER.size :]), Shape(rows, sums, size - sums)


def _decode_1(data: bytes) -> Rows:
    try:
        _, count, size, sums, present_count, large_count = _HEADER_1.unpack_from(data)
        body = memoryview(bytes(cramjam.lz4.decompress_block(data[_HEADER_1.size :])))
    except (struct.error, cramjam.DecompressionError) as error:
        raise ValueError(f"no rows: {error}") from error
    cell_count = count * (size - sums)
    marks = [count * sums * 8, (cell_count + 7) // 8, present_count, large_count * 8]
    if min(cell_count, *marks) < 0 or sum(marks) != len(body):
        raise ValueError(f"rows of {sum(marks)} bytes by their header, and {len(body)} of them")
    ends = np.cumsum(marks)
    heads, bitmap, small, large = (body[end - mark : end] for mark, end in zip(marks, ends, strict=True))
    rows = np.empty((count, size), np.int64)
    rows[:, :sums] = np.frombuffer(heads, "<i8").reshape(count, sums)
    unpack(bitmap, small, rows, sums)
    values = rows[:, sums:]
    if large_count:
        values[values == _ESCAPE_1] = np.frombuffer(large, "<i8")
    return rows


def columns_of(data: bytes) -> tuple[int, int]:
    """How many columns encoded rows have, and how many of these are sums."""
    _, _, size, sums = _START.unpack_from(data)
    return size, sums


def pack_text(text: bytes) -> bytes:
    """Long text, such as a profile, made small enough for a record."""
    return bytes(cramjam.zstd.compress(text, 6))


def unpack_text(data: bytes) -> bytes:
    """What ``pack_text`` was given; ``ValueError`` when it is something else."""
    try:
        return bytes(cramjam.zstd.decompress(data))
    except cramjam.DecompressionError as error:
        raise ValueError(f"no packed text: {error}") from error
