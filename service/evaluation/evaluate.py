"""A closed window against its reference, judged by the monitors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from detectors.multiplicity import benjamini_hochberg, bonferroni
from service.config.model import Model
from service.config.monitor import Monitor
from service.evaluation.baselines import baseline_blocks
from service.evaluation.block import REFERENCE, Block, gather
from service.evaluation.distances import distance_blocks
from service.evaluation.drift import drift_blocks
from service.evaluation.explanation import explained
from service.evaluation.frame import Frame, frame_of
from service.evaluation.latency import latency_blocks
from service.evaluation.lines import lines
from service.evaluation.plan import Plan, applies, plan_for
from service.evaluation.ratios import label_block, ratio_blocks, traffic_block
from service.evaluation.reconstruction import reconstruction_blocks
from service.evaluation.result import Evaluated, Judgement, Result, Spending
from service.evaluation.verdict import BREACH, VERDICTS, Evidence, Floats, verdicts
from service.evaluation.wasserstein import wasserstein_blocks
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
    rows = _measure(frame, window, model, watching, carried.blocks)
    if rows is None:
        return Evaluated(window, (), (), carried.spending)
    plan = plan_for(model.name, window.name, rows.keys, frame.slices, tuple(monitors))
    evidence = _evidence(rows, plan, model, carried.spending)
    said = [verdicts(rule, evidence.at(places)) for rule, places in plan.rules]
    results = lines(window, frame, rows, plan, evidence, said, carried.spending)
    results = explained(window, frame, results, _worst(plan, evidence, said))
    judgements = tuple(chain.from_iterable(map(_judgements, plan.rules, said, repeat(results))))
    return Evaluated(window, results, judgements, carried.spending)


def _judgements(
    rule: tuple[Monitor, NDArray[np.int64]], codes: NDArray[np.int8], results: Sequence[Result]
) -> Iterable[Judgement]:
    monitor, places = rule
    judged = map(results.__getitem__, places.tolist())
    return map(Judgement, repeat(monitor), judged, map(VERDICTS.__getitem__, codes.tolist()))


def _measure(
    frame: Frame, window: ClosedWindow, model: Model, watching: Sequence[Monitor], more: Sequence[Block]
) -> Block | None:
    classified = model.task != "regression"
    # Labels carry no version; a window without one holds predictions only when those came without one too.
    labels = window.version == "" and classified
    predictions = window.version != "" or bool(frame.layout.counter(frame.totals, "events").any())

    def blocks(beside: Frame, asked: frozenset[str]) -> list[Block]:
        found = [label_block(beside)] if labels else []
        if predictions:
            found += ratio_blocks(beside, classified=classified)
            found += [*distance_blocks(beside, asked), *drift_blocks(beside)]
            found += wasserstein_blocks(beside, asked)
        return found

    asked = frozenset(rule.metric for rule in watching if rule.baseline == REFERENCE)
    parts = [*blocks(frame, asked), *baseline_blocks(frame, window, watching, blocks), *more]
    if predictions:
        parts += [traffic_block(frame), *latency_blocks(frame, asked)]
        parts += reconstruction_blocks(frame, asked)
    if not parts:
        return None
    names = dict.fromkeys(["", *(field.name for field in frame.layout.fields), PREDICTION, ACTUAL])
    return gather(parts, tuple(names))


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


def _adjusted(p_value: Floats, baselines: Sequence[str], model: Model) -> Floats:
    """P-values adjusted within each baseline, and for how many baselines there are.

    Apart, because what differs from one baseline for good reason (winter from a reference of summer) would
    else be many rejections, of which Benjamini and Hochberg let a share be false: also among the tests
    against another baseline.
    """
    adjust = _ADJUST[model.multiplicity.method]
    if len(set(baselines)) <= 1:
        return adjust(p_value)
    names = np.array(baselines)
    families = [own for name in dict.fromkeys(baselines) if np.isfinite(p_value[own := names == name]).any()]
    adjusted = np.full(p_value.shape, np.nan)
    for own in families:
        adjusted[own] = np.minimum(adjust(p_value[own]) * len(families), 1.0)
    return adjusted


def _evidence(rows: Block, plan: Plan, model: Model, spending: Spending | None) -> Evidence:
    at = (plan.rows, plan.columns)
    p_value = rows.p_value[at]
    adjusted = _adjusted(p_value, [rows.keys[i].baseline for i in plan.rows.tolist()], model)
    level = 1.0 if spending is None else spending.level
    return Evidence(rows.value[at], rows.data[at], p_value, adjusted, rows.change[at], level)
