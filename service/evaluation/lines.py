"""Matrices become results: the lines of the results topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.result import Status
from service.evaluation.block import DRIFT_TESTS, TOO_FEW, UNDEFINED, Block
from service.evaluation.frame import Frame
from service.evaluation.plan import Plan
from service.evaluation.result import Interval, Result, Spending
from service.evaluation.times import rfc3339
from service.evaluation.verdict import BREACH, Evidence
from service.windows.closed import ClosedWindow

Codes = NDArray[np.int8]

_WORDS = (Status.OK, Status.DRIFT, Status.BREACH, Status.INSUFFICIENT, Status.INVALID)


def lines(
    window: ClosedWindow,
    frame: Frame,
    rows: Block,
    plan: Plan,
    evidence: Evidence,
    said: Sequence[Codes],
    spending: Spending | None = None,
) -> tuple[Result, ...]:
    """One result for each of the plan's E places.

    Parameters
    ----------
    rows
        What was measured, K rows of S slices.
    evidence
        The same at the plan's places, with adjusted p-values.
    said
        The verdicts of each of the plan's rules.
    spending
        Gives tested results their ``level``.
    """
    model, version = window.model, window.version
    reference_id = frame.profile.id if frame.profile else None
    interval = Interval(rfc3339(window.start_ms), rfc3339(window.end_ms), window.name)
    level = None if spending is None else spending.level
    # Written out, and in one loop, because thousands of results come at once.
    return tuple(
        Result(
            model=model, model_version=version, slice=name, feature=key.feature, metric=key.metric,
            value=value, p_value=p_value, p_adjusted=p_adjusted, null_bound=bound, lower=lower, upper=upper,
            threshold=threshold, status=status, n=n, reference_n=m, reference_id=reference_id,
            window=interval, incomplete=cut, baseline=key.baseline, change=change,
            level=None if p_value is None else level,
        )
        for (name, key, value, p_value, p_adjusted, bound, lower, upper, threshold, status, n, m, cut, change)
        in _columns(window, frame, rows, plan, evidence, said)
    )  # fmt: skip


def _columns(
    window: ClosedWindow, frame: Frame, rows: Block, plan: Plan, evidence: Evidence, said: Sequence[Codes]
) -> zip[tuple[Any, ...]]:
    at = (plan.rows, plan.columns)
    thresholds = np.array([*(rule.threshold for rule, _ in plan.rules), np.nan])
    cut = [window.incomplete or (window.lower_bounds and name != "all") for name in frame.slices]
    columns = plan.columns.tolist()
    return zip(
        [frame.slices[i] for i in columns],
        [rows.keys[i] for i in plan.rows.tolist()],
        _numbers(evidence.value),
        _numbers(evidence.p_value),
        _numbers(evidence.p_adjusted),
        _numbers(rows.null_bound[at]),
        _numbers(rows.lower[at]),
        _numbers(rows.upper[at]),
        _numbers(thresholds[plan.first]),
        _statuses(rows, plan, evidence, said),
        rows.n[at].tolist(),
        [None if n < 0 else n for n in rows.reference_n[at].tolist()],
        [cut[i] for i in columns],
        _numbers(evidence.change),
        strict=True,
    )


def _statuses(rows: Block, plan: Plan, evidence: Evidence, said: Sequence[Codes]) -> list[Status]:
    first = np.full(len(plan.rows), -1, np.int64)
    for number, (_, places) in enumerate(plan.rules):
        own = plan.first[places] == number
        first[places[own]] = said[number][own]
    drift = np.array([metric in DRIFT_TESTS for _, metric, _ in rows.keys], bool)[plan.rows]
    broken = first == BREACH
    code = np.select(
        [evidence.data == TOO_FEW, evidence.data == UNDEFINED, broken & drift, broken], [3, 4, 1, 2], 0
    )
    return [_WORDS[i] for i in code.tolist()]


def _numbers(values: NDArray[np.float64]) -> list[Any]:
    finite = np.isfinite(values)
    objects = values.astype(object)
    objects[~finite] = None
    numbers: list[Any] = objects.tolist()
    return numbers
