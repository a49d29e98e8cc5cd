"""Pictures of tests of means, spreads and rates."""

from __future__ import annotations

import numpy as np

from bench.plots.distances import SHARE, SHIFTS
from bench.plots.svg import Axis, Chart
from bench.plots.windows import ALPHA, REFERENCE, WINDOWS, normal_shares, power
from detectors.rates import two_proportions

METRICS = ("mean_shift", "std_shift", "ks", "psi")


def mean_shift_picture() -> str:
    rng = np.random.default_rng(11)
    found = [power(rng, normal_shares(mean=s), 5_000) for s in SHIFTS]
    chart = Chart(
        "A mean moves: windows of 5,000 found at p ≤ 0.001", Axis("shift, sd", (0, 0.1, 0.2, 0.3)), SHARE
    )
    for name in METRICS:
        chart.line(name, SHIFTS, [line[name] for line in found])
    return chart.drawn()


def std_shift_picture() -> str:
    rng = np.random.default_rng(12)
    factors = np.linspace(1.0, 1.2, 17)
    found = [power(rng, normal_shares(spread=s), 5_000) for s in factors]
    chart = Chart(
        "A spread widens: windows of 5,000 found at p ≤ 0.001",
        Axis("factor of the standard deviation", (1, 1.05, 1.1, 1.15, 1.2)),
        SHARE,
    )
    for name in METRICS:
        chart.line(name, factors, [line[name] for line in found])
    return chart.drawn()


def rates_picture() -> str:
    rng = np.random.default_rng(13)
    rates = np.linspace(0.02, 0.05, 16)
    before = rng.binomial(REFERENCE, 0.02, WINDOWS)
    chart = Chart(
        "missing_ratio: 2 % in the reference, windows found at p ≤ 0.001",
        Axis("missing in the window", (0.02, 0.03, 0.04, 0.05), labels=("2 %", "3 %", "4 %", "5 %")),
        SHARE,
    )
    for n in (500, 2_000, 5_000):
        now = [rng.binomial(n, rate, WINDOWS) for rate in rates]
        p = [two_proportions(k, np.full(WINDOWS, n), before, np.full(WINDOWS, REFERENCE)) for k in now]
        chart.line(f"{n:,} records", rates, [float((one <= ALPHA).mean()) for one in p])
    return chart.drawn()
