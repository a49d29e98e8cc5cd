"""Whatever goes wrong, every record is counted once or is among the late; and every rule is needed for that.

``DRIFTLINE_SEEDS=10000 pytest tests/pipeline/test_simulation.py`` looks at more runs.
"""

from __future__ import annotations

import os
from unittest.mock import patch

import pytest

from tests.pipeline.faulty import BROKEN
from tests.pipeline.simulation import Rules, Simulation, faults
from tests.pipeline.worker import Worker

RUNS = 8
SEEDS = int(os.environ.get("DRIFTLINE_SEEDS", "160"))
SEEDS_UNTIL_SEEN = 600


@pytest.mark.timeout(60 + SEEDS)
@pytest.mark.parametrize("run", range(RUNS))
def test_every_record_is_counted_once_or_late_whatever_goes_wrong(run: int) -> None:
    broken = {seed: found for seed in range(run, SEEDS, RUNS) if (found := faults(seed))}
    assert broken == {}


@pytest.mark.parametrize("rule", BROKEN)
def test_the_simulation_sees_it_when_a_rule_is_broken(rule: str) -> None:
    assert any(faults(seed, BROKEN[rule]) for seed in range(SEEDS_UNTIL_SEEN))


def test_the_same_seed_gives_the_same_run() -> None:
    assert Simulation(7, Rules()).run() == Simulation(7, Rules()).run()


def test_the_simulated_trouble_is_real() -> None:
    windows = [window for seed in range(10) for window in Simulation(seed, Rules()).run().values()]
    assert sum(len(window.counted) for window in windows) > 500
    assert sum(window.late for window in windows) > 50


def test_the_simulated_workers_go_on_from_memory() -> None:
    went_on = 0
    for seed in range(20):
        simulation = Simulation(seed, Rules())
        everyone: list[Worker] = []
        begin = Worker.begin

        def noted(worker: Worker, sources: list[str]) -> None:
            everyone.append(worker)  # noqa: B023  # used within this turn of the loop
            begin(worker, sources)  # noqa: B023  # likewise

        with patch.object(Worker, "begin", noted):
            simulation.run()
        went_on += sum(worker.went_on for worker in set(everyone))
    assert went_on > 20
