"""What monitors say of a window's results, and what of it anybody must look at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from itertools import chain, islice
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.config.monitor import Monitor
from service.evaluation.block import Row
from service.evaluation.result import Evaluated, Judgement, Result, Verdict
from service.evaluation.results import Lazy, Results
from service.evaluation.verdict import BREACH, NO_DATA, VERDICTS

Place = tuple[str, str, str, str]
"""Name and severity of a monitor, feature and slice: what an alert is about."""

Series = tuple[str, str, str, str]
"""Slice, feature, metric and baseline."""


class Said(NamedTuple):
    """A monitor's verdicts: the results that it judges, int64[J], and the code of each, int8[J]."""

    monitor: Monitor
    places: NDArray[np.int64]
    codes: NDArray[np.int8]


class Judgements(Lazy[Judgement]):
    """The judgements of one window: by monitor, then in the order of results."""

    def __init__(self, results: Results, said: Sequence[Said]) -> None:
        self.said = tuple(said)
        self.results = results
        self._ends = np.cumsum([len(rule.places) for rule in said]).tolist()
        super().__init__(self._ends[-1] if said else 0)

    def make(self, place: int) -> Judgement:
        """The judgement at a place."""
        number = bisect_right(self._ends, place)
        rule = self.said[number]
        own = place - (self._ends[number] - len(rule.places))
        return Judgement(rule.monitor, self.results[int(rule.places[own])], VERDICTS[rule.codes[own]])

    def standing_out(self, followed: Collection[Place]) -> list[Judgement]:
        """Those that begin something (a breach, silence that is counted) or are about what is followed."""
        found = []
        for rule, end in zip(self.said, self._ends, strict=True):
            out = rule.codes == BREACH
            if rule.monitor.insufficient_after:
                out |= rule.codes == NO_DATA
            out[self._followed(rule, followed)] = True
            found += [self[place] for place in (np.flatnonzero(out) + (end - len(out))).tolist()]
        return found

    def _followed(self, rule: Said, followed: Collection[Place]) -> list[int]:
        """Where in the rule's places those stand that are followed."""
        name, severity = rule.monitor.name, rule.monitor.severity
        own = [(feature, part) for one, other, feature, part in followed if (one, other) == (name, severity)]
        if not own:
            return []
        rows, columns = self._index
        table = self.results.table
        asked = [
            row * len(table.slices) + column
            for feature, part in own
            for row in [rows.get(Row(feature, rule.monitor.metric, rule.monitor.baseline))]
            for column in [columns.get(part)]
            if row is not None and column is not None
        ]
        # Results stand by row, then by slice.
        known = table.rows[rule.places] * len(table.slices) + table.columns[rule.places]
        places: list[int] = np.flatnonzero(np.isin(known, asked)).tolist()
        return places

    @cached_property
    def _index(self) -> tuple[dict[Row, int], dict[str, int]]:
        table = self.results.table
        return (
            {key: i for i, key in enumerate(table.keys)},
            {name: i for i, name in enumerate(table.slices)},
        )


def concerning(judgements: Sequence[Judgement], followed: Collection[Place]) -> Iterable[Judgement]:
    """The judgements that can change an alert, in their order; more of them do no harm."""
    return judgements.standing_out(followed) if isinstance(judgements, Judgements) else judgements


def adjusted(evaluated: Evaluated) -> NDArray[np.float64]:
    """float64[E]: adjusted p-values; NaN where there is no test."""
    if isinstance(evaluated.results, Results):
        return evaluated.results.table.p_adjusted
    return np.array([np.nan if line.p_adjusted is None else line.p_adjusted for line in evaluated.results])


def remembered(evaluated: Evaluated, most: int) -> tuple[dict[Series, float | None], int]:
    """Values by which a window is remembered, and how many of those that must be told did not fit.

    Everything on all the traffic comes first, then what breaches, then what else is judged.
    """
    results, judgements = evaluated.results, evaluated.judgements
    if not isinstance(results, Results) or not isinstance(judgements, Judgements):
        return _remembered(results, judgements, most)
    table = results.table
    everywhere = np.array([name == "all" for name in table.slices], bool)[table.columns]
    places = np.concatenate([np.zeros(0, np.int64), *(rule.places for rule in judgements.said)])
    broken = np.concatenate([np.zeros(0, bool), *(rule.codes == BREACH for rule in judgements.said)])
    elsewhere = ~everywhere[places]
    wanted = np.concatenate((np.flatnonzero(everywhere), places[elsewhere & broken]))
    kept = np.concatenate((wanted, places[elsewhere & ~broken]))[:most]
    lines = [(table.slices[column], table.keys[row]) for row, column in
             zip(table.rows[kept].tolist(), table.columns[kept].tolist(), strict=True)]  # fmt: skip
    values = [value if isfinite(value) else None for value in table.value[kept].tolist()]
    series = [(name, key.feature, key.metric, key.baseline) for name, key in lines]
    return dict(zip(series, values, strict=True)), max(0, len(wanted) - most)


def _remembered(
    results: Sequence[Result], judgements: Sequence[Judgement], most: int
) -> tuple[dict[Series, float | None], int]:
    judged = [item for item in judgements if item.result.slice != "all"]
    wanted = [item for item in results if item.slice == "all"]
    wanted += [item.result for item in judged if item.verdict is Verdict.BREACH]
    rest = (item.result for item in judged if item.verdict is not Verdict.BREACH)
    kept = islice(chain(wanted, rest), most)
    return {(r.slice, r.feature, r.metric, r.baseline): r.value for r in kept}, max(0, len(wanted) - most)
