"""The benchmark draws the drift that it names, and counts hits and intervals rightly."""

import numpy as np
import pytest
from scipy import stats

from bench.quality.detection import Outcome, Tally, _hit
from bench.quality.intervals import Between, Share
from bench.quality.scenarios import SCENARIOS, Scenario
from bench.quality.traffic import INDEPENDENT, NOTHING, NUMERIC, REGIONS, Drift, Process, draw
from detectors.layout import COUNTERS

N = 40_000


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    return np.random.default_rng()


def drawn(
    rng: np.random.Generator, drift: Drift = NOTHING, process: Process = INDEPENDENT
) -> dict[str, float]:
    records = draw(rng, N, process, drift, np.linspace(0, 1, N))
    x = records.numeric[:, 0]
    inside = records.slices["region=3"]
    outside = np.setdiff1d(np.arange(N), inside)
    known = np.isfinite(x[1:]) & np.isfinite(x[:-1])
    return {
        "mean": float(np.nanmean(x)), "spread": float(np.nanstd(x)), "missing": float(np.isnan(x).mean()),
        "a": records.categorical[0].count("a") / N, "b": records.categorical[0].count("b") / N,
        "other": records.categorical[1].count("a") / N, "inside": float(np.nanmean(x[inside])),
        "outside": float(np.nanmean(x[outside])),
        "phi": float(np.corrcoef(x[1:][known], x[:-1][known])[0][1]),
        "positive": float(records.counters[:, COUNTERS.index("positive")].mean()),
        "labels": float(records.counters[:, COUNTERS.index("actual_positive")].mean()),
    }  # fmt: skip


PLAIN = {
    "mean": 0,
    "spread": 1,
    "missing": 0.02,
    "a": 0.4,
    "b": 0.3,
    "other": 0.4,
    "phi": 0,
    "positive": 0.2,
    "labels": 0.2,
}


@pytest.mark.parametrize(
    ("drift", "process", "changed"),
    [
        (NOTHING, INDEPENDENT, {}),
        (Drift(mean=0.2), INDEPENDENT, {"mean": 0.2}),
        (Drift(spread=1.1), INDEPENDENT, {"spread": 1.1}),
        (Drift(mix=0.05), INDEPENDENT, {"a": 0.45, "b": 0.25}),
        (Drift(missing=0.1), INDEPENDENT, {"missing": 0.1}),
        (Drift(positive=0.3), INDEPENDENT, {"positive": 0.3}),
        (Drift(labels=0.3), INDEPENDENT, {"labels": 0.3}),
        (Drift(mean=0.5, slice="region=3"), INDEPENDENT, {"mean": 0.05, "inside": 0.5, "outside": 0.0}),
        (Drift(mean=0.5, ramp=10).at(4), INDEPENDENT, {"mean": 0.25}),
        (NOTHING, Process(phi=0.5), {"phi": 0.5}),
    ],
)
def test_traffic_is_what_its_scenario_says(
    rng: np.random.Generator, drift: Drift, process: Process, changed: dict[str, float]
) -> None:
    found = drawn(rng, drift, process)
    for name, expected in (PLAIN | changed).items():
        # Six standard errors, of the dependent series or of the slice with a tenth of the events.
        assert found[name] == pytest.approx(expected, abs=6 * 2 / np.sqrt(N / 10)), name


def test_every_event_is_in_one_region_and_in_one_store(rng: np.random.Generator) -> None:
    slices = draw(rng, 500, INDEPENDENT, NOTHING, np.zeros(500)).slices
    for dimension in (REGIONS, [name for name in slices if name.startswith("store")]):
        assert sorted(np.concatenate([slices[name] for name in dimension])) == list(range(500))


def test_an_alarm_counts_only_where_the_drift_is() -> None:
    within = Scenario("", drift=Drift(mean=0.3, slice="region=3"), feature="x00")
    assert _hit(within, {("x00", "region=3")})
    assert _hit(within, {("x00", "all")})
    assert not _hit(within, {("x00", "region=4"), ("x01", "region=3")})
    assert _hit(Scenario("", drift=Drift(mean=0.3), feature="x00"), {("x00", "store=01")})
    assert _hit(Scenario("", aim=0.01), {("x07", "region=4")})
    assert not _hit(Scenario("", aim=0.01), set())


def test_delays_misses_and_false_windows_are_counted_by_run() -> None:
    tally = Tally([[False, True, True], [False, False, False], [True, False, False]])
    assert tally.delay == 1.5
    assert (tally.missed.k, tally.missed.n) == (1, 3)
    assert (tally.windows.k, tally.windows.n) == (3, 9)


@pytest.mark.parametrize(
    ("hits", "drifts", "verdict"),
    [(0, False, "undecided"), (1, False, "met"), (60, False, "missed"), (60, True, "missed"),
     (990, True, "met"), (860, True, "undecided")],
)  # fmt: skip
def test_a_verdict_asks_for_the_whole_interval(hits: int, drifts: bool, verdict: str) -> None:
    tally = Tally([[True] * hits + [False] * ((1000 if hits else 100) - hits)])
    scenario = Scenario("", feature="x00" if drifts else "", aim=0.85 if drifts else 0.01)
    assert Outcome(scenario, {"Driftline": tally}).verdict == verdict


def test_intervals_are_wilsons_and_poissons() -> None:
    share = Share.of(7, 400)
    expected = stats.binomtest(7, 400).proportion_ci(method="wilson")
    assert (share.lower, share.upper) == pytest.approx((expected.low, expected.high))
    between = Between.of(5, 1_000)
    assert between.lower == pytest.approx(1_000 / (stats.chi2.ppf(0.975, 12) / 2))
    assert between.upper == pytest.approx(1_000 / (stats.chi2.ppf(0.025, 10) / 2))
    assert Between.of(0, 1_000).upper is None


def test_every_aim_is_stated_for_traffic_that_exists() -> None:
    features = {"", "prediction", "actual", "c0", *NUMERIC}
    assert {scenario.feature for scenario in SCENARIOS} <= features
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
