"""Findings of a window, worst first: what the page's table, the API and the capped series are ordered by."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from service.evaluation.block import SHIFTS
from service.evaluation.result import Judgement, Verdict

_ORDER = {Verdict.BREACH: 0, Verdict.HOLDING: 1, Verdict.CLEAR: 2, Verdict.NO_DATA: 3}


@dataclass(frozen=True, slots=True)
class Finding:
    """The worst judged metric of one feature on one slice.

    Attributes
    ----------
    ratio
        Value over threshold, see ``threshold_ratio``.
    breaches
        How many monitors breach for this feature and slice.
    """

    judgement: Judgement
    ratio: float | None
    breaches: int

    @property
    def place(self) -> tuple[str, str]:
        """The slice and the feature."""
        return self.judgement.result.slice, self.judgement.result.feature


def threshold_ratio(judgement: Judgement) -> float | None:
    """How far a value is towards its monitor's threshold; 1 is at the threshold, more is beyond it.

    ``value / threshold``, shifts by their size; ``threshold / value`` for a monitor with ``below: true``,
    infinite where nothing is left to divide by. A negative threshold of such a monitor is a fall by so much:
    then it is ``value / threshold`` again. None without a value, or where no ratio exists: a threshold of 0,
    or a negative one to be exceeded.
    """
    value, monitor = judgement.result.value, judgement.monitor
    threshold = monitor.threshold
    if value is None or threshold == 0:
        return None
    if not monitor.below:
        size = abs(value) if monitor.metric in SHIFTS else value
        return max(size, 0.0) / threshold if threshold > 0 else None
    if threshold < 0:
        return max(value / threshold, 0.0)
    return threshold / value if value > 0 else math.inf


def rank(judgements: Iterable[Judgement]) -> tuple[Finding, ...]:
    """One finding a feature and slice, worst first.

    Breaches come first, then what still holds an alert, what is clear, and what has too little data; within
    each the highest ratio first, and the overall slice before its parts.
    """
    worst: dict[tuple[str, str], tuple[Judgement, float | None, int]] = {}
    for judgement in judgements:
        place = judgement.result.slice, judgement.result.feature
        ratio = threshold_ratio(judgement)
        breaches = int(judgement.verdict is Verdict.BREACH)
        known = worst.get(place)
        if known is None:
            worst[place] = (judgement, ratio, breaches)
        elif _severity(judgement, ratio) < _severity(known[0], known[1]):
            worst[place] = (judgement, ratio, known[2] + breaches)
        elif breaches:
            worst[place] = (known[0], known[1], known[2] + 1)
    findings = (Finding(judgement, ratio, breaches) for judgement, ratio, breaches in worst.values())
    return tuple(sorted(findings, key=order))


def _severity(judgement: Judgement, ratio: float | None) -> tuple[int, float]:
    return _ORDER[judgement.verdict], -(-1.0 if ratio is None else ratio)


def order(finding: Finding) -> tuple[int, float, bool, str, str]:
    """Sorts findings worst first."""
    verdict, ratio = _severity(finding.judgement, finding.ratio)
    slice_name, feature = finding.place
    return verdict, ratio, slice_name != "all", slice_name, feature
