"""Results: which are written, in what order and form, and at what cost."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import msgspec
import numpy as np
import pytest

from detectors.profile import Profile
from detectors.result import Status
from service.config.checks.metrics import ON_ALL
from service.evaluation.evaluate import evaluate
from service.evaluation.result import Verdict
from tests.calls import calls
from tests.evaluation.scene import (
    EVERY_METRIC,
    MODEL,
    Shape,
    draw,
    empty,
    model_of,
    monitor,
    profile_of,
    result,
    seen,
    window_of,
    with_number,
)


def test_only_the_slice_all_is_written_where_no_monitor_looks(
    rng: np.random.Generator, profile: Profile
) -> None:
    unwatched = seen(profile, draw(rng, 500)).results
    assert {(line.slice, line.threshold) for line in unwatched} == {("all", None)}
    watched = seen(profile, draw(rng, 500), monitor("ks", 0.1, features=["x1"], slices=["region=eu"]))
    elsewhere = [(line.metric, line.feature) for line in watched.results if line.slice != "all"]
    assert elsewhere == [("ks", "x1")]


def test_the_first_monitor_gives_threshold_and_status_and_each_gives_a_judgement(
    rng: np.random.Generator, profile: Profile
) -> None:
    records = draw(rng, 2_000)
    records = with_number(records, 0, records.numeric[:, 0] + 1.0)
    rules = (monitor("mean_shift", 3.0, slices=["all"]), monitor("mean_shift", 0.5, slices=["all"]))
    evaluated = seen(profile, records, *rules)
    line = result(evaluated, "mean_shift", "x0")
    assert (line.threshold, line.status) == (3.0, Status.OK)
    assert [j.verdict for j in evaluated.judgements if j.result is line] == [Verdict.CLEAR, Verdict.BREACH]


def test_results_stand_by_feature_metric_and_slice(rng: np.random.Generator, profile: Profile) -> None:
    lines = [
        (line.feature, line.metric, line.slice)
        for line in seen(profile, draw(rng, 500), *EVERY_METRIC).results
    ]
    features = list(dict.fromkeys(feature for feature, _, _ in lines))
    assert features == ["", "x0", "x1", "prediction", "c0"]
    assert [line for line in lines if line[0] == "c0"][::3] == [
        ("c0", metric, "all")
        for metric in (
            "psi",
            "js",
            "hellinger",
            "linf",
            "chi2",
            "missing_ratio",
            "invalid_ratio",
            "unseen_ratio",
        )
    ]
    everywhere = [part for _, metric, part in lines if metric not in ON_ALL]
    assert everywhere == ["all", "region=eu", "region=us"] * (len(everywhere) // 3)
    assert [line for line in lines if line[1] in ON_ALL] == [("", "reconstruction_error", "all")]


def test_the_same_window_gives_the_same_bytes(rng: np.random.Generator, profile: Profile) -> None:
    window = window_of(profile, draw(rng, 2_000))
    again = replace(window, totals=window.totals.copy(), profile=Profile.from_json(profile.to_json()))
    lines: Sequence[bytes] = [
        b"\n".join(msgspec.json.encode(line) for line in evaluate(each, MODEL, EVERY_METRIC).results)
        for each in (window, again)
    ]
    assert lines[0] == lines[1]


def test_a_line_has_the_fields_and_the_times_of_the_contract(
    rng: np.random.Generator, profile: Profile
) -> None:
    line = msgspec.to_builtins(result(seen(profile, draw(rng, 2_000)), "psi", "x0"))
    assert list(line)[:5] == ["model", "model_version", "slice", "feature", "metric"]
    assert line["window"] == {"start": "2026-08-22T10:00:00Z", "end": "2026-08-22T11:00:00Z", "name": "1h"}
    assert (line["model"], line["model_version"], line["slice"]) == ("credit", "7", "all")
    assert (line["n"], line["reference_n"], line["reference_id"]) == (2_000, 20_000, profile.id)
    assert 0 < line["null_bound"] < 0.1


def test_no_number_of_any_line_is_nan_or_infinite(rng: np.random.Generator, profile: Profile) -> None:
    hostile = with_number(draw(rng, 300), 0, np.resize([1e300, -1e300, np.nan, np.inf, -np.inf], 300))
    for window in (
        window_of(profile, hostile),
        empty(profile, profile.layout),
        window_of(profile, draw(rng, 1)),
    ):
        for line in evaluate(window, MODEL, EVERY_METRIC).results:
            numbers = [line.value, line.p_value, line.p_adjusted, line.null_bound, line.lower, line.upper]
            assert all(number is None or np.isfinite(number) for number in numbers), line


def test_a_cut_window_says_which_of_its_lines_are_incomplete(
    rng: np.random.Generator, profile: Profile
) -> None:
    records = draw(rng, 500)
    cut = evaluate(window_of(profile, records, lower_bounds=True), MODEL, EVERY_METRIC)
    assert {(line.slice == "all", line.incomplete) for line in cut.results} == {(True, False), (False, True)}
    gap = evaluate(window_of(profile, records, incomplete=True), MODEL, EVERY_METRIC)
    assert {line.incomplete for line in gap.results} == {True}


def test_adjusted_p_values_are_over_the_tests_that_are_written(
    rng: np.random.Generator, profile: Profile
) -> None:
    records = draw(rng, 2_000)
    few, many = seen(profile, records), seen(profile, records, *EVERY_METRIC)
    for evaluated in (few, many):
        tests = [line for line in evaluated.results if line.p_value is not None]
        smallest = min(tests, key=lambda line: line.p_value or 0)
        assert smallest.p_adjusted is not None
        assert smallest.p_adjusted <= min(1.0, len(tests) * (smallest.p_value or 0)) * (1 + 1e-12)
        assert all(line.p_adjusted is not None for line in tests)


@pytest.mark.slow
def test_each_further_result_costs_one_call_and_no_two(rng: np.random.Generator) -> None:
    seen = []
    for slices in (29, 115):
        shape = Shape(16, 4, tuple(f"r{i}" for i in range(slices)))
        profile, model = profile_of(draw(rng, 30_000, shape)), model_of(shape)
        window = window_of(profile, draw(rng, 30_000, shape))
        results = evaluate(window, model, EVERY_METRIC).results
        seen.append((len(results), calls(partial(evaluate, window, model, EVERY_METRIC))))
    (few, cost_few), (many, cost_many) = seen
    assert many > 29_000
    assert cost_many - cost_few < 1.5 * (many - few)
