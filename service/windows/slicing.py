"""Slices: which part of the traffic an event belongs to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.events.coded import CodedColumn

ALL = "all"
"""The slice of everything."""

OTHER = "__other__"
"""The value under which slices, and versions, beyond their budget are counted together."""

VALUE_MAX = 200
"""Characters of a tag's value that a slice's name holds."""

_UNSAFE = re.compile(r"[%,=\x00-\x1f\x7f]")


def escape(value: str) -> str:
    """A tag's value with everything percent-encoded that could be read as part of a slice's name.

    >>> escape("a=b,c"), escape("__other__")
    ('a%3Db%2Cc', '%5F_other__')
    """
    if value == OTHER:
        return "%5F_other__"
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", value)


def shorten(value: str) -> str:
    """A tag's value at a length that topics and metrics can bear; long ones stay apart by a digest.

    >>> shorten("eu"), shorten("r" * 400_000)[198:]
    ('eu', 'rr~136728a6')
    """
    if len(value) <= VALUE_MAX:
        return value
    return f"{value[:VALUE_MAX]}~{hashlib.sha256(value.encode()).hexdigest()[:8]}"


def slice_name(dimension: Sequence[str], values: Sequence[str]) -> str:
    """The name of one slice.

    >>> slice_name(("origin", "carrier"), ("JFK", "B6"))
    'origin=JFK,carrier=B6'
    """
    return ",".join(f"{tag}={escape(shorten(value))}" for tag, value in zip(dimension, values, strict=True))


def other_name(dimension: Sequence[str]) -> str:
    """The name of the slice that takes what the budget cut from a dimension."""
    return ",".join(f"{tag}={OTHER}" for tag in dimension)


@dataclass(frozen=True, slots=True)
class SliceColumn:
    """The slice of each of N events in one dimension.

    Attributes
    ----------
    codes
        int64[N]: where in ``names`` the event's slice stands.
    names
        Slice names; None stands for events that are in no slice of the dimension.
    """

    codes: NDArray[np.int64]
    names: list[str | None]

    def only(self, members: NDArray[np.int64]) -> SliceColumn:
        """The column of some of the events; their codes stay as they are."""
        return SliceColumn(self.codes[members], self.names)


class SliceNames(dict[object, "str | None"]):
    """Maps the tag values of an event to its slice's name in one dimension, remembering what it met.

    A key is the value itself for a dimension of one tag, else a tuple of values. An event that lacks a tag
    (None) is in no slice of the dimension. The memory is bounded: it is emptied when full, and very long
    values are not remembered.
    """

    def __init__(self, dimension: Sequence[str], bound: int = 100_000) -> None:
        super().__init__()
        self._dimension = tuple(dimension)
        self._bound = bound
        self._values: Sequence[Any] = ()
        self._names: list[str | None] = []

    def __missing__(self, key: object) -> str | None:
        values = key if isinstance(key, tuple) else (key,)
        if None in values:
            return None
        name = slice_name(self._dimension, values)
        if max(map(len, values)) <= VALUE_MAX:
            if len(self) >= self._bound:
                self.clear()
            self[key] = name
        return name

    def column(self, tags: Mapping[str, CodedColumn[str | None]]) -> SliceColumn:
        """The slices of N events, given N values for each tag.

        As long as a column's values only grow, its names are the same list, grown.
        """
        columns = [tags[tag] for tag in self._dimension]
        crossed: CodedColumn[Any] = columns[0] if len(columns) == 1 else _crossed(columns)
        if crossed.values is not self._values:
            self._values, self._names = crossed.values, []
        self._names += [self[key] for key in crossed.values[len(self._names) :]]
        return SliceColumn(crossed.codes, self._names)

    def of(self, tags: Mapping[str, CodedColumn[str | None]]) -> list[str | None]:
        """The slice names of N events, given N values for each tag."""
        column = self.column(tags)
        return [column.names[code] for code in column.codes.tolist()]


def slice_names(dimension: tuple[str, ...], tags: Mapping[str, CodedColumn[str | None]]) -> list[str | None]:
    """The name of each event's slice in ``dimension``; None where a tag is missing.

    >>> slice_names(("region",), {"region": CodedColumn.of(["eu", None])})
    ['region=eu', None]
    """
    return SliceNames(dimension).of(tags)


def _crossed(columns: Sequence[CodedColumn[str | None]]) -> CodedColumn[tuple[str | None, ...]]:
    """The combinations of values that N events have in several columns."""
    codes, values = columns[0].codes, [(value,) for value in columns[0].values]
    for column in columns[1:]:
        width = len(column.values)
        # The pairs that occur are numbered anew after each column, so that their numbers stay small.
        pairs, codes = np.unique(codes * width + column.codes, return_inverse=True)
        values = [(*values[pair // width], column.values[pair % width]) for pair in pairs.tolist()]
    return CodedColumn(codes, values)
