"""Closed windows, drawn and counted like traffic, say what happened in them."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from detectors.building import Reference
from detectors.layout import COUNTERS
from detectors.profile import Profile
from detectors.result import Status
from service.config.monitor import Metric
from service.evaluation.evaluate import evaluate
from service.evaluation.result import Verdict
from tests.evaluation.scene import (
    Shape,
    draw,
    model_of,
    monitor,
    profile_of,
    result,
    seen,
    window_of,
    with_number,
)


def test_a_shifted_feature_drifts_and_no_other_does(rng: np.random.Generator, profile: Profile) -> None:
    records = draw(rng, 5_000)
    records = with_number(records, 0, records.numeric[:, 0] + 0.5)
    evaluated = seen(profile, records, monitor("psi", 0.1), monitor("ks", 0.1), monitor("mean_shift", 0.3))
    for metric in ("psi", "ks", "mean_shift"):
        drifted = {
            line.feature
            for line in evaluated.results
            if line.metric == metric and line.status is Status.DRIFT
        }
        assert drifted == {"x0"}, metric
    shift = result(evaluated, "mean_shift", "x0")
    assert shift.value == pytest.approx(0.5, abs=0.1)
    assert shift.threshold == 0.3
    assert shift.p_adjusted is not None
    assert shift.p_value is not None
    assert shift.p_value <= shift.p_adjusted < 1e-6


def test_a_slice_is_compared_with_the_same_slice_of_the_reference(rng: np.random.Generator) -> None:
    def two_worlds(n: int, eu_mean: float) -> Reference:
        records = draw(rng, n)
        moved = np.zeros(n)
        moved[records.slices["region=eu"]] = eu_mean
        return with_number(records, 0, records.numeric[:, 0] + moved)

    profile = profile_of(two_worlds(20_000, 5.0))
    rule = monitor("mean_shift", 0.2)
    assert all(
        judgement.verdict is Verdict.CLEAR
        for judgement in seen(profile, two_worlds(5_000, 5.0), rule).judgements
    )
    moved = seen(profile, two_worlds(5_000, 6.0), rule)
    assert result(moved, "mean_shift", "x0", "region=eu").value == pytest.approx(1.0, abs=0.15)
    assert result(moved, "mean_shift", "x0", "region=us").status is Status.OK


def test_missing_and_invalid_values_are_told_apart_and_absent_ones_are_missing(
    rng: np.random.Generator, profile: Profile
) -> None:
    records = draw(rng, 1_000)
    values = records.numeric[:, 0].copy()
    values[:100], values[100:150], values[150:350] = np.nan, np.inf, -np.inf
    evaluated = seen(profile, with_number(records, 0, values), monitor("missing_ratio", 0.1))
    missing = result(evaluated, "missing_ratio", "x0")
    assert (missing.value, missing.n, missing.status) == (0.15, 1_000, Status.BREACH)
    assert result(evaluated, "invalid_ratio", "x0").value == 0.2
    assert result(evaluated, "mean", "x0").n == 650
    assert missing.lower is not None
    assert missing.upper is not None
    assert missing.lower < 0.15 < missing.upper


def test_unseen_categories_and_values_out_of_range_are_shares_of_the_values(
    rng: np.random.Generator, profile: Profile
) -> None:
    records = draw(rng, 1_000)
    values = records.numeric[:, 1].copy()
    values[:30], values[30:50] = -100.0, 100.0
    records = replace(with_number(records, 1, values), categorical=[["new"] * 250 + ["a"] * 750])
    evaluated = seen(profile, records, monitor("unseen_ratio", 0.1), monitor("out_of_range_ratio", 0.01))
    unseen, outside = result(evaluated, "unseen_ratio", "c0"), result(evaluated, "out_of_range_ratio", "x1")
    assert (unseen.value, unseen.status) == (0.25, Status.BREACH)
    assert outside.value == pytest.approx(0.05, abs=0.005)
    assert outside.status is Status.BREACH


def test_traffic_errors_and_positive_predictions_are_those_of_the_counters(
    rng: np.random.Generator, profile: Profile
) -> None:
    records = draw(rng, 1_000)
    counters = records.counters.copy()
    counters[:100, COUNTERS.index("errors")] = 1
    counters[:, COUNTERS.index("positive")] = np.arange(1_000) < 700
    evaluated = seen(profile, replace(records, counters=counters))
    assert result(evaluated, "traffic").value == 1_000
    assert result(evaluated, "error_ratio").value == 0.1
    positive = result(evaluated, "positive_rate", "prediction")
    assert positive.value == 0.7
    assert positive.p_value is not None
    assert positive.p_value < 1e-9


def test_mean_and_std_are_in_the_units_of_the_feature(rng: np.random.Generator, profile: Profile) -> None:
    records = draw(rng, 5_000)
    evaluated = seen(profile, records)
    assert result(evaluated, "mean", "x0").value == pytest.approx(records.numeric[:, 0].mean(), abs=1e-4)
    assert result(evaluated, "std", "x0").value == pytest.approx(records.numeric[:, 0].std(ddof=1), rel=1e-4)


def test_without_drift_windows_raise_no_alarm(rng: np.random.Generator) -> None:
    shape = Shape(16, 4)
    profile = profile_of(draw(rng, 20_000, shape))
    model = model_of(shape)
    rules = [
        monitor(metric, 0.0)
        for metric in get_args(Metric)
        if metric
        in {"psi", "ks", "mean_shift", "std_shift", "missing_ratio", "unseen_ratio", "positive_rate"}
    ]
    windows = [evaluate(window_of(profile, draw(rng, 1_000, shape)), model, rules) for _ in range(30)]
    alarmed = sum(
        any(judgement.verdict is Verdict.BREACH for judgement in window.judgements) for window in windows
    )
    # Thresholds of 0 leave all to the adjusted p-values: about one window in a hundred alarms, so
    # seven of thirty come by chance once in 1e8 runs.
    assert alarmed < 7
