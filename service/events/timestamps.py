"""The times of events: RFC 3339 text or epoch milliseconds, to int64 milliseconds.

A producer writes all its times alike, so a column of them is a matrix of characters, which is parsed as one.
Anything else is parsed value by value, with the same result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]

DAY_MS = 86_400_000
EPOCH = date(1970, 1, 1).toordinal()
FIRST_MS = (date(2000, 1, 1).toordinal() - EPOCH) * DAY_MS
"""Earlier times are mistakes, mostly a clock at the epoch or seconds in place of milliseconds."""
END_MS = (date(2100, 1, 1).toordinal() - EPOCH) * DAY_MS
"""Times from here on are mistakes, mostly micro- or nanoseconds in place of milliseconds."""

UNREADABLE_MS = -(2**63)
"""Stands for a time that could not be read."""

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_NUMBER_END = 2**62
_SHAPES_MAX = 16
_ALIKE_MIN = 64
_SHORTEST, _LONGEST = len("2026-08-22T10:15:03Z"), len("2026-08-22T10:15:03.123456789+00:00")


def parse(values: Sequence[object]) -> Times:
    """int64[N]: epoch milliseconds, rounded down; ``UNREADABLE_MS`` where a value cannot be read.

    >>> parse(["2026-08-22T10:15:03.120Z", "2026-08-22T12:15:03.12+02:00", 1787393703120.9]).tolist()
    [1787393703120, 1787393703120, 1787393703120]
    """
    kinds = set(map(type, values))
    if kinds == {int}:
        return _parse_integers(values)
    lengths = set(map(len, values)) if kinds == {str} else set()  # type: ignore[arg-type]  # they are strings
    if len(lengths) == 1:
        times = _parse_matrix(values, lengths.pop())
        return _parse_each(values) if times is None else times
    return _parse_mixed(values)


def _parse_mixed(values: Sequence[object]) -> Times:
    """Parse times of several shapes, each shape as one."""
    groups: dict[int, list[int]] = {}
    for i, value in enumerate(values):
        groups.setdefault(len(value) if isinstance(value, str) else -1, []).append(i)
    if len(groups) > _SHAPES_MAX or len(values) < _ALIKE_MIN:
        return _parse_each(values)
    times = np.empty(len(values), dtype=np.int64)
    for length, members in groups.items():
        group = [values[i] for i in members]
        parsed = None if length < 0 else _parse_matrix(group, length)
        times[members] = _parse_each(group) if parsed is None else parsed
    return times


def _parse_each(values: Sequence[object]) -> Times:
    return np.fromiter(map(parse_one, values), dtype=np.int64, count=len(values))


def _parse_integers(values: Sequence[object]) -> Times:
    try:
        times = np.fromiter(values, dtype=np.int64, count=len(values))
    except OverflowError:
        return _parse_each(values)
    times[(times >= _NUMBER_END) | (times <= -_NUMBER_END)] = UNREADABLE_MS
    return times


def parse_one(value: object) -> int:
    """Epoch milliseconds of one value, ``UNREADABLE_MS`` if it cannot be read."""
    if isinstance(value, str):
        return _parse_text(value)
    if isinstance(value, float | int) and abs(value) < _NUMBER_END:  # NaN is below nothing
        return math.floor(value)
    return UNREADABLE_MS


def why_not(value: object, time_ms: int) -> str | None:
    """What is wrong with a time, None if nothing is."""
    if time_ms == UNREADABLE_MS:
        return _why_unreadable(value)
    if FIRST_MS <= time_ms < END_MS:
        return None
    if not isinstance(value, str):
        for unit, per_ms in (("seconds", 0.001), ("microseconds", 1e3), ("nanoseconds", 1e6)):
            if FIRST_MS <= time_ms / per_ms < END_MS:
                return f"which looks like {unit}, not milliseconds"
    return "which is before 2000" if time_ms < FIRST_MS else "which is after 2099"


def _why_unreadable(value: object) -> str:
    if not isinstance(value, str):
        return "which is out of range"
    if _RFC3339.fullmatch(value + "Z"):
        return "which has no offset from UTC"
    if value.strip().lstrip("-").replace(".", "", 1).isdigit():
        return "which is a number in a string"
    return "which is no RFC 3339 time"


def _parse_text(text: str) -> int:
    match = _RFC3339.fullmatch(text)
    if match is None:
        return UNREADABLE_MS
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    sign, off_hour, off_minute = match[8], int(match[9] or 0), int(match[10] or 0)
    if hour > 23 or minute > 59 or second > 60 or off_hour > 23 or off_minute > 59:
        return UNREADABLE_MS
    try:
        days = date(year, month, day).toordinal() - EPOCH
    except ValueError:
        return UNREADABLE_MS
    offset = (off_hour * 60 + off_minute) * (-1 if sign == "-" else 1)
    milliseconds = int((match[7] or "")[:3].ljust(3, "0"))
    return days * DAY_MS + ((hour * 60 + minute - offset) * 60 + second) * 1000 + milliseconds


def _parse_matrix(values: Sequence[object], length: int) -> Times | None:
    """Parse strings of one length as a matrix uint8[L, N] of characters; None if that cannot be done."""
    if not _SHORTEST <= length <= _LONGEST:
        return None
    text = "".join(values)  # type: ignore[arg-type]  # the caller has seen that all are strings
    if not text.isascii():
        return None
    return _parse_alike(
        np.ascontiguousarray(np.frombuffer(text.encode(), dtype=np.uint8).reshape(-1, length).T)
    )


def _parse_alike(at: NDArray[np.uint8]) -> Times | None:
    """Parse times that all have the same shape; None if they have not, or if any is wrong."""
    tail = 1 if at[-1, 0] in b"Zz" else 6
    marks = [(4, b"-"), (7, b"-"), (10, b"Tt "), (13, b":"), (16, b":")]
    end = len(at) - tail
    if end == 20 or end < 19:
        return None
    if end > 20:
        marks.append((19, b"."))
    marks += [(end, b"Zz")] if tail == 1 else [(end, b"+-"), (end + 3, b":")]
    for place, allowed in marks:
        if not _one_of(at[place], allowed):
            return None
    places = [place for place in range(len(at)) if place not in dict(marks)]
    digits = at[places] - np.uint8(ord("0"))
    if digits.max() > 9:
        return None
    return _assemble(dict(zip(places, digits, strict=True)), at, end, tail)


def _one_of(row: NDArray[np.uint8], allowed: bytes) -> bool:
    first = row[0]
    return first in allowed and bool((row == first).all())


def _assemble(
    digit: dict[int, NDArray[np.uint8]], at: NDArray[np.uint8], end: int, tail: int
) -> Times | None:
    def number(start: int, stop: int) -> Times:
        total = digit[start].astype(np.int64)
        for place in range(start + 1, stop):
            total = total * 10 + digit[place]
        return total

    hour, minute, second = number(11, 13), number(14, 16), number(17, 19)
    days = _days(number)
    if days is None or hour.max() > 23 or minute.max() > 59 or second.max() > 60:
        return None
    shown = min(end - 20, 3)
    fraction = number(20, 20 + shown) * 10 ** (3 - shown) if shown > 0 else 0
    if tail == 6:
        off_hour, off_minute = number(end + 1, end + 3), number(end + 4, end + 6)
        if off_hour.max() > 23 or off_minute.max() > 59:
            return None
        offset = off_hour * 60 + off_minute
        minute = minute + offset if at[end, 0] == ord("-") else minute - offset
    return days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + fraction


def _days(number: Callable[[int, int], Times]) -> Times | None:
    """Days since the epoch; a run of events has few dates, so each date is looked up once."""
    keys = (number(0, 4) * 100 + number(5, 7)) * 100 + number(8, 10)
    distinct, where = (keys[:1], None) if (keys == keys[0]).all() else np.unique(keys, return_inverse=True)
    try:
        days = np.array(
            [date(k // 10_000, k // 100 % 100, k % 100).toordinal() - EPOCH for k in distinct.tolist()],
            dtype=np.int64,
        )
    except ValueError:
        return None
    return np.broadcast_to(days, keys.shape) if where is None else days[where]
