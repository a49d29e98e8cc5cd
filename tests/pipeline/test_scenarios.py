"""Rare meetings of two workers, played step by step: what chance would take thousands of seeds to find."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from unittest.mock import patch

import pytest

from tests.pipeline.faulty import (
    CommitsLast,
    GoesOnAfterRefusal,
    LastWrittenWins,
    TornStatementsReplace,
)
from tests.pipeline.simulation import Rules, Simulation
from tests.pipeline.worker import Steps, Worker
from tests.pipeline.world import START_MS, event_of, prediction_of

Scenario = Callable[[Rules], list[str]]
ALL_SOURCES = ["events/0", "events/1", "events/2"]


def a_straggler_lands_after_its_successor(rules: Rules) -> list[str]:
    """
    log        r0 ──────────────── r1            r1 is of the same pane as r0, and comes late

    first      read r0, end of the log: state pane (hi 1) ┄┄┄ dies ┄┄┄┄┄┄┄┄┄► lands
    second               begins at the commit, reads r0 r1: states pane (hi 2), │ tells
    partials                                                   pane (hi 2), pane (hi 1), progress
    """
    events = [
        event_of(START_MS + 1_000, 0, "fast", "r0", 0, **prediction_of(0)),
        event_of(START_MS + 30_000, 0, "fast", "r1", 25_000, **prediction_of(1)),
    ]
    simulation = Simulation(0, rules, calm=True, events=events)
    world = simulation.world
    world.grace_ms = 0
    with simulation.lightened():
        world.pass_time(29_000)
        first = Worker(world)
        first.begin(ALL_SOURCES)
        first.read_all()
        first.note_ends()
        drain(first.state())
        first.producer.die()
        world.pass_time(1_000)
        second = Worker(world)
        second.begin(ALL_SOURCES)
        second.read_all()
        second.note_ends()
        drain(second.commit())
        drain(second.state())
        drain(second.acknowledged())
        while world.in_flight:
            world.land()
        drain(second.flush())
        simulation.settle()
    assert len(world.partials[0]) >= 3
    return simulation.faults()


def a_window_closes_between_two_parts(rules: Rules) -> list[str]:
    """
    first      reads r0 r1, stalls ┄┄┄┄┄┄┄┄┄┄┄ states part 1 of the pane (hi 2) ┄┄┄ part 2
    second         reads r0, states the whole pane (hi 1), tells, commits     │
    third                                                        tells ───────┘ and the window closes
    """
    events = [
        event_of(START_MS + 1_000, 0, "fast", "r0", 0, **prediction_of(0)),
        event_of(START_MS + 40_000, 0, "fast", "r1", 0, **prediction_of(1)),
    ]
    simulation = Simulation(0, rules, calm=True, events=events)
    world = simulation.world
    world.grace_ms = 0
    with simulation.lightened(), patch("service.windows.statement.STATEMENT_BYTES", 50):
        first, second, third = Worker(world), Worker(world), Worker(world)
        first.begin(["events/0"])
        world.pass_time(35_000)
        second.begin(["events/0"])
        second.read_all()
        drain(second.flush())
        world.pass_time(10_000)
        first.read_all()
        third.begin(ALL_SOURCES[1:])
        drain(first.state())
        first.producer.land()
        drain(third.flush())
        simulation.evaluators[0].read(100)
        drain(first.acknowledged())
        simulation.settle()
    return simulation.faults()


def the_first_is_gone_after(steps: int, rules: Rules, *, dies: bool) -> list[str]:
    """
    log        r0 ──────────────── r1            r1 is of the same pane as r0, and comes late

    first      read r0, end of the log: commit, state, tell  (dies after a step, or is overtaken and goes on)
    second               begins at the commit, reads r0 r1, and does the same
    """
    events = [
        event_of(START_MS + 1_000, 0, "fast", "r0", 0, **prediction_of(0)),
        event_of(START_MS + 30_000, 0, "fast", "r1", 25_000, **prediction_of(1)),
    ]
    simulation = Simulation(0, rules, calm=True, events=events)
    world = simulation.world
    world.grace_ms = 0
    with simulation.lightened():
        world.pass_time(29_000)
        first, second = rules.worker(world), rules.worker(world)
        first.begin(ALL_SOURCES)
        first.read_all()
        flush = first.flush()
        drain(islice(flush, steps))
        world.generation += 1
        second.begin(ALL_SOURCES)
        if not dies:
            drain(flush)
        first.producer.die()
        while world.in_flight:
            world.land()
        world.pass_time(1_000)
        second.read_all()
        drain(second.flush())
        simulation.settle()
    return simulation.faults()


def a_zombie_counts_past_an_end_it_does_not_know(rules: Rules) -> list[str]:
    """
    log        r0 │ r1 r2                        r1 is of the same pane as r0, r2 of a much later one
                  │ end of the log: r1 is late
    first      reads r0, stalls ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ reads r1 r2, and states the pane with r1 (hi 3)
    second         reads r0: states it (hi 1), tells, commits ┄┄┄ reads r1 r2: r1 is late
    """
    events = [
        event_of(START_MS + 1_000, 0, "fast", "r0", 0, **prediction_of(0)),
        event_of(START_MS + 40_000, 0, "fast", "r1", 35_000, **prediction_of(1)),
        event_of(START_MS + 60_000, 0, "fast", "r2", 0, **prediction_of(2)),
    ]
    simulation = Simulation(0, rules, calm=True, events=events)
    world = simulation.world
    world.grace_ms = 0
    with simulation.lightened():
        first, second = rules.worker(world), rules.worker(world)
        first.begin(["events/0"])
        world.pass_time(30_000)
        first.read_all()
        world.generation += 1
        second.begin(["events/0"])
        second.read_all()
        drain(second.flush())
        world.pass_time(30_000)
        first.read_all()
        drain(first.flush())
        simulation.settle()
    return simulation.faults()


def drain(steps: Steps) -> None:
    for _ in steps:
        pass


SCENARIOS = [
    (a_straggler_lands_after_its_successor, Rules(windows=LastWrittenWins)),
    (a_window_closes_between_two_parts, Rules(windows=TornStatementsReplace)),
    (a_zombie_counts_past_an_end_it_does_not_know, Rules(CommitsLast)),
    (a_zombie_counts_past_an_end_it_does_not_know, Rules(GoesOnAfterRefusal)),
]
BEAT = 30
"""More steps than a flush has."""


@pytest.mark.parametrize("scenario", [scenario for scenario, _ in SCENARIOS[:3]])
def test_every_record_counts_once_in_rare_meetings_of_workers(scenario: Scenario) -> None:
    assert scenario(Rules()) == []


@pytest.mark.parametrize(("scenario", "broken"), SCENARIOS)
def test_the_rule_that_the_meeting_needs_is_seen_when_broken(scenario: Scenario, broken: Rules) -> None:
    assert scenario(broken) != []


@pytest.mark.parametrize("dies", [True, False], ids=["dies", "is overtaken"])
def test_every_record_counts_once_whatever_step_a_worker_is_gone_after(*, dies: bool) -> None:
    broken = {
        step: found for step in range(BEAT) if (found := the_first_is_gone_after(step, Rules(), dies=dies))
    }
    assert broken == {}


def test_an_end_of_the_log_told_before_it_is_committed_loses_records() -> None:
    found = [the_first_is_gone_after(step, Rules(CommitsLast), dies=True) for step in range(BEAT)]
    assert ["fast: 1 records in no window, 0 said to be late"] in found
