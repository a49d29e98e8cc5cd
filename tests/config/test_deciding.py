"""Monitors that meet: two detectors cannot follow one series."""

import pytest

from tests.config.base import GOOD, problems_of

FIRST = "  - {name: errors, metric: error_ratio, threshold: 0.1}\n"


def with_monitors(*monitors: str) -> str:
    assert FIRST in GOOD
    return GOOD.replace(FIRST, FIRST + "".join(f"  - {{{text}}}\n" for text in monitors))


def test_a_mistake_beside_a_default_that_depends_on_it_is_one_mistake() -> None:
    (problem,) = problems_of(with_monitors("name: one, metric: change:mean, detector: kswim"))
    assert problem.path == "monitors[2].detector"


def test_two_detectors_for_one_series_are_named_at_the_second() -> None:
    text = with_monitors(
        "name: one, metric: change:mean",
        "name: two, metric: change:mean, features: [age], slices: [all], detector: kswin",
    )
    (problem,) = problems_of(text)
    assert problem.path == "monitors[3].detector"
    assert "(kswin) is not that of monitor number 3 (cusum)" in problem.message
    assert "one detector, the first" in problem.consequence
    assert "the same detector" in problem.mend


@pytest.mark.parametrize(
    "other",
    [
        "metric: change:mean, features: [prediction], detector: kswin",
        'metric: change:mean, slices: ["region=*"], detector: kswin',
        "metric: change:mean, window: 1d, detector: kswin",
        "metric: change:std, detector: kswin",
        "metric: change:mean, severity: critical",
    ],
    ids=["feature", "slice", "window", "metric", "same detector"],
)
def test_detectors_that_do_not_meet_stand_side_by_side(other: str) -> None:
    one = "name: one, metric: change:mean, features: [age], slices: [all], window: 1h/5m"
    assert problems_of(with_monitors(one, f"name: two, {other}")) == ()


def test_a_detector_needs_no_threshold_and_other_metrics_do() -> None:
    assert problems_of(with_monitors("name: one, metric: change:traffic")) == ()
    (problem,) = problems_of(with_monitors("name: one, metric: psi"))
    assert problem.path == "monitors[2].threshold"
    assert "`threshold` is missing" in problem.message
