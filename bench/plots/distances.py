"""Pictures of the distances between distributions."""

from __future__ import annotations

import numpy as np
from scipy import stats

from bench.plots.svg import Axis, Chart
from bench.plots.windows import ALPHA, EDGES, REFERENCE, Floats, counted, normal_shares, power
from detectors.chi2 import chi2, pearson
from detectors.fields import GRID_STEPS, NumericField
from detectors.groups import category_groups, decile_groups, group_counts
from detectors.hellinger import hellinger
from detectors.js import js
from detectors.linf import linf
from detectors.psi import psi
from detectors.wasserstein import Binned, wasserstein

SHARE = Axis(
    "windows that stand out", (0.0, 0.25, 0.5, 0.75, 1.0), labels=("0", "25 %", "50 %", "75 %", "100 %")
)
SHIFTS = np.linspace(0.0, 0.3, 16)


def psi_picture() -> str:
    rng = np.random.default_rng(1)
    chart = Chart(
        "psi: windows found at p ≤ 0.001, by their size",
        Axis("shift of a normal mean, sd", (0, 0.1, 0.2, 0.3)),
        SHARE,
    )
    for n in (1_000, 5_000, 20_000):
        chart.line(f"{n:,} values", SHIFTS, [power(rng, normal_shares(s), n)["psi"] for s in SHIFTS])
    return chart.drawn()


def ks_picture() -> str:
    chart = Chart(
        "ks: the largest distance of two distribution functions",
        Axis("value, sd", (-3, -2, -1, 0, 1, 2, 3)),
        Axis("share below", (0, 0.25, 0.5, 0.75, 1)),
    )
    x = np.linspace(-3, 3, 121)
    F, G = stats.norm.cdf(x), stats.norm.cdf(x - 0.5)
    chart.line("reference", x, F)
    chart.line("window, + 0.5 sd", x, G)
    chart.line("difference", x, F - G)
    chart.mark_x(float(x[np.argmax(F - G)]), f"D = {(F - G).max():.2f}")
    return chart.drawn()


def js_picture() -> str:
    """One reference against windows that move ever further away."""
    rng = np.random.default_rng(2)
    shifts = np.linspace(0, 6, 25)
    reference = counted(rng, normal_shares(), REFERENCE, 1)
    groups = decile_groups(reference)
    before = group_counts(reference, groups)
    now = [group_counts(counted(rng, normal_shares(s), 5_000, 1), groups) for s in shifts]
    chart = Chart(
        "js ends at 1 where psi goes on growing",
        Axis("shift of a normal mean, sd", range(7)),
        Axis("value", (0, 2.5, 5, 7.5, 10)),
    )
    chart.line("psi", shifts, [float(psi(before, w).value[0]) for w in now])
    chart.line("js", shifts, [float(js(before, w)[0]) for w in now])
    chart.line("hellinger", shifts, [float(hellinger(before, w)[0]) for w in now])
    return chart.drawn()


def hellinger_picture() -> str:
    """A category of 5 % that goes away."""
    left = np.array([0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0])
    counts = [np.array([round(1e6 * share), 1_000_000 - round(1e6 * share)]) for share in left]
    before = counts[0]
    chart = Chart(
        "A category of 5 % vanishes: psi by its logarithm, hellinger by its share",
        Axis(
            "what is left of it",
            range(10),
            labels=["5 %", "3", "2", "1", "0.5", "0.2", "0.1", "0.05", "0.02", "0"],
        ),
        Axis("value", (0, 0.25, 0.5, 0.75)),
    )
    chart.line("psi", range(10), [float(psi(before, w).value) for w in counts])
    chart.line("hellinger", range(10), [float(hellinger(before, w)) for w in counts])
    return chart.drawn()


