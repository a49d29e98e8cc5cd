"""Batches of one model that follow each other, as one: what a batch costs at any length is paid once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import is_
from typing import TypeVar

import numpy as np

from service.events.batch import Batch
from service.events.coded import CodedColumn, dense

T = TypeVar("T")


def joined(batches: Sequence[Batch]) -> Batch:
    """The events of batches of one model and kind, in their order."""
    first = batches[0]
    if len(batches) == 1:
        return first
    latency = [batch.latency_ms for batch in batches if batch.latency_ms is not None]
    return Batch(
        model=first.model,
        is_label=first.is_label,
        offsets=np.concatenate([batch.offsets for batch in batches]),
        record_ms=np.concatenate([batch.record_ms for batch in batches]),
        event_ms=np.concatenate([batch.event_ms for batch in batches]),
        versions=list(chain.from_iterable(batch.versions for batch in batches)),
        tags={tag: joined_column([batch.tags[tag] for batch in batches]) for tag in first.tags},
        # By way of the transpose, a feature's values stay together.
        numeric=np.concatenate([batch.numeric.T for batch in batches], axis=1).T,
        categorical=tuple(
            joined_column([batch.categorical[i] for batch in batches]) for i in range(len(first.categorical))
        ),
        counters=np.concatenate([batch.counters for batch in batches]),
        latency_ms=np.concatenate(latency) if first.latency_ms is not None else None,
    )


def joined_column(columns: Sequence[CodedColumn[T]]) -> CodedColumn[T]:
    """The columns one behind the other.

    Decoders go on numbering from run to run, so that the distinct values of one column nearly always begin
    those of the next: then codes stay as they are.

    >>> list(joined_column([CodedColumn.of(["eu", "us"]), CodedColumn.of(["us"])]))
    ['eu', 'us', 'us']
    """
    longest = max((column.values for column in columns), key=len)
    if all(_begins(column.values, longest) for column in columns):
        return dense(np.concatenate([column.codes for column in columns]), list(longest))
    # 1 and True are equal, and yet different values.
    known: dict[tuple[type, T], int] = {}
    codes = []
    for column in columns:
        numbers = [known.setdefault((type(value), value), len(known)) for value in column.values]
        codes.append(np.array(numbers, np.int64)[column.codes])
    return dense(np.concatenate(codes), [value for _, value in known])


def _begins(values: Sequence[object], longest: Sequence[object]) -> bool:
    return values is longest or all(map(is_, values, longest))
