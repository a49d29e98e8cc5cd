"""One batch out of two: events that the scanner read, and those of the same model that the decoder read."""

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
from service.events.shapes import Shape

HAS_PREDICTION, HAS_ERROR, HAS_ACTUAL = 1, 2, 4
VERSION, LABEL, ACTUAL, OTHERS = range(4)
"""Columns of codes: those that every model has, and the first of its tags and categorical features."""

COUNTER = {name: i for i, name in enumerate(COUNTERS)}

Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Columns of N records, of which the scanner filled those that it read.

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

    def are_labels(self) -> NDArray[np.bool_]:
        """bool[N]: which events are labels and nothing else."""
        return np.asarray((self.flags & (HAS_PREDICTION | HAS_ERROR)) == 0)


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """Makes the batch of one model's predictions or labels.

    Attributes
    ----------
    values
        Gives the distinct values of a coded column, by code.
    columns
        Where the decoder's events are put in, too.
    """

    shape: Shape
    values: Callable[[int], list[Any]]
    columns: Columns
    is_label: bool

    def batch(
        self,
        own: Positions,
        other: Batch | None,
        offsets: NDArray[np.int64],
        record_ms: NDArray[np.int64],
    ) -> tuple[Batch, dict[int, Refusal]]:
        """The batch, and by position what was refused for its version.

        Parameters
        ----------
        own
            Positions of the events that the scanner read.
        other
            What the decoder made of others.
        offsets, record_ms
            int64[N]: offset and timestamp of every record of the run.
        """
        put = np.searchsorted(offsets, other.offsets) if other is not None else own[:0]
        positions = np.sort(np.concatenate((own, put))) if len(put) else own
        everything = len(positions) == len(offsets)
        chosen: slice | Positions = slice(None) if everything else positions
        self.columns.times[put] = 0 if other is None else other.event_ms
        counters = self._counters(own)
        if other is not None:
            counters = np.concatenate((counters, other.counters))[np.argsort(np.concatenate((own, put)))]
        tags = self.shape.tags
        named = [other.tags[tag] if other else None for tag in tags]
        categorical = () if self.is_label else self._categorical(chosen, put, other)
        batch = Batch(
            model=self.shape.model.name,
            is_label=self.is_label,
            offsets=offsets[chosen],
            record_ms=record_ms[chosen],
            event_ms=self.columns.times[chosen],
            versions=no_versions(len(positions)),
            tags={
                tag: self._coded(OTHERS + i, chosen, put, column)
                for i, (tag, column) in enumerate(zip(tags, named, strict=True))
            },
            numeric=self._numeric(chosen, put, other, len(positions)),
            categorical=categorical,
            counters=counters,
            latency_ms=self._latency(chosen, put, other),
        )
        return self._with_versions(batch, chosen, positions, put, other)

    def _with_versions(
        self,
        batch: Batch,
        chosen: slice | Positions,
        positions: Positions,
        put: Positions,
        other: Batch | None,
    ) -> tuple[Batch, dict[int, Refusal]]:
        versions = self._coded(VERSION, chosen, put, other.versions if other else None)
        batch.versions, refused = checked_versions(self.shape, versions, is_label=self.is_label)
        by_position = {int(positions[i]): refusal for i, refusal in refused.items()}
        return (batch.take(all_but(refused, len(batch))) if refused else batch), by_position

    def _numeric(
        self, chosen: slice | Positions, put: Positions, other: Batch | None, count: int
    ) -> NDArray[np.float64]:
        width = len(self.shape.numeric) + 1
        if self.is_label:
            return absent_numbers(count, width)
        numbers = self.columns.numbers[:, :width]
        if other is not None:
            numbers[put] = other.numeric
        return numbers[chosen]

    def _latency(
        self, chosen: slice | Positions, put: Positions, other: Batch | None
    ) -> NDArray[np.float64] | None:
        if self.is_label or not self.shape.model.latency:
            return None
        took = self.columns.numbers[:, len(self.shape.numeric) + 1]
        if other is not None and other.latency_ms is not None:
            took[put] = other.latency_ms
        return took[chosen]

    def _categorical(
        self, chosen: slice | Positions, put: Positions, other: Batch | None
    ) -> tuple[CodedColumn[object], ...]:
        first = OTHERS + len(self.shape.tags)
        return tuple(
            self._coded(first + i, chosen, put, other.categorical[i] if other else None)
            for i in range(len(self.shape.categorical))
        )

    def _coded(
        self, place: int, chosen: slice | Positions, put: Positions, other: CodedColumn[Any] | None
    ) -> CodedColumn[Any]:
        values, codes = self.values(place), self.columns.codes[:, place]
        if other is not None:
            known = {(type(value), value): code for code, value in enumerate(values)}
            added = [known.setdefault((type(value), value), len(known)) for value in other.values]
            values = [value for _, value in known]
            codes[put] = np.array(added, np.int64)[other.codes]
        return dense(codes[chosen], values)

    def _counters(self, own: Positions) -> NDArray[np.int64]:
        """int64[n, counters] of the events that the scanner read."""
        counters = np.zeros((len(own), len(COUNTERS)), np.int64)
        flags = self.columns.flags[own]
        if (flags & HAS_ACTUAL).any():
            counters[:, COUNTER["actuals"]] = (flags & HAS_ACTUAL) != 0
            if self.shape.answer == "label":
                counters[:, COUNTER["actual_positive"]] = self._positive(ACTUAL, own)
        if not self.is_label:
            labels = self.columns.codes[own, LABEL]
            counters[:, COUNTER["events"]] = 1
            counters[:, COUNTER["labelled"]] = labels != 0
            counters[:, COUNTER["positive"]] = self._positive(LABEL, own)
            counters[:, COUNTER["errors"]] = (flags & HAS_ERROR) != 0
        return counters

    def _positive(self, place: int, own: Positions) -> NDArray[np.bool_]:
        return are_positive(self.shape, self.values(place), self.columns.codes[own, place])


def absent_numbers(count: int, width: int) -> NDArray[np.float64]:
    """float64[count, width]: the numbers of labels, of which they have none."""
    return np.broadcast_to(NUMBER_ABSENT, (count, width))


def are_positive(shape: Shape, values: Sequence[Any], codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each label's JSON text is the positive one."""
    wanted = shape.model.positive_label
    found = [value is not None and json_text(value) == wanted for value in values]
    return np.asarray(np.array(found, bool)[codes])
