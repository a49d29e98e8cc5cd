"""Online detectors on the newest slides of windows, one after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from detectors.profile import Profile
from detectors.result import Status
from service.config.monitor import CHANGES, Monitor
from service.evaluation import changes
from service.evaluation.decider import Decider
from service.evaluation.followed import LEARNED
from service.evaluation.result import Evaluated, Result, Verdict
from service.windows.closed import ClosedWindow, Totals
from tests.evaluation.scene import HOUR_MS, MODEL, START_MS, Change, draw, monitor, profile_of, window_of


def slides(
    rng: np.random.Generator, profile: Profile, sizes: Sequence[int], change: Change | None = None
) -> Iterator[ClosedWindow]:
    """Tumbling windows of so many records, an hour apart."""
    for i, size in enumerate(sizes):
        records = draw(rng, size)
        window = window_of(profile, records if change is None else change(records))
        start_ms = START_MS + i * HOUR_MS
        newest = Totals(window.slices, window.totals)
        yield replace(window, start_ms=start_ms, end_ms=start_ms + HOUR_MS, newest=newest)


def later(windows: Iterator[ClosedWindow], by: int) -> Iterator[ClosedWindow]:
    for window in windows:
        moved = by * HOUR_MS
        yield replace(window, start_ms=window.start_ms + moved, end_ms=window.end_ms + moved)


def shifted(by: float) -> Change:
    def change(records):  # type: ignore[no-untyped-def]  # a Change
        numeric = records.numeric.copy()
        numeric[:, 0] += by
        return replace(records, numeric=numeric)

    return change


def watch(metric: str = "change:mean", **more: object) -> Monitor:
    given = {"features": ["x0"], "slices": ["all"]} if metric in {"change:mean", "change:std"} else {}
    return Monitor.model_validate({"name": "watch", "metric": metric} | given | more)


def of(evaluated: Evaluated, metric: str = "change:mean") -> list[Result]:
    return [line for line in evaluated.results if line.metric == metric]


def verdicts(decider: Decider, windows: Iterator[ClosedWindow]) -> list[Verdict]:
    return [item.verdict for window in windows for item in decider.judge(window).judgements]


@pytest.mark.parametrize("name", ["cusum", "adwin", "page_hinkley", "kswin"])
def test_a_small_shift_is_found_by_each_detector(
    rng: np.random.Generator, profile: Profile, name: str
) -> None:
    # A fifth of a standard deviation: below what a monitor of the mean usually takes for an effect.
    decider = Decider(MODEL, [watch(detector=name)])
    quiet = verdicts(decider, slides(rng, profile, [400] * 120))
    after = verdicts(decider, later(slides(rng, profile, [400] * 60, shifted(0.2)), 120))
    assert quiet.count(Verdict.BREACH) <= 1
    assert Verdict.BREACH in after


def test_the_value_is_the_ratio_to_the_detectors_threshold_and_grows_until_it_detects(
    rng: np.random.Generator, profile: Profile
) -> None:
    decider = Decider(MODEL, [watch()])
    lines = [of(decider.judge(w))[0] for w in slides(rng, profile, [400] * 30, shifted(-0.2))]
    found = next(i for i, line in enumerate(lines) if line.status is Status.BREACH)
    before = lines[:found]
    assert (lines[found].threshold, lines[found].change) == (1.0, -1.0)
    assert (lines[found].value or 0.0) >= 1
    assert all(line.value is not None and line.value < 1 for line in before)
    assert {line.change for line in before} == {None}
    assert before[-1].value == max(line.value or 0.0 for line in before)


def test_every_change_metric_is_measured_on_the_slices_that_are_named(
    rng: np.random.Generator, profile: Profile
) -> None:
    rules = [watch(metric, name=metric, features=["*"], slices=["all", "region=eu"]) for metric in CHANGES]
    evaluated = Decider(MODEL, rules).judge(next(slides(rng, profile, [2_000])))
    for metric in CHANGES:
        assert {line.slice for line in of(evaluated, metric)} == {"all", "region=eu"}
    features = {"change:mean": 3, "change:std": 3, "change:missing_ratio": 4}
    assert {metric: len(of(evaluated, metric)) / 2 for metric in CHANGES} == {
        metric: features.get(metric, 1) for metric in CHANGES
    }


def test_too_few_records_are_skipped_and_leave_the_detector_as_it_was(
    rng: np.random.Generator, profile: Profile
) -> None:
    plain, holey = Decider(MODEL, [watch()]), Decider(MODEL, [watch()])
    windows = list(slides(rng, profile, [400] * 10))
    straight = [of(plain.judge(window))[0].value for window in windows]
    found = []
    for window, thin in zip(windows, slides(rng, profile, [20] * 10), strict=True):
        (line,) = of(holey.judge(thin))
        assert (line.value, line.status) == (None, Status.INSUFFICIENT)
        found.append(of(holey.judge(window))[0].value)
    assert found == straight


def test_a_window_whose_newest_slide_is_not_known_says_nothing(
    rng: np.random.Generator, profile: Profile
) -> None:
    rules = [watch(metric, name=metric) for metric in CHANGES]
    window = replace(next(slides(rng, profile, [1_000])), newest=None)
    judged = Decider(MODEL, rules).judge(window).judgements
    assert {item.verdict for item in judged} == {Verdict.NO_DATA}


def test_traffic_learns_its_unit_from_its_first_windows_and_then_sees_a_fall(
    rng: np.random.Generator, profile: Profile
) -> None:
    decider = Decider(MODEL, [watch("change:traffic", slices=["all"])])
    first = verdicts(decider, slides(rng, profile, rng.poisson(300, LEARNED).tolist()))
    assert set(first) == {Verdict.NO_DATA}
    steady = verdicts(decider, later(slides(rng, profile, rng.poisson(300, 60).tolist()), LEARNED))
    assert set(steady) == {Verdict.CLEAR}
    fallen = [
        of(decider.judge(window), "change:traffic")[0]
        for window in later(slides(rng, profile, rng.poisson(210, 20).tolist()), LEARNED + 60)
    ]
    found = next(line for line in fallen if line.status is Status.BREACH)
    assert found.change == -1.0


def test_another_reference_starts_detectors_anew(rng: np.random.Generator, profile: Profile) -> None:
    decider, fresh = Decider(MODEL, [watch()]), Decider(MODEL, [watch()])
    list(map(decider.judge, slides(rng, profile, [400] * 5, shifted(0.1))))
    other = profile_of(draw(rng, 20_000))
    for window in later(slides(rng, other, [400] * 5, shifted(0.1)), 5):
        assert of(decider.judge(window)) == of(fresh.judge(window))


def test_series_beyond_the_bound_are_counted_and_the_first_ones_followed(
    rng: np.random.Generator, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "SERIES_MAX", 4)
    decider = Decider(MODEL, [watch(features=["*"], slices=["*"])])
    for window in slides(rng, profile, [2_000] * 3):
        evaluated = decider.judge(window)
        followed = [(line.feature, line.slice) for line in of(evaluated) if line.value is not None]
        assert len(followed) == 4
        assert followed[0] == ("x0", "all")
        assert evaluated.unfollowed == 3 * 3 - 4


def test_a_slice_that_was_silent_for_very_long_is_given_up(
    rng: np.random.Generator, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "SILENT_MAX", 3)
    decider = Decider(MODEL, [watch(slices=["*"])])
    list(map(decider.judge, slides(rng, profile, [2_000])))
    before = len(decider.dump())
    for window in later(slides(rng, profile, [2_000] * 3), 1):
        assert window.newest is not None
        only = Totals(window.slices[:1], window.newest.rows[:1])
        decider.judge(replace(window, newest=only))
    assert len(decider.dump()) < before / 2


@pytest.mark.parametrize("name", ["cusum", "adwin", "page_hinkley", "kswin"])
def test_a_decider_that_was_kept_goes_on_as_it_would_have(
    rng: np.random.Generator, profile: Profile, name: str
) -> None:
    rules = [watch(detector=name, slices=["*"]), watch("change:traffic", name="t", detector=name)]
    straight = Decider(MODEL, rules)
    kept = Decider(MODEL, rules)
    for window in slides(rng, profile, [300] * (LEARNED + 50)):
        woken = Decider(MODEL, rules)
        woken.load(kept.dump())
        kept = woken
        assert kept.judge(window).results == straight.judge(window).results
    assert kept.dump() == straight.dump()


def test_without_change_monitors_nothing_is_remembered(rng: np.random.Generator, profile: Profile) -> None:
    decider = Decider(MODEL, [monitor("psi", 0.2)])
    empty = decider.dump()
    decider.judge(next(slides(rng, profile, [1_000])))
    assert decider.dump() == empty
