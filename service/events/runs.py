"""Batches of each model out of a run of records that was scanned: its columns, cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.layout import COUNTERS
from service.events.batch import Batch
from service.events.coded import CodedColumn, dense
from service.events.columns import all_but, checked_versions, no_versions
from service.events.leaves import NUMBER_ABSENT, json_text
from service.events.refusals import Refusal
from service.events.run import Run
from service.events.shapes import Shape

HAS_PREDICTION, HAS_ERROR, HAS_ACTUAL = 1, 2, 4
VERSION, LABEL, ACTUAL, OTHERS = range(4)
"""Columns of codes: those that every model has, and the first of its tags and categorical features."""

_COUNTER = {name: i for i, name in enumerate(COUNTERS)}

Values = Callable[[int, int], list[Any]]
"""Gives the distinct values of a model's coded column, by code."""

Places = slice | NDArray[np.int64]
"""Where some events stand among the columns, in their order."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Columns of N events, of which the scanner filled those that it read.

    Attributes
    ----------
    numbers, codes
        float64[N, numbers], int64[N, columns]: a column for each number and each coded value of a model.
    times
        int64[N]: epoch milliseconds.
    flags
        uint8[N]: whether an event has a prediction, says that the request failed, has a label.
    """

    numbers: NDArray[np.float64]
    codes: NDArray[np.int64]
    times: NDArray[np.int64]
    flags: NDArray[np.uint8]

    def are_labels(self, span: slice) -> NDArray[np.bool_]:
        """bool[n]: which events are labels and nothing else."""
        return np.asarray((self.flags[span] & (HAS_PREDICTION | HAS_ERROR)) == 0)


class Runs:
    """A run of N records, the events of each model behind each other.

    Parameters
    ----------
    shapes, values
        Of the models that the scanner knows.
    columns
        What the scanner made of the records.
    records, order
        The records, and int64[N]: which of them stands at each place of the columns.
    """

    def __init__(
        self,
        shapes: Sequence[Shape],
        values: Values,
        columns: Columns,
        records: Run,
        order: NDArray[np.int64],
    ) -> None:
        self._shapes, self._values, self._columns, self._order = shapes, values, columns, order
        self._offsets, self._record_ms = records.offsets[order], records.record_ms[order]
        self._counters = _counters(columns.flags, columns.codes[:, LABEL])

    def batch(self, place: int, own: Places, *, is_label: bool) -> tuple[Batch, dict[int, Refusal]]:
        """Events of one model and kind, and by number of the record what was refused for its version."""
        shape, codes = self._shapes[place], self._columns.codes[own]
        count, tags, width = len(codes), len(shape.tags), len(shape.numeric) + 1
        last = OTHERS + tags + (0 if is_label else len(shape.categorical))
        columns = [dense(codes[:, i], self._values(place, i)) for i in range(OTHERS, last)]
        numbers = None if is_label else self._columns.numbers[own]
        given = CodedColumn(codes[:, VERSION], self._values(place, VERSION))
        versions, refused = checked_versions(shape, given, is_label=is_label)
        batch = Batch(
            model=shape.model.name,
            is_label=is_label,
            offsets=self._offsets[own],
            record_ms=self._record_ms[own],
            event_ms=self._columns.times[own],
            versions=no_versions(count) if is_label else versions,
            tags=dict(zip(shape.tags, columns, strict=False)),
            numeric=absent_numbers(count, width) if numbers is None else numbers[:, :width],
            categorical=tuple(columns[tags:]),
            counters=self._counted(place, own, codes, is_label=is_label),
            latency_ms=None if numbers is None or not shape.model.latency else numbers[:, width],
        )
        if not refused:
            return batch, {}
        by_record = {int(self._order[own][i]): refusal for i, refusal in refused.items()}
        return batch.take(all_but(refused, count)), by_record

    def _counted(
        self, place: int, own: Places, codes: NDArray[np.int64], *, is_label: bool
    ) -> NDArray[np.int64]:
        """int64[n, counters] of some events."""
        shape, counters = self._shapes[place], self._counters[own]
        if not is_label:
            labels = self._values(place, LABEL)
            counters[:, _COUNTER["positive"]] = are_positive(shape, labels, codes[:, LABEL])
        if shape.answer == "label" and (self._columns.flags[own] & HAS_ACTUAL).any():
            actual = self._values(place, ACTUAL)
            counters[:, _COUNTER["actual_positive"]] = are_positive(shape, actual, codes[:, ACTUAL])
        return counters


def _counters(flags: NDArray[np.uint8], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[N, counters]: what each event adds, but for labels that are the positive one."""
    counters = np.zeros((len(flags), len(COUNTERS)), np.int64)
    predicted = (flags & (HAS_PREDICTION | HAS_ERROR)) != 0
    counters[:, _COUNTER["actuals"]] = (flags & HAS_ACTUAL) != 0
    counters[:, _COUNTER["events"]] = predicted
    counters[:, _COUNTER["labelled"]] = predicted & (labels != 0)
    counters[:, _COUNTER["errors"]] = (flags & HAS_ERROR) != 0
    return counters


def absent_numbers(count: int, width: int) -> NDArray[np.float64]:
    """float64[count, width]: the numbers of labels, of which they have none."""
    return np.broadcast_to(NUMBER_ABSENT, (count, width))


def are_positive(shape: Shape, values: Sequence[Any], codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each label's JSON text is the positive one."""
    wanted = shape.model.positive_label
    found = [value is not None and json_text(value) == wanted for value in values]
    return np.asarray(np.array(found, bool)[codes])
