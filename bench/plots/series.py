"""Pictures of what runs in time: seasons, budgets, online detectors, reconstruction, dependence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.plots.distances import SHARE
from bench.plots.svg import Axis, Chart
from bench.plots.windows import REFERENCE, Floats, counted, normal_shares
from detectors.fields import GRID_STEPS
from detectors.groups import decile_groups, group_counts
from detectors.lord import Lord, decide
from detectors.lord import level as level_of
from detectors.online.adwin import Adwin
from detectors.online.cusum import Cusum
from detectors.online.detector import Detector
from detectors.online.kswin import Kswin
from detectors.online.page_hinkley import PageHinkley
from detectors.psi import psi
from detectors.reconstruction import Components
from detectors.totals.scatter import Scatter


def season_picture() -> str:
    """Five days with a daily wave of 0.3 sd; on the last one the mean is up by 0.2 from noon on."""
    rng = np.random.default_rng(14)
    hours = np.arange(24 * 5)
    wave = 0.3 * np.sin(2 * np.pi * hours / 24)
    wave[24 * 4 + 12 :] += 0.2
    live = np.concatenate([counted(rng, normal_shares(mean=m), 5_000, 1) for m in wave])
    whole = counted(rng, np.mean([normal_shares(mean=m) for m in wave[:24]], axis=0), REFERENCE, 1)
    groups = decile_groups(whole)
    same = live[: 24 * 4].reshape(4, 24, -1).sum(axis=0)
    last = live[24 * 4 :]
    each = np.broadcast_to(groups, last.shape)
    now = group_counts(last, each)
    chart = Chart(
        "A daily wave, and a drift from noon on",
        Axis("hour of the day", (0, 6, 12, 18, 23)),
        Axis("psi", (0, 0.05, 0.1, 0.15)),
    )
    chart.line(
        "reference", range(24), psi(np.broadcast_to(group_counts(whole, groups), now.shape), now).value
    )
    chart.line("same hour", range(24), psi(group_counts(same, each), now).value)
    chart.mark_x(12, "drift begins")
    return chart.drawn()


def budget_picture() -> str:
    """The level of LORD++ while nothing is found, and after discoveries in windows 100 and 110."""
    quiet, busy = Lord(0.1), Lord(0.1)
    levels: dict[str, list[float]] = {"nothing found": [], "found at 100, 110": []}
    for number in range(400):
        for name, state in (("nothing found", quiet), ("found at 100, 110", busy)):
            levels[name].append(level_of(state))
        quiet, _ = decide(quiet, 1.0)
        busy, _ = decide(busy, 0.0 if number in {100, 110} else 1.0)
    chart = Chart(
        "LORD++: the level at which each window is tested",
        Axis("window", (0, 100, 200, 300, 400)),
        Axis("level", (1e-6, 1e-5, 1e-4, 1e-3, 1e-2), log=True),
    )
    for name, line in levels.items():
        chart.line(name, range(400), line)
    return chart.drawn()


def online_picture() -> str:
    """How far each detector is on its way to a detection, on one series."""
    rng = np.random.default_rng(15)
    series = rng.standard_normal(300)
    series[200:] += 1.0
    detectors: dict[str, Detector] = {
        "CUSUM": Cusum(),
        "Page-Hinkley": PageHinkley(),
        "ADWIN": Adwin(),
        "KSWIN": Kswin(),
    }
    chart = Chart(
        "One sd up at value 200: statistic over threshold, until the first detection",
        Axis("value", (0, 50, 100, 150, 200, 250, 300)),
        Axis("statistic / threshold", (0, 0.25, 0.5, 0.75, 1)),
    )
    for name, detector in detectors.items():
        ratios: list[float] = []
        for z in series.tolist():
            found = detector.update(z)
            ratios.append(1.0 if found else detector.ratio)
            if found and len(ratios) > 200:
                break
        chart.line(name, range(len(ratios)), ratios)
    chart.mark_x(200, "change")
    return chart.drawn()


def reconstruction_picture() -> str:
    """Two features that go together, until in window 20 they no longer do; each by itself stays as it was."""
    rng = np.random.default_rng(16)
    components = Components.of(_scatter(_pairs(rng, REFERENCE, 0.9)))
    correlations = [0.9] * 20 + [0.6] * 10
    windows = [_pairs(rng, 2_000, rho) for rho in correlations]
    errors = [components.error(_scatter(window)) for window in windows]
    edges = np.quantile(_pairs(rng, REFERENCE, 0.9)[:, 0], np.arange(1, 10) / 10)
    deciles = [np.bincount(np.searchsorted(edges, w[:, 0]), minlength=10) for w in windows]
    indices = [float(psi(np.full(10, 5_000), d).value) for d in deciles]
    chart = Chart(
        "A correlation falls from 0.9 to 0.6; each feature by itself stays as it was",
        Axis("window", (0, 10, 20, 30)),
        Axis("value", (0, 0.1, 0.2, 0.3, 0.4, 0.5)),
    )
    chart.line("error", range(30), errors)
    chart.line("psi of one", range(30), indices)
    chart.mark_x(20, "change")
    return chart.drawn()


def _scatter(values: Floats) -> Scatter:
    q = np.rint(values * GRID_STEPS).astype(np.int64)
    return Scatter.of(q, np.ones(len(q), bool))


def _pairs(rng: np.random.Generator, n: int, rho: float) -> Floats:
    x, noise = rng.standard_normal(n), rng.standard_normal(n)
    return np.column_stack([x, rho * x + np.sqrt(1 - rho**2) * noise])


def dependence_picture(found: Mapping[str, Any]) -> str:
    """From the results of the quality benchmark."""
    lines = [
        line
        for line in found["dependence"]
        if line["records"] == max(r["records"] for r in found["dependence"])
    ]
    phis = list(dict.fromkeys(line["phi"] for line in lines))
    chart = Chart(
        "No drift: single tests at 1 % on dependent records", Axis("correlation of neighbours", phis), SHARE
    )
    for name, kind in (("", "plain"), (", calibrated", "calibrated")):
        for test in ("psi", "mean_shift"):
            chart.line(f"{test}{name}", phis, [r[kind]["value"] for r in lines if r["test"] == test])
    return chart.drawn()
