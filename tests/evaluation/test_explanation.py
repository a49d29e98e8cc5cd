"""Explanations: what moved, which values, which slices; against changes made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from detectors.building import Reference
from detectors.layout import COUNTERS
from service.evaluation.evaluate import evaluate
from service.evaluation.explanation import EXPLAINED_MAX
from service.evaluation.result import Explanation
from tests.evaluation.scene import MODEL, draw, model_of, monitor, profile_of, result, window_of, with_number

NEVER = {"alpha": None, "threshold": 0.0}


def shifted_in(records: Reference, slice_: str, by: float) -> Reference:
    values = records.numeric[:, 0].copy()
    values[records.slices[slice_]] += by
    return with_number(records, 0, values)


def told(records: Reference, metric: str, feature: str, on: str = "all") -> Explanation:
    rng = np.random.default_rng(11)
    profile = profile_of(draw(rng, 40_000))
    rule = monitor(metric, 1e-6, alpha=None)
    explanation = result(
        evaluate(window_of(profile, records), MODEL, [rule]), metric, feature, on
    ).explanation
    assert explanation is not None
    return explanation


@pytest.mark.parametrize("metric", ["psi", "js", "hellinger", "chi2", "ks", "mean_shift"])
def test_a_shift_in_one_region_is_said_to_be_there(metric: str) -> None:
    records = shifted_in(draw(np.random.default_rng(12), 20_000), "region=eu", 0.5)
    explanation = told(records, metric, "x0")
    assert explanation.slices[0].slice == "region=eu"
    assert explanation.slices[0].of_change == pytest.approx(1.0, abs=0.15)
    assert explanation.slices[0].of_records == pytest.approx(0.5, abs=0.05)
    assert explanation.change.startswith("mean ")


def test_a_wider_region_is_found_by_the_spread() -> None:
    records = draw(np.random.default_rng(13), 20_000)
    values = records.numeric[:, 0].copy()
    values[records.slices["region=us"]] *= 1.5
    explanation = told(with_number(records, 0, values), "std_shift", "x0")
    assert [part.slice for part in explanation.slices] == ["region=us"]


def test_a_shift_everywhere_names_no_slice_and_the_values_that_grew() -> None:
    records = draw(np.random.default_rng(14), 20_000)
    explanation = told(with_number(records, 0, records.numeric[:, 0] + 0.5), "psi", "x0")
    assert explanation.slices == ()
    assert explanation.values[0].values.startswith("> ")
    assert explanation.values[0].window > explanation.values[0].reference


@pytest.mark.parametrize("metric", ["psi", "js", "hellinger", "linf", "chi2"])
def test_the_category_that_grew_comes_first(metric: str) -> None:
    rng = np.random.default_rng(15)
    records = replace(
        draw(rng, 5_000), categorical=[list(rng.choice(list("abcd"), 5_000, p=[0.26, 0.2, 0.14, 0.4]))]
    )
    explanation = told(records, metric, "c0")
    assert explanation.values[0].values == "d"
    assert explanation.change == ""


def test_a_rate_says_from_where_to_where_and_in_which_slice() -> None:
    records = draw(np.random.default_rng(16), 20_000)
    values = records.numeric[:, 0].copy()
    values[records.slices["region=eu"][:2_000]] = np.nan
    explanation = told(with_number(records, 0, values), "missing_ratio", "x0")
    assert explanation.change == "0 to 0.1"
    assert [part.slice for part in explanation.slices] == ["region=eu"]
    assert explanation.slices[0].of_change == pytest.approx(1.0)


def test_the_rate_of_positives_is_explained_alike() -> None:
    records = draw(np.random.default_rng(17), 20_000)
    records.counters[records.slices["region=us"], COUNTERS.index("positive")] = 1
    explanation = told(records, "positive_rate", "prediction")
    assert explanation.slices[0].slice == "region=us"


def test_on_a_slice_the_value_of_all_traffic_stands_beside_it() -> None:
    records = shifted_in(draw(np.random.default_rng(18), 20_000), "region=eu", 0.5)
    explanation = told(records, "psi", "x0", "region=eu")
    assert explanation.slices == ()
    assert explanation.everywhere is not None
    assert 0 < explanation.everywhere < 0.2


def test_only_what_breaches_is_explained_and_the_overall_slice_first() -> None:
    rng = np.random.default_rng(19)
    profile = profile_of(draw(rng, 20_000))
    window = window_of(profile, draw(rng, 5_000))
    quiet = evaluate(window, MODEL, [monitor("psi", 100.0)])
    assert all(line.explanation is None for line in quiet.results)
    loud = evaluate(window, MODEL, [monitor(m, 1e-9, alpha=None) for m in ("psi", "ks", "std_shift")])
    told_of = [line for line in loud.results if line.explanation is not None]
    assert 0 < len(told_of) <= EXPLAINED_MAX
    assert {line.status for line in told_of} == {"drift"}


def test_when_everything_breaks_the_worst_are_explained() -> None:
    rng = np.random.default_rng(20)
    shape = replace(draw.__defaults__[0], numeric=20, categorical=0)  # type: ignore[index]  # the scene's own default
    profile = profile_of(draw(rng, 20_000, shape))
    records = draw(rng, 5_000, shape)
    scales = np.linspace(1.0, 3.0, 20)
    records.numeric[:, :20] *= scales
    rules = [monitor(m, 1e-9, alpha=None) for m in ("psi", "ks", "std_shift")]
    evaluated = evaluate(window_of(profile, records), model_of(shape), rules)
    told_of = [line for line in evaluated.results if line.explanation is not None]
    assert len(told_of) == EXPLAINED_MAX
    on_all = [line for line in evaluated.results if line.slice == "all" and line.status == "drift"]
    assert all(line.explanation is not None for line in on_all)
