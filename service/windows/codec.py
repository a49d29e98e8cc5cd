"""The compact form of rows of totals, for the wire and for panes at rest.

Most cells of a pane are empty and most others small, so that cells are a bitmap of the non-empty ones and a
byte for each count, with the few large ones aside; sums stay int64. LZ4 does the rest.
"""

from __future__ import annotations

import struct

import cramjam
import numpy as np
from numpy.typing import NDArray

from detectors.layout import Rows
from detectors.totals.packing import pack, unpack

CODEC_VERSION = 1
_HEADER = struct.Struct("<BIIIII")
ESCAPE = 255
"""Marks a count that stands aside, since a byte does not hold it."""


def encode_rows(rows: Rows, sums: int) -> bytes:
    """Bytes of int64[R, C] rows, of whose columns the first ``sums`` are sums and the others counts >= 0."""
    cells = rows[:, sums:]
    # Narrow at once: a byte a cell stays in the processor's cache, eight do not.
    small = np.empty(cells.shape, np.uint8)
    np.minimum(cells, ESCAPE, out=small, casting="unsafe")
    marked = small == ESCAPE
    return encode_parts(rows[:, :sums], small, cells[marked] if marked.any() else np.empty(0, np.int64))


def encode_parts(sums: Rows, small: NDArray[np.uint8], large: NDArray[np.int64]) -> bytes:
    """The same bytes, out of the sums, the counts cut at ``ESCAPE``, and those from there on, row by row."""
    marks, counts = pack(small)
    body = b"".join(
        (
            np.ascontiguousarray(sums, dtype="<i8").tobytes(),
            marks,
            counts,
            large.astype("<i8").tobytes(),
        )
    )
    size = sums.shape[1] + small.shape[1]
    header = _HEADER.pack(CODEC_VERSION, len(sums), size, sums.shape[1], len(counts), len(large))
    return header + bytes(cramjam.lz4.compress_block(body))


def decode_rows(data: bytes) -> Rows:
    """The int64[R, C] rows that ``encode_rows`` was given.

    Raises
    ------
    ValueError
        When the bytes are of another codec version, or damaged.
    """
    try:
        version, count, size, sums, present_count, large_count = _HEADER.unpack_from(data)
        if version != CODEC_VERSION:
            raise ValueError(f"rows of codec version {version}; this release reads {CODEC_VERSION}")
        body = memoryview(bytes(cramjam.lz4.decompress_block(data[_HEADER.size :])))
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
        values[values == ESCAPE] = np.frombuffer(large, "<i8")
    return rows


def columns_of(data: bytes) -> tuple[int, int]:
    """How many columns encoded rows have, and how many of these are sums."""
    _, _, size, sums, _, _ = _HEADER.unpack_from(data)
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
