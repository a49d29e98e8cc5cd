"""Finds events in which a key stands twice: JSON parsers keep the last one and say nothing.

Parsing every event with a look at its keys would cost more than everything else that is done with it. So
keys are counted, all events at once, and an event is looked at closely only if its number of keys is new for
its kind. What may be missed: an event that repeats one key and lacks another, so that its number of keys is
an ordinary one; one that is balanced by another in the same chunk, with fewer keys than usual; and keys that
stand apart from their colon.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_QUOTE_COLON = np.frombuffer(b'":', dtype=np.uint16)[0]


Found = tuple[NDArray[np.bool_], NDArray[np.bool_]]

_LENGTH_MIN = 3
"""No shorter value holds a key; and so each has a place of its own among the pairs of bytes."""


def keys_found(text: bytes) -> Found:
    """Where ``":`` stands among the pairs of bytes that begin at even places, and at odd ones."""
    even = np.frombuffer(text, np.uint16, len(text) // 2) == _QUOTE_COLON
    odd = np.frombuffer(text, np.uint16, (len(text) - 1) // 2, 1) == _QUOTE_COLON
    return even, odd


def key_counts(found: Found, lengths: Sequence[int]) -> NDArray[np.uint16]:
    """uint16[N]: how often ``":`` stands in each value: the number of keys as encoders write.

    Parameters
    ----------
    found, lengths
        Where it stands in the values, one behind the other, and their lengths, 3 or more.

    >>> key_counts(keys_found(b'{"a":1,"b":2}{ }{"a": {"b":{}}}'), [13, 3, 15]).tolist()
    [2, 0, 2]
    """
    starts = np.concatenate(([0], np.cumsum(lengths[:-1], dtype=np.int64)))
    return np.asarray(_sums(found[0], (starts + 1) // 2) + _sums(found[1], starts // 2))


def _sums(found: NDArray[np.bool_], starts: NDArray[np.int64]) -> NDArray[np.uint16]:
    # Narrow sums are several times faster.
    return np.asarray(np.add.reduceat(found.view(np.uint8), starts, dtype=np.uint16))


class DuplicateKeys:
    """Counts events with a repeated key, run after run."""

    def __init__(self) -> None:
        self._clean: set[tuple[object, int]] = set()
        self._usual: dict[object, int] = {}

    def count(self, values: Sequence[bytes], text: bytes, kinds: Sequence[object], *, alike: bool) -> int:
        """How many of the values repeat a key.

        Parameters
        ----------
        text
            The values, one behind the other.
        kinds, alike
            Which of them are of one kind, and whether all are.
        """
        lengths = list(map(len, values))
        if not lengths or min(lengths) < _LENGTH_MIN:
            return sum(map(repeats_a_key, values))
        places = keys_found(text)
        if alike:
            total = int(np.count_nonzero(places[0])) + int(np.count_nonzero(places[1]))
            if total == self._usual.get(kinds[0], -1) * len(values):
                return 0
        counts: list[int] = key_counts(places, lengths).tolist()
        met = {(kinds[0], count) for count in set(counts)} if alike else set(zip(kinds, counts, strict=True))
        unseen = met - self._clean
        found = self._look(values, zip(kinds, counts, strict=True), unseen) if unseen else 0
        if (kinds[-1], counts[-1]) in self._clean:
            self._usual[kinds[-1]] = counts[-1]
        return found

    def _look(
        self, values: Sequence[bytes], kinds: Iterable[tuple[object, int]], unseen: set[tuple[object, int]]
    ) -> int:
        """Look closely at events whose kind and number of keys were not seen without a repeated key."""
        found = 0
        for value, kind in zip(values, kinds, strict=True):
            if kind not in unseen:
                continue
            if repeats_a_key(value):
                found += 1
            else:
                self._clean.add(kind)
                unseen.discard(kind)
        return found


def repeats_a_key(value: bytes) -> bool:
    """Whether any object in the value has a key twice.

    >>> repeats_a_key(b'{"a":1,"b":{"c":1,"c":2}}'), repeats_a_key(b'{"a":1,"b":{"a":2}}')
    (True, False)
    """
    repeated = False

    def look(pairs: list[tuple[str, object]]) -> None:
        nonlocal repeated
        repeated = repeated or len({key for key, _ in pairs}) < len(pairs)

    try:
        json.loads(value, object_pairs_hook=look, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return repeated
