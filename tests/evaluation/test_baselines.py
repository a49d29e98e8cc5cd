"""Windows against the stream's own past."""

from dataclasses import replace
from typing import get_args

import msgspec
import numpy as np
import pytest

from detectors.building import Reference
from detectors.profile import Profile
from detectors.result import Status
from service.config.monitor import CHANGES, Metric
from service.evaluation.evaluate import evaluate
from service.evaluation.result import Evaluated, Result, Verdict
from service.windows.closed import ClosedWindow, Totals
from tests.evaluation.scene import MODEL, draw, empty, monitor, window_of

DRIFT = ("psi", "js", "hellinger", "linf", "chi2", "ks", "mean_shift", "std_shift")
RATES = ("missing_ratio", "invalid_ratio", "unseen_ratio", "out_of_range_ratio", "positive_rate")


def past_of(profile: Profile, records: Reference, *names: str) -> dict[str, Totals]:
    window = window_of(profile, records)
    return dict.fromkeys(names or ("hour_of_day",), Totals(window.slices, window.totals))


def moved(records: Reference, by: float) -> Reference:
    numeric = records.numeric.copy()
    numeric[:, 0] += by
    return replace(records, numeric=numeric)


def against(evaluated: Evaluated, baseline: str = "hour_of_day") -> list[Result]:
    return [line for line in evaluated.results if line.baseline == baseline]


@pytest.mark.parametrize("metric", [*DRIFT, *RATES])
def test_a_baseline_gives_what_a_reference_of_the_same_records_gives(
    rng: np.random.Generator, profile: Profile, metric: str
) -> None:
    # The profile's own totals as the past: every number must come out as against the reference.
    window = window_of(profile, draw(rng, 2_000))
    past = {"hour_of_day": Totals(profile.slices, profile.totals)}
    rules = [monitor(metric, 0.1, baseline=baseline) for baseline in ("reference", "hour_of_day")]
    lines = evaluate(replace(window, baselines=past), MODEL, rules).results
    plain, other = (
        [
            msgspec.structs.replace(line, baseline="", p_adjusted=None)
            for line in lines
            if (line.metric, line.baseline) == (metric, baseline)
        ]
        for baseline in ("reference", "hour_of_day")
    )
    assert plain == other != []


def test_a_wave_that_comes_every_day_is_drift_from_the_reference_and_none_from_the_same_hour(
    rng: np.random.Generator, profile: Profile
) -> None:
    window = window_of(profile, moved(draw(rng, 5_000), 0.5))
    past = past_of(profile, moved(draw(rng, 5_000), 0.5))
    rules = [
        monitor("mean_shift", 0.2, features=["x0"], slices=["all"], baseline=baseline)
        for baseline in ("reference", "hour_of_day")
    ]
    judged = evaluate(replace(window, baselines=past), MODEL, rules).judgements
    assert [item.verdict for item in judged] == [Verdict.BREACH, Verdict.CLEAR]
    assert [item.result.status for item in judged] == [Status.DRIFT, Status.OK]


def test_a_change_from_the_same_hour_is_found_though_the_reference_says_nothing(
    rng: np.random.Generator, profile: Profile
) -> None:
    past = past_of(profile, moved(draw(rng, 5_000), 0.5))
    rule = monitor("mean_shift", 0.2, features=["x0"], slices=["all"], baseline="hour_of_day")
    (judged,) = evaluate(window_of(profile, draw(rng, 5_000), baselines=past), MODEL, [rule]).judgements
    assert judged.verdict is Verdict.BREACH
    assert judged.result.value == pytest.approx(-0.5, abs=0.1)
    assert judged.result.reference_n == 5_000


@pytest.mark.parametrize("metric", [*DRIFT, *RATES])
@pytest.mark.parametrize("zeros", [False, True], ids=["absent", "zeros"])
def test_without_a_past_there_is_too_little_data(
    rng: np.random.Generator, profile: Profile, metric: str, *, zeros: bool
) -> None:
    nothing = {"rolling": Totals(("all",), profile.layout.zeros(1))} if zeros else {}
    window = window_of(profile, draw(rng, 2_000), baselines=nothing)
    evaluated = evaluate(window, MODEL, [monitor(metric, 0.0, baseline="rolling")])
    assert {line.status for line in against(evaluated, "rolling")} == {Status.INSUFFICIENT}
    assert {item.verdict for item in evaluated.judgements} == {Verdict.NO_DATA}


