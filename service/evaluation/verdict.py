"""What a monitor says of results: a cascade of small predicates, over arrays as over single values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.config.monitor import Monitor
from service.evaluation.block import ENOUGH, SHIFTS
from service.evaluation.result import Verdict

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

VERDICTS = (Verdict.NO_DATA, Verdict.BREACH, Verdict.HOLDING, Verdict.CLEAR)
"""The codes of :func:`verdicts`."""

NO_DATA, BREACH, HOLDING, CLEAR = range(4)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a verdict rests on: arrays of one shape, NaN for what does not exist.

    Attributes
    ----------
    data
        int8[...]: whether the value says something.
    change
        float64[...]: value less the reference's.
    level
        What an adjusted p-value must not exceed for the model's budget of false alarms, whatever the monitor.
    """

    value: Floats
    data: NDArray[np.int8]
    p_value: Floats
    p_adjusted: Floats
    change: Floats
    level: float = 1.0

    def at(self, places: NDArray[np.int64]) -> Evidence:
        """The evidence at some places."""
        return Evidence(
            self.value[places],
            self.data[places],
            self.p_value[places],
            self.p_adjusted[places],
            self.change[places],
            self.level,
        )


def verdicts(rule: Monitor, evidence: Evidence) -> NDArray[np.int8]:
    """A code of :data:`VERDICTS` for each result: the first of these that holds.

    1. ``NO_DATA``: too little data, or a value that does not exist.
    2. ``BREACH``: the effect is at the threshold or beyond, and the change is significant.
    3. ``HOLDING``: the effect is not on the good side of the resolve threshold, and is more than noise:
    raising an
       alert takes the adjusted p-value, but keeping one up only the test's own.
    4. ``CLEAR``.
    """
    code = np.select(
        [
            ~says_something(evidence),
            is_beyond(rule, evidence.value, rule.threshold) & is_significant(rule, evidence),
            is_beyond(rule, evidence.value, resolve_mark(rule)) & ~is_noise(rule, evidence),
        ],
        [NO_DATA, BREACH, HOLDING],
        CLEAR,
    )
    return code.astype(np.int8)


def says_something(evidence: Evidence) -> Flags:
    """There is a value, of enough data."""
    said: Flags = (evidence.data == ENOUGH) & np.isfinite(evidence.value)
    return said


def resolve_mark(rule: Monitor) -> float:
    """The threshold on whose good side an alert resolves."""
    return rule.threshold if rule.resolve_threshold is None else rule.resolve_threshold


def is_beyond(rule: Monitor, value: Floats, mark: float) -> Flags:
    """The value is at the mark or on its bad side.

    Shifts count by magnitude, unless the rule looks below: then a negative mark means a fall by so much.
    """
    size = np.abs(value) if rule.metric in SHIFTS and not rule.below else value
    beyond: Flags = size <= mark if rule.below else size >= mark
    return beyond


def is_tested(rule: Monitor, evidence: Evidence) -> Flags:
    """The rule asks for a test, and there is one. Without (traffic, means, no reference) the effect alone
    decides.
    """
    return np.isfinite(evidence.p_value) & (rule.alpha is not None)


def is_bad_direction(rule: Monitor, evidence: Evidence) -> Flags:
    """A rate moved towards the threshold's bad side; other metrics have no direction of their own."""
    moved = evidence.change < 0 if rule.below else evidence.change > 0
    return moved | np.isnan(evidence.change)


def is_significant(rule: Monitor, evidence: Evidence) -> Flags:
    """Among all tests of the window, this one stands out, and the budget allows it; or there is no test."""
    found = (evidence.p_adjusted <= min(rule.alpha or 0, evidence.level)) & is_bad_direction(rule, evidence)
    return ~is_tested(rule, evidence) | found


def is_noise(rule: Monitor, evidence: Evidence) -> Flags:
    """Even by itself, the test sees nothing bad."""
    seen = (evidence.p_value <= (rule.alpha or 0)) & is_bad_direction(rule, evidence)
    return is_tested(rule, evidence) & ~seen
