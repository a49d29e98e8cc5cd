"""Drift of every numeric field on every slice: Kolmogorov-Smirnov, shifts, means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.calibration import calibrated_deviate, calibrated_ks
from detectors.ks import ks_of_shares, two_sample_p_value
from detectors.shift import Sample, Shift, in_units, mean_shift, std_shift
from service.evaluation.block import UNDEFINED, Block, Counts, Floats, block, data_of, only, too_few
from service.evaluation.fits import fits
from service.evaluation.frame import Frame
from service.evaluation.side import span_of_values

SAMPLES_MIN = 30
"""Fewer values than this, on either side, say nothing about a mean, a rate or a distribution."""

SPREAD_SAMPLES_MIN = 100
"""Likewise about a standard deviation, whose own sampling error is that of fourth moments."""

SHAPES = frozenset({"ks"})
MOMENTS = frozenset({"mean_shift", "std_shift", "mean", "std"})

_ROWS = 64
"""So many slices at a time: their shares stay in the processor's cache."""


def ks_block(frame: Frame, fields: Sequence[int]) -> Block:
    """``ks`` of some numeric fields.

    Without a reference the same rows come, but say nothing.
    """
    own = list(fields)
    keys = [(frame.layout.numeric[i].name, "ks") for i in own]
    n, m = frame.n[own], frame.m[own]
    if frame.profile is None:
        return too_few(keys, n)
    enough = np.minimum(m, n) >= SAMPLES_MIN
    lower, upper, p_value = np.full((3, *enough.shape), np.nan)
    some = np.flatnonzero(enough.any(axis=0))
    for first in range(0, len(some), _ROWS):
        rows = some[first : first + _ROWS]
        lower[:, rows], upper[:, rows] = _distances(frame, own, rows)
    lower, upper = only(enough, lower), only(enough, upper)
    D, few, many = lower[enough], n[enough], m[enough]
    alone = two_sample_p_value(D, many, few)
    p_value[enough] = calibrated_ks(D, few, many, alone, fits(frame, keys).pick(enough))
    return block(
        keys, lower, data_of(enough), n, frame.reference_n(m), p_value=p_value, lower=lower, upper=upper
    )


def _distances(frame: Frame, own: list[int], rows: Counts) -> tuple[Floats, Floats]:
    """Bounds of the distance of each field on some slices, float64[fields, rows]."""
    before, last = (span[: len(frame.layout.numeric)] for span in span_of_values(frame.layout))
    lower, upper = ks_of_shares(*frame.shares(rows), before + 1, last + 1)
    return lower.T[own], upper.T[own]


def moment_blocks(frame: Frame) -> list[Block]:
    """``mean_shift``, ``std_shift``, ``mean`` and ``std`` of all numeric fields.

    Without a reference the same rows come, but say nothing.
    """
    fields = frame.layout.numeric
    if not fields:
        return []
    if frame.profile is None:
        keys = [(field.name, metric) for metric in ("mean_shift", "std_shift", "mean", "std")
                for field in fields]  # fmt: skip
        return [too_few(keys, np.tile(frame.n[: len(fields)], (4, 1)))]
    reference, window = frame.samples()
    n, m = window.n.astype(np.int64), reference.n.astype(np.int64)
    smaller = np.minimum(n, m)
    blocks = []
    for metric, least in (("mean_shift", SAMPLES_MIN), ("std_shift", SPREAD_SAMPLES_MIN)):
        enough = smaller >= least
        data = np.where(enough & reference.constant, UNDEFINED, data_of(enough))
        keys = [(field.name, metric) for field in fields]
        value, p_value = np.full((2, *enough.shape), np.nan)
        before, now = (Sample(*(part[enough] for part in side)) for side in (reference, window))
        shift = _shift(metric, before, now, frame.kurtosis()[enough])
        value[enough] = shift.value
        p_value[enough] = calibrated_deviate(shift.p_value, fits(frame, keys).pick(enough))
        blocks.append(block(keys, value, data, n, frame.reference_n(m), p_value=p_value))
    centre, scale = (np.array([[getattr(field, part)] for field in fields]) for part in ("centre", "scale"))
    for metric, value in zip(("mean", "std"), in_units(window, centre, scale), strict=True):
        keys = [(field.name, metric) for field in fields]
        blocks.append(block(keys, value, data_of(n >= SAMPLES_MIN), n, frame.reference_n(m)))
    return blocks


def _shift(metric: str, reference: Sample, window: Sample, kurtosis: Floats) -> Shift:
    if metric == "mean_shift":
        return mean_shift(reference, window)
    return std_shift(reference, window, kurtosis)
