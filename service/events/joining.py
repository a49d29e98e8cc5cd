"""One batch out of two of the same model and kind, whose events stand between each other in the log."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from service.events.batch import Batch
from service.events.coded import CodedColumn

T = TypeVar("T")


def interleaved(a: Batch, b: Batch) -> Batch:
    """The events of both, in the order of their offsets."""
    latency = None if a.latency_ms is None or b.latency_ms is None else (a.latency_ms, b.latency_ms)
    both = Batch(
        model=a.model,
        is_label=a.is_label,
        offsets=np.concatenate((a.offsets, b.offsets)),
        record_ms=np.concatenate((a.record_ms, b.record_ms)),
        event_ms=np.concatenate((a.event_ms, b.event_ms)),
        versions=joined(a.versions, b.versions),
        tags={tag: joined(column, b.tags[tag]) for tag, column in a.tags.items()},
        numeric=np.concatenate((a.numeric, b.numeric)),
        categorical=tuple(joined(*columns) for columns in zip(a.categorical, b.categorical, strict=True)),
        counters=np.concatenate((a.counters, b.counters)),
        latency_ms=None if latency is None else np.concatenate(latency),
    )
    return both.take(np.argsort(both.offsets, kind="stable"))


def joined(a: CodedColumn[T], b: CodedColumn[T]) -> CodedColumn[T]:
    """One column behind the other; values that are equal but of another type stay apart.

    >>> one, other = CodedColumn.of([1, "eu"]), CodedColumn.of(["eu", True])
    >>> list(joined(one, other))
    [1, 'eu', 'eu', True]
    """
    known = {(type(value), value): code for code, value in enumerate(a.values)}
    added = [known.setdefault((type(value), value), len(known)) for value in b.values]
    codes = np.concatenate((a.codes, np.array(added, np.int64)[b.codes]))
    return CodedColumn(codes, [value for _, value in known])