def test_a_slice_without_a_past_says_nothing_and_the_others_do(
    rng: np.random.Generator, profile: Profile
) -> None:
    window = window_of(profile, draw(rng, 4_000))
    past = {"rolling": Totals(window.slices[:2], window.totals[:2])}
    rule = monitor("psi", 0.2, features=["x0"], baseline="rolling")
    lines = against(evaluate(replace(window, baselines=past), MODEL, [rule]), "rolling")
    assert [(line.slice, line.status) for line in lines] == [
        ("all", Status.OK), ("region=eu", Status.OK), ("region=us", Status.INSUFFICIENT),
    ]  # fmt: skip


def test_only_what_a_monitor_names_is_compared_with_the_past(
    rng: np.random.Generator, profile: Profile
) -> None:
    window = window_of(profile, draw(rng, 2_000), baselines=past_of(profile, draw(rng, 2_000)))
    rule = monitor("psi", 0.2, features=["x1"], slices=["region=eu"], baseline="hour_of_day")
    (line,) = against(evaluate(window, MODEL, [rule]))
    assert (line.metric, line.feature, line.slice) == ("psi", "x1", "region=eu")


def test_tests_are_adjusted_within_each_baseline_and_for_how_many_there_are(
    rng: np.random.Generator, profile: Profile
) -> None:
    records = draw(rng, 2_000)
    past = past_of(profile, draw(rng, 2_000), "rolling", "hour_of_week")
    window = window_of(profile, records, baselines=past)
    names = ("reference", "rolling", "hour_of_week")
    rules = [monitor("psi", 0.2, baseline=name) for name in names]
    tested = [line for line in evaluate(window, MODEL, rules).results if line.p_value is not None]
    assert {line.baseline for line in tested} == set(names)
    for name in names:
        own = [line for line in tested if line.baseline == name]
        least = min(own, key=lambda line: line.p_value or 0)
        ranked = sorted(line.p_value or 0 for line in own)
        expected = min(1.0, *(p * len(ranked) / (i + 1) for i, p in enumerate(ranked)))
        assert least.p_adjusted == pytest.approx(min(3 * expected, 1.0))


def test_a_window_before_there_is_a_reference_has_too_little_data_against_its_past(profile: Profile) -> None:
    window: ClosedWindow = empty(None, profile.layout)
    rules = [monitor(metric, 0.1, baseline="rolling") for metric in get_args(Metric) if metric not in CHANGES]
    evaluated = evaluate(window, MODEL, rules)
    assert {line.status for line in against(evaluated, "rolling")} == {Status.INSUFFICIENT}


def test_what_differs_from_the_reference_makes_no_test_against_the_past_easier(
    rng: np.random.Generator, profile: Profile
) -> None:
    # Everything differs from the reference; nothing from the past but by chance.
    records = draw(rng, 5_000)
    window = window_of(profile, replace(records, numeric=records.numeric + 1.0))
    again = draw(rng, 20_000)
    past = {
        "hour_of_day": Totals(
            window.slices, window_of(profile, replace(again, numeric=again.numeric + 1.0)).totals
        )
    }
    rules = [monitor("ks", 0.0, baseline=baseline) for baseline in ("reference", "hour_of_day")]
    both = evaluate(replace(window, baselines=past), MODEL, rules)
    alone = {
        (line.feature, line.slice): line
        for line in evaluate(window, MODEL, rules[:1]).results
        if line.metric == "ks"
    }
    for line in against(both, "reference"):
        if line.metric == "ks" and line.p_adjusted is not None:
            assert line.p_adjusted == pytest.approx(min(2 * alone[line.feature, line.slice].p_adjusted, 1.0))  # type: ignore[operator]  # it was tested alone as well
