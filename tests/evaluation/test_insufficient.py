"""What cannot be said is not said: every want of data is a status."""

from dataclasses import replace

import numpy as np

from detectors.fields import CategoricalField, NumericField
from detectors.layout import COUNTERS, Layout
from detectors.profile import Profile
from detectors.result import Status
from service.evaluation.evaluate import evaluate
from service.evaluation.result import Verdict
from tests.evaluation.scene import (
    EVERY_METRIC,
    MODEL,
    draw,
    empty,
    monitor,
    profile_of,
    result,
    seen,
    with_number,
)


def test_an_empty_window_has_no_traffic_and_says_nothing_else(profile: Profile) -> None:
    evaluated = evaluate(empty(profile, profile.layout), MODEL, EVERY_METRIC)
    for line in evaluated.results:
        if line.metric == "traffic":
            assert (line.value, line.n, line.status) == (0.0, 0, Status.OK)
        else:
            assert (line.value, line.p_value, line.n, line.status) == (None, None, 0, Status.INSUFFICIENT)
    assert {line.slice for line in evaluated.results} == {"all", "region=eu", "region=us"}


def test_silence_of_a_slice_is_found_though_the_window_lacks_the_slice(
    rng: np.random.Generator, profile: Profile
) -> None:
    records = draw(rng, 1_000)
    records = replace(records, slices={"region=eu": records.slices["region=eu"]})
    evaluated = seen(profile, records, monitor("traffic", 10, below=True, slices=["region=*"]))
    silent = result(evaluated, "traffic", on="region=us")
    assert (silent.value, silent.status) == (0.0, Status.BREACH)
    assert result(evaluated, "traffic", on="region=eu").status is Status.OK


def test_a_slice_that_the_reference_lacks_has_rates_but_no_drift(
    rng: np.random.Generator, profile: Profile
) -> None:
    records = draw(rng, 2_000)
    records = replace(records, slices={"region=mars": np.arange(1_000)})
    evaluated = seen(profile, records, *EVERY_METRIC)
    for metric in ("psi", "js", "hellinger", "linf", "chi2", "ks", "mean_shift", "std_shift"):
        line = result(evaluated, metric, "x0", "region=mars")
        assert (line.value, line.status, line.reference_n) == (None, Status.INSUFFICIENT, None)
    for metric, feature in (
        ("missing_ratio", "x0"),
        ("out_of_range_ratio", "x0"),
        ("unseen_ratio", "c0"),
        ("mean", "x0"),
    ):
        line = result(evaluated, metric, feature, "region=mars")
        assert line.value is not None, metric
        assert (line.p_value, line.status, line.reference_n) == (None, Status.OK, None)


def test_a_small_window_has_rates_with_intervals_but_is_not_judged(
    rng: np.random.Generator, profile: Profile
) -> None:
    records = draw(rng, 29)
    evaluated = seen(profile, with_number(records, 0, np.full(29, np.nan)), monitor("missing_ratio", 0.1))
    line = result(evaluated, "missing_ratio", "x0")
    assert (line.value, line.status) == (1.0, Status.INSUFFICIENT)
    assert {each.p_value for each in evaluated.results} == {None}
    assert {judgement.verdict for judgement in evaluated.judgements} == {Verdict.NO_DATA}


def test_distances_between_groups_ask_for_twenty_records_a_group(
    rng: np.random.Generator, profile: Profile
) -> None:
    for n, status in ((199, Status.INSUFFICIENT), (200, Status.OK)):
        evaluated = seen(profile, draw(rng, n), *EVERY_METRIC)
        for metric in ("psi", "js", "hellinger", "linf", "chi2"):
            assert result(evaluated, metric, "x0").status is status


def test_a_constant_feature_has_no_unit_for_shifts_but_its_end_is_seen(rng: np.random.Generator) -> None:
    reference = draw(rng, 20_000)
    profile = profile_of(with_number(reference, 0, np.full(20_000, 7.0)))
    records = draw(rng, 1_000)
    rules = (monitor("psi", 0.1), monitor("ks", 0.1), monitor("mean_shift", 0.1), monitor("std_shift", 0.1))
    for values, verdict in ((np.full(1_000, 7.0), Verdict.CLEAR), (np.full(1_000, 8.0), Verdict.BREACH)):
        evaluated = seen(profile, with_number(records, 0, values), *rules)
        said = {
            (j.result.metric, j.result.slice): j.verdict
            for j in evaluated.judgements
            if j.result.feature == "x0"
        }
        assert (said["psi", "all"], said["ks", "all"]) == (verdict, verdict)
        assert (said["mean_shift", "all"], said["std_shift", "all"]) == (Verdict.NO_DATA, Verdict.NO_DATA)
        assert result(evaluated, "mean_shift", "x0").status is Status.INVALID


def test_a_feature_that_got_stuck_lost_its_spread(rng: np.random.Generator, profile: Profile) -> None:
    evaluated = seen(profile, with_number(draw(rng, 1_000), 0, np.zeros(1_000)), monitor("std_shift", 0.5))
    line = result(evaluated, "std_shift", "x0")
    assert (line.value, line.p_value, line.status) == (-1.0, 0.0, Status.DRIFT)


def test_a_feature_that_the_reference_never_had_is_insufficient_and_its_arrival_is_no_missing_value(
    rng: np.random.Generator,
) -> None:
    profile = profile_of(with_number(draw(rng, 20_000), 0, np.full(20_000, np.nan)))
    evaluated = seen(profile, draw(rng, 1_000), monitor("missing_ratio", 0.01))
    for metric in ("psi", "ks", "mean_shift", "std_shift"):
        line = result(evaluated, metric, "x0")
        assert (line.value, line.status, line.reference_n) == (None, Status.INSUFFICIENT, 0)
    assert result(evaluated, "missing_ratio", "x0").status is Status.OK


def test_while_the_reference_is_learnt_only_rates_and_traffic_have_values(rng: np.random.Generator) -> None:
    layout = Layout((NumericField("x0", np.array([])), CategoricalField("c0", ())))
    totals = layout.zeros(1)
    totals[0, [COUNTERS.index("events"), COUNTERS.index("labelled")]] = 500
    totals[0, layout.starts[:-1] + 1] = 500
    window = replace(empty(None, layout), totals=totals)
    evaluated = evaluate(window, MODEL, EVERY_METRIC)
    known = {line.metric for line in evaluated.results if line.value is not None}
    assert known == {"traffic", "error_ratio", "positive_rate", "missing_ratio", "invalid_ratio"}
    for line in evaluated.results:
        expected = Status.OK if line.metric in known else Status.INSUFFICIENT
        assert (line.status, line.reference_id, line.reference_n) == (expected, None, None)
    drift = [j.verdict for j in evaluated.judgements if j.result.metric == "psi"]
    assert drift == [Verdict.NO_DATA, Verdict.NO_DATA]
