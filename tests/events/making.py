"""Makes models, records and decoders for the tests of decoding."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from service.config.model import Model
from service.events.batch import Batch, Decoded, Header
from service.events.native import NativeDecoder
from service.events.run import TOMBSTONE, Run
from service.events.slow import SlowReader

TIME = "2026-08-22T10:15:03.120Z"
TIME_MS = 1_787_393_703_120
LIMIT = 20_000


@dataclass(slots=True)
class Row:
    """A record, as a consumer gives it."""

    offset: int
    value: bytes | None
    timestamp: int = 1_787_393_704_000
    key: bytes | None = None
    headers: Sequence[Header] = field(default_factory=tuple)


def rows(*values: bytes | str | dict[str, Any] | None, first: int = 100) -> list[Row]:
    """Records of the values, with offsets from ``first``."""
    return [Row(first + i, as_bytes(value)) for i, value in enumerate(values)]


def side_by_side(records: Sequence[Row], neighbour: bytes = b"") -> Run:
    """A run whose values stand one behind the other, ``neighbour`` between them, nothing behind."""
    lengths = [TOMBSTONE if row.value is None else len(row.value) for row in records]
    steps = [max(length, 0) + len(neighbour) for length in lengths]
    return Run(
        neighbour.join(row.value or b"" for row in records),
        np.cumsum([0, *steps], dtype=np.int64)[:-1],
        np.array(lengths, np.int64),
        np.array([row.offset for row in records], np.int64),
        np.array([row.timestamp for row in records], np.int64),
        records.__getitem__,
    )


def as_bytes(value: bytes | str | dict[str, Any] | None) -> bytes | None:
    if isinstance(value, dict):
        return json.dumps(value).encode()
    return value.encode() if isinstance(value, str) else value


def credit(**more: Any) -> Model:
    """A binary model with two numeric and two categorical features and two tags."""
    return Model.model_validate(
        {
            "name": "credit",
            "positive_label": "approve",
            "features": {
                "age": {"type": "numeric"},
                "state": {"type": "categorical"},
                "income": {"type": "numeric"},
                "plan": {"type": "categorical"},
            },
            "slices": [["region"], ["region", "tier"]],
        }
        | more
    )


def price() -> Model:
    """A regression."""
    return Model.model_validate(
        {
            "name": "price",
            "task": "regression",
            "features": {"rooms": {"type": "numeric"}},
            "versions": ["1", "2"],
        }
    )


def event(**more: Any) -> dict[str, Any]:
    """A complete prediction of ``credit``; None in ``more`` takes a key away."""
    made = {
        "model": "credit",
        "model_version": "7",
        "prediction_id": "01J",
        "timestamp": TIME,
        "features": {"age": 41, "state": "CA", "income": 1000.5, "plan": "gold"},
        "prediction": {"label": "approve", "score": 0.87},
        "tags": {"region": "eu", "tier": "a"},
    } | more
    return {key: value for key, value in made.items() if value is not None}


def label(**more: Any) -> dict[str, Any]:
    """A label of ``credit``."""
    return {"model": "credit", "timestamp": TIME, "actual": {"label": "deny"}} | more


def decoder(*models: Model) -> NativeDecoder:
    return NativeDecoder(models or (credit(), price()), LIMIT)


def compiled_decoder(*models: Model) -> NativeDecoder:
    """A decoder as it is where no scanner was built: the compiled decoder reads every event first."""
    made = decoder(*models)
    made._scanner = None
    return made


class Slow:
    """A compiled decoder that refuses everything."""

    def decode(self, value: bytes) -> Any:
        raise UnicodeDecodeError("utf-8", value, 0, 1, "refused, so that the slow way is gone")


def slow_decoder(*models: Model) -> NativeDecoder:
    """A decoder that reads every event value by value."""
    made = compiled_decoder(*models)
    made._compile = lambda: None  # type: ignore[method-assign]  # it would bring the fast way back
    made._adapter.learn = lambda *_: False  # type: ignore[method-assign]  # likewise
    made._fast = made._slow.fast = Slow().decode  # type: ignore[assignment]  # the tests hand over bytes only
    assert isinstance(made._slow, SlowReader)
    return made


def only(decoded: Decoded) -> Batch:
    """The one batch, and no reject."""
    assert decoded.rejects == []
    (batch,) = decoded.batches
    return batch


def categories(batch: Batch) -> tuple[list[object], ...]:
    """The values of its categorical features."""
    return tuple(map(list, batch.categorical))


def tags(batch: Batch) -> dict[str, list[str | None]]:
    """The values of its tags."""
    return {name: list(column) for name, column in batch.tags.items()}


def plain(decoded: Decoded) -> dict[tuple[str, bool], dict[str, Any]]:
    """What was decoded, comparable with ==; NaN is written as a word."""
    return {
        (b.model, b.is_label): {
            "offsets": b.offsets.tolist(),
            "record_ms": b.record_ms.tolist(),
            "event_ms": b.event_ms.tolist(),
            "versions": list(b.versions),
            "tags": tags(b),
            "numeric": [["null" if np.isnan(x) else float(x) for x in row] for row in b.numeric],
            "categorical": [[(type(v).__name__, str(v)) for v in column] for column in categories(b)],
            "counters": b.counters.tolist(),
            "latency_ms": None if b.latency_ms is None else [str(took) for took in b.latency_ms.tolist()],
        }
        for b in decoded.batches
    }


def refused(decoded: Decoded) -> list[tuple[int, str, str]]:
    return [(reject.record.offset, reject.reason.value, reject.detail) for reject in decoded.rejects]
