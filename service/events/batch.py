"""What decoding gives: columns of a model's events, in offset order, and what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.events.coded import CodedColumn

Header = tuple[str, bytes | None]


class Record(Protocol):
    """The part of a Kafka record that decoding reads; aiokafka's ``ConsumerRecord`` is one."""

    @property
    def offset(self) -> int:
        """Place in its partition."""
        ...

    @property
    def timestamp(self) -> int:
        """Epoch milliseconds, -1 where there is none."""
        ...

    @property
    def key(self) -> bytes | None:
        """Chooses the partition."""
        ...

    @property
    def value(self) -> bytes | None:
        """The event."""
        ...

    @property
    def headers(self) -> Sequence[Header]:
        """Names and contents."""
        ...


class Reason(StrEnum):
    """Why a record was not counted as it came. Also the metric's label and the header's word."""

    NOT_JSON = "not_json"
    NOT_AN_EVENT = "not_an_event"
    TOO_LARGE = "too_large"
    UNKNOWN_MODEL = "unknown_model"
    UNKNOWN_VERSION = "unknown_version"
    NO_TIMESTAMP = "no_timestamp"
    BAD_TIMESTAMP = "bad_timestamp"
    TOMBSTONE = "tombstone"


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that is no event: it goes to the dead-letter topic as it came."""

    record: Record
    reason: Reason
    detail: str
    """Names the field, its value, the consequence and the mend."""


@dataclass(slots=True)
class Batch:
    """N events of one model, in offset order.

    Attributes
    ----------
    offsets, event_ms
        int64[N]: offset and event time of each.
    record_ms
        int64[N]: the record's timestamp, -1 where the broker gave none.
    versions
        N model versions, of which no two codes mean the same; labels have ``""``.
    tags
        For each tag that slices need, a column of N values; None where the event has none.
    numeric
        float64[N, M]: numeric features in the schema's order, then the prediction's score or value;
        NaN is null, +inf absent, -inf invalid. Labels have M columns of +inf.
    categorical
        For each categorical feature in the schema's order a column of N decoded values: a string, an
        integer, a boolean, None, ABSENT or INVALID. Empty for labels.
    counters
        int64[N, len(COUNTERS)]: what each event adds to the counters of its row.
    is_label
        Whether the events are labels: they count in counters only.
    latency_ms
        float64[N]: how long each prediction took; states as in ``numeric``, and a negative one is invalid.
        None where it is not wanted, and for labels.
    """

    model: str
    is_label: bool
    offsets: NDArray[np.int64]
    record_ms: NDArray[np.int64]
    event_ms: NDArray[np.int64]
    versions: CodedColumn[str]
    tags: dict[str, CodedColumn[str | None]]
    numeric: NDArray[np.float64]
    categorical: tuple[CodedColumn[object], ...]
    counters: NDArray[np.int64]
    latency_ms: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.offsets)

    def take(self, members: NDArray[np.int64]) -> Batch:
        """The events at ``members``, int64[n] ascending."""
        return Batch(
            model=self.model,
            is_label=self.is_label,
            offsets=self.offsets[members],
            record_ms=self.record_ms[members],
            event_ms=self.event_ms[members],
            versions=self.versions.take(members),
            tags={tag: column.take(members) for tag, column in self.tags.items()},
            numeric=self.numeric[members],
            categorical=tuple(column.take(members) for column in self.categorical),
            counters=self.counters[members],
            latency_ms=None if self.latency_ms is None else self.latency_ms[members],
        )

    def only(self, version: str) -> Batch:
        """The events of one version."""
        wanted = np.array([own == version for own in self.versions.values], np.bool_)
        members = np.flatnonzero(wanted[self.versions.codes])
        return self if len(members) == len(self) else self.take(members)


@dataclass(slots=True)
class Decoded:
    """What a run of records held."""

    batches: list[Batch] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    tombstones: int = 0
    duplicate_keys: int = 0
    """Events in which a key stood twice; the last one counted, as JSON parsers do."""
