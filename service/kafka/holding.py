"""The sources that a worker holds: where each is begun, what is committed of it, how gaps are passed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.config.settings import Settings
from service.kafka.commits import bare, commit, committed, first_offset
from service.kafka.gaps import after_gap, made_anew
from service.kafka.outbox import Outbox
from service.kafka.telling import Telling
from service.pipeline import Ingest
from service.web.selfmetrics import SelfMetrics
from service.windows.resume import Resume
from service.windows.source import Source
from service.windows.statement import source_name

log = logging.getLogger(__name__)

Resumes = dict[TopicPartition, Resume]
"""What is known of each source."""


class Holding:
    """Positions, commits and memory of the sources assigned to this process; the caller keeps the lock.

    Parameters
    ----------
    resumes
        What this process last knew of each source. One that is known and has no commit was made anew.

    Attributes
    ----------
    era
        Goes up whenever a source is read from elsewhere than where the last read ended.
    counted_to
        Up to where dead letters of a source were sent already.
    """

    def __init__(
        self,
        settings: Settings,
        ingest: Ingest,
        consumer: AIOKafkaConsumer,
        outbox: Outbox,
        telling: Telling,
        metrics: SelfMetrics,
        resumes: Resumes,
    ) -> None:
        self._settings, self._ingest, self._consumer = settings, ingest, consumer
        self._outbox, self._telling, self._metrics = outbox, telling, metrics
        self._group = ingest_group(settings)
        self._resumes = resumes
        self._parked: dict[TopicPartition, Source] = {}
        self.counted_to: dict[TopicPartition, int] = {}
        self.era = 0

    async def begin_all(self, assigned: Sequence[TopicPartition]) -> None:
        """Begin each partition where its commit says, or go on from memory where that is the same."""
        names = self._ingest.plans.keys()
        found = await committed(self._settings.kafka, self._group, list(assigned), names) if assigned else {}
        kept = [tp for tp in assigned if tp in self._parked and found.get(tp) == self._resumes.get(tp)]
        for tp in assigned:
            if tp in kept:
                self._go_on(tp, self._parked[tp])
            else:
                await self._begin_first(tp, found.get(tp))
        self._parked.clear()
        # A beginning at the end of the log must be remembered before anything is read after it.
        fresh = {tp: self._resumes[tp] for tp in assigned if tp not in found}
        if not await commit(self._consumer, fresh):
            self.let_go(fresh)
        log.info("sources assigned", extra={"sources": named(assigned), "from_memory": named(kept)})

    def begin_again(self, tp: TopicPartition) -> None:
        """Read again from the last commit."""
        self._begin(tp, self._resumes[tp])

    def park(self, revoked: Iterable[TopicPartition]) -> None:
        """Remember what was counted, for the case that the partition comes back.

        A source is all that its commit says and what is read after it up to the commit's position, whoever
        reads it. So one that stands exactly where its commit says may go on, as long as that commit is still
        the last: nobody who has counted further has committed since.
        """
        for tp in revoked:
            source = self._ingest.sources.get(source_name(tp.topic, tp.partition))
            if source is not None and source.resume() == self._resumes[tp]:
                self._parked[tp] = source

    def let_go(self, partitions: Iterable[TopicPartition]) -> None:
        """Count them no more: they are, or will be, somebody else's."""
        for tp in partitions:
            self._ingest.revoke(source_name(tp.topic, tp.partition))
            self._telling.forget(tp)

    async def commit(self, sources: Mapping[TopicPartition, Source]) -> None:
        """Commit what changed, once all that was sent is safe; a source whose commit is refused is let go."""
        await self._outbox.acknowledged()
        changed = {tp: now for tp, s in sources.items() if (now := s.resume()) != self._resumes.get(tp)}
        if await commit(self._consumer, changed):
            self._resumes |= changed
            self.counted_to |= {tp: resume.position for tp, resume in changed.items()}
        else:  # the rebalance that is under way begins them again, here or elsewhere
            self.let_go(changed)

    async def skip_gaps(self, lost: Iterable[TopicPartition]) -> None:
        """Go on where records are, in logs that no longer have the next one."""
        for tp in lost:
            source = self._ingest.sources.get(source_name(tp.topic, tp.partition))
            if source is not None:
                at = source.position
                to = await after_gap(self._consumer, self._settings.kafka, self._group, tp, at)
                await self._skip(source, tp, to)

    async def _begin_first(self, tp: TopicPartition, resume: Resume | None) -> None:
        name, known = source_name(tp.topic, tp.partition), self._resumes.get(tp)
        if resume is None and known is not None:
            # Its commit went with the topic. What was counted of that one stands; all of the new one is read.
            self._begin(tp, known)
            source = self._ingest.sources[name] = self._parked.get(tp, self._ingest.sources[name])
            source.position = known.position
            await self._skip(source, tp, await made_anew(self._consumer, tp, known.position))
            self._resumes[tp] = source.resume()
            return
        begin = resume or bare(await first_offset(self._consumer, self._settings, tp))
        self.counted_to[tp] = begin.position
        self._begin(tp, begin)

    async def _skip(self, source: Source, tp: TopicPartition, to: int) -> None:
        """Go on at an offset, once every evaluator has been told which records are gone."""
        at = source.position
        if to != at:
            await self._telling.to_all(self._ingest.gap(source.name, at, to))
            await self._outbox.acknowledged()
            self._telling.forget(tp)
            self._metrics.gap(tp.topic, tp.partition, max(1, to - at))
            self.counted_to[tp] = to if to < at else max(to, self.counted_to[tp])
        self._consumer.seek(tp, to)
        self.era += 1

    def _go_on(self, tp: TopicPartition, source: Source) -> None:
        self._ingest.sources[source.name] = source
        self._consumer.seek(tp, source.position)
        self.era += 1

    def _begin(self, tp: TopicPartition, resume: Resume) -> None:
        self._ingest.assign(source_name(tp.topic, tp.partition), resume)
        self._resumes[tp] = resume
        self._telling.forget(tp)
        self._consumer.seek(tp, resume.offset)
        self.era += 1


def ingest_group(settings: Settings) -> str:
    """The consumer group that reads the sources."""
    return f"{settings.kafka.group}-ingest"


def named(partitions: Iterable[TopicPartition]) -> list[str]:
    """The names of sources, for the log."""
    return sorted(source_name(tp.topic, tp.partition) for tp in partitions)
