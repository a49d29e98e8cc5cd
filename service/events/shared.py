"""One object for each distinct value of a column.

Columns outlive their events by thousands of events. If each kept the strings that the decoder made, memory
would be written all over; and whoever counts the values would compute the hash of every one.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

import msgspec

VALUES_MAX = 1024
"""Distinct values that are kept; a column with more of them is passed on as it is."""


class SharedValues(dict[object, object]):
    """Replaces values by equal ones that were seen before.

    >>> shared = SharedValues()
    >>> first, second = shared.share(["a", "".join(["a", ""])])
    >>> first is second
    True
    """

    def share(self, values: Iterable[Any]) -> Iterable[Any]:
        """The same values, equal ones as one object, unless they have turned out to be too many."""
        return values if len(self) >= VALUES_MAX else map(self.__getitem__, values)

    def __missing__(self, value: object) -> object:
        # 1, 1.0 and True are equal, but not the same category; strings and marks equal only their like.
        if isinstance(value, str | Enum | msgspec.UnsetType) or value is None:
            self[value] = value
        return value
