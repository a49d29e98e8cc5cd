"""What the service says of dependent traffic: p-values and bounds that hold, by the profile's calibration."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter

from detectors.building import Reference, build_profile
from detectors.calibrating import calibrate
from detectors.calibration import Calibration
from detectors.profile import Profile
from service.evaluation.evaluate import evaluate
from service.evaluation.result import Evaluated, Result
from service.windows.closed import Totals
from tests.evaluation.scene import EVERY_METRIC, MODEL, draw, monitor, result, window_of

PHI = 0.8
REFERENCE, WINDOW = 40_000, 2_000
TESTED = ("psi", "js", "hellinger", "linf", "chi2", "ks", "mean_shift", "std_shift")


@pytest.fixture(scope="module")
def chance() -> np.random.Generator:
    return np.random.default_rng()


def dependent(rng: np.random.Generator, n: int, shift: float = 0.0) -> Reference:
    """The scene's records, with ``x0`` an autoregression, and absent in runs of fifty."""
    records = draw(rng, n)
    numeric = records.numeric.copy()
    noise = rng.standard_normal(n + 200) * np.sqrt(1 - PHI**2)
    numeric[:, 0] = lfilter([1.0], [1.0, -PHI], noise)[200:] + shift
    numeric[np.repeat(rng.random(n // 50) < 0.05, 50), 0] = np.nan
    return replace(records, numeric=numeric)


@pytest.fixture(scope="module")
def plain(chance: np.random.Generator) -> tuple[Profile, Profile]:
    """A profile without and with its calibration."""
    records = dependent(chance, REFERENCE)
    profile = build_profile("credit", "7", records).profile
    fits = calibrate(profile.layout, profile.totals, profile.slices, records)
    return profile, replace(profile, calibration=fits.to_document(profile.slices))


def both(profiles: tuple[Profile, Profile], records: Reference) -> tuple[Evaluated, Evaluated]:
    before, after = (evaluate(window_of(profile, records), MODEL, EVERY_METRIC) for profile in profiles)
    return before, after


def numbers(lines: Sequence[Result]) -> list[tuple[float, float]]:
    return [(line.p_value, line.null_bound or 0.0) for line in lines if line.p_value is not None]


def test_effects_stay_and_no_p_value_or_bound_falls(
    chance: np.random.Generator, plain: tuple[Profile, Profile]
) -> None:
    before, after = both(plain, dependent(chance, WINDOW))
    assert [line.value for line in before.results] == [line.value for line in after.results]
    pairs = list(zip(numbers(before.results), numbers(after.results), strict=True))
    assert pairs
    assert all(p <= calibrated and bound <= higher for (p, bound), (calibrated, higher) in pairs)


@pytest.mark.parametrize("metric", [*TESTED, "missing_ratio"])
def test_dependent_windows_without_drift_alarm_at_about_their_level(
    chance: np.random.Generator, plain: tuple[Profile, Profile], metric: str
) -> None:
    trials = 60
    p = np.array(
        [
            [
                result(
                    evaluate(window_of(profile, records), MODEL, (monitor(metric, 1e9),)), metric, "x0"
                ).p_value
                for profile in plain
            ]
            for records in (dependent(chance, WINDOW) for _ in range(trials))
        ],
        np.float64,
    )
    naive, calibrated = (p <= 0.05).sum(axis=0).tolist()
    assert calibrated <= stats.binom.ppf(1 - 1e-6, trials, 0.1)
    if metric not in {"std_shift", "linf"}:
        assert naive > stats.binom.ppf(1 - 1e-4, trials, 0.05)


@pytest.mark.parametrize("metric", ["psi", "js", "hellinger", "chi2"])
def test_the_null_bound_is_where_p_is_a_thousandth(
    chance: np.random.Generator, plain: tuple[Profile, Profile], metric: str
) -> None:
    for shift in (0.0, 0.15, 0.3, 0.45, 0.6):
        _, after = both(plain, dependent(chance, WINDOW, shift))
        line = result(after, metric, "x0")
        assert line.value is not None
        assert line.null_bound is not None
        assert line.p_value is not None
        if abs(line.value / line.null_bound - 1) > 0.1:
            assert (line.value > line.null_bound) == (line.p_value < 0.001)


def test_what_does_not_depend_keeps_its_p_values(
    chance: np.random.Generator, plain: tuple[Profile, Profile]
) -> None:
    before, after = both(plain, dependent(chance, WINDOW))
    deviates = np.array(
        [
            [stats.norm.isf((result(each, metric, feature).p_value or 0.0) / 2) for each in (before, after)]
            for metric in TESTED
            for feature in ("x1", "prediction")
        ]
    )
    # A tenth or so is all that it may cost, but for one in hundreds that takes chance for dependence.
    assert (deviates[:, 1] < 0.8 * deviates[:, 0] - 0.2).sum() <= 4


def test_a_large_shift_is_found_under_dependence(
    chance: np.random.Generator, plain: tuple[Profile, Profile]
) -> None:
    _, after = both(plain, dependent(chance, WINDOW, 0.6))
    for metric in ("psi", "ks", "mean_shift"):
        line = result(after, metric, "x0")
        assert line.p_adjusted is not None
        assert line.p_adjusted < 0.01, metric


def test_baselines_of_the_past_have_the_calibration_of_the_profile(
    chance: np.random.Generator, plain: tuple[Profile, Profile]
) -> None:
    past, now = dependent(chance, REFERENCE // 2), dependent(chance, WINDOW)
    lines = []
    for profile in plain:
        earlier = window_of(profile, past)
        window = replace(
            window_of(profile, now), baselines={"rolling": Totals(earlier.slices, earlier.totals)}
        )
        rules = tuple(monitor(metric, 1e9, baseline="rolling") for metric in ("psi", "ks", "mean_shift"))
        evaluated = evaluate(window, MODEL, rules)
        lines.append(
            [line for line in evaluated.results if (line.feature, line.baseline) == ("x0", "rolling")]
        )
    assert len(lines[0]) >= 3
    for naive, calibrated in zip(*lines, strict=True):
        assert naive.p_value is not None
        assert calibrated.p_value is not None
        assert naive.p_value < calibrated.p_value


def test_a_window_gives_the_same_bytes_after_its_profile_was_read_back(
    chance: np.random.Generator, plain: tuple[Profile, Profile]
) -> None:
    read = Profile.from_json(plain[1].to_json())
    assert read.id == plain[1].id
    first, second = both((plain[1], read), dependent(chance, WINDOW))
    assert first.results == second.results


def test_a_slice_that_the_reference_lacks_has_no_test(
    chance: np.random.Generator, plain: tuple[Profile, Profile]
) -> None:
    records = dependent(chance, WINDOW)
    odd = replace(records, slices={**records.slices, "region=xx": np.arange(500)})
    _, after = both(plain, odd)
    found = [line for line in after.results if line.slice == "region=xx"]
    assert found
    assert all(line.p_value is None for line in found)


def test_labels_are_not_calibrated(plain: tuple[Profile, Profile]) -> None:
    profile = plain[1]
    assert profile.calibration is not None
    calibration = Calibration.from_document(profile.calibration, profile.slices)
    asked = calibration.at((("actual", "positive_rate"),), np.array([0]))
    assert asked.windows.tolist() == [[0]]
