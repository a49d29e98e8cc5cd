"""How often single tests at 1 % alarm on dependent records without drift, as they are and calibrated.

One window of 2,000 against one reference, both fresh for every trial, so that counts are binomial.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.signal import lfilter

from bench.quality.intervals import Share
from bench.quality.scenarios import LEVEL
from detectors.calibration import (
    calibrate,
    calibrated_p,
    held_out,
    ks_statistic,
    mean_statistic,
    psi_statistic,
)
from detectors.ks import ks
from detectors.psi import psi
from detectors.shift import Sample

N = 2_000
CELLS = 100
GROUPS = 10
WARM_UP = 300
PHIS = (0.0, 0.5, 0.8, 0.95)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rate:
    """Alarms of one test at 1 %."""

    phi: float
    windows: int
    test: str
    plain: Share
    calibrated: Share


def rates(seed: int, trials: int, windows: int) -> Iterator[Rate]:
    """Every test at every φ, with a reference of so many windows."""
    for phi in PHIS:
        rng = np.random.default_rng([seed, 2, round(1000 * phi), windows])
        p = np.array([_trial(rng, phi, windows) for _ in range(trials)])
        alarms = (p <= LEVEL).sum(axis=0).tolist()
        for test, (plain, calibrated) in zip(("psi", "ks", "mean_shift"), alarms, strict=True):
            yield Rate(phi, windows, test, Share.of(plain, trials), Share.of(calibrated, trials))


def _trial(rng: np.random.Generator, phi: float, K: int) -> list[tuple[float, float]]:
    """P-values of ``psi``, ``ks`` and ``mean_shift``, each as it is and calibrated."""
    # The window comes long after the reference, so it is drawn apart.
    reference, window = autoregression(rng, phi, K * N).reshape(K, N), autoregression(rng, phi, N)[None]
    edges = np.quantile(reference, np.arange(1, CELLS) / CELLS)
    r, w = _cells(reference, edges), _cells(window, edges)
    n, m = np.array(N), np.array(K * N)
    grouped, live = r.reshape(K, GROUPS, -1).sum(-1), w.reshape(1, GROUPS, -1).sum(-1)
    fit = calibrate(psi_statistic(psi(held_out(grouped), grouped).value, n, m - n), GROUPS - 1.0)
    shares = psi(grouped.sum(axis=0), live[0])
    found = [(shares.p_value, calibrated_p(psi_statistic(shares.value, n, m), shares.p_value, fit))]
    fit = calibrate(*ks_statistic(ks(held_out(r), r).lower, n, m - n))
    distance = ks(r.sum(axis=0), w[0])
    found.append(
        (distance.p_value, calibrated_p(ks_statistic(distance.lower, n, m)[0], distance.p_value, fit))
    )
    fit = calibrate(mean_statistic(_rest(reference), _moments(reference)), 1.0, shape=False)
    T = mean_statistic(_moments(reference.ravel()), _moments(window[0]))
    found.append((special.chdtrc(1, T), calibrated_p(T, special.chdtrc(1, T), fit)))
    return [(float(plain), float(calibrated)) for plain, calibrated in found]


def autoregression(rng: np.random.Generator, phi: float, n: int) -> Floats:
    """float64[n]: a stationary first-order autoregression with variance 1."""
    noise = rng.standard_normal(n + WARM_UP) * np.sqrt(1 - phi**2)
    values: Floats = lfilter([1.0], [1.0, -phi], noise)[WARM_UP:]
    return values


def _cells(windows: Floats, edges: Floats) -> NDArray[np.int64]:
    return np.array([np.bincount(np.searchsorted(edges, x), minlength=CELLS) for x in windows])


def _moments(x: Floats) -> Sample:
    # In steps of the grid, as the service keeps them.
    return Sample(np.full(x.shape[:-1], float(x.shape[-1])), 1e3 * x.mean(-1), 1e6 * x.var(-1, ddof=1))


def _rest(windows: Floats) -> Sample:
    K = len(windows)
    return Sample(
        np.full(K, float((K - 1) * N)),
        1e3 * (windows.sum() - windows.sum(axis=1)) / ((K - 1) * N),
        np.full(K, 1e6 * windows.var(ddof=1)),
    )
