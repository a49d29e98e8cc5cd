"""``wasserstein`` of every numeric field on every slice, in standard deviations of the reference."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from detectors.calibration import charged
from detectors.fields import GRID_STEPS
from detectors.profile import Profile
from detectors.wasserstein import Binned, Null, null, p_value, wasserstein
from service.evaluation.block import UNDEFINED, Block, block, data_of, only, too_few
from service.evaluation.drift import SAMPLES_MIN
from service.evaluation.fits import fits
from service.evaluation.frame import Frame
from service.evaluation.kept import once_a_profile

METRIC = "wasserstein"


def wasserstein_blocks(frame: Frame, asked: AbstractSet[str]) -> list[Block]:
    """``wasserstein``, when a monitor asks for it.

    Without a reference, or under one that was built without sums by bin, the same rows come, but say nothing.
    """
    if METRIC not in asked:
        return []
    measure = _measured if frame.profile is not None and frame.layout.bin_sums else _unknown
    return [measure(frame, field) for field in range(len(frame.layout.numeric))]


def _unknown(frame: Frame, field: int) -> Block:
    n = frame.values(field)[1].sum(axis=-1)
    return too_few([(frame.layout.numeric[field].name, METRIC)], n[None])


def _measured(frame: Frame, field: int) -> Block:
    assert frame.profile is not None, "only a reference can be drifted from"
    layout, what = frame.layout, frame.layout.numeric[field]
    counts = frame.values(field)
    reference = Binned(counts[0], layout.cell_sums(frame.reference, field))
    window = Binned(counts[1], layout.cell_sums(frame.totals, field))
    m, n = (side.sum(axis=-1) for side in counts)
    before, _ = frame.samples()
    spread = np.sqrt(before.variance[field]) / GRID_STEPS
    found = wasserstein(what, reference, window)
    plenty = np.minimum(m, n) >= SAMPLES_MIN
    enough = plenty & ~before.constant[field]
    data = np.where(plenty & ~enough, UNDEFINED, data_of(plenty))
    with np.errstate(divide="ignore", invalid="ignore"):
        value, lower, upper = (bound / spread for bound in (found.value, found.lower, found.upper))
    # Windows of n dependent records say as much as n/a independent ones. What is compared are the cumulative
    # shares of the Kolmogorov-Smirnov test, but far out the distance is that of means: the larger a holds.
    fit = fits(frame, ((what.name, "ks"), (what.name, "mean_shift")))
    expected = Null(*(part[frame.at] for part in _nulls(frame.profile)[field]))
    alone = p_value(found.least, n, m, expected)
    distance = found.least / np.sqrt(fit.scale.max(axis=0))
    dependent = charged(p_value(distance, n, m, expected), fit.windows.min(axis=0))
    return block(
        [(what.name, METRIC)],
        only(enough, value),
        data,
        n,
        frame.reference_n(m),
        p_value=only(enough, np.maximum(alone, dependent)),
        lower=only(enough, lower),
        upper=only(enough, upper),
    )


@once_a_profile
def _nulls(profile: Profile) -> tuple[Null, ...]:
    """What the distance of each numeric field is without drift, float64[R]; computed once a profile."""
    layout, totals = profile.layout, profile.totals
    return tuple(
        null(what, Binned(layout.values(totals, i), layout.cell_sums(totals, i)))
        for i, what in enumerate(layout.numeric)
    )
