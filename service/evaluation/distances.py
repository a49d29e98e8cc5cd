"""Distances of every field's groups from the same slice of the reference."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from detectors.chi2 import chi2
from detectors.groups import group_counts
from detectors.hellinger import hellinger, hellinger_of_psi
from detectors.js import js, js_of_psi
from detectors.linf import linf
from detectors.psi import Psi, enough_for_psi, psi
from service.evaluation.block import Block, Counts, Floats, block, data_of, only, too_few
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
    test = psi(reference, window)
    rows = np.array([_row(metric, reference, window, test) for metric in metrics])
    name = frame.layout.judged[field].name
    return block(
        [(name, metric) for metric in metrics],
        only(enough, rows[:, 0]),
        data_of(enough),
        n,
        frame.reference_n(m),
        p_value=only(enough, rows[:, 1]),
        null_bound=only(enough, rows[:, 2]),
    )


def _row(metric: str, reference: Counts, window: Counts, test: Psi) -> tuple[Floats, Floats, Floats]:
    """Value, p-value and null bound on each slice."""
    if metric == "js":
        return js(reference, window), test.p_value, js_of_psi(test.null_bound)
    if metric == "hellinger":
        return hellinger(reference, window), test.p_value, hellinger_of_psi(test.null_bound)
    if metric == "linf":
        most = linf(reference, window)
        return most.value, most.p_value, np.full_like(most.value, np.nan)
    if metric == "chi2":
        tested = chi2(reference, window)
        return tested.value, tested.p_value, tested.null_bound
    return test.value, test.p_value, test.null_bound
