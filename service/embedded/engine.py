"""Both stages in one process: what Kafka's topics carry between them is handed over in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from service.config.digest import settings_digest
from service.config.settings import Settings, Source
from service.events.batch import Record
from service.pipeline import Effect, Evaluation, Ingest, Taken
from service.windows.clock import FOREVER_MS, NEVER_MS
from service.windows.control import Control, ProfilePublished, RetrainingReported
from service.windows.statement import Partial, Progress, source_name

Sink = Callable[[Effect], None]


class Engine:
    """The whole path for sources that this process reads itself, each a topic of one partition.

    Parameters
    ----------
    topics
        Names of the sources.
    sink
        Given every effect, in order.
    """

    def __init__(self, settings: Settings, topics: Sequence[str], sink: Sink) -> None:
        settings = settings.model_copy(update={"sources": tuple(Source(topic=topic) for topic in topics)})
        self.control = Control()
        self.ingest = Ingest(settings, self.control)
        names = [model.name for model in settings.models]
        self.evaluation = Evaluation(settings, self.control, settings_digest(settings), names)
        self._sink = sink
        for topic in topics:
            self.ingest.assign(source_name(topic, 0), None)

    def publish(self, record: ProfilePublished) -> None:
        """Put a profile in force from a pane that nobody has begun."""
        boundary_ms = max(record.boundary_ms, self._unbegun_ms()) if record.learned else record.boundary_ms
        self.control.apply(msgspec.structs.replace(record, boundary_ms=boundary_ms))

    def report(self, record: RetrainingReported) -> None:
        """Take in that a retraining started or finished."""
        self.evaluation.report(record)

    def feed(self, topic: str, records: Sequence[Record]) -> Taken:
        """Count consecutive records of one source, and perform what follows."""
        taken = self.ingest.take(source_name(topic, 0), records)
        for sample in taken.samples:
            self._apply(sample)
        self._state(topic)
        return taken

    def caught_up(self, topic: str, until_ms: int = FOREVER_MS) -> None:
        """Know that the source holds nothing more from before ``until_ms``."""
        if self.ingest.sources[source_name(topic, 0)].caught_up(until_ms):
            self._state(topic)

    def newest_ms(self, topic: str) -> int:
        """Largest event time of the source."""
        return self.ingest.sources[source_name(topic, 0)].newest_ms

    def _state(self, topic: str) -> None:
        name = source_name(topic, 0)
        source = self.ingest.sources[name]
        for statement in self.ingest.finished(name):
            self._apply(statement)
        source.acknowledge()
        self._apply(
            Progress(
                topic=topic, partition=0, partitions=1, hi=source.position,
                clock_ms=source.newest_ms, caught_up_ms=source.caught_up_ms,
            )
        )  # fmt: skip

    def _apply(self, partial: Partial) -> None:
        # All at once: what one effect publishes holds from the next record on, as it does on Kafka.
        for effect in list(self.evaluation.apply(partial)):
            if isinstance(effect, ProfilePublished):
                self.publish(effect)
            self._sink(effect)

    def _unbegun_ms(self) -> int:
        return max((source.unbegun_ms for source in self.ingest.sources.values()), default=NEVER_MS)
