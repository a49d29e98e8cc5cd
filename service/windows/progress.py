"""How far the sources have got, and the watermark that follows.

The watermark of a model is the smallest over all sources, and a source not heard yet holds it back for ever.
Which sources there are is known from the configured topics and from the partition counts that the sources
themselves state.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from service.config.model import Model
from service.windows.clock import FOREVER_MS, NEVER_MS
from service.windows.gaps import KnownGap, Missing, bounded, learned, stated, touched
from service.windows.statement import Gap, Progress, source_name


class _Fact(msgspec.Struct, array_like=True):
    clock_ms: int
    caught_up_ms: int


class _State(msgspec.Struct):
    partitions: dict[str, int] = {}
    facts: dict[str, _Fact] = {}
    gaps: list[KnownGap] = []


class Progresses:
    """The furthest that each source has said of itself.

    Parameters
    ----------
    topics
        Every topic with events; until each of its partitions was heard no window closes.
    ahead_ms
        How far ahead of the end of a log its events may be.
    """

    def __init__(self, topics: Iterable[str], ahead_ms: int = 0) -> None:
        self._topics = tuple(topics)
        self._ahead_ms = ahead_ms
        self._state = _State()

    def observe(self, progress: Progress) -> None:
        """Take a statement in. Facts stay true, so that the larger of two is the newer."""
        if progress.topic not in self._topics:
            return
        partitions = self._state.partitions
        partitions[progress.topic] = max(progress.partitions, partitions.get(progress.topic, 0))
        fact = self._state.facts.setdefault(progress.source, _Fact(NEVER_MS, NEVER_MS))
        fact.clock_ms = max(fact.clock_ms, progress.clock_ms)
        fact.caught_up_ms = max(fact.caught_up_ms, progress.caught_up_ms)
        self._state.gaps = learned(self._state.gaps, progress)

    def lose(self, gap: Gap) -> None:
        """Take in that records of a source are gone."""
        if gap.topic in self._topics:
            self._state.gaps = stated(self._state.gaps, gap)

    def missing(self, lateness_ms: int) -> list[Missing]:
        """The event times of a model that gaps of the sources touch."""
        return touched(self._state.gaps, lateness_ms, self._ahead_ms)

    def forget(self, models: Iterable[Model]) -> None:
        """Drop gaps that no window of these models can meet any more."""
        if not self._state.gaps:
            return
        needed = (
            self.watermark_ms(model.lateness)
            - model.lateness
            - max(spec.longest_ms for spec in model.windows)
            for model in models
        )
        self._state.gaps = bounded(self._state.gaps, min(needed), self._ahead_ms)

    @property
    def newest_ms(self) -> int:
        """The largest event time that any source has stated."""
        return max((fact.clock_ms for fact in self._state.facts.values()), default=NEVER_MS)

    def unheard(self) -> list[str]:
        """Sources that have said nothing yet and so hold every watermark back; whole topics by their name."""
        silent = [topic for topic in self._topics if not self._state.partitions.get(topic)]
        names = (source_name(t, p) for t, count in self._state.partitions.items() for p in range(count))
        return silent + [name for name in names if name not in self._state.facts]

    def watermark_ms(self, lateness_ms: int) -> int:
        """No event before it will be counted in its pane any more, in any source."""
        if self.unheard() or not self._state.facts:
            return NEVER_MS
        facts = self._state.facts.values()
        return min(FOREVER_MS, *(max(fact.clock_ms - lateness_ms, fact.caught_up_ms) for fact in facts))

    def dump(self) -> bytes:
        """The state as bytes, for a snapshot."""
        return msgspec.msgpack.encode(self._state)

    def load(self, data: bytes) -> None:
        """Take up the state that ``dump`` gave."""
        self._state = msgspec.msgpack.decode(data, type=_State)
