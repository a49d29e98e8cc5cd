"""A worker of stage 1 in the simulated world: the beat of the Kafka shell, which may stop at any step."""

from __future__ import annotations

from collections.abc import Iterator

from service.pipeline import Ingest
from service.windows.control import Control
from service.windows.resume import Resume
from service.windows.source import Source
from service.windows.statement import Progress
from tests.pipeline.world import DECODER, MODELS, SETTINGS, SOURCES, TOPIC, Producer, World

Steps = Iterator[None]


class Worker:
    """Reads the sources it was given; a beat is that of ``service.kafka.ingest``.

    Every ``yield`` is a place where the process may die, stall, or be overtaken by another.
    """

    def __init__(self, world: World, failing: float = 0.0) -> None:
        self.world = world
        self.generation = world.generation
        self.control = Control()
        self.control_read = 0
        self.ingest = Ingest(SETTINGS, self.control)
        self.ingest._decoder = DECODER
        self.producer = Producer(world, failing)
        self.under_way: Steps | None = None
        self.pace = 1.0
        self.commits: dict[str, str] = {}
        self.parked: dict[str, Source] = {}
        self.went_on = 0

    def begin(self, sources: list[str]) -> None:
        """Start sources where their commits say, or from memory where that is the same."""
        self.generation = self.world.generation
        # The service keeps them until the next assignment. However long they are kept, it must be sound.
        self.parked |= {name: source for name, source in self.ingest.sources.items() if self.may_park(source)}
        self.ingest.sources.clear()
        self.under_way = None
        for name in sources:
            parked = self.parked.pop(name, None)
            if parked is not None and self.may_go_on(name):
                self.ingest.sources[name] = parked
                self.went_on += 1
            else:
                self.ingest.assign(name, self.world.committed(name))
                self.commits.pop(name, None)

    def may_park(self, source: Source) -> bool:
        """Whether a source stands exactly where its commit says."""
        return source.resume().metadata() == self.commits.get(source.name)

    def may_go_on(self, name: str) -> bool:
        """Whether the last commit is this worker's own."""
        return self.world.commits.get(name) == self.commits[name]

    def step(self) -> None:
        """Go on with the flush under way, or read, or begin a flush."""
        if self.under_way is not None:
            if next(self.under_way, self) is self:
                self.under_way = None
        elif self.world.rng.random() < 0.6:
            self.read(self.world.rng.randint(1, 12))
        else:
            self.under_way = self.flush()

    def read(self, count: int) -> None:
        """Count some records of one source."""
        if self.ingest.sources:
            name = self.world.rng.choice(sorted(self.ingest.sources))
            position = self.ingest.sources[name].position
            self.ingest.take(name, self.world.logs[name][position : position + count])

    def read_all(self) -> None:
        """Count everything there is."""
        for name, source in self.ingest.sources.items():
            self.ingest.take(name, self.world.logs[name][source.position :])

    def flush(self) -> Steps:
        """One beat."""
        self.note_ends()
        self.read_control()
        yield
        yield from self.commit()
        yield from self.state()
        yield from self.acknowledged()
        self.free()
        yield
        yield from self.tell()
        yield from self.acknowledged()
        yield from self.commit()

    def note_ends(self) -> None:
        read_at_ms = self.world.now_ms
        for name, source in self.ingest.sources.items():
            if source.position >= len(self.world.logs[name]):
                source.caught_up(read_at_ms - self.world.grace_ms)

    def read_control(self) -> None:
        """Read the control topic to its end, and count panes again that were begun under another profile."""
        for record in self.world.published[self.control_read :]:
            self.control.apply(record)
        self.control_read = len(self.world.published)
        for name, source in list(self.ingest.sources.items()):
            if source.outdated():
                self.ingest.assign(name, self.world.committed(name))

    def state(self) -> Steps:
        for name in list(self.ingest.sources):
            for statement in self.ingest.finished(name):
                self.producer.send(MODELS[statement.model], statement)
                yield

    def acknowledged(self) -> Steps:
        while self.producer.land():
            yield
        self.producer.check()

    def free(self) -> None:
        for source in self.ingest.sources.values():
            source.acknowledge()

    def commit(self) -> Steps:
        """Commit each source; one whose commit is refused is let go, for somebody else has it."""
        for name in list(self.ingest.sources):
            if self.generation == self.world.generation:
                self.commits[name] = self.resume(self.ingest.sources[name]).metadata()
                self.world.commits[name] = self.commits[name]
            else:
                self.ingest.revoke(name)
            yield

    def resume(self, source: Source) -> Resume:
        return source.resume()

    def tell(self) -> Steps:
        for name, source in list(self.ingest.sources.items()):
            progress = Progress(
                topic=TOPIC, partition=int(name.split("/")[1]), partitions=SOURCES,
                hi=source.position, clock_ms=source.newest_ms, caught_up_ms=source.caught_up_ms,
            )  # fmt: skip
            for partition in MODELS.values():
                self.producer.send(partition, progress)
                yield
