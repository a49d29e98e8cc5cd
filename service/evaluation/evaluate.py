"""A closed window against its reference, judged by the monitors."""

from __future__ import annotations

from collections.abc import Sequence

from detectors.multiplicity import benjamini_hochberg, bonferroni
from service.config.model import Model
from service.config.monitor import Metric, Monitor
from service.evaluation.block import Block, gather
from service.evaluation.distances import distance_blocks
from service.evaluation.drift import drift_blocks
from service.evaluation.frame import Frame, frame_of
from service.evaluation.lines import lines
from service.evaluation.plan import Plan, applies, plan_for
from service.evaluation.ratios import label_block, ratio_blocks, traffic_block
from service.evaluation.result import Evaluated, Judgement
from service.evaluation.verdict import VERDICTS, Evidence, verdicts
from service.events.schema import ACTUAL, PREDICTION
from service.windows.closed import ClosedWindow


def evaluate(window: ClosedWindow, model: Model, monitors: Sequence[Monitor]) -> Evaluated:
    """Results of a window and what each monitor says of them.

    Every slice is compared with the same slice of the reference. P-values are adjusted over all tests among
    the window's results, by the model's ``multiplicity``. The same window gives the same bytes.

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
    asked = frozenset(rule.metric for rule in monitors if applies(rule, model.name, window.name))
    rows = _measure(frame, window, model, asked)
    if rows is None:
        return Evaluated(window, (), ())
    plan = plan_for(model.name, window.name, rows.keys, frame.slices, tuple(monitors))
    evidence = _evidence(rows, plan, model)
    said = [verdicts(rule, evidence.at(places)) for rule, places in plan.rules]
    results = lines(window, frame, rows, plan, evidence, said)
    judgements = tuple(
        Judgement(rule, results[place], VERDICTS[code])
        for (rule, places), codes in zip(plan.rules, said, strict=True)
        for place, code in zip(places.tolist(), codes.tolist(), strict=True)
    )
    return Evaluated(window, results, judgements)


def _measure(frame: Frame, window: ClosedWindow, model: Model, asked: frozenset[Metric]) -> Block | None:
    classified = model.task != "regression"
    blocks = []
    # Labels carry no version; a window without one holds predictions only when those came without one too.
    if window.version == "" and classified:
        blocks.append(label_block(frame))
    if window.version or frame.layout.counter(frame.totals, "events").any():
        blocks += [traffic_block(frame), *ratio_blocks(frame, classified=classified)]
        blocks += [*distance_blocks(frame, asked), *drift_blocks(frame)]
    if not blocks:
        return None
    names = dict.fromkeys(["", *(field.name for field in frame.layout.fields), PREDICTION, ACTUAL])
    return gather(blocks, tuple(names))


_ADJUST = {"benjamini_hochberg": benjamini_hochberg, "bonferroni": bonferroni}


def _evidence(rows: Block, plan: Plan, model: Model) -> Evidence:
    at = (plan.rows, plan.columns)
    p_value = rows.p_value[at]
    adjusted = _ADJUST[model.multiplicity.method](p_value)
    return Evidence(rows.value[at], rows.data[at], p_value, adjusted, rows.change[at])
