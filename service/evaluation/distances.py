"""Distances of every field's groups from the same slice of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration import Fit, calibrated_deviate, calibrated_shares, no_lower, psi_statistic
from detectors.chi2 import chi2
from detectors.hellinger import hellinger, hellinger_of_psi
from detectors.js import js, js_of_psi
from detectors.linf import linf
from detectors.psi import Psi, enough_for_psi, psi
from service.evaluation.block import Block, Counts, Floats, block, data_of, too_few
from service.evaluation.fits import fits, quantiles
from service.evaluation.frame import Frame

ON_REQUEST = ("js", "hellinger", "linf", "chi2")
"""Computed when a monitor asks for them, for they see what ``psi`` sees: more of them would cost time, and be
more tests to answer for."""


def distance_block(frame: Frame, fields: Sequence[int], asked: AbstractSet[str]) -> Block:
    """``psi`` of some fields, and those of :data:`ON_REQUEST` that are asked for.

    Without a reference the same rows come, but say nothing.
    """
    metrics = ("psi", *(metric for metric in ON_REQUEST if metric in asked))
    own = list(fields)
    keys = [(frame.layout.judged[i].name, metric) for metric in metrics for i in own]
    n, m = (np.tile(sizes[own], (len(metrics), 1)) for sizes in (frame.n, frame.m))
    if frame.profile is None:
        return too_few(keys, n)
    sizes = frame.frozen.groups.sizes[own][:, frame.at]
    enough = (m[: len(own)] > 0) & enough_for_psi(m[: len(own)], n[: len(own)], sizes)
    parts = np.full((3, len(metrics), *enough.shape), np.nan)
    if enough.any():
        found = _measured(frame, own, enough, metrics)
        for number, metric in enumerate(metrics):
            parts[:, number][:, enough] = found[metric]
    value, p_value, null_bound = parts.reshape(3, len(keys), -1)
    data = np.tile(data_of(enough), (len(metrics), 1))
    return block(keys, value, data, n, frame.reference_n(m), p_value=p_value, null_bound=null_bound)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """P fields of slices that have enough data, as pairs of field and slice, and their calibrations."""

    n: Counts
    m: Counts
    of_psi: Fit
    quantile: Floats
    of_linf: Fit | None

    def pick(self, own: NDArray[np.int64]) -> _Pairs:
        """Some of them."""
        of_linf = None if self.of_linf is None else self.of_linf.pick(own)
        return _Pairs(self.n[own], self.m[own], self.of_psi.pick(own), self.quantile[own], of_linf)


def _measured(
    frame: Frame, own: list[int], enough: NDArray[np.bool_], metrics: tuple[str, ...]
) -> dict[str, Floats]:
    """Value, p-value and null bound, float64[3, P], of every pair that has enough data."""
    some = np.flatnonzero(enough.any(axis=0))
    frame, enough = frame.only(some), enough[:, some]
    field, row = np.nonzero(enough)
    groups = frame.frozen.groups
    width, start = np.array(groups.widths)[own][field], groups.starts()[own][field]
    names = [frame.layout.judged[i].name for i in own]
    keys = [(name, "psi") for name in names]
    pairs = _Pairs(
        frame.n[own][enough],
        frame.m[own][enough],
        fits(frame, keys).pick(enough),
        quantiles(frame, keys)[enough],
        fits(frame, [(name, "linf") for name in names]).pick(enough) if "linf" in metrics else None,
    )
    # Sums of equally many terms are rounded alike, whatever stands beside them: fields go by their width.
    alike = []
    for size in np.unique(width).tolist():
        places = np.flatnonzero(width == size)
        columns = start[places, None] + np.arange(size)
        alike.append((places, *(side[row[places, None], columns] for side in frame.grouped)))
    tests = np.empty((3, len(field)))
    for places, reference, window in alike:
        tests[:, places] = psi(reference, window)
    test = _calibrated(Psi(*tests), pairs)
    found = {metric: np.empty((3, len(field))) for metric in metrics}
    for metric, rows in found.items():
        if metric == "psi":
            rows[:] = test
            continue
        for places, reference, window in alike:
            shared = Psi(*(part[places] for part in test))
            rows[:, places] = _row(metric, reference, window, shared, pairs.pick(places))
    return found


def _calibrated(test: Psi, pairs: _Pairs) -> Psi:
    """The test as it is under the dependence of the reference."""
    spread = 1 / np.maximum(pairs.n, 1) + 1 / np.maximum(pairs.m, 1)
    statistic = psi_statistic(test.value, pairs.n, pairs.m)
    p_value = calibrated_shares(statistic, test.p_value, pairs.of_psi)
    return Psi(test.value, p_value, spread * no_lower(test.null_bound / spread, pairs.quantile, pairs.of_psi))


def _row(
    metric: str, reference: Counts, window: Counts, test: Psi, pairs: _Pairs
) -> tuple[Floats, Floats, Floats]:
    """Value, p-value and null bound of each pair."""
    if metric == "js":
        return js(reference, window), test.p_value, js_of_psi(test.null_bound)
    if metric == "hellinger":
        return hellinger(reference, window), test.p_value, hellinger_of_psi(test.null_bound)
    if metric == "linf":
        assert pairs.of_linf is not None, "who asks for it has its fits"
        most = linf(reference, window)
        alone = calibrated_deviate(most.p_value / most.factor, pairs.of_linf)
        p_value = np.minimum(alone * most.factor, 1.0)
        return most.value, p_value, np.full_like(most.value, np.nan)
    tested = chi2(reference, window)
    p_value = calibrated_shares(tested.statistic, tested.p_value, pairs.of_psi)
    spread = 1 / np.maximum(pairs.n, 1) + 1 / np.maximum(pairs.m, 1)
    bound = no_lower(tested.null_bound**2 / spread, pairs.quantile, pairs.of_psi)
    return tested.value, p_value, np.sqrt(spread * bound)
