"""How long online detectors run to a false alarm, and how soon they see a step, on standardised series."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np

from bench.quality.dependence import Floats, autoregression
from bench.quality.intervals import Between
from detectors.online.adwin import Adwin
from detectors.online.cusum import Cusum
from detectors.online.detector import Detector
from detectors.online.kswin import Kswin
from detectors.online.page_hinkley import PageHinkley, PageHinkleyConfig
from detectors.online.scale import Scale

PHIS = (0.0, 0.5, 0.8)
STEPS = (0.5, 1.0, 2.0)
BEFORE, AFTER = 200, 600
LEARNT = 2_000
"""Values from which a scale and its dependence are learnt."""

DETECTORS: dict[str, tuple[Callable[[], Detector], bool, int]] = {
    "CUSUM": (Cusum, False, 400_000),
    "CUSUM, whitened": (Cusum, True, 400_000),
    "ADWIN": (Adwin, False, 400_000),
    "Page-Hinkley": (PageHinkley, False, 400_000),
    "Page-Hinkley, river's settings": (
        lambda: PageHinkley(PageHinkleyConfig(delta=0.005, threshold=50.0)), False, 100_000,
    ),
    "KSWIN": (Kswin, False, 30_000),
}  # fmt: skip
"""How each is made, whether its series is whitened, and how long it runs."""


@dataclass(frozen=True)
class RunLength:
    """One detector: between false alarms by φ; by step the median delay and the share missed within 600."""

    detector: str
    between: dict[str, Between]
    delay: dict[str, float | None]
    missed: dict[str, float]


def run_lengths(seed: int, share: float, trials: int) -> Iterator[RunLength]:
    """Every detector; ``share`` of the full length, and so many trials a step."""
    for number, (name, (make, whiten, length)) in enumerate(DETECTORS.items()):
        rng = np.random.default_rng([seed, 3, number])
        between = {}
        for phi in PHIS:
            series = _series(rng, phi, int(length * share), whiten=whiten)
            detector = make()
            between[f"{phi}"] = Between.of(sum(detector.update(z) is not None for z in series), len(series))
        delays = {f"{step}": [_delay(rng, make(), step) for _ in range(trials)] for step in STEPS}
        yield RunLength(
            name,
            between,
            {step: median(seen) if (seen := _known(d)) else None for step, d in delays.items()},
            {step: 1 - len(_known(d)) / len(d) for step, d in delays.items()},
        )


def _known(delays: list[int | None]) -> list[int]:
    return [delay for delay in delays if delay is not None]


def _delay(rng: np.random.Generator, detector: Detector, step: float) -> int | None:
    """Values after a step until the first detection; None when there is none."""
    series = rng.standard_normal(BEFORE + AFTER)
    series[BEFORE:] += step
    for place, z in enumerate(series.tolist()):
        if detector.update(z) is not None and place >= BEFORE:
            return place - BEFORE + 1
    return None


def _series(rng: np.random.Generator, phi: float, n: int, *, whiten: bool) -> list[float]:
    values = autoregression(rng, phi, n)
    if not whiten:
        plain: list[float] = values.tolist()
        return plain
    scale = Scale.of(_learnt(rng, phi), whiten=True)
    before = [float("nan"), *values[:-1].tolist()]
    return [scale.standard(x, b) for x, b in zip(values.tolist(), before, strict=True)]


def _learnt(rng: np.random.Generator, phi: float) -> Floats:
    return autoregression(rng, phi, LEARNT)
