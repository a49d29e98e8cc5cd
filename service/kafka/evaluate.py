"""Stage 2 on Kafka: partials in, results, alerts and learned references out.

State is a function of the partials log, so a worker that gets a partition takes up the newest snapshot and
folds what stands after it. Output that an earlier owner had acknowledged (its commit says how far) is not
sent again. A snapshot is written only after the acknowledgements of all output before it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    TopicPartition,
)
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError
from aiokafka.structs import OffsetAndMetadata

from service.alerts.notice import AlertNotice, Notice, TriggerNotice, encode, topic_key
from service.config.digest import settings_digest
from service.config.settings import Settings
from service.evaluation.lines import runs
from service.evaluation.result import Evaluated
from service.kafka.commits import REFUSED
from service.kafka.connection import make_consumer, make_producer
from service.kafka.control import ControlReader, send_control
from service.kafka.noted import LateNotes, note
from service.kafka.outbox import Outbox
from service.kafka.placing import placed, require_placed
from service.kafka.recovery import Recovered, recover
from service.kafka.refused import readable
from service.kafka.snapshots import Snapshot, write_snapshot
from service.kafka.spans import UNTRACED, Tracer, batch_attributes, told_attributes, window_attributes
from service.pipeline import Effect, Evaluation
from service.web.board import Board
from service.web.selfmetrics import SelfMetrics
from service.windows.control import Control, RetrainingReported

log = logging.getLogger(__name__)

SNAPSHOT_EVERY_S = 60.0


class EvaluateService(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Evaluates the models whose partials the group gives to this worker."""

    def __init__(
        self,
        settings: Settings,
        control: Control,
        reader: ControlReader,
        metrics: SelfMetrics,
        board: Board,
        partitions: Mapping[str, int],
        tracer: Tracer = UNTRACED,
    ) -> None:
        self._partitions, self._tracer = partitions, tracer
        self._settings, self._control, self._reader = settings, control, reader
        self._metrics, self._board = metrics, board
        self._topics = settings.kafka.topics
        self._digest = settings_digest(settings)
        self._lock = asyncio.Lock()
        self._evaluations: dict[TopicPartition, Evaluation] = {}
        self._told_to: dict[TopicPartition, int] = {}
        self._folded_to: dict[TopicPartition, int] = {}
        self._recovered: dict[TopicPartition, Recovered] = {}
        self._snapshot_at: dict[TopicPartition, int] = {}
        self._snapshot_turn: dict[TopicPartition, int] = {}
        self._era = 0
        self._late_notes = LateNotes()
        self._failure: Exception | None = None
        self._reports: list[RetrainingReported] = []
        self.assigned = False
        self.recovering = False

    def report(self, record: RetrainingReported) -> None:
        """Take in that a retraining started or finished; kept for partitions that come later."""
        self._reports.append(record)
        for evaluation in self._evaluations.values():
            evaluation.report(record)

    async def run(self, stopping: asyncio.Event) -> None:
        """Evaluate until ``stopping``; raises whatever breaks, after which a new service recovers."""
        self._producer: AIOKafkaProducer = make_producer(self._settings.kafka)
        self._consumer: AIOKafkaConsumer = make_consumer(
            self._settings.kafka, group=f"{self._settings.kafka.group}-evaluate", fetch_max_wait_ms=100
        )
        await self._producer.start()
        self._outbox = Outbox(self._producer, self._tracer)
        try:
            await self._consumer.start()
            self._consumer.subscribe([self._topics.partials], listener=self)
            snapshot_due = time.monotonic() + SNAPSHOT_EVERY_S
            while not stopping.is_set():
                era = self._era
                batches = await self._next()
                async with self._lock:
                    self._raise_failure()
                    await self._fold_all(batches, era)
                    if time.monotonic() >= snapshot_due:
                        await self._snapshot()
                        snapshot_due = time.monotonic() + SNAPSHOT_EVERY_S
                await asyncio.sleep(0)
            async with self._lock:
                await self._snapshot()
        finally:
            self.assigned = False
            await self._consumer.stop()
            await self._producer.stop()

    async def _next(self) -> dict[TopicPartition, list[ConsumerRecord]]:
        try:
            batches: dict[TopicPartition, list[ConsumerRecord]] = await self._consumer.getmany(
                timeout_ms=200, max_records=500
            )
        except NoOffsetForPartitionError:
            return {}  # a partition is ours, but is still being recovered
        except OffsetOutOfRangeError as error:
            async with self._lock:
                for tp in error.args[0]:
                    await self._recover(tp)
            return {}
        return batches

    async def _fold_all(self, batches: Mapping[TopicPartition, Sequence[ConsumerRecord]], era: int) -> None:
        """Fold what was read in one go, and commit all of it together."""
        ours = {tp: records for tp, records in batches.items() if tp in self._evaluations}
        if era != self._era:  # read before a recovery, or after: only reading again is sure
            for tp in ours:
                self._consumer.seek(tp, self._folded_to[tp])
            return
        if ours:
            await self._reader.read_to_end()
        for tp, records in ours.items():
            with self._tracer.span("evaluate.batch", batch_attributes(tp, records)):
                await self._fold(tp, [(record.offset, record.value) for record in records])
        await self._commit(ours)

    async def _fold(self, tp: TopicPartition, records: Sequence[tuple[int, bytes]]) -> None:
        evaluation = self._evaluations[tp]
        for offset, value in records:
            partial = readable(tp, offset, value)
            if partial is None:
                continue
            began, began_ns = time.monotonic(), time.time_ns()
            effects = evaluation.apply(partial, self._recovered[tp].base + offset)
            first = next(effects, None)
            if first is not None and await self._tell(chain((first,), effects), tp, offset, began_ns):
                self._metrics.evaluated(time.monotonic() - began)
            await asyncio.sleep(0)
        self._show(evaluation)
        require_placed(evaluation.models, tp, self._consumer.partitions_for_topic(tp.topic) or ())
        self._folded_to[tp] = records[-1][0] + 1

    async def _tell(self, effects: Iterable[Effect], tp: TopicPartition, offset: int, began_ns: int) -> int:
        """Perform what a partial led to, as it is worked out, and say how many windows that were."""
        send = offset >= self._told_to[tp]
        told: Counter[type[Effect]] = Counter()
        with self._tracer.span("evaluate.windows", began_ns=began_ns) as span:
            for effect in effects:
                told[type(effect)] += 1
                if isinstance(effect, Evaluated):
                    with self._tracer.span("evaluate.window", window_attributes(effect)):
                        await self._perform(effect, tp, send=send)
                else:
                    await self._perform(effect, tp, send=send)
            span.set(told_attributes(told, offset, sent=send))
        return told[Evaluated]

    async def _commit(self, folded: Iterable[TopicPartition]) -> None:
        """Remember that all output up to here is safe; partitions whose commit is refused are let go.

        Whoever gets them tells what was told since the last commit once more, with the same ids.
        """
        news = {tp: self._folded_to[tp] for tp in folded if self._folded_to[tp] > self._told_to[tp]}
        if not news:
            return
        await self._outbox.acknowledged()
        self._told_to |= news
        try:
            await self._consumer.commit({tp: OffsetAndMetadata(to, "") for tp, to in news.items()})
        except REFUSED as error:
            log.info("commit not taken", extra={"error": repr(error)})
            for tp in news:
                self._let_go(tp)

    def _let_go(self, tp: TopicPartition) -> None:
        evaluation = self._evaluations.pop(tp, None)
        for name in evaluation.models if evaluation else ():
            self._board.forget(name)

    async def _perform(self, effect: Effect, tp: TopicPartition, *, send: bool) -> None:
        if send:
            note(effect)
        if isinstance(effect, Evaluated):
            self._board.update(effect)
            if send:
                lines = chain.from_iterable(runs(effect.results))
                key = effect.window.model.encode()
                await self._outbox.send_lines(self._topics.results, key, lines, tp.partition)
        elif isinstance(effect, AlertNotice | TriggerNotice):
            self._board.notice(effect)
            if send:
                await self._send_notice(effect, tp.partition)
        elif send:
            await send_control(self._producer, self._settings.kafka, effect)

    async def _send_notice(self, notice: Notice, partition: int) -> None:
        await self._outbox.send(self._topics.alerts, encode(notice), topic_key(notice), partition)

    def _show(self, evaluation: Evaluation) -> None:
        for name, model in evaluation.models.items():
            self._board.watermark(name, model.windows.watermark_ms)
            self._board.merged(name, model.windows.merging)
            self._late_notes.note(name, model.windows.late)
            spec = model.plan.model.reference.learn
            for version, seen in model.learner.seen().items():
                if spec is not None:
                    self._board.learning(name, version, seen, spec.events)

    async def _snapshot(self) -> None:
        await self._outbox.acknowledged()
        for tp, evaluation in self._evaluations.items():
            position = self._folded_to[tp]
            if position > self._snapshot_at.get(tp, 0):
                base = self._recovered[tp].base
                snapshot = Snapshot(position, evaluation.dump(), self._snapshot_turn[tp], base)
                await write_snapshot(
                    self._outbox, self._topics.snapshots, tp.partition, self._digest, snapshot
                )
                self._snapshot_at[tp] = position
                self._snapshot_turn[tp] = 1 - snapshot.turn

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Take up the newest snapshot of each partition and go on after it."""
        async with self._lock:
            self.recovering = True
            try:
                for tp in assigned:
                    await self._recover(tp)
            except Exception as error:  # noqa: BLE001  # aiokafka only logs what a listener raises
                self._failure = error
                return
            self.assigned, self.recovering = True, False
        log.info("partials assigned", extra={"partitions": sorted(tp.partition for tp in assigned)})

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Leave a snapshot behind, and let go."""
        async with self._lock:
            try:
                await self._snapshot()
            except Exception as error:  # noqa: BLE001  # an older snapshot serves as well, it only takes longer
                log.warning("snapshot at revocation failed", extra={"error": repr(error)})
            for tp in revoked:
                self._let_go(tp)
            self.assigned = False
        if revoked:
            log.info("partials revoked", extra={"partitions": sorted(tp.partition for tp in revoked)})

    async def _recover(self, tp: TopicPartition) -> None:
        await self._reader.read_to_end()
        partitions = self._consumer.partitions_for_topic(self._topics.partials) or ()
        ours = placed((model.name for model in self._settings.models), tp.partition, partitions)
        evaluation = Evaluation(self._settings, self._control, self._digest, ours)
        found = await recover(self._consumer, self._settings, tp, evaluation, self._partitions)
        require_placed(evaluation.models, tp, partitions)
        for record in self._reports:
            evaluation.report(record)
        for model in evaluation.models.values():
            for notice in model.alerts.open_alerts():
                self._board.notice(notice)
        self._evaluations[tp], self._recovered[tp] = evaluation, found
        self._told_to[tp], self._snapshot_turn[tp] = found.told_to, found.turn
        self._snapshot_at[tp] = self._folded_to[tp] = found.position
        self._consumer.seek(tp, found.position)
        self._era += 1
        self._show(evaluation)
