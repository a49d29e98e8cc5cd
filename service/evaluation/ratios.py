"""Rates of records on every slice, against the same slice of the reference; and how many records came at
all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from detectors.calibration import calibrated_deviate
from detectors.fields import NumericField
from detectors.layout import COUNTERS, Rows
from detectors.rates import ratio, two_proportions, wilson
from service.evaluation.block import ENOUGH, TOO_FEW, Block, Counts, Key, block, too_few
from service.evaluation.drift import SAMPLES_MIN
from service.evaluation.fits import fits
from service.evaluation.frame import Frame
from service.events.schema import ACTUAL, PREDICTION


class Rate(NamedTuple):
    """One rate of some slices: records that count, and all that were asked, each int64[S]."""

    key: Key
    successes: Counts
    n: Counts


class Rates(NamedTuple):
    """K rates of S slices: int64[K, S] each."""

    keys: tuple[Key, ...]
    successes: Counts
    n: Counts


RATES = frozenset(
    {"error_ratio", "positive_rate", "missing_ratio", "invalid_ratio", "unseen_ratio", "out_of_range_ratio"}
)

_OF_COUNTERS = {
    ("", "error_ratio"): ("errors", "events"),
    (PREDICTION, "positive_rate"): ("positive", "labelled"),
    (ACTUAL, "positive_rate"): ("actual_positive", "actuals"),
}


def traffic_block(frame: Frame) -> Block:
    """``traffic``: predictions seen. Any number of them is enough, none included."""
    events = frame.layout.counter(frame.totals, "events")
    value = events.astype(np.float64)
    return block([("", "traffic")], value, np.array(ENOUGH), events, np.array(-1))


def ratio_blocks(frame: Frame, *, classified: bool) -> list[Block]:
    """Rates of every field, ``error_ratio``, and ``positive_rate`` of predictions when the model classifies.

    Without a reference there are no categories to be unseen and no range to be out of: those rows say
    nothing.
    """
    window = _rates(frame, frame.totals, frame.n, classified=classified)
    reference = _rates(frame, frame.reference, frame.m, classified=classified)
    blocks = [_compare(frame, window, reference)]
    return blocks if frame.profile is not None else [*blocks, _unknown(frame)]


def rate_of(frame: Frame, rows: Rows, feature: str, metric: str) -> Rate | None:
    """One rate of rows in the frame's layout; None for metrics that are none."""
    counters = _OF_COUNTERS.get((feature, metric))
    if counters is not None:
        return _counters(frame, rows, (feature, metric), *counters)
    names = [field.name for field in frame.layout.judged]
    if feature not in names:
        return None
    rates = _field_rates(frame, rows, names.index(feature))
    return next((rate for rate in rates if rate.key == (feature, metric)), None)


def label_block(frame: Frame) -> Block:
    """``positive_rate`` of the labels that arrived."""
    key = (ACTUAL, "positive_rate")
    window, reference = (
        Rates((key,), *(counts[None] for counts in _counters(frame, rows, key, *_OF_COUNTERS[key])[1:]))
        for rows in (frame.totals, frame.reference)
    )
    return _compare(frame, window, reference)


def _rates(frame: Frame, rows: Rows, values: Counts, *, classified: bool) -> Rates:
    """All rates of S rows, of whose F fields so many values are known, int64[F, S]."""
    counted = [key for key in _OF_COUNTERS if key[0] != ACTUAL and (classified or key[0] != PREDICTION)]
    keys, of_counters, invalid, missing, ends = _places(frame, counted)
    counters = rows[:, of_counters.ravel()].T
    first = len(counted)
    invalids, missings = rows[:, invalid].T, rows[:, missing[0]].T + rows[:, missing[1]].T
    records = values + invalids + missings
    successes, n = [counters[:first], missings, invalids], [counters[first:], records, records]
    if frame.profile is not None:
        # Of a name that the reference lacks there is one cell, of numbers out of their range there are two.
        strange = np.where(ends[0] >= 0, rows[:, ends[0]], 0) + np.where(ends[1] >= 0, rows[:, ends[1]], 0)
        successes.append(strange.T)
        n.append(values)
    return Rates(keys, np.concatenate(successes), np.concatenate(n))


