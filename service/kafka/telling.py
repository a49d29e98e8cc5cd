"""What every evaluator must know of a source: said to all partitions of the partials."""

from __future__ import annotations

from aiokafka import TopicPartition

from service.kafka.outbox import Outbox
from service.windows.source import Source
from service.windows.statement import Partial, Progress, encode_partial


class Telling:
    """Says facts about sources to all evaluators, and none of them twice."""

    def __init__(self, outbox: Outbox, topic: str, partitions: int) -> None:
        self._outbox, self._topic, self._partitions = outbox, topic, partitions
        self._told: dict[TopicPartition, tuple[int, int, int]] = {}

    async def to_all(self, partial: Partial) -> None:
        """Hand a record over for each partition of the partials."""
        data = encode_partial(partial)
        for partition in range(self._partitions):
            await self._outbox.send(self._topic, data, partition=partition)

    async def progress(self, tp: TopicPartition, source: Source, partitions: int) -> None:
        """Say how far a source has got; its topic has so many ``partitions``."""
        facts = (source.position, source.newest_ms, source.caught_up_ms)
        if self._told.get(tp) == facts:
            return
        position, clock_ms, caught_up_ms = facts
        await self.to_all(
            Progress(
                topic=tp.topic, partition=tp.partition, partitions=partitions,
                hi=position, clock_ms=clock_ms, caught_up_ms=caught_up_ms,
            )
        )  # fmt: skip
        self._told[tp] = facts

    def forget(self, tp: TopicPartition) -> None:
        """Say it anew next time: the source was begun again, or went to somebody else."""
        self._told.pop(tp, None)
