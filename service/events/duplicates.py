"""Finds events in which a key stands twice: JSON parsers keep the last one and say nothing.

Parsing every event with a look at its keys would cost more than everything else that is done with it. So
keys are counted, all events at once, and an event is looked at closely only if its number of keys is new for
its kind. What is missed: an event that repeats one key and lacks another, so that its number of keys is an
ordinary one, and keys that stand apart from their colon.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_QUOTE_COLON = np.frombuffer(b'":', dtype=np.uint16)[0]


def key_counts(values: Sequence[bytes]) -> NDArray[np.uint8]:
    """uint8[N]: how often ``":`` stands in each value, modulo 256: the number of keys as encoders write.

    >>> key_counts([b'{"a":1,"b":2}', b"{}", b'{"a": {"b":{}}}']).tolist()
    [2, 0, 2]
    """
    text = b"".join([*values, b"    "])
    ends = np.cumsum(np.fromiter(map(len, values), dtype=np.int64, count=len(values)))
    starts = np.concatenate(([0], ends[:-1]))
    # Pairs of bytes that begin at even places, then those at odd ones.
    even = np.frombuffer(text, np.uint16, len(text) // 2) == _QUOTE_COLON
    odd = np.frombuffer(text, np.uint16, (len(text) - 1) // 2, 1) == _QUOTE_COLON
    return np.asarray(_sums(even, (starts + 1) // 2) + _sums(odd, starts // 2))


def _sums(found: NDArray[np.bool_], starts: NDArray[np.int64]) -> NDArray[np.uint8]:
    # Where a value is empty, `reduceat` gives one element in place of none; it has no keys that matter.
    return np.asarray(np.add.reduceat(found.view(np.uint8), starts, dtype=np.uint8))


class DuplicateKeys:
    """Counts events with a repeated key, run after run."""

    def __init__(self) -> None:
        self._clean: set[tuple[object, int]] = set()

    def count(self, values: Sequence[bytes], kinds: Sequence[object]) -> int:
        """How many of the values repeat a key; ``kinds`` says which of them are alike."""
        if not values:
            return 0
        counts = key_counts(values).tolist()
        unseen = set(zip(kinds, counts, strict=True)) - self._clean
        if not unseen:
            return 0
        found = 0
        for value, kind in zip(values, zip(kinds, counts, strict=True), strict=True):
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
