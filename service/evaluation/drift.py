"""Drift of every numeric field on every slice: Kolmogorov-Smirnov, shifts, means."""

from __future__ import annotations

import numpy as np

from detectors.calibration import calibrated_deviate, calibrated_ks
from detectors.ks import ks
from detectors.shift import in_units, mean_shift, std_shift
from service.evaluation.block import UNDEFINED, Block, block, data_of, only, too_few
from service.evaluation.fits import fits
from service.evaluation.frame import Frame, reference_fields

SAMPLES_MIN = 30
"""Fewer values than this, on either side, say nothing about a mean, a rate or a distribution."""

SPREAD_SAMPLES_MIN = 100
"""Likewise about a standard deviation, whose own sampling error is that of fourth moments."""


def drift_blocks(frame: Frame) -> list[Block]:
    """``ks``, ``mean_shift``, ``std_shift``, ``mean`` and ``std`` of numeric fields.

    Without a reference the same rows come, but say nothing.
    """
    numeric = range(len(frame.layout.numeric))
    if frame.profile is None:
        return [_unknown(frame, i) for i in numeric]
    return [*(_ks(frame, i) for i in numeric), *(_moments(frame) if numeric else ())]


_MOMENTS = ("mean_shift", "std_shift", "mean", "std")


def _unknown(frame: Frame, field: int) -> Block:
    name = frame.layout.judged[field].name
    n = frame.values(field)[1].sum(axis=-1)
    keys = [(name, metric) for metric in ("ks", *_MOMENTS)]
    return too_few(keys, np.broadcast_to(n, (len(keys), len(n))))


def _ks(frame: Frame, field: int) -> Block:
    reference, window = frame.values(field)
    m, n = reference.sum(axis=-1), window.sum(axis=-1)
    result = ks(reference, window)
    enough = np.minimum(m, n) >= SAMPLES_MIN
    key = (frame.layout.judged[field].name, "ks")
    p_value = calibrated_ks(result.lower, n, m, result.p_value, fits(frame, (key,)))[0]
    return block(
        [key],
        only(enough, result.lower),
        data_of(enough),
        n,
        frame.reference_n(m),
        p_value=only(enough, p_value),
        lower=only(enough, result.lower),
        upper=only(enough, result.upper),
    )


def _moments(frame: Frame) -> list[Block]:
    fields = frame.layout.numeric
    names = [field.name for field in fields]
    reference, window = frame.samples()
    assert frame.profile is not None, "only a reference can be drifted from"
    known = reference_fields(frame.profile)[: len(fields)]
    kurtosis = np.array([part.kurtosis[frame.at] for part in known])
    n, m = window.n.astype(np.int64), reference.n.astype(np.int64)
    blocks = []
    for metric, shift, least in (
        ("mean_shift", mean_shift(reference, window), SAMPLES_MIN),
        ("std_shift", std_shift(reference, window, kurtosis), SPREAD_SAMPLES_MIN),
    ):
        enough = np.minimum(n, m) >= least
        data = np.where(enough & reference.constant, UNDEFINED, data_of(enough))
        keys = [(name, metric) for name in names]
        value = only(enough, shift.value)
        p_value = only(enough, calibrated_deviate(shift.p_value, fits(frame, keys)))
        blocks.append(block(keys, value, data, n, frame.reference_n(m), p_value=p_value))
    centre, scale = (np.array([[getattr(field, part)] for field in fields]) for part in ("centre", "scale"))
    for metric, value in zip(("mean", "std"), in_units(window, centre, scale), strict=True):
        keys = [(name, metric) for name in names]
        blocks.append(block(keys, value, data_of(n >= SAMPLES_MIN), n, frame.reference_n(m)))
    return blocks
