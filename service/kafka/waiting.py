"""Records that were read and wait until there are enough of their source to be counted at once.

Counting takes some hundred calls for each model of a run, whether it holds fifty events of it or five
thousand. Where many models share a source, each has few events in what one poll brings; so polls are counted
together once there are enough of them, and at the latest when the next flush begins. What counts does not
depend on how records are put together; so waiting shows in nothing but the cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from aiokafka import TopicPartition

from service.events.run import Run, joined

TOGETHER = 500
"""Events of one model and kind from which on more would make counting little cheaper."""
RECORDS_MAX = 50_000
"""Records of one source that wait at most."""
BYTES_MAX = 64 * 1024 * 1024
"""Bytes of all that wait at most: beyond, the source with the most is counted."""


class Due(NamedTuple):
    """Consecutive records of a source, to be counted now.

    Attributes
    ----------
    era
        Of the oldest of them, as :class:`service.kafka.holding.Holding` numbers eras.
    """

    partition: TopicPartition
    run: Run
    era: int


class _Source:
    """What waits of one source."""

    __slots__ = ("enough", "era", "records", "runs", "size")

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.records = self.size = self.era = 0
        self.enough = 0
        """How many records are enough; what was counted last tells."""

    def add(self, run: Run, era: int) -> None:
        if not self.runs:
            self.era = era
        self.runs.append(run)
        self.records += len(run)
        self.size += run.size

    def taken(self) -> Run:
        run = joined(self.runs)
        self.runs, self.records, self.size = [], 0, 0
        return run


class Waiting:
    """What waits of every source."""

    def __init__(self) -> None:
        self._sources: dict[TopicPartition, _Source] = {}

    def add(self, partition: TopicPartition, run: Run, era: int) -> None:
        """Take in what was read of a source."""
        if len(run):
            self._sources.setdefault(partition, _Source()).add(run, era)

    def met(self, partition: TopicPartition, kinds: int) -> None:
        """So many models, of predictions and of labels, were in what was counted last."""
        source = self._sources.setdefault(partition, _Source())
        source.enough = min(RECORDS_MAX, TOGETHER * kinds)

    def due(self) -> Iterator[Due]:
        """What is enough to be counted, or too much to go on waiting."""
        for partition, source in list(self._sources.items()):
            if source.records >= max(1, source.enough):
                yield Due(partition, source.taken(), source.era)
        while sum(source.size for source in self._sources.values()) > BYTES_MAX:
            partition, source = max(self._sources.items(), key=lambda item: item[1].size)
            yield Due(partition, source.taken(), source.era)

    def everything(self) -> Iterator[Due]:
        """All that waits; nothing does behind it."""
        for partition, source in list(self._sources.items()):
            if source.runs:
                yield Due(partition, source.taken(), source.era)
