"""A closed window against its reference, judged by the monitors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.multiplicity import benjamini_hochberg
from detectors.result import Status
from service.config.model import Model
from service.config.monitor import Monitor
from service.evaluation.block import DRIFT_TESTS, TOO_FEW, UNDEFINED, Block, gather
from service.evaluation.drift import drift_blocks
from service.evaluation.frame import Frame, frame_of
from service.evaluation.plan import Plan, plan_for
from service.evaluation.ratios import label_block, ratio_blocks, traffic_block
from service.evaluation.result import Evaluated, Interval, Judgement, Result
from service.evaluation.times import rfc3339
from service.evaluation.verdict import BREACH, VERDICTS, Evidence, verdicts
from service.events.schema import ACTUAL, PREDICTION
from service.windows.closed import ClosedWindow

Codes = NDArray[np.int8]


def evaluate(window: ClosedWindow, model: Model, monitors: Sequence[Monitor]) -> Evaluated:
    """Results of a window and what each monitor says of them.

    Every slice is compared with the same slice of the reference. P-values are adjusted (Benjamini-Hochberg)
    over all tests among the window's results. The same window gives the same bytes.

    Parameters
    ----------
    monitors
        In the order of the configuration: the first that matches a result gives it its threshold and status.

    Returns
    -------
    Evaluated
        Results in the order of features, metrics, slices; judgements by monitor, then in the order of
        results.
    """
    frame = frame_of(window)
    rows = _measure(frame, window, model)
    if rows is None:
        return Evaluated(window, (), ())
    plan = plan_for(model.name, window.name, rows.keys, frame.slices, tuple(monitors))
    evidence = _evidence(rows, plan)
    said = [verdicts(rule, evidence.at(places)) for rule, places in plan.rules]
    results = _results(window, frame, rows, plan, evidence, said)
    judgements = tuple(
        Judgement(rule, results[place], VERDICTS[code])
        for (rule, places), codes in zip(plan.rules, said, strict=True)
        for place, code in zip(places.tolist(), codes.tolist(), strict=True)
    )
    return Evaluated(window, results, judgements)


def _measure(frame: Frame, window: ClosedWindow, model: Model) -> Block | None:
    classified = model.task != "regression"
    blocks = []
    # Labels carry no version; a window without one holds predictions only when those came without one too.
    if window.version == "" and classified:
        blocks.append(label_block(frame))
    if window.version or frame.layout.counter(frame.totals, "events").any():
        blocks += [traffic_block(frame), *ratio_blocks(frame, classified=classified), *drift_blocks(frame)]
    if not blocks:
        return None
    names = dict.fromkeys(["", *(field.name for field in frame.layout.fields), PREDICTION, ACTUAL])
    return gather(blocks, tuple(names))


def _evidence(rows: Block, plan: Plan) -> Evidence:
    at = (plan.rows, plan.columns)
    p_value = rows.p_value[at]
    return Evidence(rows.value[at], rows.data[at], p_value, benjamini_hochberg(p_value), rows.change[at])


def _statuses(rows: Block, plan: Plan, evidence: Evidence, said: Sequence[Codes]) -> list[Status]:
    first = np.full(len(plan.rows), -1, np.int64)
    for number, (_, places) in enumerate(plan.rules):
        own = plan.first[places] == number
        first[places[own]] = said[number][own]
    drift = np.array([metric in DRIFT_TESTS for _, metric in rows.keys], bool)[plan.rows]
    words = (Status.OK, Status.DRIFT, Status.BREACH, Status.INSUFFICIENT, Status.INVALID)
    broken = first == BREACH
    code = np.select(
        [evidence.data == TOO_FEW, evidence.data == UNDEFINED, broken & drift, broken], [3, 4, 1, 2], 0
    )
    return [words[i] for i in code.tolist()]


def _results(
    window: ClosedWindow, frame: Frame, rows: Block, plan: Plan, evidence: Evidence, said: Sequence[Codes]
) -> tuple[Result, ...]:
    at = (plan.rows, plan.columns)
    thresholds = np.array([*(rule.threshold for rule, _ in plan.rules), np.nan])
    cut = [window.incomplete or (window.lower_bounds and name != "all") for name in frame.slices]
    columns = {
        "slice": [frame.slices[i] for i in plan.columns.tolist()],
        "feature": [rows.keys[i][0] for i in plan.rows.tolist()],
        "metric": [rows.keys[i][1] for i in plan.rows.tolist()],
        "value": _numbers(evidence.value),
        "p_value": _numbers(evidence.p_value),
        "p_adjusted": _numbers(evidence.p_adjusted),
        "null_bound": _numbers(rows.null_bound[at]),
        "lower": _numbers(rows.lower[at]),
        "upper": _numbers(rows.upper[at]),
        "threshold": _numbers(thresholds[plan.first]),
        "status": _statuses(rows, plan, evidence, said),
        "n": rows.n[at].tolist(),
        "reference_n": [None if n < 0 else n for n in rows.reference_n[at].tolist()],
        "incomplete": [cut[i] for i in plan.columns.tolist()],
    }
    same: dict[str, Any] = {
        "model": window.model,
        "model_version": window.version,
        "reference_id": frame.profile.id if frame.profile else None,
        "window": Interval(rfc3339(window.start_ms), rfc3339(window.end_ms), window.name),
    }
    names = tuple(columns)
    return tuple(
        Result(**same, **dict(zip(names, values, strict=True)))
        for values in zip(*columns.values(), strict=True)
    )


def _numbers(values: NDArray[np.float64]) -> list[Any]:
    objects = values.astype(object)
    objects[~np.isfinite(values)] = None
    numbers: list[Any] = objects.tolist()
    return numbers
