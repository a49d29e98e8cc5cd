"""Labels, and models without classes or versions."""

from dataclasses import replace

import numpy as np

from detectors.layout import COUNTERS
from detectors.profile import Profile
from detectors.result import Status
from service.evaluation.evaluate import evaluate
from tests.evaluation.scene import (
    EVERY_METRIC,
    MODEL,
    draw,
    empty,
    labels,
    model_of,
    monitor,
    result,
    window_of,
)


def test_a_window_of_labels_says_how_many_were_positive(profile: Profile) -> None:
    window = empty(profile, profile.layout, version="")
    totals = window.totals.copy()
    totals[0, : len(COUNTERS)] = labels(1_000, 500)
    rule = monitor("positive_rate", 0.4, features=["actual"])
    evaluated = evaluate(replace(window, totals=totals), MODEL, [rule])
    line = result(evaluated, "positive_rate", "actual")
    assert {(line.feature, line.metric) for line in evaluated.results} == {("actual", "positive_rate")}
    assert (line.value, line.n, line.status, line.model_version) == (0.5, 1_000, Status.BREACH, "")
    assert line.reference_n == 2 * 20_000 // 3
    assert line.reference_id == profile.id


def test_a_regression_model_has_no_positive_labels_or_predictions(
    rng: np.random.Generator, profile: Profile
) -> None:
    model = model_of(task="regression")
    assert evaluate(empty(profile, profile.layout, version=""), model, EVERY_METRIC).results == ()
    evaluated = evaluate(window_of(profile, draw(rng, 500)), model, EVERY_METRIC)
    assert not [line for line in evaluated.results if line.metric == "positive_rate"]


def test_predictions_that_came_without_a_version_are_measured_too(
    rng: np.random.Generator, profile: Profile
) -> None:
    evaluated = evaluate(window_of(profile, draw(rng, 500), version=""), MODEL, ())
    assert result(evaluated, "traffic").value == 500
    assert result(evaluated, "psi", "x0").status is Status.OK
