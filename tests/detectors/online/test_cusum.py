"""CUSUM against its textbook, and its stated run lengths against simulation."""

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter

from detectors.online.cusum import Cusum, CusumConfig, decision_interval, run_length
from detectors.online.scale import Scale


def alarms(config: CusumConfig, values: np.ndarray) -> int:
    detector = Cusum(config)
    return sum(detector.update(z) is not None for z in values.tolist())


def autoregression(rng: np.random.Generator, phi: float, n: int) -> np.ndarray:
    noise = rng.standard_normal(n + 200) * np.sqrt(1 - phi**2)
    z: np.ndarray = lfilter([1.0], [1.0, -phi], noise)[200:]
    return z


def test_the_sums_are_those_of_the_recursion() -> None:
    values = np.random.default_rng().standard_normal(500)
    detector = Cusum(CusumConfig(k=0.5, h=1e9))
    up = down = 0.0
    for z in values.tolist():
        detector.update(z)
        up, down = max(0.0, up + z - 0.5), max(0.0, down - z - 0.5)
        assert (detector._up, detector._down) == (up, down)


def test_montgomerys_example_alarms_at_its_29th_value() -> None:
    # Introduction to Statistical Quality Control, 6th ed., example 9.1: mean 10, sd 1, k = 1/2, h = 5.
    values = [9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34, 9.03, 11.47, 10.51, 9.40,
              10.08, 9.37, 10.62, 10.31, 8.52, 10.84, 10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62,
              11.31, 10.52]  # fmt: skip
    detector = Cusum(CusumConfig(k=0.5, h=5.0))
    scale = Scale(10.0, 1.0)
    found = [change for x in values if (change := detector.update(scale.standard(x)))]
    assert [(change.index + 1, round(change.statistic, 2), change.direction) for change in found] == [
        (29, 5.28, 1)
    ]


@pytest.mark.parametrize("k", [0.25, 0.5])
def test_false_alarms_come_as_rarely_as_stated(k: float) -> None:
    values, between = 80_000, 400.0
    found = alarms(
        CusumConfig(k, decision_interval(k, between)), np.random.default_rng().standard_normal(values)
    )
    # Siegmund's approximation is good to 3 %; the rest is chance, once in a million runs.
    low, high = stats.poisson.ppf([1e-6, 1 - 1e-6], [values / between / 1.03, values / between * 1.03])
    assert low <= found <= high


def test_the_interval_inverts_the_run_length() -> None:
    for between in (50.0, 1_000.0, 1e6):
        assert run_length(0.25, decision_interval(0.25, between)) == pytest.approx(between, rel=1e-6)
    with pytest.raises(ValueError, match="too few"):
        decision_interval(0.25, 3)


def test_dependence_multiplies_false_alarms_and_whitening_takes_them_back() -> None:
    rng = np.random.default_rng()
    reference, values = autoregression(rng, 0.5, 5_000), autoregression(rng, 0.5, 60_000)
    config = CusumConfig(0.5, decision_interval(0.5, 500))
    scale = Scale.of(reference, whiten=True)
    before = np.concatenate(([np.nan], values[:-1]))
    white = np.array([scale.standard(x, b) for x, b in zip(values.tolist(), before.tolist(), strict=True)])
    assert alarms(config, values) > 600  # 120 would be as stated
    # The scale is estimated from 5,000 values, whose effective number is a third of that.
    assert alarms(config, white) < 250


def test_slack_forgives_a_reference_that_is_off_by_so_much() -> None:
    z = np.random.default_rng().standard_normal(50_000)
    config = CusumConfig(k=0.25, h=8.0)
    plain, forgiving = Cusum(config), Cusum(config)
    off_by = 0.5
    straight = sum(plain.update(x) is not None for x in z.tolist())
    forgiven = sum(forgiving.update(x + off_by, off_by) is not None for x in z.tolist())
    strict = alarms(config, z + off_by)
    assert forgiven <= straight < strict / 3
