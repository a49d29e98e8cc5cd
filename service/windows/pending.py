"""Events of a source that wait until there are enough of their model to be counted at once.

Counting takes some hundred calls for a batch, whether it holds fifty events or five thousand. Where many
models share a source, each has few events in a run of records; so they wait for more of their kind, and are
counted at the latest when a pane of theirs ends. What counts where is settled before
(:mod:`service.windows.homes`), and totals do not depend on batches; so how long they wait shows in nothing
but the cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from service.events.joining import joined
from service.windows.homes import Placed

TOGETHER = 500
"""Events of one model and kind from which on more would make counting little cheaper."""
WAITING_MAX = 40_000
"""Events of one source that wait at most: each takes about as many bytes as its record did."""

Kind = tuple[str, bool]
"""Model, and whether its events are labels."""


class First(NamedTuple):
    """A record: its offset, and the largest event time before it."""

    offset: int
    newest_ms: int


class _Waiting:
    """What waits of one kind; ``starts`` are the outer starts of panes of each part, in ms."""

    __slots__ = ("events", "parts", "starts")

    def __init__(self) -> None:
        self.parts: list[Placed] = []
        self.events = 0
        self.starts: set[int] = set()

    def add(self, part: Placed) -> None:
        self.parts.append(part)
        self.events += len(part.homes)
        self.starts.add(int(part.homes.min()))
        self.starts.add(int(part.homes.max()))


class Pending:
    """The events of one source that were taken and not counted.

    Parameters
    ----------
    together
        Events of one kind that are counted as soon as there are so many.
    """

    def __init__(self, together: int = TOGETHER) -> None:
        self._together = together
        self._waiting: dict[Kind, _Waiting] = {}
        self._events = 0

    def add(self, part: Placed) -> Iterator[Placed]:
        """Take events in; what is now to be counted."""
        kind = (part.batch.model, part.batch.is_label)
        waiting = self._waiting.get(kind)
        if waiting is None:
            if len(part.homes) >= self._together:
                yield part
                return
            waiting = self._waiting[kind] = _Waiting()
        waiting.add(part)
        self._events += len(part.homes)
        if waiting.events >= self._together:
            yield self._taken(kind)
        elif self._events > WAITING_MAX:
            yield from self.everything()

    def everything(self) -> Iterator[Placed]:
        """All that waits, to be counted."""
        for kind in list(self._waiting):
            yield self._taken(kind)

    def ended(self, model: str, last_ms: int) -> Iterator[Placed]:
        """What waits of a model, if any of it belongs to a pane that starts at ``last_ms`` or before."""
        for kind in ((model, False), (model, True)):
            waiting = self._waiting.get(kind)
            if waiting is not None and min(waiting.starts) <= last_ms:
                yield self._taken(kind)

    def first(self) -> First | None:
        """The first record of all that wait."""
        parts = (waiting.parts[0] for waiting in self._waiting.values())
        firsts = (First(int(part.batch.offsets[0]), int(part.newest[0])) for part in parts)
        return min(firsts, default=None)

    def starts(self) -> Iterator[tuple[str, int]]:
        """Model and start of panes that wait; where a run of records spans more than two, the outer ones."""
        for (model, _), waiting in self._waiting.items():
            for start_ms in waiting.starts:
                yield model, start_ms

    def _taken(self, kind: Kind) -> Placed:
        waiting = self._waiting.pop(kind)
        self._events -= waiting.events
        parts = waiting.parts
        if len(parts) == 1:
            return parts[0]
        _, *columns = zip(*parts, strict=True)
        homes, newest, late, clamped = (np.concatenate(column) for column in columns)
        return Placed(joined([part.batch for part in parts]), homes, newest, late, clamped)
