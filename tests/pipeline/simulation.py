"""A seeded simulation of the pure pipeline: crashes between any two steps, rebalances, zombies, duplicates.

    sources ──► 2 workers ──► partials ──► 2 evaluators ──► windows
       ▲           │  crash, stall,  ▲         │  crash,
       │           │  are overtaken  │         │  recover from snapshots
    traffic     commits          in flight

Each record is a slice of its own, so that the windows say of every single record how often it was counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from unittest.mock import patch

from service.evaluation.result import Evaluated
from service.pipeline import Evaluation
from service.windows.closed import ClosedWindow
from service.windows.closing import ModelWindows
from service.windows.control import Control
from service.windows.statement import decode_partial
from tests.pipeline.worker import Worker
from tests.pipeline.world import MODELS, OLDEST_MS, SETTINGS, TUMBLING, Event, SendFailed, World, traffic

STEPS = 220
TRAFFIC_OVER_MS = 600_000
SLOW = 0.1
"""How often a slow worker gets on, against one: what it holds back stands open to all that comes late."""


@dataclass(frozen=True)
class Rules:
    """The parts that a test may replace with a faulty variant."""

    worker: type[Worker] = Worker
    windows: type[ModelWindows] = ModelWindows


@dataclass(frozen=True)
class Outcome:
    """What one window said, comparable."""

    slices: tuple[str, ...]
    totals: bytes
    incomplete: bool
    late: int
    counted: tuple[str, ...]

    @classmethod
    def of(cls, window: ClosedWindow) -> Outcome:
        counter = window.layout.counter
        times = counter(window.totals, "events") + counter(window.totals, "actuals")
        counted = Counter(dict(zip(window.slices, times.tolist(), strict=True)))
        del counted["all"]
        return cls(
            window.slices, window.totals.tobytes(), window.incomplete, window.late, tuple(counted.elements())
        )


Key = tuple[str, str, str, int, int]
Windows = dict[Key, Outcome]


@dataclass
class Evaluator:
    """Stage 2 of one partition of the partials, recovering from its last snapshot."""

    world: World
    partition: int
    rules: Rules
    windows: Windows
    snapshot: tuple[int, bytes] | None = None
    position: int = 0
    faults: list[str] = field(default_factory=list)
    control_read: int = 0

    def __post_init__(self) -> None:
        self.recover()

    def recover(self) -> None:
        """Begin again at the snapshot."""
        self.position = 0
        self.control, self.control_read = Control(), 0
        self.evaluation = Evaluation(SETTINGS, self.control, "")
        for name, partition in MODELS.items():
            if partition == self.partition:
                self._replace_windows(name)
        if self.snapshot is not None:
            self.position = self.snapshot[0]
            self.evaluation.load(self.snapshot[1])

    def read(self, count: int) -> None:
        """Fold some records of the partials."""
        for record in self.world.published[self.control_read :]:
            self.control.apply(record)
        self.control_read = len(self.world.published)
        for data in self.world.partials[self.partition][self.position : self.position + count]:
            for effect in self.evaluation.apply(decode_partial(data), self.position):
                if isinstance(effect, Evaluated):
                    self._note(effect.window)
            self.position += 1

    def save(self) -> None:
        """Take a snapshot."""
        self.snapshot = (self.position, self.evaluation.dump())

    def _note(self, window: ClosedWindow) -> None:
        key = (window.model, window.version, window.name, window.start_ms, window.end_ms)
        outcome = Outcome.of(window)
        if self.windows.setdefault(key, outcome) != outcome:
            self.faults.append(f"{key} said something else when its partials were read again")

    def _replace_windows(self, name: str) -> None:
        state = self.evaluation._model(name)
        if self.rules.windows is not ModelWindows:
            object.__setattr__(state, "windows", self.rules.windows(state.plan))


class Simulation:
    """One run."""

    def __init__(
        self, seed: int, rules: Rules, *, calm: bool = False, events: list[Event] | None = None
    ) -> None:
        self.rng = Random(seed)  # for trouble, not for secrets
        self.rules, self.calm = rules, calm
        events = traffic(self.rng) if events is None else events
        # With a long grace no end of a log makes a record late: windows are a function of the logs alone.
        self.exact = self.rng.random() < 0.5
        grace_ms = OLDEST_MS if self.exact else self.rng.choice([0, 2_000, 10_000])
        self.failing = self.rng.choice([0.0, 0.02, 0.1])
        # Statements come in many parts where records are short.
        self.pieces = patch("service.windows.statement.STATEMENT_BYTES", self.rng.choice([150, 700_000]))
        self.world = World(self.rng, events, grace_ms)
        self.windows: Windows = {}
        self.evaluators = [
            Evaluator(self.world, partition, rules, self.windows) for partition in MODELS.values()
        ]
        self.workers: list[Worker] = []
        self.zombies: list[Worker] = []
        self.rebalance()

    def run(self) -> Windows:
        """The windows in the end, after much trouble and a while of peace."""
        with self.lightened():
            self._trouble()
            self.settle()
        return self.windows

    @contextmanager
    def lightened(self) -> Iterator[None]:
        """What windows mean is no matter here, and would take most of the time."""
        unseen = patch("service.evaluation.decider.evaluate", lambda window, *_: Evaluated(window, (), ()))
        with unseen, self.pieces:
            yield

    def _trouble(self) -> None:
        troubles = [(self.work, 70), (self.fold, 12)]
        if not self.calm:
            troubles += [
                (self.crash, 4),
                (self.rebalance, 2),
                (self.world.land, 1),
                (self.stumble, 3),
                (self.save, 3),
            ]
        actions = [action for action, _ in troubles]
        weights = [weight for _, weight in troubles]
        for _ in range(STEPS):
            self.world.pass_time(self.rng.randrange(1_500))
            self.rng.choices(actions, weights)[0]()

    def work(self) -> None:
        everyone = self.workers + self.zombies
        worker = self.rng.choices(everyone, [worker.pace for worker in everyone])[0]
        try:
            worker.step()
        except SendFailed:
            self.bury(worker)

    def crash(self) -> None:
        """Most likely in the middle of something."""
        everyone = self.workers + self.zombies
        busy = [worker for worker in everyone if worker.producer.busy]
        self.bury(self.rng.choice(busy if busy and self.rng.random() < 0.8 else everyone))

    def bury(self, worker: Worker) -> None:
        """A worker is gone; another begins in its place, and the group finds itself again."""
        worker.producer.die()
        if worker in self.zombies:
            self.zombies.remove(worker)
        else:
            self.workers.remove(worker)
            self.rebalance()

    def rebalance(self) -> None:
        """The group shares its sources out anew. A worker that stalls does not notice."""
        for worker in list(self.workers):
            if not self.calm and self.rng.random() < 0.4:
                self.workers.remove(worker)
                self.zombies.append(worker)
                worker.pace = SLOW
            elif worker.under_way is None:
                self._drain(worker)
        self.world.generation += 1
        while len(self.workers) < (1 if self.calm else 2):
            self.workers.append(self.rules.worker(self.world, 0 if self.calm else self.failing))
        shares: list[list[str]] = [[] for _ in self.workers]
        for source in self.world.logs:
            self.rng.choice(shares).append(source)
        for worker, share in zip(self.workers, shares, strict=True):
            worker.begin(share)
            worker.pace = self.rng.choice([1, 1, SLOW])

    def _drain(self, worker: Worker) -> None:
        """State and commit what can be before the sources go; a failure only costs reading again."""
        try:
            for _ in worker.flush():
                pass
        except SendFailed:
            worker.producer.die()
            self.workers.remove(worker)

    def fold(self) -> None:
        self.rng.choice(self.evaluators).read(self.rng.randint(1, 20))

    def stumble(self) -> None:
        self.rng.choice(self.evaluators).recover()

    def save(self) -> None:
        self.rng.choice(self.evaluators).save()

    def settle(self) -> None:
        """No more trouble: one worker takes over, reads everything to its end, and every window closes."""
        for worker in self.workers + self.zombies:
            worker.producer.die()
        self.workers, self.zombies, self.calm = [], [], True
        while self.world.in_flight:
            self.world.land()
        self.rebalance()
        for _ in range(2):
            self.world.pass_time(TRAFFIC_OVER_MS)
            for worker in self.workers:
                worker.read_all()
                for _ in worker.flush():
                    pass
        for evaluator in self.evaluators:
            evaluator.read(10**6)

    def faults(self) -> list[str]:
        """Records not counted once, and windows that said two things."""
        found = [fault for evaluator in self.evaluators for fault in evaluator.faults]
        found += [f"{key} is incomplete" for key, outcome in self.windows.items() if outcome.incomplete]
        return found + _miscounted(self.world.events, self.windows)


def faults(seed: int, rules: Rules | None = None) -> list[str]:
    """What is wrong with a run; nothing if every record was counted once, or is among the late."""
    simulation = Simulation(seed, rules or Rules())
    windows = simulation.run()
    found = simulation.faults()
    if simulation.exact:
        undisturbed = Simulation(seed, Rules(), calm=True).run()
        found += _different(undisturbed, windows)
    return found


def _miscounted(events: list[Event], windows: Windows) -> list[str]:
    found = []
    for model, name in TUMBLING.items():
        own = {key: outcome for key, outcome in windows.items() if key[0] == model and key[2] == name}
        counts = Counter(identity for outcome in own.values() for identity in outcome.counted)
        late = sum(outcome.late for outcome in own.values())
        expected = [event for event in events if event.model == model]
        missing = [event for event in expected if not counts[f"id={event.identity}"]]
        found += [f"{identity} counted {times} times" for identity, times in counts.items() if times > 1]
        if len(missing) != late:
            found.append(f"{model}: {len(missing)} records in no window, {late} said to be late")
        homes = {event.identity: event.counted_ms for event in expected}
        for (_, version, _, start_ms, end_ms), outcome in own.items():
            strays = [i for i in outcome.counted if not start_ms <= homes[i.removeprefix("id=")] < end_ms]
            found += [f"{stray} counted in {version} {start_ms}" for stray in strays]
    return found


def _different(undisturbed: Windows, windows: Windows) -> list[str]:
    """Windows with records must say the same as without any trouble, to the byte."""
    filled = [
        {key: (outcome.slices, outcome.totals) for key, outcome in side.items() if outcome.counted}
        for side in (undisturbed, windows)
    ]
    keys = sorted(
        key for key in filled[0].keys() | filled[1].keys() if filled[0].get(key) != filled[1].get(key)
    )
    return [f"{key} differs from the undisturbed run" for key in keys]
