"""Gathers decoded events of one model and kind as columns, run by run, and makes one batch of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, repeat
from operator import attrgetter, eq
from typing import Any

import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from detectors.layout import COUNTERS
from service.events import refusals
from service.events.batch import Batch
from service.events.coded import CodedColumn
from service.events.leaves import LATENCY, NUMBER_ABSENT, NUMBER_INVALID, Leaf, Raw, Scalar, json_text
from service.events.refusals import Refusal
from service.events.shapes import Part, Shape
from service.events.timestamps import END_MS, FIRST_MS, Times, why_not

VERSION_MAX = 200
"""Characters of a model's version."""

_COLUMN = {name: i for i, name in enumerate(COUNTERS)}

_VERSION, _TIMESTAMP, _FEATURES, _PREDICTION, _ERROR, _ACTUAL, _TAGS, _LATENCY = map(
    attrgetter,
    ("model_version", "timestamp", "features", "prediction", "error", "actual", "tags", "latency_ms"),
)

Positions = NDArray[np.int64]


class Columns:
    """The columns of events of one model, either predictions or labels.

    Events are added as structs of the model's type, each with its position in the run of records.

    Attributes
    ----------
    timestamps
        The events' timestamps as they came.
    """

    def __init__(self, shape: Shape, *, is_label: bool) -> None:
        self._shape = shape
        self._is_label = is_label
        self._features, self._prediction, self._tags = (
            shape.parts[k] for k in ("features", "prediction", "tags")
        )
        self._positions: list[Positions] = []
        self._numeric: list[NDArray[np.float64]] = []
        self._counters: list[NDArray[np.int64]] = []
        self._latency: list[NDArray[np.float64]] | None = [] if shape.model.latency and not is_label else None
        self._coder = shape.coders[is_label]
        self._codes: list[NDArray[np.int64]] = []
        self.timestamps: list[object] = []

    def add(self, events: Sequence[Any], positions: Positions) -> None:
        """Add events; the order of positions is that of the records."""
        self._positions.append(positions)
        self.timestamps.extend(map(_TIMESTAMP, events))
        coded: list[Sequence[Any]] = [list(map(_VERSION, events)), *self._tag_values(events)]
        counters = np.zeros((len(events), len(COUNTERS)), dtype=np.int64)
        if any(map(_ACTUAL, events)):
            self._count_actuals(list(map(_ACTUAL, events)), counters)
        if not self._is_label:
            counters[:, _COLUMN["events"]] = 1
            outputs, labels = self._outputs(list(map(_PREDICTION, events)))
            coded += self._add_features(list(map(_FEATURES, events)), outputs)
            self._count_labels(labels, counters)
            if self._latency is not None:
                self._latency.append(self._latencies(events))
            if any(map(_ERROR, events)):
                counters[:, _COLUMN["errors"]] = [bool(event.error) for event in events]
        self._codes.append(self._coder.codes(coded))
        self._counters.append(counters)

    def _outputs(self, predictions: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
        """The prediction's number and its label, of each event."""
        part = self._prediction
        filled = _filled(predictions, part)
        return _leaf(filled, part, self._shape.output), _leaf(filled, part, "label")

    def _add_features(self, features: Sequence[Any], outputs: Sequence[Any]) -> list[Sequence[Any]]:
        """Add numeric features and outputs; the columns of the categorical ones."""
        columns = _transposed(features, self._features)
        numbers = [columns[place] for place in self._shape.numeric_places]
        rows, size = len(numbers) + 1, len(outputs)
        # None becomes NaN on the way; one call for all columns costs half of one for each.
        block = np.fromiter(chain(*numbers, outputs), dtype=np.float64, count=rows * size)
        self._numeric.append(block.reshape(rows, size))
        return [columns[place] for place in self._shape.categorical_places]

    def _latencies(self, events: Sequence[Any]) -> NDArray[np.float64]:
        """float64[N]: the latency of each event; None becomes NaN on the way."""
        given: Iterable[Any] = map(_LATENCY, events)
        if ("", "latency_ms") in self._shape.raw:
            given = read_raw(given, LATENCY)
        took = np.fromiter(given, np.float64, len(events))
        took[took < 0] = NUMBER_INVALID
        return took

    def _tag_values(self, events: Sequence[Any]) -> Iterator[list[Any]]:
        if self._shape.model.tags:
            filled = _filled(list(map(_TAGS, events)), self._tags)
            for name in self._shape.model.tags:
                yield _leaf(filled, self._tags, name)

    def _count_labels(self, labels: Sequence[Any], counters: NDArray[np.int64]) -> None:
        kinds = set(map(type, labels))
        if kinds != {type(None)}:
            counters[:, _COLUMN["labelled"]] = (
                [label is not None for label in labels] if type(None) in kinds else 1
            )
            counters[:, _COLUMN["positive"]] = self._positive(labels, kinds)

    def _count_actuals(self, actuals: Sequence[Any], counters: NDArray[np.int64]) -> None:
        counters[:, _COLUMN["actuals"]] = [actual is not None for actual in actuals]
        if self._shape.answer == "label":
            labels = [None if actual is None else actual.f0 for actual in actuals]
            counters[:, _COLUMN["actual_positive"]] = self._positive(labels, set(map(type, labels)))

    def _positive(self, labels: Sequence[Scalar], kinds: set[type]) -> NDArray[np.int64]:
        """Whether each label's JSON text is the positive one."""
        if not kinds <= {str, type(None)}:
            labels = [None if label is None else json_text(label) for label in labels]
        return np.fromiter(map(eq, labels, repeat(self._shape.model.positive_label)), np.int64, len(labels))

    def finish(
        self, event_ms: Times, offsets: NDArray[np.int64], record_ms: NDArray[np.int64]
    ) -> tuple[Batch, dict[int, Refusal]]:
        """The batch, and by position what was refused after all: no usable time, or another version.

        Parameters
        ----------
        event_ms
            int64[N]: the events' parsed timestamps.
        offsets, record_ms
            int64[R]: offset and timestamp of every record of the run, by position.
        """
        positions = np.concatenate(self._positions)
        tags = self._shape.model.tags
        refused = self._bad_times(event_ms)
        given, *coded = self._coder.columns(self._codes)
        versions, bad_versions = checked_versions(self._shape, given, is_label=self._is_label)
        refused = bad_versions | refused
        numeric = (
            np.full((len(self._shape.numeric) + 1, len(positions)), NUMBER_ABSENT)
            if self._is_label
            else np.concatenate(self._numeric, axis=1)
        )
        batch = Batch(
            model=self._shape.model.name,
            is_label=self._is_label,
            offsets=offsets[positions],
            record_ms=record_ms[positions],
            event_ms=event_ms,
            versions=versions,
            tags=dict(zip(tags, coded, strict=False)),
            numeric=numeric.T,
            categorical=tuple(coded[len(tags) :]),
            counters=np.concatenate(self._counters),
            latency_ms=np.concatenate(self._latency) if self._latency is not None else None,
        )
        by_position = {int(positions[i]): refusal for i, refusal in refused.items()}
        return (batch.take(all_but(refused, len(batch))) if refused else batch), by_position

    def _bad_times(self, event_ms: NDArray[np.int64]) -> dict[int, Refusal]:
        refused: dict[int, Refusal] = {}
        for i in suspicious(event_ms):
            value, time_ms = self.timestamps[i], int(event_ms[i])
            if value is None:
                refused[i] = refusals.no_timestamp()
            elif (why := why_not(value, time_ms)) is not None:
                refused[i] = refusals.bad_timestamp(_quoted(value), why)
        return refused


def checked_versions(
    shape: Shape, given: CodedColumn[Scalar], *, is_label: bool
) -> tuple[CodedColumn[str], dict[int, Refusal]]:
    """The version of each event as text, that of labels empty, and which events are refused for theirs."""
    column = as_text(given)
    accepted = shape.model.versions
    wrong = {
        code: _wrong_version(version, accepted)
        for code, version in enumerate(column.values)
        if len(version) > VERSION_MAX
        or (accepted is not None and version not in accepted and not (is_label and not version))
    }
    refused = {}
    if wrong:
        codes = column.codes.tolist()
        refused = {i: wrong[code] for i, code in enumerate(codes) if code in wrong}
    return (no_versions(len(column)) if is_label else column), refused


def no_versions(count: int) -> CodedColumn[str]:
    """The versions of labels."""
    return CodedColumn(np.zeros(count, np.int64), [""])


def suspicious(event_ms: NDArray[np.int64]) -> list[int]:
    """Where times are outside of those that events have."""
    return np.flatnonzero((event_ms < FIRST_MS) | (event_ms >= END_MS)).tolist()


def as_text(versions: CodedColumn[Scalar]) -> CodedColumn[str]:
    """Versions as text, each with one code; a missing one is empty."""
    texts = ["" if version is None else json_text(version) for version in versions.values]
    distinct = list(dict.fromkeys(texts))
    if len(distinct) == len(texts):
        return CodedColumn(versions.codes, texts)
    codes = np.array([distinct.index(text) for text in texts], np.int64)
    return CodedColumn(codes[versions.codes], distinct)


def _wrong_version(version: str, accepted: tuple[str, ...] | None) -> Refusal:
    if len(version) > VERSION_MAX:
        return refusals.long_version(version, VERSION_MAX)
    return refusals.unknown_version(version, accepted or ())


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _filled(structs: Sequence[Any], part: Part) -> Sequence[Any]:
    """The structs, with an empty one for each that is missing."""
    if all(structs):
        return structs
    empty = part.type()
    return [empty if struct is None else struct for struct in structs]


def _transposed(structs: Sequence[Any], part: Part) -> list[Sequence[Any]]:
    """One column a leaf; those kept as raw JSON are read now."""
    columns: list[Sequence[Any]] = list(zip(*map(astuple, structs), strict=True))
    for place in part.raw:
        columns[place] = read_raw(columns[place], part.leaves[place])
    return columns


def _leaf(structs: Sequence[Any], part: Part, name: str) -> list[Any]:
    """One column; cheaper than all of them when there are few."""
    column = list(map(part.get[name], structs))
    place = part.place[name]
    return read_raw(column, part.leaves[place]) if place in part.raw else column


def read_raw(column: Iterable[Any], leaf: Leaf) -> list[Any]:
    """A column's values; those that came the slow way, or are absent, have been read already."""
    value: Callable[[Raw], object] = leaf.value
    return [value(item) if type(item) is Raw else item for item in column]


def all_but(refused: Iterable[int], count: int) -> NDArray[np.int64]:
    """int64[n]: the numbers below ``count`` that are not refused."""
    return np.delete(np.arange(count), list(refused))
