"""What is tried: how traffic behaves, what drifts in it, and what is aimed at."""

from __future__ import annotations

from dataclasses import dataclass

from bench.quality.traffic import INDEPENDENT, NOTHING, Drift, Process

LEVEL = 0.01
"""α of every test."""


@dataclass(frozen=True)
class Scenario:
    """One kind of traffic.

    Attributes
    ----------
    feature
        Where the drift is; empty where nothing drifts, so that every alarm is false.
    aim
        The most false windows, or the least power, aimed at; None: only reported.
    limit
        What the upper end of the interval of false windows must not pass; None: the aim itself.
    runs
        How many times as many runs as usual, where a rare event has to be counted.
    """

    name: str
    process: Process = INDEPENDENT
    drift: Drift = NOTHING
    feature: str = ""
    aim: float | None = None
    limit: float | None = None
    windows: int = 10
    runs: int = 1

    @property
    def drifts(self) -> bool:
        """Whether there is anything to find."""
        return bool(self.feature)


SCENARIOS = (
    Scenario("no drift, independent", aim=LEVEL, limit=2 * LEVEL, windows=50, runs=6),
    Scenario("no drift, AR(0.5)", Process(phi=0.5), aim=2 * LEVEL, windows=24),
    Scenario("no drift, AR(0.8)", Process(phi=0.8), aim=2 * LEVEL, windows=24),
    Scenario("no drift, daily wave of 0.3 sd", Process(season=0.3), windows=24),
    Scenario("mean + 0.05 sd", drift=Drift(mean=0.05), feature="x00"),
    Scenario("mean + 0.1 sd", drift=Drift(mean=0.1), feature="x00", aim=0.85),
    Scenario("mean + 0.2 sd", drift=Drift(mean=0.2), feature="x00"),
    Scenario("sd × 1.1", drift=Drift(spread=1.1), feature="x00", aim=0.95),
    Scenario("2 points from one category to another", drift=Drift(mix=0.02), feature="c0"),
    Scenario(
        "mean + 0.3 sd in a slice of 10 %",
        drift=Drift(mean=0.3, slice="region=3"), feature="x00", aim=0.85,
    ),
    Scenario("mean + 0.5 sd in a slice of 10 %", drift=Drift(mean=0.5, slice="region=3"), feature="x00"),
    Scenario("missing 2 % → 4 %", drift=Drift(missing=0.04), feature="x00"),
    Scenario("positive predictions 20 % → 24 %", drift=Drift(positive=0.24), feature="prediction"),
    Scenario("positive labels 20 % → 24 %", drift=Drift(labels=0.24), feature="actual"),
    Scenario("mean to + 0.5 sd over 20 windows", drift=Drift(mean=0.5, ramp=20), feature="x00", windows=20),
)  # fmt: skip