def linf_picture() -> str:
    """One category of many grows by one point."""
    rng = np.random.default_rng(3)
    sizes = (4, 8, 16, 32, 64)
    found: dict[str, list[float]] = {"linf": [], "psi": [], "chi2": []}
    for size in sizes:
        shares = np.append(np.full(size, 1 / size), 0.0)
        moved = shares.copy()
        moved[0] += 0.01
        moved[1:-1] -= 0.01 / (size - 1)
        before, now = counted(rng, shares, REFERENCE), counted(rng, moved, 5_000)
        groups = category_groups(before)
        before, now = group_counts(before, groups), group_counts(now, groups)
        for name, p in (
            ("linf", linf(before, now).p_value),
            ("psi", psi(before, now).p_value),
            ("chi2", chi2(before, now).p_value),
        ):
            found[name].append(float((p <= ALPHA).mean()))
    chart = Chart(
        "One category gains a point: windows of 5,000 found at p ≤ 0.001",
        Axis("categories, equally frequent", sizes, log=True),
        SHARE,
    )
    for name, shares_found in found.items():
        chart.line(name, sizes, shares_found)
    return chart.drawn()


def chi2_picture() -> str:
    """The same small drift in ever larger windows."""
    rng = np.random.default_rng(4)
    sizes = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
    before = counted(rng, np.array([0.4, 0.3, 0.2, 0.1]), REFERENCE)
    statistic, effect = [], []
    for n in sizes:
        now = counted(rng, np.array([0.43, 0.3, 0.18, 0.09]), n)
        statistic.append(float(pearson(before, now).statistic.mean()))
        effect.append(float(chi2(before, now).value.mean()))
    chart = Chart(
        "chi2: the statistic grows with the window, its effect size w does not",
        Axis("values in the window", (500, 1_000, 5_000, 20_000, 50_000), log=True),
        Axis("value", (0.01, 0.1, 1, 10, 100), log=True),
    )
    chart.line("X²", sizes, statistic)
    chart.line("w", sizes, effect)
    return chart.drawn()


def wasserstein_picture() -> str:
    """A hundredth of the values, already beyond the last edge, moves further out."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=REFERENCE), rng.normal(size=5_000)
    field = NumericField("x", EDGES, 0.0, 1.0)
    before = _binned(x)
    away = np.linspace(2.5, 20, 15)
    groups = decile_groups(before.counts[None])
    distances, indices = [], []
    for place in away:
        now = _binned(np.concatenate([y[50:], np.full(50, place)]))
        distances.append(float(wasserstein(field, before, now).value))
        indices.append(
            float(
                psi(group_counts(before.counts[None], groups), group_counts(now.counts[None], groups)).value[
                    0
                ]
            )
        )
    chart = Chart(
        "One value in a hundred moves out: wasserstein follows, psi does not",
        Axis("where they are, sd", (2.5, 5, 10, 15, 20)),
        Axis("value", (0, 0.05, 0.1, 0.15, 0.2)),
    )
    chart.line("wasserstein", away, distances)
    chart.line("psi", away, indices)
    return chart.drawn()


def _binned(values: Floats) -> Binned:
    cells = np.searchsorted(EDGES, values, side="left")
    q = np.rint(values * GRID_STEPS).astype(np.int64)
    sums = np.bincount(cells, weights=q, minlength=len(EDGES) + 1)
    return Binned(np.bincount(cells, minlength=len(EDGES) + 1), np.rint(sums).astype(np.int64))


def small_samples_picture() -> str:
    """What a fixed threshold means at each sample size, when nothing drifts."""
    rng = np.random.default_rng(6)
    sizes = (50, 100, 200, 500, 1_000, 2_000, 5_000)
    before = counted(rng, np.full(10, 0.1), REFERENCE, 2_000)
    found = [psi(before, counted(rng, np.full(10, 0.1), n, 2_000)) for n in sizes]
    chart = Chart(
        "No drift at all: how often PSI passes a fixed threshold",
        Axis("values in the window", (50, 100, 200, 500, 1_000, 5_000), log=True),
        SHARE,
    )
    for threshold in (0.1, 0.2):
        chart.line(f"PSI ≥ {threshold:g}", sizes, [float((f.value >= threshold).mean()) for f in found])
    chart.line("its test at 1 %", sizes, [float((f.p_value <= 0.01).mean()) for f in found])
    return chart.drawn()
