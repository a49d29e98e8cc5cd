"""Monitors on optional totals, in configurations that differ from the good one in more than one place."""

import pytest

from tests.config.base import GOOD, problems_of

TOGETHER = GOOD.replace(
    "age: {type: numeric, min: 18, max: 120}", "age: {type: numeric}\n      income: {type: numeric}"
).replace("lateness: 30s", "multivariate: true\n    bin_sums: true\n    lateness: 30s")


def with_monitor(fields: str) -> str:
    assert "metric: error_ratio, threshold: 0.1" in TOGETHER
    return TOGETHER.replace("metric: error_ratio, threshold: 0.1", fields)


@pytest.mark.parametrize(
    "fields",
    [
        "metric: reconstruction_error, threshold: 1.3",
        "metric: wasserstein, features: [age], threshold: 0.3",
        "metric: wasserstein, baseline: rolling, threshold: 0.3",
        "metric: latency_p99, slices: ['region=*'], threshold: 200",
    ],
)
def test_monitors_on_totals_that_the_model_keeps_are_good(fields: str) -> None:
    assert not problems_of(with_monitor(fields))


def test_a_slice_for_a_metric_of_all_the_traffic_is_a_mistake() -> None:
    [problem] = problems_of(
        with_monitor("metric: reconstruction_error, slices: ['region=*'], threshold: 1.3")
    )
    assert str(problem.path) == "monitors[1].slices[0]"
    assert "exists for all the traffic only" in problem.message
    assert "write `all`" in problem.mend


def test_latency_that_is_not_counted_cannot_be_watched() -> None:
    text = with_monitor("metric: latency_p50, threshold: 200").replace("lateness: 30s", "latency: false")
    [problem] = problems_of(text)
    assert str(problem.path) == "monitors[1].metric"
    assert "`latency: true`" in problem.mend


def test_hundreds_of_features_together_are_too_many() -> None:
    features = "\n      ".join(f"f{i}: {{type: numeric}}" for i in range(130))
    [problem] = problems_of(TOGETHER.replace("income: {type: numeric}", features))
    assert str(problem.path) == "models[0].multivariate"
    assert "more than 128" in problem.message


@pytest.mark.parametrize("name", ["latency_ms", "prediction", "actual"])
def test_reserved_names_are_no_features(name: str) -> None:
    [problem, *_] = problems_of(GOOD.replace("state: {type", f"{name}: {{type"))
    assert "is reserved" in problem.message
