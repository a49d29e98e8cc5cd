"""Many events out of few: drawn once, each again and again with a time and an id of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.workload import MODEL

TIME = b"2026-01-05T00:00:00.000Z"
_MODEL, _ID, _TIME = (f'"{name}":"'.encode() for name in ("model", "prediction_id", "timestamp"))

_PARTS = [f".{ms:03d}Z".encode() for ms in range(1000)]


class Stamped:
    """Drawn events, cut at what is put in anew.

    Parameters
    ----------
    drawn
        Events as :func:`bench.workload.events` gives them.
    first_ms, last_ms
        The first and the last time to be put in, epoch ms.
    """

    def __init__(self, drawn: Sequence[bytes], first_ms: int, last_ms: int) -> None:
        first = drawn[0]
        model, identity, time = (first.index(key) + len(key) for key in (_MODEL, _ID, _TIME))
        self._begin, self._middle = first[:model], first[model + len(MODEL) : identity]
        self._width = first.index(b'"', identity) - identity
        self._before_time = first[identity + self._width : time]
        self._ends = [value[time + len(TIME) :] for value in drawn]
        self._first_s = first_ms // 1000
        moments = np.arange(self._first_s, last_ms // 1000 + 1).astype("datetime64[s]")
        self._seconds = [moment.encode() for moment in np.datetime_as_string(moments).tolist()]

    def event(self, number: int, time_ms: int, model: bytes = MODEL.encode()) -> bytes:
        """The event of a number, which is its id too."""
        identity = str(number).zfill(self._width).encode()
        second, part = self._seconds[time_ms // 1000 - self._first_s], _PARTS[time_ms % 1000]
        end = self._ends[number % len(self._ends)]
        return b"".join((self._begin, model, self._middle, identity, self._before_time, second, part, end))
