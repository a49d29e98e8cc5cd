"""What online detectors look at: the values of a window's newest slide, standardised by the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.online.standard import Standard, standard_mean, standard_rate, standard_spread
from service.evaluation.block import Counts, Key
from service.evaluation.drift import SAMPLES_MIN, SPREAD_SAMPLES_MIN
from service.evaluation.frame import Frame
from service.events.schema import ACTUAL, PREDICTION
from service.windows.closed import Totals

Floats = NDArray[np.float64]

TRAFFIC = "change:traffic"
"""The one series that has no reference: its unit is learned from its own first values."""


@dataclass(frozen=True, eq=False)
class Values:
    """The newest value of one feature's series on each of S slices.

    Attributes
    ----------
    z, slack
        See :class:`detectors.online.standard.Standard`; of :data:`TRAFFIC` the plain numbers, and 0.
    n, m
        int64[S]: records behind the value, and behind its reference.
    """

    key: Key
    z: Floats
    slack: Floats
    n: Counts
    m: Counts


class _Rate(NamedTuple):
    k: Counts
    n: Counts


def newest_of(frame: Frame, newest: Totals | None) -> Frame:
    """The frame with the totals of the newest slide alone; of nothing where that is not known."""
    totals = frame.layout.zeros(len(frame.slices))
    if newest is not None:
        row = {name: i for i, name in enumerate(newest.slices)}
        at = np.array([row.get(name, -1) for name in frame.slices], np.int64)
        totals[at >= 0] = newest.rows[at[at >= 0]]
    return replace(frame, present=totals)


def values_of(frame: Frame, metric: str) -> Iterator[Values]:
    """The values of a ``change:`` metric on every slice, of each feature that has them.

    Parameters
    ----------
    frame
        Of the newest slide alone.
    """
    yield from _MEASURES[metric](frame)


def _means(frame: Frame) -> Iterator[Values]:
    return _moments(frame, "change:mean", SAMPLES_MIN)


def _spreads(frame: Frame) -> Iterator[Values]:
    return _moments(frame, "change:std", SPREAD_SAMPLES_MIN)


def _moments(frame: Frame, metric: str, least: int) -> Iterator[Values]:
    reference, newest = frame.samples()
    for i, field in enumerate(frame.layout.numeric):
        before, now = (type(part)(*(array[i] for array in part)) for part in (reference, newest))
        if metric == "change:mean":
            found = standard_mean(before, now)
        elif frame.profile is None:
            found = Standard(np.full_like(now.n, np.nan), np.zeros_like(now.n))
        else:
            found = standard_spread(before, now, frame.kurtosis()[i])
        n, m = now.n.astype(np.int64), before.n.astype(np.int64)
        yield _enough(Values((field.name, metric), *found, n, m), least)


def _missing(frame: Frame) -> Iterator[Values]:
    for i, field in enumerate(frame.layout.judged):
        reference, newest = (_missing_of(frame, rows, i) for rows in (frame.reference, frame.totals))
        yield _rate((field.name, "change:missing_ratio"), reference, newest)


def _missing_of(frame: Frame, rows: Counts, field: int) -> _Rate:
    layout = frame.layout
    missing = layout.state(rows, field, "absent") + layout.state(rows, field, "null")
    others = layout.values(rows, field).sum(axis=-1) + layout.state(rows, field, "invalid")
    return _Rate(missing, missing + others)


def _positive(frame: Frame) -> Iterator[Values]:
    yield _counted(frame, (PREDICTION, "change:positive_rate"), "positive", "labelled")
    yield _counted(frame, (ACTUAL, "change:positive_rate"), "actual_positive", "actuals")


def _errors(frame: Frame) -> Iterator[Values]:
    yield _counted(frame, ("", "change:error_ratio"), "errors", "events")


def _traffic(frame: Frame) -> Iterator[Values]:
    events = frame.layout.counter(frame.totals, "events")
    nothing = np.zeros_like(events)
    yield Values(("", TRAFFIC), events.astype(np.float64), nothing.astype(np.float64), events, nothing)


def _counted(frame: Frame, key: Key, successes: str, trials: str) -> Values:
    reference, newest = (
        _Rate(frame.layout.counter(rows, successes), frame.layout.counter(rows, trials))
        for rows in (frame.reference, frame.totals)
    )
    return _rate(key, reference, newest)


def _rate(key: Key, reference: _Rate, newest: _Rate) -> Values:
    found = standard_rate(newest.k, newest.n, reference.k, reference.n)
    return _enough(Values(key, *found, newest.n, reference.n), SAMPLES_MIN)


def _enough(values: Values, least: int) -> Values:
    enough = np.minimum(values.n, values.m) >= least
    return replace(values, z=np.where(enough, values.z, np.nan))


_MEASURES: dict[str, Callable[[Frame], Iterator[Values]]] = {
    "change:mean": _means,
    "change:std": _spreads,
    "change:missing_ratio": _missing,
    "change:positive_rate": _positive,
    "change:error_ratio": _errors,
    TRAFFIC: _traffic,
}
