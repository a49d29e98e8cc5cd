"""Batches of many models out of one run of records: its columns are put in order once, and cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.layout import COUNTERS
from service.events.batch import Batch
from service.events.coded import CodedColumn, dense
from service.events.columns import all_but, checked_versions, no_versions
from service.events.overlay import (
    ACTUAL,
    COUNTER,
    HAS_ACTUAL,
    HAS_ERROR,
    HAS_PREDICTION,
    LABEL,
    OTHERS,
    VERSION,
    Columns,
    absent_numbers,
    are_positive,
)
from service.events.refusals import Refusal
from service.events.shapes import Shape

Values = Callable[[int, int], list[Any]]
"""Gives the distinct values of a model's coded column, by code."""


class Runs:
    """A run of N records, events of one model and kind behind each other.

    Parameters
    ----------
    shapes, values
        Of the models that the scanner knows.
    columns
        What the scanner made of the records.
    sides
        int64[N]: twice the number of each event's model, and one more for labels; negative where the scanner
        left it alone.
    offsets, record_ms
        int64[N]: of the records.
    """

    def __init__(
        self,
        shapes: Sequence[Shape],
        values: Values,
        columns: Columns,
        sides: NDArray[np.int64],
        offsets: NDArray[np.int64],
        record_ms: NDArray[np.int64],
    ) -> None:
        self._shapes, self._values = shapes, values
        self._order = order = np.argsort(sides, kind="stable")
        self._ends = np.cumsum(np.bincount(sides + 1, minlength=2 * len(shapes) + 1)).tolist()
        self._numbers = columns.numbers.take(order, axis=0)
        self._codes = columns.codes.take(order, axis=0)
        self._flags = columns.flags[order]
        self._integers = np.stack((offsets[order], record_ms[order], columns.times[order]))
        self._counters = _counters(self._flags, self._codes[:, LABEL])

    def batch(self, side: int) -> tuple[Batch, dict[int, Refusal]]:
        """The events of a side, and by position among the records what was refused for its version."""
        is_label = bool(side % 2)
        shape = self._shapes[side // 2]
        own = slice(self._ends[side], self._ends[side + 1])
        count, tags = own.stop - own.start, len(shape.tags)
        width = len(shape.numeric) + 1
        codes = self._codes[own]
        offsets, record_ms, event_ms = self._integers[:, own]
        last = OTHERS + tags + (0 if is_label else len(shape.categorical))
        columns = [dense(codes[:, i], self._values(side // 2, i)) for i in range(OTHERS, last)]
        batch = Batch(
            model=shape.model.name,
            is_label=is_label,
            offsets=offsets,
            record_ms=record_ms,
            event_ms=event_ms,
            versions=no_versions(count),
            tags=dict(zip(shape.tags, columns, strict=False)),
            numeric=absent_numbers(count, width) if is_label else self._numbers[own, :width],
            categorical=tuple(columns[tags:]),
            counters=self._counted(side, own, codes),
            latency_ms=None if is_label or not shape.model.latency else self._numbers[own, width],
        )
        given = CodedColumn(codes[:, VERSION], self._values(side // 2, VERSION))
        batch.versions, refused = checked_versions(shape, given, is_label=is_label)
        if not refused:
            return batch, {}
        by_position = {int(self._order[own.start + i]): refusal for i, refusal in refused.items()}
        return batch.take(all_but(refused, count)), by_position

    def _counted(self, side: int, own: slice, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[n, counters] of a side's events."""
        shape, counters = self._shapes[side // 2], self._counters[own].copy()
        if not side % 2:
            labels = self._values(side // 2, LABEL)
            counters[:, COUNTER["positive"]] = are_positive(shape, labels, codes[:, LABEL])
        if shape.answer == "label" and (self._flags[own] & HAS_ACTUAL).any():
            actual = self._values(side // 2, ACTUAL)
            counters[:, COUNTER["actual_positive"]] = are_positive(shape, actual, codes[:, ACTUAL])
        return counters


def _counters(flags: NDArray[np.uint8], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[N, counters]: what each event adds, but for labels that are the positive one."""
    counters = np.zeros((len(flags), len(COUNTERS)), np.int64)
    predicted = (flags & (HAS_PREDICTION | HAS_ERROR)) != 0
    counters[:, COUNTER["actuals"]] = (flags & HAS_ACTUAL) != 0
    counters[:, COUNTER["events"]] = predicted
    counters[:, COUNTER["labelled"]] = predicted & (labels != 0)
    counters[:, COUNTER["errors"]] = (flags & HAS_ERROR) != 0
    return counters
