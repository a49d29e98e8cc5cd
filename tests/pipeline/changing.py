"""The simulation where a profile begins to hold in the middle of a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detectors.fields import NumericField
from detectors.layout import Layout
from detectors.profile import Profile
from service.windows.control import ProfilePublished
from service.windows.plan import bare_fields
from tests.pipeline.simulation import Rules, Simulation
from tests.pipeline.worker import Steps, Worker
from tests.pipeline.world import FUTURE_MS, OLDEST_MS, SETTINGS, START_MS, TRAFFIC_MS

PANE_MS = 60_000
"""The longest of any model."""


def profile_of(name: str) -> Profile:
    """A profile for any version of a model."""
    model = next(model for model in SETTINGS.models if model.name == name)
    fields = tuple(
        replace(field, edges=np.array([10.0]))
        if isinstance(field, NumericField) and field.name == "x"
        else field
        for field in bare_fields(model)
    )
    return Profile(name, "", fields, ("all",), Layout(fields).zeros(1))


PROFILES = [profile_of(model.name) for model in SETTINGS.models]


class NeverCountsAgain(Worker):
    """Panes that were begun under an older profile are finished as they are."""

    def read_control(self) -> None:
        for record in self.world.published[self.control_read :]:
            self.control.apply(record)
        self.control_read = len(self.world.published)


class ReadsControlAfterStating(Worker):
    """Panes are stated before the control topic is read to its end."""

    def flush(self) -> Steps:
        self.note_ends()
        yield from self.commit()
        yield from self.state()
        yield from self.acknowledged()
        self.free()
        yield from self.tell()
        yield from self.acknowledged()
        yield from self.commit()
        self.read_control()


class ChangingSimulation(Simulation):
    """A run in which a profile of each model is published once, for panes that nobody can have finished."""

    def __init__(self, seed: int, rules: Rules, *, calm: bool = False) -> None:
        super().__init__(seed, rules, calm=calm)
        # Only then windows are a function of the logs alone.
        self.exact, self.world.grace_ms = True, OLDEST_MS
        self.publish_ms = START_MS + seed * 7_919 % (TRAFFIC_MS // 2)
        if calm:
            self.publish()

    def work(self) -> None:
        if not self.world.published and self.world.now_ms >= self.publish_ms:
            self.publish()
        super().work()

    def settle(self) -> None:
        if not self.world.published:
            self.publish()
        super().settle()

    def publish(self) -> None:
        """The boundary lies beyond what any clock can have reached by then."""
        reached_ms = max(self.publish_ms + 1_500, self.world.now_ms) + FUTURE_MS
        self.boundary_ms = -(-reached_ms // PANE_MS) * PANE_MS
        self.world.published += [ProfilePublished.of(profile, self.boundary_ms) for profile in PROFILES]


def faults(seed: int, rules: Rules | None = None) -> list[str]:
    """What is wrong with a run; nothing if it says what one says that knew of the profiles from the start."""
    simulation = ChangingSimulation(seed, rules or Rules())
    windows = simulation.run()
    undisturbed = ChangingSimulation(seed, Rules(), calm=True)
    undisturbed.world.published.clear()
    undisturbed.world.published += simulation.world.published
    whole = {key: outcome for key, outcome in undisturbed.run().items() if outcome.counted}
    found = [fault for evaluator in simulation.evaluators for fault in evaluator.faults]
    for key in sorted(whole.keys() | {key for key, outcome in windows.items() if outcome.counted}):
        if key not in whole or key not in windows:
            found.append(f"{key} stands on one side only")
        elif (whole[key].slices, whole[key].totals, whole[key].incomplete) != (
            windows[key].slices,
            windows[key].totals,
            windows[key].incomplete,
        ):
            found.append(f"{key} differs from the undisturbed run")
    return found


def both_sides(seed: int) -> tuple[int, int]:
    """Windows with records that ended before the profile held, and that began after."""
    simulation = ChangingSimulation(seed, Rules())
    filled = [key for key, outcome in simulation.run().items() if outcome.counted]
    boundary_ms = simulation.boundary_ms
    return sum(key[4] <= boundary_ms for key in filled), sum(key[3] >= boundary_ms for key in filled)
