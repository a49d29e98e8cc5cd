"""Distances of every field's groups from the same slice of the reference."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from detectors.calibration import Fit, calibrated_deviate, calibrated_shares, psi_statistic, shares_bound
from detectors.chi2 import chi2
from detectors.groups import group_counts
from detectors.hellinger import hellinger, hellinger_of_psi
from detectors.js import js, js_of_psi
from detectors.linf import linf
from detectors.psi import NULL_LEVEL, Psi, enough_for_psi, psi
from service.evaluation.block import Block, Counts, Floats, block, data_of, only, too_few
from service.evaluation.fits import each, fits
from service.evaluation.frame import Frame, reference_fields

ON_REQUEST = ("js", "hellinger", "linf", "chi2")
"""Computed when a monitor asks for them, for they see what ``psi`` sees: more of them would cost time, and be
more tests to answer for."""


def distance_blocks(frame: Frame, asked: AbstractSet[str]) -> list[Block]:
    """``psi`` of every field, and those of :data:`ON_REQUEST` that are asked for.

    Without a reference the same rows come, but say nothing.
    """
    metrics = ("psi", *(metric for metric in ON_REQUEST if metric in asked))
    measure = _unknown if frame.profile is None else _measured
    return [measure(frame, field, metrics) for field in range(len(frame.layout.judged))]


def _unknown(frame: Frame, field: int, metrics: tuple[str, ...]) -> Block:
    name = frame.layout.judged[field].name
    n = frame.values(field)[1].sum(axis=-1)
    return too_few([(name, metric) for metric in metrics], np.broadcast_to(n, (len(metrics), len(n))))


def _measured(frame: Frame, field: int, metrics: tuple[str, ...]) -> Block:
    assert frame.profile is not None, "only a reference can be drifted from"
    known = reference_fields(frame.profile)[field]
    reference = frame.grouped(field)
    values = frame.values(field)[1]
    window = group_counts(values, known.groups[frame.at], reference.shape[-1])
    m, n = reference.sum(axis=-1), values.sum(axis=-1)
    enough = (m > 0) & enough_for_psi(m, n, known.sizes[frame.at])
    name = frame.layout.judged[field].name
    of_psi, of_linf = each(fits(frame, ((name, "psi"), (name, "linf"))))
    test = _calibrated(psi(reference, window), n, m, of_psi)
    rows = np.array([_row(metric, reference, window, test, of_psi, of_linf) for metric in metrics])
    return block(
        [(name, metric) for metric in metrics],
        only(enough, rows[:, 0]),
        data_of(enough),
        n,
        frame.reference_n(m),
        p_value=only(enough, rows[:, 1]),
        null_bound=only(enough, rows[:, 2]),
    )


def _calibrated(test: Psi, n: Counts, m: Counts, fit: Fit) -> Psi:
    """The test as it is under the dependence of the reference."""
    spread = 1 / np.maximum(n, 1) + 1 / np.maximum(m, 1)
    p_value = calibrated_shares(psi_statistic(test.value, n, m), test.p_value, fit)
    return Psi(test.value, p_value, spread * shares_bound(test.null_bound / spread, NULL_LEVEL, fit))


def _row(
    metric: str, reference: Counts, window: Counts, test: Psi, of_psi: Fit, of_linf: Fit
) -> tuple[Floats, Floats, Floats]:
    """Value, p-value and null bound on each slice."""
    if metric == "js":
        return js(reference, window), test.p_value, js_of_psi(test.null_bound)
    if metric == "hellinger":
        return hellinger(reference, window), test.p_value, hellinger_of_psi(test.null_bound)
    if metric == "linf":
        most = linf(reference, window)
        alone = calibrated_deviate(most.p_value / most.factor, of_linf)
        p_value = np.minimum(alone * most.factor, 1.0)
        return most.value, p_value, np.full_like(most.value, np.nan)
    if metric == "chi2":
        tested = chi2(reference, window)
        p_value = calibrated_shares(tested.statistic, tested.p_value, of_psi)
        spread = 1 / np.maximum(window.sum(axis=-1), 1) + 1 / np.maximum(reference.sum(axis=-1), 1)
        bound = shares_bound(tested.null_bound**2 / spread, NULL_LEVEL, of_psi)
        return tested.value, p_value, np.sqrt(spread * bound)
    return test.value, test.p_value, test.null_bound
