"""A daily wave judged against the whole reference, and against the same hour of the days before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bench.quality.columns import MONITORS, SERVICE, alarms, judged
from bench.quality.intervals import Share
from bench.quality.traffic import DAY_WINDOWS, NOTHING, Drift, Process, events_of, reference_of, windows_of
from detectors.season import DAILY, Past
from service.config.monitor import Monitor
from service.windows.closed import ClosedWindow, Totals

WAVE = Process(season=0.3)
DAYS = 4
"""How many days the baseline looks back."""

SAME_HOUR = tuple(
    rule.model_copy(update={"baseline": "hour_of_day"}) for rule in MONITORS if rule.name == SERVICE
)

DRIFTS = {"no drift": NOTHING, "mean + 0.1 sd": Drift(mean=0.1), "mean + 0.2 sd": Drift(mean=0.2)}


@dataclass(frozen=True)
class SameHour:
    """Windows with an alarm: any without drift, one on the drifting feature with it.

    Against the reference or the same hour, calibrated (as by default) or with ``reference.calibrate: false``.
    """

    scenario: str
    reference: Share
    reference_uncalibrated: Share
    same_hour: Share
    same_hour_uncalibrated: Share


def same_hour(seed: int, runs: int) -> Iterator[SameHour]:
    """A day of windows after :data:`DAYS` days without drift, in so many runs."""
    hits: dict[str, list[list[bool]]] = {name: [] for name in DRIFTS}
    for turn in range(runs):
        rng = np.random.default_rng([seed, 4, turn])
        _, profile = reference_of(rng, WAVE)
        past = Past(DAILY, keep=DAYS)
        for number in range(DAYS * DAY_WINDOWS):
            window, _ = windows_of(profile, events_of(rng, WAVE, NOTHING, number), number)
            past = past.add(window.start_ms, dict(zip(window.slices, window.totals, strict=True)))
        for name, drift in DRIFTS.items():
            for hour in range(DAY_WINDOWS):
                number = DAYS * DAY_WINDOWS + hour
                window, _ = windows_of(profile, events_of(rng, WAVE, drift, number), number)
                plain = replace(window, profile=replace(profile, calibration=None))
                hits[name].append(
                    [
                        judge(one)
                        for judge in (partial(_hit, drift), partial(_same_hour_hit, past, drift))
                        for one in (window, plain)
                    ]
                )
    for name, found in hits.items():
        yield SameHour(name, *(Share.of(k, len(found)) for k in np.array(found).sum(axis=0).tolist()))


def _same_hour_hit(past: Past, drift: Drift, window: ClosedWindow) -> bool:
    windows, totals = past.baseline(window.start_ms)
    assert windows == DAYS, "a baseline of whole days"
    same = Totals(window.slices, np.array([totals[name] for name in window.slices]))
    return _hit(drift, replace(window, baselines={"hour_of_day": same}), SAME_HOUR)


def _hit(drift: Drift, window: ClosedWindow, monitors: Sequence[Monitor] = MONITORS) -> bool:
    found = alarms(judged(window, monitors))[SERVICE]
    return bool(found) if drift is NOTHING else any(feature == "x00" for feature, _ in found)
