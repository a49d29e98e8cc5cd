"""A window against baselines of the stream's own past, for what monitors ask to be so compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from service.config.monitor import Monitor
from service.evaluation.block import BASELINES, REFERENCE, TOO_FEW, Block, against, spread
from service.evaluation.drift import SAMPLES_MIN
from service.evaluation.frame import Frame, against_past
from service.evaluation.plan import matches
from service.windows.closed import ClosedWindow

Measure = Callable[[Frame, frozenset[str]], list[Block]]
"""The blocks of a frame that hold the metrics named."""


def baseline_blocks(
    frame: Frame, window: ClosedWindow, rules: Sequence[Monitor], measure: Measure
) -> list[Block]:
    """The metrics, features and slices that ``rules`` want compared with another baseline than the reference.

    Groups, and the kurtosis that the test of a spread needs, are the profile's; counts and moments are the
    past's. Where there is no past yet, results say that there is too little data.

    Parameters
    ----------
    frame
        The window beside its reference: S slices.
    rules
        Monitors that watch this window.
    measure
        Called with the slices that are asked for, and their metrics.

    Returns
    -------
    list of Block
        Of S slices each; columns that nobody asks for say nothing.
    """
    blocks = []
    for baseline in BASELINES:
        wanted = [rule for rule in rules if rule.baseline == baseline and baseline != REFERENCE]
        asked = [any(matches(rule.slices, name) for rule in wanted) for name in frame.slices]
        columns = np.flatnonzero(asked)
        if len(columns):
            past, same_hour = window.baselines.get(baseline), baseline != "rolling"
            beside = against_past(frame, past, columns, same_hour=same_hour)
            for part in measure(beside, frozenset(rule.metric for rule in wanted)):
                rows = [i for i, key in enumerate(part.keys) if _wanted(wanted, key.feature, key.metric)]
                if rows:
                    judged = _with_past(against(baseline, part, rows))
                    blocks.append(spread(judged, columns, len(frame.slices)))
    return blocks


def _wanted(rules: Sequence[Monitor], feature: str, metric: str) -> bool:
    return any(rule.metric == metric and matches(rule.features, feature) for rule in rules)


def _with_past(part: Block) -> Block:
    """A rate has a value without a reference too, but against a past that is not there it says nothing."""
    return replace(part, data=np.where(part.reference_n < SAMPLES_MIN, np.int8(TOO_FEW), part.data))
