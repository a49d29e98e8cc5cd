"""A daily wave judged against the whole reference, and against the same hour of the days before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bench.quality.columns import SERVICE, alarms, judged
from bench.quality.intervals import Share
from bench.quality.traffic import DAY_WINDOWS, NOTHING, Drift, Process, events_of, reference_of, windows_of
from detectors.profile import Profile
from detectors.season import DAILY, Past
from service.windows.closed import ClosedWindow

WAVE = Process(season=0.3)
DAYS = 4
"""How many days the baseline looks back."""

DRIFTS = {"no drift": NOTHING, "mean + 0.1 sd": Drift(mean=0.1), "mean + 0.2 sd": Drift(mean=0.2)}


@dataclass(frozen=True)
class SameHour:
    """Windows with an alarm: any without drift, one on the drifting feature with it."""

    scenario: str
    reference: Share
    same_hour: Share


def same_hour(seed: int, runs: int) -> Iterator[SameHour]:
    """A day of windows after :data:`DAYS` days without drift, in so many runs."""
    hits: dict[str, list[tuple[bool, bool]]] = {name: [] for name in DRIFTS}
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
                other = replace(window, profile=_baseline(profile, past, window))
                hits[name].append((_hit(window, drift), _hit(other, drift)))
    for name, found in hits.items():
        frozen, seasonal = np.array(found).sum(axis=0).tolist()
        yield SameHour(name, Share.of(frozen, len(found)), Share.of(seasonal, len(found)))


def _baseline(profile: Profile, past: Past, window: ClosedWindow) -> Profile:
    windows, totals = past.baseline(window.start_ms)
    assert windows == DAYS, "a baseline of whole days"
    rows = np.array([totals[name] for name in profile.slices])
    return Profile(profile.model, profile.version, profile.fields, profile.slices, rows)


def _hit(window: ClosedWindow, drift: Drift) -> bool:
    found = alarms(judged(window))[SERVICE]
    return bool(found) if drift is NOTHING else any(feature == "x00" for feature, _ in found)
