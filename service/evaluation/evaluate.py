"""A closed window against its reference, judged by the monitors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.multiplicity import benjamini_hochberg, bonferroni
from service.config.model import Model
from service.config.monitor import Monitor
from service.evaluation.block import Block, Row
from service.evaluation.explanation import explanations
from service.evaluation.frame import frame_of
from service.evaluation.gathered import Measured, Placed, arranged, picked
from service.evaluation.judged import Judgements, Said
from service.evaluation.measuring import measured
from service.evaluation.plan import Plan, applies, plan_for
from service.evaluation.result import Evaluated, Spending
from service.evaluation.results import Results
from service.evaluation.table import table_of
from service.evaluation.verdict import BREACH, Evidence, Floats, verdicts
from service.events.schema import ACTUAL, PREDICTION
from service.windows.closed import ClosedWindow


@dataclass(frozen=True, eq=False)
class Carried:
    """What the windows before have to say to this one.

    Attributes
    ----------
    blocks
        More rows, of the slices of the window's frame: what online detectors measured.
    spending
        The level that the model's budget of false alarms leaves this window.
    """

    blocks: tuple[Block, ...] = ()
    spending: Spending | None = None


ALONE = Carried()
"""A window by itself."""


def evaluate(
    window: ClosedWindow, model: Model, monitors: Sequence[Monitor], carried: Carried = ALONE
) -> Evaluated:
    """Results of a window and what each monitor says of them.

    Every slice is compared with the same slice of the reference, and of the baselines that monitors name.
    P-values are adjusted by the model's ``multiplicity`` over all tests against one baseline, and by
    Bonferroni's over several baselines. The same window gives the same bytes.

    Parameters
    ----------
    monitors
        In the order of the configuration: the first that matches a result gives it its threshold and status.
    carried
        See :class:`service.evaluation.decider.Decider`, which keeps it from window to window.

    Returns
    -------
    Evaluated
        Results in the order of features, metrics, baselines, slices; judgements by monitor, then in the order
        of results.
    """
    frame = frame_of(window)
    watching = [rule for rule in monitors if applies(rule, model.name, window.name)]
    everywhere = np.arange(len(frame.slices))
    parts = measured(frame, window, watching, classified=model.task != "regression")
    parts += [Placed(part, everywhere) for part in carried.blocks]
    if not parts:
        return Evaluated(window, (), (), carried.spending)
    names = dict.fromkeys(["", *(field.name for field in frame.layout.fields), PREDICTION, ACTUAL])
    order = arranged(parts, tuple(names), len(frame.slices))
    plan = plan_for(model.name, window.name, order.keys, frame.slices, tuple(monitors))
    places = order.places[plan.rows, plan.columns]
    assert places.min(initial=0) >= 0, "what is written was measured"
    found = picked(parts, places)
    evidence = _evidence(found, order.keys, plan, model, carried.spending)
    said = [verdicts(rule, evidence.at(own)) for rule, own in plan.rules]
    table = table_of(window, frame, found, order.keys, plan, evidence, said, carried.spending)
    results = Results(table, explanations(window, frame, Results(table), _worst(plan, evidence, said)))
    judged = [Said(rule, own, codes) for (rule, own), codes in zip(plan.rules, said, strict=True)]
    return Evaluated(window, results, Judgements(results, judged), carried.spending)


def _worst(plan: Plan, evidence: Evidence, said: Sequence[NDArray[np.int8]]) -> list[int]:
    """The results that breach: those of all the traffic first, then by how far beyond their threshold."""
    excess = np.full(len(plan.rows), -np.inf)
    for (rule, places), codes in zip(plan.rules, said, strict=True):
        broken = places[codes == BREACH]
        size = np.abs(evidence.value[broken]) / max(abs(rule.threshold), np.finfo(float).tiny)
        excess[broken] = np.maximum(excess[broken], 1 / np.maximum(size, 1e-9) if rule.below else size)
    broken = np.flatnonzero(excess > -np.inf)
    worst: list[int] = broken[np.lexsort((-excess[broken], plan.columns[broken] != 0))].tolist()
    return worst


_ADJUST = {"benjamini_hochberg": benjamini_hochberg, "bonferroni": bonferroni}


def _adjusted(p_value: Floats, keys: Sequence[Row], plan: Plan, model: Model) -> Floats:
    """P-values adjusted within each baseline, and for how many baselines there are.

    Apart, because what differs from one baseline for good reason (winter from a reference of summer) would
    else be many rejections, of which Benjamini and Hochberg let a share be false: also among the tests
    against another baseline.
    """
    adjust = _ADJUST[model.multiplicity.method]
    written = np.unique(plan.rows).tolist()
    baselines = dict.fromkeys(keys[i].baseline for i in written)
    if len(baselines) <= 1:
        return adjust(p_value)
    names = np.array([key.baseline for key in keys])[plan.rows]
    families = [own for name in baselines if np.isfinite(p_value[own := names == name]).any()]
    adjusted = np.full(p_value.shape, np.nan)
    for own in families:
        adjusted[own] = np.minimum(adjust(p_value[own]) * len(families), 1.0)
    return adjusted


def _evidence(
    found: Measured, keys: Sequence[Row], plan: Plan, model: Model, spending: Spending | None
) -> Evidence:
    adjusted = _adjusted(found.p_value, keys, plan, model)
    level = 1.0 if spending is None else spending.level
    return Evidence(found.value, found.data, found.p_value, adjusted, found.change, level)
