"""Traffic whose drift is known: events of a model with 20 features and 21 slices, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtri

from detectors.building import Reference, build_profile, count
from detectors.calibrating import calibrate
from detectors.layout import COUNTERS, Rows
from detectors.profile import Profile
from service.config.model import Model
from service.windows.closed import ClosedWindow

NUMERIC = tuple(f"x{i:02d}" for i in range(16))
CATEGORICAL = tuple(f"c{i}" for i in range(4))
REGIONS = tuple(f"region={i}" for i in range(10))
STORES = tuple(f"store={i:02d}" for i in range(11))
SLICES = ("all", *REGIONS, *STORES)

EVENTS = 5_000
"""Of one window."""

REFERENCE_EVENTS = 50_000
MISSING = 0.02
POSITIVE = 0.2
START_MS = 1_787_392_800_000
HOUR_MS = 3_600_000
DAY_WINDOWS = 24

Floats = NDArray[np.float64]

_WARM_UP = 300
"""Values after which an autoregression has forgotten where it began."""


@dataclass(frozen=True)
class Process:
    """How events follow each other when nothing drifts.

    Attributes
    ----------
    phi
        Correlation of each feature with its value in the event before.
    season
        Amplitude of a daily wave in every feature's mean, in standard deviations.
    """

    phi: float = 0.0
    season: float = 0.0


@dataclass(frozen=True)
class Drift:
    """What changes: the numeric feature ``x00``, the categorical feature ``c0``, or the predictions.

    Attributes
    ----------
    mean, spread
        Shift in standard deviations, and factor of the spread.
    mix
        Share of events that moves from category ``b`` to ``a``.
    missing, positive, labels
        Shares of missing values, positive predictions and positive labels, instead of :data:`MISSING` and
        :data:`POSITIVE`.
    slice
        The slice whose events change.
    ramp
        Windows over which the change grows to its full size; 0: at once.
    """

    mean: float = 0.0
    spread: float = 1.0
    mix: float = 0.0
    missing: float = MISSING
    positive: float = POSITIVE
    labels: float = POSITIVE
    slice: str = "all"
    ramp: int = 0

    def at(self, window: int) -> Drift:
        """What has changed in the given window, counted from 0."""
        if not self.ramp:
            return self
        return replace(self, mean=self.mean * min((window + 1) / self.ramp, 1.0), ramp=0)


INDEPENDENT, NOTHING = Process(), Drift()


def draw(rng: np.random.Generator, n: int, process: Process, drift: Drift, day: Floats) -> Reference:
    """N events as columns.

    Parameters
    ----------
    day
        float64[N]: the time of each event, in days.
    """
    size = len(NUMERIC) + len(CATEGORICAL)
    noise = rng.standard_normal((n + _WARM_UP, size)) * np.sqrt(1 - process.phi**2)
    latent = (
        lfilter([1.0], [1.0, -process.phi], noise, axis=0)[_WARM_UP:] if process.phi else noise[_WARM_UP:]
    )
    latent += process.season * np.sin(2 * np.pi * day)[:, None]
    regions, stores = rng.integers(len(REGIONS), size=n), rng.integers(len(STORES), size=n)
    members = {name: np.flatnonzero(regions == i) for i, name in enumerate(REGIONS)} | {
        name: np.flatnonzero(stores == i) for i, name in enumerate(STORES)
    }
    changed = members.get(drift.slice, np.arange(n))
    numbers = latent[:, : len(NUMERIC)]
    numbers[changed, 0] = numbers[changed, 0] * drift.spread + drift.mean
    missing = rng.random(numbers.shape) < MISSING
    missing[changed, 0] = rng.random(len(changed)) < drift.missing
    numbers[missing] = np.nan
    mixes = [drift.mix, *[0.0] * (len(CATEGORICAL) - 1)]
    texts = [_categories(x, mix) for x, mix in zip(latent[:, len(NUMERIC) :].T, mixes, strict=True)]
    counters = np.zeros((n, len(COUNTERS)), np.int64)
    for name in ("events", "labelled", "actuals"):
        counters[:, COUNTERS.index(name)] = 1
    counters[:, COUNTERS.index("positive")] = rng.random(n) < drift.positive
    counters[:, COUNTERS.index("actual_positive")] = rng.random(n) < drift.labels
    return Reference(NUMERIC, numbers, CATEGORICAL, texts, counters, members)


def _categories(latent: Floats, mix: float) -> list[Any]:
    """Categories a to d with shares 0.4, 0.3, 0.2 and 0.1; ``mix`` goes from b to a."""
    cuts = ndtri(np.array([0.4 + mix, 0.7, 0.9]))
    texts: list[Any] = np.array(["a", "b", "c", "d"])[np.searchsorted(cuts, latent)].tolist()
    return texts


def reference_of(rng: np.random.Generator, process: Process) -> tuple[Reference, Profile]:
    """A reference of a whole day without drift, and its profile, calibrated as it is by default."""
    day = np.arange(REFERENCE_EVENTS) / REFERENCE_EVENTS
    records = draw(rng, REFERENCE_EVENTS, process, NOTHING, day)
    profile = build_profile("quality", "1", records).profile
    fits = calibrate(profile.layout, profile.totals, profile.slices, records)
    return records, replace(profile, calibration=fits.to_document(profile.slices))


def totals_of(profile: Profile, records: Reference) -> Rows:
    """int64[slices, row size]: what the service counts of these events."""
    return count(profile.layout, records, ("all", *sorted(records.slices)))


def events_of(rng: np.random.Generator, process: Process, drift: Drift, number: int) -> Reference:
    """The events of one hour, the ``number``-th since midnight, each with its label."""
    day = (number + np.arange(EVENTS) / EVENTS) / DAY_WINDOWS
    return draw(rng, EVENTS, process, drift.at(number), day)


def windows_of(profile: Profile, events: Reference, number: int) -> tuple[ClosedWindow, ClosedWindow]:
    """The two windows that close after an hour: of predictions, and of labels, which carry no version."""
    totals = totals_of(profile, events)
    labels = profile.layout.zeros(len(totals))
    for name in ("actuals", "actual_positive"):
        column = COUNTERS.index(name)
        labels[:, column], totals[:, column] = totals[:, column], 0
    start = START_MS + number * HOUR_MS
    of_predictions, of_labels = (
        ClosedWindow(
            "quality", version, "1h", start, start + HOUR_MS, profile.slices, rows, profile.layout, profile
        )
        for version, rows in (("1", totals), ("", labels))
    )
    return of_predictions, of_labels


MODEL = Model.model_validate(
    {
        "name": "quality",
        "features": {name: {"type": "numeric"} for name in NUMERIC}
        | {name: {"type": "categorical"} for name in CATEGORICAL},
        "slices": [["region"], ["store"]],
        "windows": [{"length": "1h"}],
    }
)
