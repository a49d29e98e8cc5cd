"""The results of a window as columns: a result is made of a row when somebody asks for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.result import Status
from service.evaluation.block import DRIFT_TESTS, TOO_FEW, UNDEFINED, Counts, Floats, Row
from service.evaluation.frame import Frame
from service.evaluation.gathered import Measured
from service.evaluation.plan import Plan
from service.evaluation.result import Interval, Spending
from service.evaluation.times import rfc3339
from service.evaluation.verdict import BREACH, Evidence
from service.windows.closed import ClosedWindow

STATUSES = (Status.OK, Status.DRIFT, Status.BREACH, Status.INSUFFICIENT, Status.INVALID)
"""The codes of :attr:`Table.status`."""


@dataclass(frozen=True, eq=False)
class Table:
    """E results; NaN stands for what does not exist.

    Attributes
    ----------
    keys, slices
        What each of K rows is about, and the names of S slices.
    cut
        bool[S]: on which slices records are missing.
    rows, columns
        int64[E]: which of the K and of the S a result is of.
    reference_n
        int64[E]: -1 where there is no reference.
    mark, marks
        int64[E]: which of the thresholds a result has; the last of them is none.
    status
        int8[E]: codes of :data:`STATUSES`.
    level
        That of results with a test.
    """

    model: str
    version: str
    interval: Interval
    reference_id: str | None
    level: float | None
    keys: tuple[Row, ...]
    slices: tuple[str, ...]
    cut: NDArray[np.bool_]
    rows: Counts
    columns: Counts
    value: Floats
    p_value: Floats
    p_adjusted: Floats
    null_bound: Floats
    lower: Floats
    upper: Floats
    mark: Counts
    marks: Floats
    status: NDArray[np.int8]
    n: Counts
    reference_n: Counts
    change: Floats


def table_of(
    window: ClosedWindow,
    frame: Frame,
    measured: Measured,
    keys: tuple[Row, ...],
    plan: Plan,
    evidence: Evidence,
    said: list[NDArray[np.int8]],
    spending: Spending | None = None,
) -> Table:
    """One row for each of the plan's E places.

    Parameters
    ----------
    measured
        What was measured there.
    evidence
        The same, with adjusted p-values.
    said
        The verdicts of each of the plan's rules.
    spending
        Gives tested results their ``level``.
    """
    everywhere = np.array([name == "all" for name in frame.slices], bool)
    return Table(
        model=window.model,
        version=window.version,
        interval=Interval(rfc3339(window.start_ms), rfc3339(window.end_ms), window.name),
        reference_id=frame.profile.id if frame.profile else None,
        level=None if spending is None else spending.level,
        keys=keys,
        slices=frame.slices,
        cut=window.incomplete | (window.lower_bounds & ~everywhere),
        rows=plan.rows,
        columns=plan.columns,
        value=evidence.value,
        p_value=evidence.p_value,
        p_adjusted=evidence.p_adjusted,
        null_bound=measured.null_bound,
        lower=measured.lower,
        upper=measured.upper,
        mark=np.where(plan.first < 0, len(plan.rules), plan.first),
        marks=np.array([*(rule.threshold for rule, _ in plan.rules), np.nan]),
        status=_statuses(keys, plan, evidence, said),
        n=measured.n,
        reference_n=measured.reference_n,
        change=evidence.change,
    )


def _statuses(
    keys: tuple[Row, ...], plan: Plan, evidence: Evidence, said: list[NDArray[np.int8]]
) -> NDArray[np.int8]:
    first = np.full(len(plan.rows), -1, np.int8)
    for number, (_, places) in enumerate(plan.rules):
        own = plan.first[places] == number
        first[places[own]] = said[number][own]
    drift = np.array([metric in DRIFT_TESTS for _, metric, _ in keys], bool)[plan.rows]
    broken = first == BREACH
    code = np.select(
        [evidence.data == TOO_FEW, evidence.data == UNDEFINED, broken & drift, broken], [3, 4, 1, 2], 0
    )
    return code.astype(np.int8)
