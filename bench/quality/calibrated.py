"""PSI, KS and the shift of the mean, calibrated for dependence on the reference's own windows.

These are the detectors alone: the service does not calibrate yet. Effects, level and adjustment are those of
the service's column; the tests are its ``psi``, ``ks`` and ``mean_shift``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bench.quality.columns import THRESHOLDS, Alarm
from bench.quality.scenarios import LEVEL
from bench.quality.traffic import totals_of
from detectors.building import Reference
from detectors.calibration import (
    Calibration,
    calibrate,
    calibrated_p,
    held_out,
    ks_statistic,
    mean_statistic,
    psi_statistic,
)
from detectors.groups import field_groups, group_counts
from detectors.ks import ks
from detectors.layout import Rows
from detectors.multiplicity import benjamini_hochberg
from detectors.profile import Profile
from detectors.psi import enough_for_psi, psi
from detectors.shift import Sample, sample

WINDOWS = 20
"""The reference is cut into so many."""

Floats = NDArray[np.float64]


class Measured(NamedTuple):
    """One metric of one feature on S slices; ``p`` is that of independent records, ``freedom`` that of T."""

    metric: str
    feature: str
    value: Floats
    statistic: Floats
    p: Floats
    freedom: Floats


@dataclass(frozen=True)
class Calibrated:
    """A reference with how its own windows vary."""

    profile: Profile
    fits: tuple[Calibration, ...]

    @classmethod
    def of(cls, profile: Profile, records: Reference) -> Calibrated:
        """Count the reference's windows and fit every test."""
        size = len(records.counters) // WINDOWS
        windows = np.array([totals_of(profile, _part(records, k * size, size)) for k in range(WINDOWS)])
        parts = measure(profile, held_out(windows), windows)
        fits = (calibrate(m.statistic, m.freedom, shape=m.metric != "mean_shift") for m in parts)
        return cls(profile, tuple(fits))

    def alarms(self, totals: Rows) -> set[Alarm]:
        """Feature and slice of every test that stands out."""
        parts = measure(self.profile, self.profile.totals, totals)
        p = np.array([calibrated_p(m.statistic, m.p, fit) for m, fit in zip(parts, self.fits, strict=True)])
        beyond = np.array([np.abs(m.value) >= THRESHOLDS[m.metric] for m in parts])
        found = (benjamini_hochberg(p) <= LEVEL) & beyond
        return {(parts[i].feature, self.profile.slices[j]) for i, j in np.argwhere(found).tolist()}


def measure(profile: Profile, reference: Rows, window: Rows) -> list[Measured]:
    """Every test of windows, int64[..., S, row size], against a reference for each or for all of them."""
    layout = profile.layout
    reference = np.broadcast_to(reference, window.shape)
    found = []
    for i, field in enumerate(layout.fields):
        r, w = layout.values(reference, i), layout.values(window, i)
        m, n = r.sum(axis=-1), w.sum(axis=-1)
        groups = np.broadcast_to(field_groups(field, layout.values(profile.totals, i)), w.shape)
        sizes = groups.max(axis=-1) + 1
        shares = psi(group_counts(r, groups), group_counts(w, groups))
        T = np.where(enough_for_psi(m, n, sizes), psi_statistic(shares.value, n, m), np.nan)
        found.append(Measured("psi", field.name, shares.value, T, shares.p_value, _one(sizes - 1.0)))
        if i >= len(layout.numeric):
            continue
        distance = ks(r, w)
        T, freedom = ks_statistic(distance.lower, n, m)
        found.append(
            Measured("ks", field.name, distance.lower, T, distance.p_value, np.full(n.shape[-1], freedom))
        )
        before, now = (_moments(layout.moments(rows, i), c) for rows, c in ((reference, m), (window, n)))
        T = mean_statistic(before, now)
        value = (now.mean - before.mean) / np.sqrt(before.variance)
        found.append(Measured("mean_shift", field.name, value, T, special.chdtrc(1, T), np.ones(n.shape[-1])))
    return found


def _one(freedom: Floats) -> Floats:
    """Degrees of freedom by slice; they are those of the profile, the same for every window."""
    first: Floats = freedom.reshape(-1, freedom.shape[-1])[0]
    return first


def _moments(sums: tuple[Rows, Rows], n: Rows) -> Sample:
    return sample(n, *sums)


def _part(records: Reference, start: int, size: int) -> Reference:
    rows = slice(start, start + size)
    return Reference(
        records.numeric_names,
        records.numeric[rows],
        records.categorical_names,
        [column[rows] for column in records.categorical],
        records.counters[rows],
        {
            name: inside[(inside >= start) & (inside < start + size)] - start
            for name, inside in records.slices.items()
        },
    )
