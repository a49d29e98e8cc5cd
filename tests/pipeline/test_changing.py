"""A profile that changes in the middle of a run holds from its boundary on, for everybody."""

from __future__ import annotations

import os

import pytest

from tests.pipeline.changing import NeverCountsAgain, ReadsControlAfterStating, both_sides, faults
from tests.pipeline.simulation import Rules

SEEDS = int(os.environ.get("DRIFTLINE_SEEDS", "30"))
SEEDS_UNTIL_SEEN = 200

BROKEN = {
    "panes begun under the old profile are finished": Rules(NeverCountsAgain),
    "the control topic is read after panes are stated": Rules(ReadsControlAfterStating),
}


@pytest.mark.timeout(60 + SEEDS)
def test_every_pane_is_counted_under_the_profile_that_holds_for_it_whatever_goes_wrong() -> None:
    broken = {seed: found for seed in range(SEEDS) if (found := faults(seed))}
    assert broken == {}


@pytest.mark.parametrize("rule", BROKEN)
def test_the_simulation_sees_it_when_a_rule_of_change_is_broken(rule: str) -> None:
    assert any(faults(seed, BROKEN[rule]) for seed in range(SEEDS_UNTIL_SEEN))


def test_windows_stand_on_both_sides_of_the_change() -> None:
    sides = [both_sides(seed) for seed in range(10)]
    assert sum(before > 0 and after > 0 for before, after in sides) > 5
