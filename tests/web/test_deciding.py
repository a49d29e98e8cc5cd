"""Baselines, the budget of false alarms and online detectors, as the page, the API and metrics say it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from detectors.profile import Profile
from service.config.monitor import Monitor
from service.config.settings import Settings
from service.evaluation.decider import Decider
from service.evaluation.result import Evaluated
from service.web import api
from service.web.board import Board
from service.web.collector import BoardCollector
from service.web.summary import model_summary
from service.windows.closed import Totals
from tests.web.conftest import Client, World
from tests.web.scene import START, Drift, make_settings, make_window
from tests.web.test_metrics import samples, values

PAST = "hour_of_day"


@pytest.fixture
def settings() -> Settings:
    usual = make_settings()
    same_hour = Monitor.model_validate(
        {"name": "same-hour", "metric": "psi", "threshold": 0.1, "slices": ["all"], "baseline": PAST}
    )
    change = Monitor.model_validate({"name": "jump", "metric": "change:mean", "slices": ["all"]})
    credit, churn = usual.models
    multiplicity = credit.multiplicity.model_copy(update={"false_alarms_per_week": 2.0})
    models = (credit.model_copy(update={"multiplicity": multiplicity}), churn)
    return usual.model_copy(update={"models": models, "monitors": (*usual.monitors, same_hour, change)})


@pytest.fixture
def judged(settings: Settings, profile: Profile) -> Evaluated:
    grown = Drift(income={"all": 1.5})
    window = make_window(profile, 7, drift=grown)
    before = make_window(profile, 8, drift=grown)
    past = Totals(before.slices, before.totals)
    newest = Totals(window.slices, window.totals)
    window = replace(window, baselines={PAST: past}, newest=newest)
    return Decider(settings.models[0], settings.monitors).judge(window)


@pytest.fixture
def board(settings: Settings, judged: Evaluated) -> Board:
    board = Board(settings)
    board.update(judged)
    return board


def registry_of(board: Board) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(BoardCollector(board))
    return registry


def test_each_baseline_is_a_series_of_its_own(board: Board) -> None:
    found = samples(registry_of(board))
    (reference,) = values(found, "driftline_psi", feature="income", slice="all", baseline="reference")
    (past,) = values(found, "driftline_psi", feature="income", slice="all", baseline=PAST)
    assert reference > 0.1 > past
    (ratio,) = values(
        found, "driftline_threshold_ratio", feature="income", baseline=PAST, monitor="same-hour"
    )
    assert ratio == pytest.approx(past / 0.1)


def test_no_two_series_have_the_same_labels(board: Board) -> None:
    keys = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in samples(registry_of(board))]
    assert len(set(keys)) == len(keys)


def test_the_budget_and_the_level_are_exported(board: Board, judged: Evaluated) -> None:
    found = samples(registry_of(board))
    spending = judged.spending
    assert spending is not None
    assert values(found, "driftline_false_alarm_budget_spent_ratio", model="credit") == [spending.spent / 2.0]
    assert values(found, "driftline_false_alarm_level", model="credit", window="1h/5m") == [spending.level]
    assert values(found, "driftline_unfollowed_series", model="credit") == [0.0]


def test_a_model_without_a_budget_has_no_series_of_one(world: World) -> None:
    found = samples(world.state.registry)
    assert not values(found, "driftline_false_alarm_budget_spent_ratio")
    assert not values(found, "driftline_false_alarm_level")


def test_series_that_no_detector_follows_are_counted(board: Board, judged: Evaluated) -> None:
    board.update(replace(judged, unfollowed=12))
    assert values(samples(registry_of(board)), "driftline_unfollowed_series", model="credit") == [12.0]


def test_the_nearness_of_a_detector_is_exported(board: Board) -> None:
    (nearness,) = values(
        samples(registry_of(board)), "driftline_change_mean_nearness", feature="income", slice="all"
    )
    assert nearness > 1


def test_the_summary_of_a_model_says_what_was_spent(board: Board, judged: Evaluated) -> None:
    summary = model_summary(board, "credit")
    assert summary is not None
    assert judged.spending is not None
    assert (summary.false_alarms_per_week, summary.false_alarms_spent) == (2.0, judged.spending.spent)
    assert summary.versions[0].false_alarm_level == judged.spending.level


def test_results_can_be_asked_for_by_baseline(board: Board) -> None:
    found = api.results(board, api.Filter(model="credit", baseline=PAST), 100).results
    assert {line.baseline for line in found} == {PAST}
    assert {line.metric for line in found} == {"psi"}


def test_values_of_both_baselines_are_remembered_apart(board: Board) -> None:
    (snapshot,) = board.snapshots("credit").values()
    reference, past = (snapshot.series("all", "income", "psi", name) for name in ("reference", PAST))
    assert reference[0][0] == past[0][0] == START + 3_600_000
    assert reference[0][1] != past[0][1]


async def test_the_page_says_against_what_and_how_much_of_the_budget_is_spent(
    client: Client, world: World, judged: Evaluated
) -> None:
    world.board.update(judged)
    page = await (await client.get("/?model=credit&slice=all&feature=income")).text()
    assert "against hour of day" in page
    assert "2 a week" in page
