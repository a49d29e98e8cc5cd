"""Everything that is measured of a window: each metric on the slices on which anybody will read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from service.config.monitor import Monitor
from service.evaluation.block import BASELINES, REFERENCE, TOO_FEW, Block, Counts, against
from service.evaluation.distances import ON_REQUEST, distance_block
from service.evaluation.drift import MOMENTS, SAMPLES_MIN, SHAPES, ks_block, moment_blocks
from service.evaluation.frame import Frame, against_past
from service.evaluation.gathered import Placed
from service.evaluation.latency import QUANTILES, latency_blocks
from service.evaluation.plan import matches, matching
from service.evaluation.ratios import RATES, label_block, ratio_blocks, traffic_block
from service.evaluation.reconstruction import reconstruction_blocks
from service.evaluation.wanted import Wanted
from service.evaluation.wasserstein import METRIC as WASSERSTEIN
from service.evaluation.wasserstein import wasserstein_blocks
from service.windows.closed import ClosedWindow

_DISTANCES = frozenset({"psi", *ON_REQUEST})
_ALL = np.zeros(1, np.int64)
"""The slice of everything is the first."""


def measured(
    frame: Frame, window: ClosedWindow, rules: Sequence[Monitor], *, classified: bool
) -> list[Placed]:
    """The blocks of a window beside its reference, and beside its own past where ``rules`` ask for that.

    Parameters
    ----------
    rules
        Monitors that watch this window.
    """
    # Labels carry no version; a window without one holds predictions only when those came without one too.
    labels = window.version == "" and classified
    predictions = window.version != "" or bool(frame.layout.counter(frame.present, "events").any())
    measuring = _Measuring(labels=labels, predictions=predictions, classified=classified)
    wanted = Wanted([rule for rule in rules if rule.baseline == REFERENCE], frame.slices, usual=True)
    parts = [*measuring.compared(frame, wanted), *measuring.against_the_past(frame, window, rules)]
    if predictions:
        parts += _alone(frame, wanted)
    return parts


def _alone(frame: Frame, wanted: Wanted) -> list[Placed]:
    """What is told of the window for its own sake, or of all its traffic together."""
    found = []
    for metrics in (frozenset({"traffic"}), frozenset(QUANTILES)):
        columns = wanted.columns(metrics)
        own = frame.only(columns)
        blocks = [traffic_block(own)] if "traffic" in metrics else latency_blocks(own, wanted.metrics)
        found += [Placed(part, columns) for part in blocks]
    everything = frame.only(_ALL)
    return found + [Placed(part, _ALL) for part in reconstruction_blocks(everything, wanted.metrics)]


class _Measuring:
    """What a window is compared by; the same for every baseline."""

    def __init__(self, *, labels: bool, predictions: bool, classified: bool) -> None:
        self._labels, self._predictions, self._classified = labels, predictions, classified

    def compared(self, frame: Frame, wanted: Wanted) -> list[Placed]:
        """Blocks of a frame, each with the frame's slices on which it is wanted."""
        narrow: dict[bytes, Frame] = {}

        def on(columns: Counts) -> Frame:
            return narrow.setdefault(columns.tobytes(), frame.only(columns))

        found: list[Placed] = []
        rates = wanted.columns(RATES)
        if self._labels and len(rates):
            found.append(Placed(label_block(on(rates)), rates))
        if not self._predictions:
            return found
        if len(rates):
            found += [Placed(part, rates) for part in ratio_blocks(on(rates), classified=self._classified)]
        numbers = [field.name for field in frame.layout.numeric]
        for places, columns in wanted.parts(_DISTANCES, (field.name for field in frame.layout.judged)):
            found.append(Placed(distance_block(on(columns), places, wanted.metrics), columns))
        for places, columns in wanted.parts(SHAPES, numbers):
            found.append(Placed(ks_block(on(columns), places), columns))
        for metrics, blocks in ((MOMENTS, moment_blocks), (frozenset({WASSERSTEIN}), _wasserstein(wanted))):
            columns = wanted.columns(metrics)
            if len(columns):
                found += [Placed(part, columns) for part in blocks(on(columns))]
        return found

    def against_the_past(self, frame: Frame, window: ClosedWindow, rules: Sequence[Monitor]) -> list[Placed]:
        """The metrics, features and slices that monitors want compared with another baseline.

        Groups, and the kurtosis that the test of a spread needs, are the profile's; counts and moments are
        the past's. Where there is no past yet, results say that there is too little data.
        """
        found = []
        for baseline in BASELINES:
            own = [rule for rule in rules if rule.baseline == baseline and baseline != REFERENCE]
            masks = [matching(rule.slices, frame.slices) for rule in own]
            columns = np.flatnonzero(np.logical_or.reduce(masks)) if own else _ALL[:0]
            if not len(columns):
                continue
            past, same_hour = window.baselines.get(baseline), baseline != "rolling"
            beside = against_past(frame, past, columns, same_hour=same_hour)
            for part, inside in self.compared(beside, Wanted(own, beside.slices, usual=False)):
                rows = [i for i, key in enumerate(part.keys) if _wanted(own, key.feature, key.metric)]
                if rows:
                    judged = _with_past(against(baseline, part, rows))
                    found.append(Placed(judged, columns[inside]))
        return found


def _wasserstein(wanted: Wanted) -> Callable[[Frame], list[Block]]:
    return lambda frame: wasserstein_blocks(frame, wanted.metrics)


def _wanted(rules: Sequence[Monitor], feature: str, metric: str) -> bool:
    return any(rule.metric == metric and matches(rule.features, feature) for rule in rules)


def _with_past(part: Block) -> Block:
    """A rate has a value without a reference too, but against a past that is not there it says nothing."""
    return replace(part, data=np.where(part.reference_n < SAMPLES_MIN, np.int8(TOO_FEW), part.data))
