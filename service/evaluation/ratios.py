"""Rates of records on every slice, against the same slice of the reference; and how many records came at
all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from detectors.calibration import calibrated_deviate
from detectors.fields import NumericField
from detectors.layout import Rows
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
    window, reference = (
        _rates(frame, rows, classified=classified) for rows in (frame.totals, frame.reference)
    )
    blocks = [_compare(frame, window, reference)]
    return blocks if frame.profile is not None else [*blocks, *_unknown(frame)]


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
    window, reference = (
        [_counters(frame, rows, (ACTUAL, "positive_rate"), "actual_positive", "actuals")]
        for rows in (frame.totals, frame.reference)
    )
    return _compare(frame, window, reference)


def _rates(frame: Frame, rows: Rows, *, classified: bool) -> list[Rate]:
    rates = [_counters(frame, rows, ("", "error_ratio"), "errors", "events")]
    if classified:
        rates.append(_counters(frame, rows, (PREDICTION, "positive_rate"), "positive", "labelled"))
    for i in range(len(frame.layout.judged)):
        rates += _field_rates(frame, rows, i)
    return rates


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


def _unknown(frame: Frame) -> list[Block]:
    return [
        too_few(
            [(field.name, "out_of_range_ratio" if isinstance(field, NumericField) else "unseen_ratio")],
            frame.values(i)[1].sum(axis=-1)[None],
        )
        for i, field in enumerate(frame.layout.judged)
    ]


def _compare(frame: Frame, window: Sequence[Rate], reference: Sequence[Rate]) -> Block:
    k, n = (np.array([getattr(rate, part) for rate in window]) for part in ("successes", "n"))
    k_reference, m = (np.array([getattr(rate, part) for rate in reference]) for part in ("successes", "n"))
    value = ratio(k, n)
    lower, upper = wilson(k, n)
    enough = n >= SAMPLES_MIN
    tested = enough & (m >= SAMPLES_MIN)
    keys = [rate.key for rate in window]
    # Of predictions alone: labels come in an order of their own, which the reference does not show.
    tests = [("", metric) if feature == PREDICTION and metric == "positive_rate" else (feature, metric)
             for feature, metric in keys]  # fmt: skip
    p_value = calibrated_deviate(two_proportions(k, n, k_reference, m), fits(frame, tests))
    return block(
        keys,
        value,
        np.where(enough, ENOUGH, TOO_FEW),
        n,
        frame.reference_n(m),
        p_value=np.where(tested, p_value, np.nan),
        lower=lower,
        upper=upper,
        change=np.where(tested, value - ratio(k_reference, m), np.nan),
    )
