from __future__ import annotations

import math

import pytest

from detectors.result import Status
from service.config.monitor import Monitor
from service.evaluation.result import Evaluated, Interval, Judgement, Result, Verdict
from service.web.ranking import rank, threshold_ratio


def judged(
    value: float | None, threshold: float, *, metric: str = "psi", below: bool = False,
    verdict: Verdict = Verdict.CLEAR, place: tuple[str, str] = ("all", "age"),
) -> Judgement:  # fmt: skip
    monitor = Monitor.model_validate(
        {"name": "m", "metric": metric, "threshold": threshold, "below": below, "alpha": None}
    )
    result = Result(
        model="credit", model_version="7", slice=place[0], feature=place[1], metric=metric, value=value,
        status=Status.OK, n=100, window=Interval("", "", "1h"),
    )  # fmt: skip
    return Judgement(monitor, result, verdict)


@pytest.mark.parametrize(
    ("judgement", "ratio"),
    [
        (judged(0.3, 0.2), 1.5),
        (judged(None, 0.2), None),
        (judged(0.3, 0.0), None),
        (judged(-0.6, 0.3, metric="mean_shift"), 2.0),
        (judged(-0.6, 0.3, metric="mean"), 0.0),
        (judged(50, 100, metric="traffic", below=True), 2.0),
        (judged(0, 100, metric="traffic", below=True), math.inf),
        (judged(-0.6, -0.3, metric="mean_shift", below=True), 2.0),
        (judged(0.6, -0.3, metric="mean_shift", below=True), 0.0),
        (judged(-1, -2, metric="mean"), None),
    ],
)
def test_the_ratio_is_1_at_the_threshold_and_grows_beyond_it(
    judgement: Judgement, ratio: float | None
) -> None:
    assert threshold_ratio(judgement) == (None if ratio is None else pytest.approx(ratio))


def test_a_breach_comes_before_a_larger_ratio_that_is_only_noise() -> None:
    noise = judged(0.9, 0.2, place=("all", "noisy"))
    breach = judged(0.21, 0.2, verdict=Verdict.BREACH, place=("all", "drifted"))
    assert [finding.place[1] for finding in rank([noise, breach])] == ["drifted", "noisy"]


def test_too_little_data_comes_last_however_large_the_value() -> None:
    silent = judged(9.0, 0.2, verdict=Verdict.NO_DATA, place=("all", "silent"))
    clear = judged(0.01, 0.2, place=("all", "clear"))
    assert [finding.place[1] for finding in rank([silent, clear])] == ["clear", "silent"]


def test_a_place_is_one_line_with_its_worst_metric_and_the_number_of_breaches() -> None:
    small = judged(0.1, 0.05, metric="missing_ratio", verdict=Verdict.BREACH)
    large = judged(0.9, 0.1, verdict=Verdict.BREACH)
    for order in ([small, large], [large, small]):
        (finding,) = rank(order)
        assert finding.judgement is large
        assert finding.breaches == 2


def test_what_was_made_to_drift_ranks_first(drifted: Evaluated) -> None:
    worst = [finding.place for finding in rank(drifted.judgements)]
    assert worst[0] == ("region=apac", "channel")
    assert ("region=eu", "income") in worst[:8]
    assert {feature for _, feature in worst[:6]} <= {"channel", "age", "income"}
