"""Rows of totals in few bytes.

Most cells of most rows are empty, and most others small. A row of which at most every eighth cell is not
empty (``GAPS``) is a token of one byte for each such cell: how many empty ones stand before it, and whether
it counts more than one. Other rows are a bit for each cell, and their counts take half a byte (``NIBBLES``)
or one (``BYTES``), as is less; what is larger stands aside, in as many bytes as it needs, and so do the sums.

The parts, one after the other:

- modes: a byte for each row;
- tokens, over the cells of all rows of gaps together: ``gap << 1 | more``, and 254 for 127 empty cells more;
  the last one is that of a cell behind the last;
- bitmaps of the other rows, their lowest bits first;
- small counts, two a byte, the first one lower: of a token with ``more`` what it counts beyond two, of a cell
  in a row of nibbles what it counts beyond one; 15 marks a large count;
- middle counts, a byte each: the same of rows of bytes; 255 marks a large count;
- sizes in bytes, two a byte: of the sums of all rows, then of what large counts have beyond their marks;
- these numbers, the lowest bytes first; sums have their sign in the lowest bit.

Written in C (``compact.c``), which makes rows of few cells as cheap as they are short; where that was not
built, numpy does the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.layout import Rows
from detectors.totals.growing import FEW, PaneRows

if TYPE_CHECKING:
    from detectors.totals import _compact
else:
    try:
        from detectors.totals import _compact
    except ImportError:  # built where there was no compiler
        _compact = None

BUILT = _compact is not None
"""Whether the loops in C are there."""

GAPS, NIBBLES, BYTES = 0, 1, 2
_FAR = 127
_MARKS = np.array([15, 15, 255], np.uint64)
"""By mode, what marks a large count."""

Lengths = tuple[int, int, int, int]
"""How many tokens, small counts, middle counts and large counts there are."""


class Packed(NamedTuple):
    """Packed rows, and what one must know to read them."""

    lengths: Lengths
    body: bytes


class Shape(NamedTuple):
    """Of packed rows: how many there are, and their columns."""

    rows: int
    sums: int
    cells: int


def pack_rows(rows: Rows, sums: int) -> Packed:
    """Pack int64[R, C] rows, whose first ``sums`` columns are sums and the others counts.

    >>> pack_rows(np.array([[5, 0, 0, 1, *[0] * 20]]), 1).body.hex(" ")
    '00 04 28 01 0a'
    """
    if BUILT:
        return Packed(*_compact.pack_rows(np.ascontiguousarray(rows), sums))
    cells = rows[:, sums:].astype(np.uint64)
    modes = _modes(cells)
    tokens = _tokens(cells[modes == GAPS].ravel())
    kept = (cells > 1) | ((cells > 0) & (modes != GAPS)[:, None])
    of, counts = np.broadcast_to(modes[:, None], cells.shape)[kept], cells[kept]
    counts -= np.where(of == GAPS, 2, 1).astype(np.uint64)
    short = np.minimum(counts, _MARKS[of])
    large = (counts - _MARKS[of])[counts >= _MARKS[of]]
    signed = np.ascontiguousarray(rows[:, :sums], np.int64).ravel()
    numbers = np.concatenate((((signed << 1) ^ (signed >> 63)).astype(np.uint64), large))
    sizes, data = _numbers(numbers)
    small, middle = short[of != BYTES], short[of == BYTES]
    parts = (
        modes.tobytes(), tokens.tobytes(),
        np.packbits(cells[modes != GAPS] != 0, axis=1, bitorder="little").tobytes(),
        _halves(small), middle.astype(np.uint8).tobytes(), _halves(sizes), data,
    )  # fmt: skip
    return Packed((len(tokens), len(small), len(middle), len(large)), b"".join(parts))


def pack_pane(pane: PaneRows, fields: int, order: NDArray[np.int64]) -> Packed:
    """Pack rows of a pane.

    Parameters
    ----------
    fields
        How many cells each event hits.
    order
        int64[N]: the rows.
    """
    if BUILT:
        return Packed(*_compact.pack_pane(pane, fields, order))
    assert not pane.hits.shape[1], "numpy counts no hits"
    cells = np.zeros((len(order), pane.wide.shape[1]), np.int64)
    places = pane.places[order]
    narrow, wide = (places >= 0) & (places != FEW), places < 0
    cells[narrow], cells[wide] = pane.narrow[places[narrow]], pane.wide[~places[wide]]
    return pack_rows(np.concatenate((pane.totals[order], cells), axis=1), pane.totals.shape[1])


def unpack_rows(packed: Packed, shape: Shape) -> Rows:
    """The int64[R, C] rows that were packed.

    Raises
    ------
    ValueError
        When they are damaged, or of another shape.
    """
    if not BUILT:
        return _unpacked(packed, shape)
    # Nothing takes memory before it is known to be whole.
    _compact.add_packed(packed.body, (*shape, *packed.lengths), None, None, 1)
    rows = np.zeros((shape.rows, shape.sums + shape.cells), np.int64)
    _compact.add_packed(packed.body, (*shape, *packed.lengths), rows, np.arange(shape.rows), 1)
    return rows


def add_packed(packed: Packed, shape: Shape, totals: Rows, places: NDArray[np.int64], times: int = 1) -> None:
    """Add packed rows to others, in place; rows with few cells cost what these cost.

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
        When they are damaged, or of another shape; nothing is added then.
    """
    if BUILT:
        _compact.add_packed(packed.body, (*shape, *packed.lengths), totals, places, times)
    else:
        np.add.at(totals, places, times * _unpacked(packed, shape))


def _modes(cells: NDArray[np.uint64]) -> NDArray[np.uint8]:
    found = np.count_nonzero(cells, axis=1)
    middle = np.count_nonzero((cells > _MARKS[NIBBLES]) & (cells <= _MARKS[BYTES]), axis=1)
    full = np.where(3 * middle > found, BYTES, NIBBLES)
    return np.where(8 * found <= cells.shape[1], GAPS, full).astype(np.uint8)


def _tokens(cells: NDArray[np.uint64]) -> NDArray[np.uint8]:
    at = np.flatnonzero(cells)
    far, near = np.divmod(np.diff(at, prepend=-1, append=len(cells)) - 1, _FAR)
    ends = np.cumsum(far + 1)
    tokens = np.full(ends[-1], _FAR << 1, np.uint8)
    tokens[ends - 1] = near << 1 | np.append(cells[at] > 1, False)
    return tokens


def _halves(values: NDArray[np.uint64]) -> bytes:
    even = np.append(values, np.zeros(len(values) % 2, np.uint64)).astype(np.uint8)
    return (even[::2] | even[1::2] << 4).tobytes()


def _numbers(values: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], bytes]:
    by_byte = values.astype("<u8").view(np.uint8).reshape(-1, 8)
    sizes = ((by_byte != 0) * np.arange(1, 9)).max(axis=1, initial=0)
    return sizes.astype(np.uint64), by_byte[np.arange(8) < sizes[:, None]].tobytes()


def _unpacked(packed: Packed, shape: Shape) -> Rows:
    try:
        return _Parts(packed, shape).rows()
    except (IndexError, ValueError) as error:
        raise ValueError(f"packed rows are damaged, or of another shape: {error}") from error


class _Parts:
    """Packed rows, taken apart."""

    def __init__(self, packed: Packed, shape: Shape) -> None:
        self.shape = shape
        self._body = np.frombuffer(packed.body, np.uint8)
        tokens, small, middle, large = packed.lengths
        self.modes = self._cut(shape.rows)
        if (self.modes > BYTES).any():
            raise ValueError("a row of no known mode")
        tokens_at = self._cut(tokens)
        width = (shape.cells + 7) // 8
        full = int((self.modes != GAPS).sum())
        self.bitmaps = self._cut(full * width).reshape(full, width)
        self.small = self._cut_halves(small)
        self.middle = self._cut(middle)
        sizes = self._cut_halves(shape.rows * shape.sums + large)
        data = np.zeros((len(sizes), 8), np.uint8)
        if (sizes > 8).any() or int(sizes.sum()) != len(self._body):
            raise ValueError("its numbers are cut")
        data[np.arange(8) < sizes[:, None]] = self._body
        self.numbers = data.view("<u8").ravel()
        self.at, self.more = self._places(tokens_at)

    def _cut(self, length: int) -> NDArray[np.uint8]:
        if length > len(self._body):
            raise ValueError("it ends too early")
        part, self._body = self._body[:length], self._body[length:]
        return part

    def _cut_halves(self, count: int) -> NDArray[np.uint8]:
        packed = self._cut((count + 1) // 2)
        return np.stack((packed & 15, packed >> 4), axis=1).ravel()[:count]

    def _places(self, tokens: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        far, more = tokens >> 1 == _FAR, (tokens & 1).astype(bool)
        at = (np.cumsum(np.where(far, _FAR, (tokens >> 1) + 1)) - 1)[~far]
        size = int((self.modes == GAPS).sum()) * self.shape.cells
        if (far & more).any() or not len(tokens) or far[-1] or more[-1] or at[-1] != size:
            raise ValueError("its tokens do not end with its cells")
        return at[:-1], more[~far][:-1]

    def rows(self) -> Rows:
        """The rows as they were."""
        count, sums, width = self.shape
        rows = np.zeros((count, sums + width), np.int64)
        signed = self.numbers[: count * sums]
        values = (signed >> np.uint64(1)).astype(np.int64) ^ -(signed & np.uint64(1)).astype(np.int64)
        rows[:, :sums] = values.reshape(count, sums)
        gaps = np.flatnonzero(self.modes == GAPS)
        cells = np.zeros((count, width), np.uint64)
        of_gaps = np.zeros((len(gaps), width), np.uint64)
        of_gaps.reshape(-1)[self.at] = 1 + self.more.astype(np.uint64)
        cells[gaps] = of_gaps
        marks = np.unpackbits(self.bitmaps, axis=1, bitorder="little")
        if marks[:, width:].any():
            raise ValueError("its marks are wider than its rows")
        cells[self.modes != GAPS] = marks[:, :width]
        kept = (cells > 1) | ((cells > 0) & (self.modes != GAPS)[:, None])
        cells[kept] += self._counts(np.broadcast_to(self.modes[:, None], cells.shape)[kept])
        rows[:, sums:] = cells.astype(np.int64)
        return rows

    def _counts(self, of: NDArray[np.uint8]) -> NDArray[np.uint64]:
        counts = np.empty(len(of), np.uint64)
        large = self.numbers[self.shape.rows * self.shape.sums :]
        in_bytes = of == BYTES
        if (len(self.small), len(self.middle)) != ((~in_bytes).sum(), in_bytes.sum()):
            raise ValueError("it has not as many counts as cells")
        counts[~in_bytes], counts[in_bytes] = self.small, self.middle
        marked = counts == _MARKS[of]
        if len(large) != marked.sum():
            raise ValueError("it has not as many large counts as marks of such")
        counts[marked] += large
        return counts
