"""Records gone before they were counted: every window that lacks any says so, and nothing else does."""

from __future__ import annotations

import os

import pytest

from tests.pipeline.retention import (
    GappedStatementsReplace,
    GoesOnBeforeGapsAreSafe,
    LosingWorker,
    SaysNothingOfGaps,
    faults,
)
from tests.pipeline.simulation import Rules

SEEDS = int(os.environ.get("DRIFTLINE_SEEDS", "40"))
SEEDS_UNTIL_SEEN = 400

BROKEN = {
    "gaps are not stated": Rules(SaysNothingOfGaps),
    "a gap is committed past before it is safe": Rules(GoesOnBeforeGapsAreSafe),
    "whoever lost more may replace": Rules(LosingWorker, GappedStatementsReplace),
}


@pytest.mark.timeout(60 + SEEDS)
def test_every_window_that_lacks_records_says_so_whatever_retention_takes() -> None:
    broken = {seed: found for seed in range(SEEDS) if (found := faults(seed)[0])}
    assert broken == {}


@pytest.mark.parametrize("rule", BROKEN)
def test_the_simulation_sees_it_when_a_rule_of_gaps_is_broken(rule: str) -> None:
    assert any(faults(seed, BROKEN[rule])[0] for seed in range(SEEDS_UNTIL_SEEN))


def test_retention_takes_something_in_many_runs_and_leaves_whole_windows_in_many() -> None:
    runs = [faults(seed)[1].values() for seed in range(20)]
    assert sum(any(window.incomplete for window in run) for run in runs) > 5
    assert sum(any(window.counted and not window.incomplete for window in run) for run in runs) > 5
