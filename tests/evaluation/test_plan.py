"""Plans: what is written and who judges it."""

import numpy as np
import pytest

from service.config.monitor import Monitor
from service.evaluation.block import Row
from service.evaluation.plan import Plan, matches, plan_for
from tests.evaluation.scene import monitor

KEYS = (Row("", "traffic"), Row("age", "psi"), Row("age", "ks"), Row("income", "psi"))
SLICES = ("all", "region=eu", "region=us", "tier=gold")


def plan(*monitors: Monitor, model: str = "credit", window: str = "1h") -> Plan:
    return plan_for(model, window, KEYS, SLICES, monitors)


def written(made: Plan) -> set[tuple[str, str, str]]:
    pairs = zip(made.rows, made.columns, strict=True)
    return {(*KEYS[row][:2], SLICES[column]) for row, column in pairs if SLICES[column] != "all"}


def test_without_monitors_everything_on_the_slice_all_is_written_and_nothing_judged() -> None:
    made = plan()
    assert made.rows.tolist() == [0, 1, 2, 3]
    assert set(made.columns.tolist()) == {0}
    assert made.rules == ()
    assert made.first.tolist() == [-1] * 4


def test_a_slice_is_written_for_the_metrics_and_features_that_a_monitor_matches() -> None:
    made = plan(monitor("psi", 0.2, features=["a*"], slices=["region=*"]))
    assert written(made) == {("age", "psi", "region=eu"), ("age", "psi", "region=us")}


@pytest.mark.parametrize(
    "elsewhere",
    [{"models": ["fraud"]}, {"window": "5m"}, {"features": ["height"]}, {"slices": ["region=mars"]}],
)
def test_a_monitor_of_something_else_judges_nothing(elsewhere: dict[str, object]) -> None:
    made = plan(monitor("psi", 0.2, **elsewhere))
    assert made.rules == ()
    assert written(made) == set()


def test_the_first_monitor_in_the_configuration_that_matches_a_result_comes_first() -> None:
    strict, loose = monitor("psi", 0.1, features=["age"]), monitor("psi", 0.3)
    made = plan(strict, loose)
    first = {
        KEYS[row][0]: number
        for row, number in zip(made.rows, made.first.tolist(), strict=True)
        if row in {1, 3}
    }
    assert first == {"age": 0, "income": 1}
    assert [rule for rule, _ in made.rules] == [strict, loose]


def test_places_point_at_the_results_that_the_monitor_matches() -> None:
    made = plan(monitor("traffic", 1), monitor("psi", 0.2, slices=["tier=gold"]))
    (_, traffic), (_, psi) = made.rules
    assert {KEYS[made.rows[i]][:2] for i in traffic} == {("", "traffic")}
    assert len(traffic) == len(SLICES)
    assert {(KEYS[made.rows[i]][0], SLICES[made.columns[i]]) for i in psi} == {
        ("age", "tier=gold"), ("income", "tier=gold"),
    }  # fmt: skip


def test_windows_of_one_shape_share_a_plan() -> None:
    rule = monitor("psi", 0.2)
    again = monitor("psi", 0.2)
    assert plan(rule) is plan(again)
    assert plan(rule) is not plan(rule, window="5m")


def test_a_name_with_brackets_can_be_written_as_it_is_or_as_a_glob() -> None:
    assert matches(("f[1]",), "f[1]")
    assert matches(("f?1?",), "f[1]")
    assert not matches(("f[1]",), "f[2]")


def test_globs_mind_the_case() -> None:
    assert not matches(("Region=*",), "region=eu")


def test_results_stand_in_the_order_of_rows_then_slices() -> None:
    made = plan(monitor("psi", 0.2))
    order = made.rows * len(SLICES) + made.columns
    assert (np.diff(order) > 0).all()


def test_what_nobody_asked_to_compare_with_the_past_is_not_written() -> None:
    keys = (Row("age", "psi"), Row("age", "psi", "hour_of_day"), Row("age", "change:mean"))
    made = plan_for("credit", "1h", keys, SLICES, ())
    assert made.rows.tolist() == [0]


def test_a_monitor_judges_its_own_baseline_alone() -> None:
    keys = (Row("age", "psi"), Row("age", "psi", "hour_of_day"))
    made = plan_for("credit", "1h", keys, SLICES, (monitor("psi", 0.2, baseline="hour_of_day"),))
    assert made.first[made.rows == 0].tolist() == [-1]
    assert made.first[made.rows == 1].tolist() == [0] * len(SLICES)
