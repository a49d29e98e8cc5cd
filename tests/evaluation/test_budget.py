"""A model's budget of false alarms: how it is shared, that it is kept, and what it leaves for real drift."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from detectors.lord import WEEK_MS
from detectors.profile import Profile
from service.config.model import Model
from service.evaluation.budget import MEMORY_MS, RESERVE, Budget
from service.evaluation.decider import Decider
from service.evaluation.result import Spending, Verdict
from service.windows.closed import ClosedWindow
from tests.evaluation.scene import (
    HOUR_MS,
    START_MS,
    Shape,
    draw,
    model_of,
    monitor,
    profile_of,
    window_of,
    with_number,
)

BUDGETS = ("steady", "lord")
both = pytest.mark.parametrize("budget", BUDGETS)


def model_with(budget: str, per_week: float, *lengths: str) -> Model:
    windows = [{"length": length} for length in lengths or ("1h",)]
    spec = {"false_alarms_per_week": per_week, "budget": budget}
    return model_of(multiplicity=spec, windows=windows)


def made(budget: str, per_week: float = 1.0, *lengths: str) -> Budget:
    found = Budget.of(model_with(budget, per_week, *lengths))
    assert found is not None
    return found


def settled(budget: Budget, window: ClosedWindow, p: float) -> Spending:
    offered, found = budget.offer(window), budget.settle(window, p)
    assert offered.level == found.level
    return found


def window_at(
    profile: Profile, hour: int, version: str = "7", name: str = "1h", hours: int = 1
) -> ClosedWindow:
    end_ms = START_MS + hour * HOUR_MS
    totals = profile.layout.zeros(1)
    start_ms = end_ms - hours * HOUR_MS
    return ClosedWindow("credit", version, name, start_ms, end_ms, ("all",), totals, profile.layout, profile)


def test_without_a_number_of_false_alarms_there_is_no_budget() -> None:
    assert Budget.of(model_of()) is None


def test_a_steady_level_is_the_windows_share_of_the_week(profile: Profile) -> None:
    budget = made("steady", 2.0)
    levels = [settled(budget, window_at(profile, hour), 0.5).level for hour in range(500)]
    assert levels == pytest.approx([2.0 * (1 - RESERVE) * HOUR_MS / MEMORY_MS] * 500)


@both
def test_levels_of_any_seven_days_stay_within_the_budget(
    rng: np.random.Generator, profile: Profile, budget: str
) -> None:
    per_week = 3.0
    shared = made(budget, per_week, "1h", "1d")
    spent: list[tuple[int, float]] = []
    for hour in range(24 * 30):
        # A third of the windows drift, a second version comes and goes, labels have a stream of their own.
        versions = ["", "7", "8"] if 24 * 5 < hour < 24 * 12 else ["", "7"]
        for version in versions:
            kinds = [("1h", 1), ("1d", 24)] if hour % 24 == 0 else [("1h", 1)]
            for name, hours in sorted(kinds):
                window = window_at(profile, hour, version, name, hours)
                found = settled(shared, window, 1e-12 if rng.random() < 1 / 3 else rng.random())
                spent.append((window.end_ms, found.level))
                last = [level for end, level in spent if end > window.end_ms - WEEK_MS]
                assert sum(last) <= per_week * (1 + 1e-9)
                assert found.spent >= sum(last) - 1e-9
    assert min(level for _, level in spent) > 0


def test_streams_that_are_alive_share_alike_and_a_version_that_ended_leaves_its_share(
    profile: Profile,
) -> None:
    budget = made("steady")

    def level(hour: int, version: str) -> float:
        return settled(budget, window_at(profile, hour, version), 0.5).level

    alone = [level(hour, "7") for hour in range(10)][-1]
    together = [level(hour, version) for hour in range(10, 20) for version in ("7", "8")][-2:]
    after = [level(hour, "8") for hour in range(20, 60)][-1]
    assert together == pytest.approx([alone / 2] * 2)
    assert after == pytest.approx(alone)


def test_a_window_without_a_test_spends_nothing(profile: Profile) -> None:
    budget = made("lord")
    before = settled(budget, window_at(profile, 0), 0.5)
    assert settled(budget, window_at(profile, 1), math.nan).spent == before.spent
    assert before.spent == before.level


def test_a_discovery_earns_a_higher_level_for_what_follows_and_a_quiet_year_starves_nobody(
    profile: Profile,
) -> None:
    budget = made("lord")

    def level(hour: int, p: float) -> float:
        return settled(budget, window_at(profile, hour), p).level

    quiet = [level(hour, 0.9) for hour in range(24 * 365)]
    floor = 0.5 * (1 - RESERVE) * HOUR_MS / MEMORY_MS
    assert min(quiet) >= floor * (1 - 1e-6)
    level(24 * 365, 1e-9)
    assert level(24 * 365 + 1, 0.9) > 5 * quiet[-1]


@both
def test_a_budget_that_was_kept_goes_on_as_it_would_have(profile: Profile, budget: str) -> None:
    straight, kept = made(budget), made(budget)
    for hour in range(200):
        woken = made(budget)
        woken.load(kept.dump())
        kept = woken
        window, p = window_at(profile, hour), 1e-9 if hour % 50 == 7 else 0.5
        assert settled(kept, window, p) == settled(straight, window, p)
    assert kept.dump() == straight.dump()


def windows_without_drift(
    rng: np.random.Generator, profile: Profile, shape: Shape, count: int
) -> Iterator[ClosedWindow]:
    for hour in range(count):
        window = window_of(profile, draw(rng, 600, shape))
        start_ms = START_MS + hour * HOUR_MS
        yield replace(window, start_ms=start_ms, end_ms=start_ms + HOUR_MS)


@both
def test_windows_without_drift_alarm_no_more_often_than_the_budget_says(budget: str) -> None:
    """Two weeks of independent windows through the real evaluation; the effect size is asked of nobody."""
    rng = np.random.default_rng()
    shape = Shape(2, 1, ("eu", "us"))
    profile = profile_of(draw(rng, 100_000, shape))
    per_week, weeks = 12.0, 2
    decider = Decider(model_with(budget, per_week), [
        monitor(metric, 0.0, name=metric, alpha=0.9) for metric in ("psi", "ks", "mean_shift", "std_shift")
    ])  # fmt: skip
    alarms, levels, loose = 0, 0.0, 0
    for window in windows_without_drift(rng, profile, shape, 168 * weeks):
        evaluated = decider.judge(window)
        assert evaluated.spending is not None
        levels += evaluated.spending.level
        alarms += any(item.verdict is Verdict.BREACH for item in evaluated.judgements)
        loose += any((line.p_adjusted or 1.0) <= 0.9 for line in evaluated.results)
    assert levels <= per_week * weeks * 1.01
    # One chance in a million of as many, were the budget spent to the last.
    assert alarms <= stats.poisson.isf(1e-6, per_week * weeks)
    assert loose > 4 * per_week * weeks, "without a budget the monitors would alarm far more often"


@both
def test_real_drift_breaches_within_the_budget(
    rng: np.random.Generator, profile: Profile, budget: str
) -> None:
    decider = Decider(model_with(budget, 0.5), [monitor("mean_shift", 0.2, features=["x0"], slices=["all"])])
    records = draw(rng, 2_000)
    window = window_of(profile, with_number(records, 0, records.numeric[:, 0] + 0.4))
    (judged,) = decider.judge(window).judgements
    assert judged.verdict is Verdict.BREACH
    assert judged.result.level is not None
    assert judged.result.p_adjusted is not None
    assert judged.result.p_adjusted <= judged.result.level < 0.01


def test_what_passes_alpha_but_not_the_level_of_the_budget_is_no_breach(
    rng: np.random.Generator, profile: Profile
) -> None:
    rule = monitor("mean_shift", 0.0, features=["x0"], slices=["all"], alpha=0.9)
    records = draw(rng, 2_000)
    window = window_of(profile, with_number(records, 0, records.numeric[:, 0] + 0.2))
    (plain,) = Decider(model_of(), [rule]).judge(window).judgements
    (held,) = Decider(model_with("steady", 1e-40), [rule]).judge(window).judgements
    assert (plain.result.level, plain.verdict) == (None, Verdict.BREACH)
    assert held.verdict is not Verdict.BREACH
