"""The simulation where retention takes records away before they are counted.

Windows may then lack records, and must say so: those that do not are equal, to the byte, to those of a run in
which nothing was taken away.
"""

from __future__ import annotations

from service.windows.closing import ModelWindows
from service.windows.statement import Gap, Statement, decode_partial
from tests.pipeline.simulation import Evaluator, Rules, Simulation, Windows
from tests.pipeline.worker import Steps, Worker
from tests.pipeline.world import MODELS, TUMBLING

Ids = frozenset[str]


class LosingWorker(Worker):
    """A worker that finds records gone, and states that before it does anything else."""

    def step(self) -> None:
        """As any worker, once what is gone has been stated."""
        if self.under_way is None and self.losing():
            self.under_way = self.lose()
        super().step()

    def read_all(self) -> None:
        for _ in self.lose():
            pass
        super().read_all()

    def flush(self) -> Steps:
        if self.losing():
            yield from self.lose()
        yield from super().flush()

    def losing(self) -> bool:
        """Whether a source stands where there is nothing any more."""
        return any(source.position < self.oldest(name) for name, source in self.ingest.sources.items())

    def oldest(self, name: str) -> int:
        """The first record that is still there."""
        return self.world.oldest.get(name, 0)

    def lose(self) -> Steps:
        """Skip what is gone, and state it to every partition."""
        for name, source in list(self.ingest.sources.items()):
            if source.position < self.oldest(name):
                gap = self.ingest.gap(name, source.position, self.oldest(name))
                yield from self.state_gap(gap)
        yield from self.acknowledged()

    def state_gap(self, gap: Gap) -> Steps:
        for partition in MODELS.values():
            self.producer.send(partition, gap)
            yield


class SaysNothingOfGaps(LosingWorker):
    """What is gone is skipped, and nobody is told."""

    def state_gap(self, gap: Gap) -> Steps:
        yield


class GoesOnBeforeGapsAreSafe(LosingWorker):
    """The gap is sent, and reading and committing go on while it is on its way."""

    def lose(self) -> Steps:
        for name, source in list(self.ingest.sources.items()):
            if source.position < self.oldest(name):
                self.ingest.gap(name, source.position, self.oldest(name))
        yield from self.commit()


class GappedStatementsReplace(ModelWindows):
    """The highest position wins, however much its reader had lost."""

    def state(self, statement: Statement) -> None:
        fields = {name: getattr(statement, name) for name in statement.__struct_fields__}
        super().state(Statement(**fields | {"lost": 0}))


class LosingSimulation(Simulation):
    """A run in which retention strikes now and then."""

    def __init__(self, seed: int, rules: Rules) -> None:
        super().__init__(seed, rules)
        # Only then windows are a function of the logs alone.
        self.exact, self.world.grace_ms = True, 40_000

    def work(self) -> None:
        if self.rng.random() < 0.01:
            self.expire()
        super().work()

    def expire(self) -> None:
        """Retention takes the oldest records of a source away."""
        name = self.rng.choice(sorted(self.world.logs))
        oldest, end = self.world.oldest.get(name, 0), len(self.world.logs[name])
        self.world.oldest[name] = self.rng.randint(oldest, end)


def faults(seed: int, rules: Rules | None = None) -> tuple[list[str], Windows]:
    """What is wrong with a run with gaps, and its windows."""
    simulation = LosingSimulation(seed, rules or Rules(worker=LosingWorker))
    windows = simulation.run()
    whole = _undisturbed(seed)
    found = [fault for evaluator in simulation.evaluators for fault in evaluator.faults]
    lost = _lost(simulation)
    for key, expected in whole.items():
        outcome = windows.get(key)
        if outcome is None:
            alone = {identity for identity in expected.counted if identity not in lost}
            found += [f"{key} is not there, with {sorted(alone)} in the log"] if alone else []
        elif not outcome.incomplete and (outcome.slices, outcome.totals) != (
            expected.slices,
            expected.totals,
        ):
            found.append(f"{key} lacks records and does not say so")
    with simulation.lightened():
        found += _lowered(simulation)
    return found, windows


def _undisturbed(seed: int) -> Windows:
    simulation = Simulation(seed, Rules(), calm=True)
    simulation.world.grace_ms = 40_000
    return {key: outcome for key, outcome in simulation.run().items() if outcome.counted}


def _lost(simulation: LosingSimulation) -> Ids:
    """The records in gaps that were stated."""
    world = simulation.world
    identities = {name: [f"id={e.identity}" for e in world.events if e.source == name] for name in world.logs}
    partials = [decode_partial(data) for log in world.partials for data in log]
    gaps = [partial for partial in partials if isinstance(partial, Gap)]
    return frozenset(identity for gap in gaps for identity in identities[gap.source][gap.lo : gap.hi])


def _lowered(simulation: LosingSimulation) -> list[str]:
    """Panes of which somebody who had lost nothing said more than their windows say."""
    found = []
    for partition, log in enumerate(simulation.world.partials):
        said: dict[tuple[str, str, int], set[str]] = {}
        reader = Evaluator(simulation.world, partition, simulation.rules, {})
        for data in log:
            partial = decode_partial(data)
            if isinstance(partial, Statement) and not partial.lost and partial.parts == 1:
                model = reader.evaluation._model(partial.model)
                if partial.pane_ms + model.plan.model.pane_ms > model.windows.watermark_ms:
                    key = (partial.model, partial.version, partial.pane_ms)
                    said.setdefault(key, set()).update(partial.slices)
            before = set(reader.windows)
            reader.read(1)
            for closed in reader.windows.keys() - before:
                name, version, window, start_ms, _ = closed
                gone = said.get((name, version, start_ms), {"all"}) - set(reader.windows[closed].slices)
                if window == TUMBLING[name] and gone:
                    found.append(f"{closed}: {sorted(gone)} taken away again")
    return found
