"""Drift of every field on every slice: distances from the reference, shifts, means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.groups import group_counts
from detectors.ks import ks
from detectors.psi import enough_for_psi, psi
from detectors.shift import in_units, mean_shift, std_shift
from service.evaluation.block import ENOUGH, TOO_FEW, UNDEFINED, Block, Counts, block, too_few
from service.evaluation.frame import Frame, reference_fields

SAMPLES_MIN = 30
"""Fewer values than this, on either side, say nothing about a mean, a rate or a distribution."""

SPREAD_SAMPLES_MIN = 100
"""Likewise about a standard deviation, whose own sampling error is that of fourth moments."""

Floats = NDArray[np.float64]


def drift_blocks(frame: Frame) -> list[Block]:
    """``psi`` of every field; ``ks``, ``mean_shift``, ``std_shift``, ``mean`` and ``std`` of numeric ones.

    Without a reference the same rows come, but say nothing.
    """
    numeric = len(frame.layout.numeric)
    if frame.profile is None:
        return [
            _unknown(frame, i, ("psi", "ks", *_MOMENTS) if i < numeric else ("psi",)) for i in _fields(frame)
        ]
    blocks = [_psi(frame, i) for i in _fields(frame)] + [_ks(frame, i) for i in range(numeric)]
    return blocks + _moments(frame) if numeric else blocks


_MOMENTS = ("mean_shift", "std_shift", "mean", "std")


def _fields(frame: Frame) -> range:
    return range(len(frame.layout.fields))


def _unknown(frame: Frame, field: int, metrics: tuple[str, ...]) -> Block:
    name = frame.layout.fields[field].name
    n = frame.values(field)[1].sum(axis=-1)
    return too_few([(name, metric) for metric in metrics], np.broadcast_to(n, (len(metrics), len(n))))


def _psi(frame: Frame, field: int) -> Block:
    assert frame.profile is not None, "only a reference can be drifted from"
    known = reference_fields(frame.profile)[field]
    window = frame.values(field)[1]
    reference = known.grouped[frame.at] * frame.known[:, None]
    result = psi(reference, group_counts(window, known.groups[frame.at], reference.shape[-1]))
    m, n = reference.sum(axis=-1), window.sum(axis=-1)
    enough = (m > 0) & enough_for_psi(m, n, known.sizes[frame.at])
    return block(
        [(frame.layout.fields[field].name, "psi")],
        _where(enough, result.value),
        _data(enough),
        n,
        _reference_n(frame, m),
        p_value=_where(enough, result.p_value),
        null_bound=_where(enough, result.null_bound),
    )


def _ks(frame: Frame, field: int) -> Block:
    reference, window = frame.values(field)
    m, n = reference.sum(axis=-1), window.sum(axis=-1)
    result = ks(reference, window)
    enough = np.minimum(m, n) >= SAMPLES_MIN
    return block(
        [(frame.layout.fields[field].name, "ks")],
        _where(enough, result.lower),
        _data(enough),
        n,
        _reference_n(frame, m),
        p_value=_where(enough, result.p_value),
        lower=_where(enough, result.lower),
        upper=_where(enough, result.upper),
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
        data = np.where(enough & reference.constant, UNDEFINED, _data(enough))
        value, p_value = _where(enough, shift.value), _where(enough, shift.p_value)
        keys = [(name, metric) for name in names]
        blocks.append(block(keys, value, data, n, _reference_n(frame, m), p_value=p_value))
    centre, scale = (np.array([[getattr(field, part)] for field in fields]) for part in ("centre", "scale"))
    for metric, value in zip(("mean", "std"), in_units(window, centre, scale), strict=True):
        keys = [(name, metric) for name in names]
        blocks.append(block(keys, value, _data(n >= SAMPLES_MIN), n, _reference_n(frame, m)))
    return blocks


def _where(enough: NDArray[np.bool_], value: Floats) -> Floats:
    return np.where(enough, value, np.nan)


def _data(enough: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.where(enough, ENOUGH, TOO_FEW)


def _reference_n(frame: Frame, m: Counts) -> Counts:
    return np.where(frame.known, m, -1)