def _places(frame: Frame, counted: Sequence[Key]) -> tuple[tuple[Key, ...], Counts, Counts, Counts, Counts]:
    """Keys of all rates, and the columns that they are made of.

    Those of the counters are int64[2, counters], of what is invalid int64[F], of what is missing, and of what
    is strange to the reference int64[2, F], with -1 for none.
    """
    layout = frame.layout
    starts, names = layout.starts[: len(layout.judged) + 1], [field.name for field in layout.judged]
    last = starts[1:] - 3
    first = np.full(len(names), -1)
    for i, field in enumerate(layout.numeric):
        first[i] = starts[i] + 1 if len(field.edges) else -1
        last[i] = last[i] if len(field.edges) else -1
    keys = [
        *counted,
        *((name, "missing_ratio") for name in names),
        *((name, "invalid_ratio") for name in names),
    ]
    if frame.profile is not None:
        numbers = len(layout.numeric)
        keys += [
            (name, "out_of_range_ratio" if i < numbers else "unseen_ratio") for i, name in enumerate(names)
        ]
    of_counters = np.array([[COUNTERS.index(name) for name in _OF_COUNTERS[key]] for key in counted]).T
    missing = np.stack((starts[1:] - 2, starts[1:] - 1))
    return tuple(keys), of_counters, starts[:-1], missing, np.stack((first, last))


def _counters(frame: Frame, rows: Rows, key: Key, successes: str, n: str) -> Rate:
    return Rate(key, frame.layout.counter(rows, successes), frame.layout.counter(rows, n))


def _field_rates(frame: Frame, rows: Rows, i: int) -> list[Rate]:
    layout, field = frame.layout, frame.layout.judged[i]
    cells = layout.values(rows, i)
    values = cells.sum(axis=-1)
    invalid = layout.state(rows, i, "invalid")
    missing = layout.state(rows, i, "absent") + layout.state(rows, i, "null")
    records = values + invalid + missing
    rates = [
        Rate((field.name, "missing_ratio"), missing, records),
        Rate((field.name, "invalid_ratio"), invalid, records),
    ]
    if frame.profile is None:
        return rates
    if not isinstance(field, NumericField):
        return [*rates, Rate((field.name, "unseen_ratio"), cells[..., -1], values)]
    outside = cells[..., 0] + cells[..., -1] if len(field.edges) else np.zeros_like(values)
    return [*rates, Rate((field.name, "out_of_range_ratio"), outside, values)]


def _unknown(frame: Frame) -> Block:
    keys = [
        (field.name, "out_of_range_ratio" if isinstance(field, NumericField) else "unseen_ratio")
        for field in frame.layout.judged
    ]
    return too_few(keys, frame.n)


def _compare(frame: Frame, window: Rates, reference: Rates) -> Block:
    keys, k, n = window
    _, k_reference, m = reference
    value = ratio(k, n)
    lower, upper = wilson(k, n)
    enough = n >= SAMPLES_MIN
    tested = enough & (m >= SAMPLES_MIN)
    # Of predictions alone: labels come in an order of their own, which the reference does not show.
    tests = [("", metric) if feature == PREDICTION and metric == "positive_rate" else (feature, metric)
             for feature, metric in keys]  # fmt: skip
    p_value = np.full(value.shape, np.nan)
    alone = two_proportions(*(counts[tested] for counts in (k, n, k_reference, m)))
    p_value[tested] = calibrated_deviate(alone, fits(frame, tests).pick(tested))
    return block(
        keys,
        value,
        np.where(enough, ENOUGH, TOO_FEW),
        n,
        frame.reference_n(m),
        p_value=p_value,
        lower=lower,
        upper=upper,
        change=np.where(tested, value - ratio(k_reference, m), np.nan),
    )
