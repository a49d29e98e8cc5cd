"""Distances beside PSI: computed when asked for, one test for those that share it, drift where it is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from detectors.profile import Profile
from detectors.result import Status
from service.evaluation.distances import ON_REQUEST
from service.evaluation.evaluate import evaluate
from service.evaluation.result import Evaluated, Verdict
from tests.evaluation.scene import (
    EVERY_METRIC,
    MODEL,
    draw,
    empty,
    model_of,
    monitor,
    result,
    seen,
    window_of,
    with_number,
)

FEATURES = {"x0", "x1", "prediction", "c0"}


def places(evaluated: Evaluated, metric: str) -> set[tuple[str, str]]:
    return {(line.feature, line.slice) for line in evaluated.results if line.metric == metric}


def test_without_a_monitor_that_asks_psi_is_the_only_one(rng: np.random.Generator, profile: Profile) -> None:
    evaluated = seen(profile, draw(rng, 2_000), monitor("psi", 0.1))
    assert {line.metric for line in evaluated.results}.isdisjoint(ON_REQUEST)


@pytest.mark.parametrize("metric", ON_REQUEST)
def test_a_monitor_brings_its_metric_and_no_other(
    rng: np.random.Generator, profile: Profile, metric: str
) -> None:
    rule = monitor(metric, 0.1, features=["x0"], slices=["region=eu"])
    evaluated = seen(profile, draw(rng, 2_000), rule)
    everywhere = {(feature, "all") for feature in FEATURES}
    assert places(evaluated, metric) == everywhere | {("x0", "region=eu")}
    assert {line.metric for line in evaluated.results} & set(ON_REQUEST) == {metric}


@pytest.mark.parametrize("elsewhere", [{"models": ["fraud"]}, {"window": "5m"}])
def test_a_monitor_of_another_model_or_window_brings_nothing(
    rng: np.random.Generator, profile: Profile, elsewhere: dict[str, object]
) -> None:
    evaluated = seen(profile, draw(rng, 2_000), monitor("js", 0.1, **elsewhere))
    assert places(evaluated, "js") == set()


def test_while_there_is_no_reference_what_is_asked_for_says_so(profile: Profile) -> None:
    layout = profile.layout
    totals = layout.zeros(1) + 1
    window = replace(empty(None, layout), totals=totals)
    evaluated = evaluate(window, MODEL, [monitor("js", 0.1), monitor("chi2", 0.1)])
    for metric in ("psi", "js", "chi2"):
        lines = [line for line in evaluated.results if line.metric == metric]
        assert {line.feature for line in lines} == FEATURES
        assert {(line.value, line.status) for line in lines} == {(None, Status.INSUFFICIENT)}


@pytest.mark.parametrize("metric", ON_REQUEST)
def test_a_shifted_number_and_a_changed_mix_drift_and_nothing_else_does(
    rng: np.random.Generator, profile: Profile, metric: str
) -> None:
    records = draw(rng, 5_000)
    records = with_number(records, 0, records.numeric[:, 0] + 0.5)
    records = replace(records, categorical=[list(rng.choice(list("abcd"), 5_000, p=[0.2, 0.3, 0.2, 0.3]))])
    evaluated = seen(profile, records, monitor(metric, 0.06, alpha=1e-6))
    lines = [line for line in evaluated.results if line.metric == metric and line.slice == "all"]
    assert {line.feature for line in lines if line.status is Status.DRIFT} == {"x0", "c0"}
    assert {judgement.verdict for judgement in evaluated.judgements} == {Verdict.BREACH, Verdict.CLEAR}


@pytest.mark.parametrize("metric", ON_REQUEST)
def test_a_category_that_the_reference_never_had_is_drift(
    rng: np.random.Generator, profile: Profile, metric: str
) -> None:
    records = draw(rng, 2_000)
    records = replace(records, categorical=[["new"] * 160 + list(records.categorical[0][160:])])
    assert result(seen(profile, records, monitor(metric, 0.05)), metric, "c0").status is Status.DRIFT


def test_js_and_hellinger_share_the_test_of_psi_with_its_bound_in_their_own_units(
    rng: np.random.Generator, profile: Profile
) -> None:
    evaluated = seen(profile, draw(rng, 2_000), *EVERY_METRIC)
    index, js, hellinger = (result(evaluated, metric, "x0") for metric in ("psi", "js", "hellinger"))
    assert js.p_value == hellinger.p_value == index.p_value
    assert index.null_bound is not None
    assert index.value is not None
    assert js.null_bound == pytest.approx((index.null_bound / (8 * np.log(2))) ** 0.5)
    assert hellinger.null_bound == pytest.approx((index.null_bound / 8) ** 0.5)
    assert hellinger.value == pytest.approx((index.value / 8) ** 0.5, rel=0.02)


def test_a_model_may_answer_for_its_tests_by_bonferroni(rng: np.random.Generator, profile: Profile) -> None:
    window = window_of(profile, draw(rng, 2_000))
    careful = evaluate(window, model_of(multiplicity={"method": "bonferroni"}), EVERY_METRIC)
    usual = evaluate(window, MODEL, EVERY_METRIC)
    p = np.array([line.p_value for line in usual.results if line.p_value is not None])
    by_bonferroni = [line.p_adjusted for line in careful.results if line.p_value is not None]
    assert by_bonferroni == np.minimum(p * len(p), 1).tolist()
    by_default = [line.p_adjusted for line in usual.results if line.p_value is not None]
    assert by_default == pytest.approx(stats.false_discovery_control(p))


def test_bonferroni_asks_for_more_before_it_says_breach(rng: np.random.Generator, profile: Profile) -> None:
    records = draw(rng, 5_000)
    # One change beyond doubt, so that the other is not alone among the smallest; and six standard errors.
    records = with_number(records, 0, records.numeric[:, 0] + 1.0)
    records = with_number(records, 1, records.numeric[:, 1] + 0.1)
    window = window_of(profile, records)
    careful = model_of(multiplicity={"method": "bonferroni"})
    least, most = (
        result(evaluate(window, model, ()), "mean_shift", "x1").p_adjusted for model in (MODEL, careful)
    )
    assert least is not None
    assert most is not None
    assert 0 < least < most
    rule = monitor("mean_shift", 0.01, features=["x1"], slices=["all"], alpha=(least * most) ** 0.5)
    said = [evaluate(window, model, [rule]).judgements[0].verdict for model in (MODEL, careful)]
    assert said == [Verdict.BREACH, Verdict.HOLDING]
