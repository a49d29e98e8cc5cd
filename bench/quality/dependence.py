"""How often single tests at 1 % alarm on dependent records without drift, uncalibrated and calibrated.

Every feature has one window of 2,000 against its reference, both drawn anew, so that counts are binomial.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from bench.quality.intervals import Share
from bench.quality.scenarios import LEVEL
from detectors.building import Reference, build_profile, count
from detectors.calibrating import calibrate
from detectors.layout import COUNTERS
from detectors.profile import Profile
from service.config.model import Model
from service.evaluation.evaluate import evaluate
from service.windows.closed import ClosedWindow

N = 2_000
WARM_UP = 300
PHIS = (0.0, 0.5, 0.8, 0.95)
TESTS = ("psi", "ks", "mean_shift", "std_shift")
FEATURES = tuple(f"x{i:02d}" for i in range(20))
"""Each independent of the others: a trial of its own."""

MODEL = Model.model_validate(
    {
        "name": "dependence",
        "features": {name: {"type": "numeric"} for name in FEATURES},
        "windows": [{"length": "1h"}],
    }
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rate:
    """Alarms of one test at 1 %, with a reference of so many records."""

    phi: float
    records: int
    test: str
    plain: Share
    calibrated: Share


def rates(seed: int, trials: int, records: int) -> Iterator[Rate]:
    """Every test at every φ, with a reference of so many records."""
    for phi in PHIS:
        rng = np.random.default_rng([seed, 2, round(1000 * phi), records])
        alarms: Counter[tuple[str, bool]] = Counter()
        turns = max(trials // len(FEATURES), 1)
        for _ in range(turns):
            alarms += _alarms(rng, phi, records)
        n = turns * len(FEATURES)
        for test in TESTS:
            plain, calibrated = (Share.of(alarms[test, kind], n) for kind in (False, True))
            yield Rate(phi, records, test, plain, calibrated)


def _alarms(rng: np.random.Generator, phi: float, records: int) -> Counter[tuple[str, bool]]:
    """Alarms of all features by test, without and with calibration."""
    reference, events = (_drawn(rng, phi, n) for n in (records, N))
    profile = build_profile("dependence", "1", reference).profile
    fits = calibrate(profile.layout, profile.totals, profile.slices, reference)
    calibrated = replace(profile, calibration=fits.to_document(profile.slices))
    found: Counter[tuple[str, bool]] = Counter()
    for kind, against in ((False, replace(profile, calibration=None)), (True, calibrated)):
        for result in evaluate(_window(against, events), MODEL, ()).results:
            if result.metric in TESTS and result.p_value is not None and result.p_value <= LEVEL:
                found[result.metric, kind] += 1
    return found


def _window(profile: Profile, events: Reference) -> ClosedWindow:
    totals = count(profile.layout, events, ("all",))
    return ClosedWindow(
        "dependence", "1", "1h", 0, 3_600_000, profile.slices, totals, profile.layout, profile
    )


def _drawn(rng: np.random.Generator, phi: float, n: int) -> Reference:
    # The window comes long after the reference, so it is drawn apart.
    columns = [autoregression(rng, phi, n) for _ in FEATURES]
    counters = np.zeros((n, len(COUNTERS)), np.int64)
    counters[:, COUNTERS.index("events")] = 1
    return Reference(FEATURES, np.column_stack(columns), (), (), counters)


def autoregression(rng: np.random.Generator, phi: float, n: int) -> Floats:
    """float64[n]: a stationary first-order autoregression with variance 1."""
    noise = rng.standard_normal(n + WARM_UP) * np.sqrt(1 - phi**2)
    values: Floats = lfilter([1.0], [1.0, -phi], noise)[WARM_UP:]
    return values
