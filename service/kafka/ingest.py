"""Stage 1 on Kafka: read, count, commit, state, acknowledge, tell, commit; in this order.

One beat of the flush:

1. know which sources have been read to their end (the clock is read before the end is asked for)
2. read the control topic to its end; recount panes that were begun under an older profile
3. wait for dead letters and samples; commit the lowest first offset of any unfinished pane: ends of the log
   bind the next owner before anything is said on their strength; a source whose commit is refused is let go
4. send the statements of the panes that ended, and wait for every acknowledgement
5. send how far each source has got to every partition of the partials, and wait; commit what was finished

Whatever fails in between is a crash: everything is built again from the last commit.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

from service.config.settings import Settings
from service.events.run import Run
from service.kafka.commits import require_distinct
from service.kafka.connection import make_consumer, make_producer
from service.kafka.control import ControlReader
from service.kafka.deadletter import DeadLetters
from service.kafka.ends import note_ends
from service.kafka.holding import Holding, Resumes, ingest_group, named
from service.kafka.measures import Lag, count_batch, observe
from service.kafka.outbox import Outbox
from service.kafka.records import bulk_options
from service.kafka.spans import UNTRACED, Span, Tracer, batch_attributes
from service.kafka.telling import Telling
from service.kafka.waiting import Due, Waiting
from service.pipeline import Ingest
from service.web.selfmetrics import SelfMetrics
from service.windows.control import Control
from service.windows.source import Source
from service.windows.statement import Partial, encode_partial, source_name

log = logging.getLogger(__name__)

MAX_RECORDS = 10_000


class IngestService(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Reads the sources that the group gives to this worker.

    Parameters
    ----------
    resumes
        What this process last knew of each source, kept over restarts of the service within it.
    """

    def __init__(
        self,
        settings: Settings,
        control: Control,
        reader: ControlReader,
        metrics: SelfMetrics,
        partials_partitions: int,
        resumes: Resumes,
        tracer: Tracer = UNTRACED,
    ) -> None:
        self._settings, self._control, self._reader, self._metrics = settings, control, reader, metrics
        self._tracer = tracer
        self._partials_partitions = partials_partitions
        self._topics = settings.kafka.topics
        self._lock = asyncio.Lock()
        self._resumes = resumes
        self._waiting = Waiting()
        self._failure: Exception | None = None
        self.assigned = False
        self.lag = Lag()
        self.flushed_at = time.monotonic()

    async def run(self, stopping: asyncio.Event) -> None:
        """Read until ``stopping``; raises whatever breaks: a new service then begins at the last commit."""
        require_distinct(model.name for model in self._settings.models)
        self._ingest = Ingest(self._settings, self._control)
        self._producer: AIOKafkaProducer = make_producer(self._settings.kafka)
        self._consumer: AIOKafkaConsumer = make_consumer(
            self._settings.kafka, group=ingest_group(self._settings),
            fetch_min_bytes=1, fetch_max_wait_ms=200,
            partition_assignment_strategy=[RangePartitionAssignor], **bulk_options(),
        )  # fmt: skip
        await self._producer.start()
        self._outbox = Outbox(self._producer, self._tracer)
        self._telling = Telling(self._outbox, self._topics.partials, self._partials_partitions)
        self._holding = Holding(
            self._settings, self._ingest, self._consumer, self._outbox, self._telling, self._metrics,
            self._resumes,
        )  # fmt: skip
        self._dead_letters = DeadLetters(self._producer, self._outbox, self._topics.deadletter)
        try:
            await self._consumer.start()
            self._consumer.subscribe([source.topic for source in self._settings.sources], listener=self)
            await self._read(stopping)
            async with self._lock:
                await self._flush()
        finally:
            self.assigned = False
            await self._consumer.stop()
            await self._producer.stop()

    async def _read(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            with self._tracer.span("ingest.beat"):
                await self._beat(stopping, time.monotonic() + self._settings.timing.flush / 1000)

    async def _beat(self, stopping: asyncio.Event, due: float) -> None:
        """Read and count until a flush is due, and flush."""
        flushed = False
        while not (flushed or stopping.is_set()):
            wait_ms = max(0, round((due - time.monotonic()) * 1000))
            era = self._holding.era
            with self._tracer.span("ingest.read") as span:
                batches = await self._next(min(wait_ms, 200))
                span.set({"messaging.batch.message_count": sum(map(len, batches.values()))})
            async with self._lock:
                self._raise_failure()
                for partition, run in batches.items():
                    self._waiting.add(partition, run, era)
                await self._count(self._waiting.due())
                if time.monotonic() >= due:
                    await self._flush()
                    flushed = True
            await asyncio.sleep(0)

    async def _next(self, timeout_ms: int) -> dict[TopicPartition, Run]:
        try:
            batches = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=MAX_RECORDS)
        except NoOffsetForPartitionError:
            return {}  # a partition is ours, but its beginning is still being looked up
        except OffsetOutOfRangeError as error:
            async with self._lock:
                await self._count(self._waiting.everything())
                await self._holding.skip_gaps(error.args[0])
            return {}
        return {partition: Run.of(records) for partition, records in batches.items()}

    async def _count(self, waited: Iterable[Due]) -> None:
        for partition, run, era in waited:
            with self._tracer.span("ingest.count", batch_attributes(partition, run)) as span:
                await self._take(partition, run, era, span)

    async def _take(self, partition: TopicPartition, run: Run, era: int, span: Span) -> None:
        name = source_name(partition.topic, partition.partition)
        if name not in self._ingest.sources:
            return
        if era != self._holding.era:
            # A partition was begun anew while these were being read: they may be from before that or from
            # after. Reading again from where the counting stands is right in both cases.
            self._consumer.seek(partition, self._ingest.sources[name].position)
            return
        taken = self._ingest.take(name, run)
        self._waiting.met(partition, len(taken.events))
        # What was read before the last commit has been told of already.
        fresh_from = self._holding.counted_to.get(partition, 0)
        for reject in taken.rejects:
            if reject.record.offset >= fresh_from:
                await self._dead_letters.send(reject, partition)
                self._metrics.rejects(reject.reason)
                self._metrics.dead_lettered()
        for sample in taken.samples:
            await self._send(sample, sample.model)
        count_batch(self._metrics, taken, run.size)
        span.set({
            "driftline.models": sorted({model for model, _ in taken.events}),
            "driftline.events": sum(taken.events.values()),
            "driftline.rejects": len(taken.rejects),
        })  # fmt: skip

    async def _flush(self) -> None:
        began = time.monotonic()
        await self._count(self._waiting.everything())
        partitions = {source_name(tp.topic, tp.partition): tp for tp in self._consumer.assignment()}
        sources = {name: s for name, s in self._ingest.sources.items() if name in partitions}
        with self._tracer.span("ingest.flush", {"driftline.sources": len(sources)}):
            with self._step(1, "ends"):
                held = {partitions[name]: source for name, source in sources.items()}
                await note_ends(self._consumer, held, self._settings.timing.grace)
            with self._step(2, "control"):
                await self._reader.read_to_end()
                for name in [name for name, source in sources.items() if source.outdated()]:
                    log.info("recounting under the new profile", extra={"source": name})
                    self._holding.begin_again(partitions[name])
                    del sources[name]
            with self._step(3, "commit"):
                await self._holding.commit({partitions[name]: source for name, source in sources.items()})
            sources = {name: source for name, source in sources.items() if name in self._ingest.sources}
            with self._step(4, "statements") as step:
                step.set({"driftline.statements": await self._state(sources)})
            with self._step(5, "progress"):
                await self._tell_progress([partitions[name] for name in sources])
            with self._step(5, "commit"):
                await self._holding.commit({partitions[name]: source for name, source in sources.items()})
        self._observe({partitions[name]: source for name, source in sources.items()})
        self.flushed_at = time.monotonic()
        self._metrics.flushed(self.flushed_at - began)

    def _step(self, number: int, name: str) -> AbstractContextManager[Span]:
        return self._tracer.span(f"ingest.flush.{name}", {"driftline.step": number})

    async def _state(self, sources: Mapping[str, Source]) -> int:
        """Send the statements of panes that ended, and wait until they are safe; how many there were."""
        count = 0
        for name in sources:
            for statement in self._ingest.finished(name):
                await self._send(statement, statement.model)
                count += 1
        await self._outbox.acknowledged()
        for source in sources.values():
            source.acknowledge()
        return count

    async def _tell_progress(self, partitions: Iterable[TopicPartition]) -> None:
        for tp in partitions:
            source = self._ingest.sources[source_name(tp.topic, tp.partition)]
            count = len(self._consumer.partitions_for_topic(tp.topic) or ())
            await self._telling.progress(tp, source, count)
        await self._outbox.acknowledged()

    async def _send(self, partial: Partial, model: str) -> None:
        data = encode_partial(partial)
        self._metrics.bytes_out(len(data))
        await self._outbox.send(self._topics.partials, data, key=model.encode())

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Begin each partition where its commit says."""
        async with self._lock:
            try:
                await self._holding.begin_all(assigned)
                self.assigned = True
            except Exception as error:  # noqa: BLE001  # aiokafka only logs what a listener raises
                self._failure = error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """State and commit what can be, and let go: the next owner reads the rest again."""
        async with self._lock:
            try:
                if revoked:
                    await self._flush()
                    self._holding.park(revoked)
            except Exception as error:  # noqa: BLE001  # the next owner begins at the last commit, whatever went wrong here
                log.warning("flush at revocation failed", extra={"error": repr(error)})
            self._holding.let_go(revoked)
            for tp in revoked:
                self._metrics.lost_partition(tp.topic, tp.partition)
            self.assigned = False
        if revoked:
            log.info("sources revoked", extra={"sources": named(revoked)})

    def _observe(self, sources: Mapping[TopicPartition, Source]) -> None:
        ends = {tp: self._consumer.highwater(tp) or 0 for tp in sources}
        self.lag = observe(self._metrics, sources, ends, self._ingest.plans, time.time() * 1000)
