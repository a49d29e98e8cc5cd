"""What holds for any event: both ways agree, nothing raises, and how records are batched changes nothing."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.events.batch import Decoded
from tests.events.making import (
    TIME,
    TIME_MS,
    compiled_decoder,
    decoder,
    plain,
    refused,
    rows,
    slow_decoder,
)

SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FRAGMENTS = [
    b"null", b"true", b"false", b"0", b"41", b"-1.5", b"1e999", b"1E5", b"NaN", b"-Infinity", b"[]", b"{}",
    b'""', b'"41"', b'"CA"', b'"NaN"',
    rb'"\ud800"', '"é💥"'.encode(), b"[NaN]", b'{"label":1}', b'":NaN,"', b"tru",
    b"12345678901234567890123", b'"\xff"', b'{"a":{"a":NaN}}', b'"\\\\"', b"9" * 450,
]  # fmt: skip
TIMES = [
    f'"{TIME}"'.encode(), b'"2026-08-22T12:15:03+02:00"', b'"2026-08-22t10:15:03.5z"', str(TIME_MS).encode(),
    b"1787393703120.7", b"1787393703", b'"2026-02-30T10:15:03.120Z"', b'"2026-08-22T10:15:03"', b"0",
]  # fmt: skip
KEYS = [
    "model", "model_version", "timestamp", "features", "prediction", "actual", "error", "tags", "age",
    "state", "income", "plan", "rooms", "label", "score", "value", "region", "tier", "unknown", "kpi",
]  # fmt: skip

scalars = st.sampled_from(FRAGMENTS) | st.floats().map(lambda x: json.dumps(x).encode())
objects = st.lists(st.tuples(st.sampled_from(KEYS), scalars), max_size=8)


def write(members: list[tuple[str, bytes]]) -> bytes:
    return b"{" + b",".join(b'"%s":%s' % (key.encode(), value) for key, value in members) + b"}"


@st.composite
def dirty_event(draw: st.DrawFn) -> bytes:
    """An event that is right in most places and wrong in some, keys missing, twice or in any order."""
    good: dict[str, Any] = {
        "model": st.sampled_from([b'"credit"', b'"price"']),
        "model_version": st.sampled_from([b'"1"', b"1", b"2", b'"7"']),
        "timestamp": st.sampled_from(TIMES),
        "features": objects.map(write),
        "prediction": objects.map(write),
        "tags": objects.map(write),
        "actual": objects.map(write),
        "error": scalars,
        "latency_ms": scalars,
    }
    keys = draw(st.lists(st.sampled_from(list(good)), max_size=10, unique=draw(st.booleans())))
    keys = [*dict.fromkeys(["model", "timestamp", *keys])] if draw(st.integers(0, 5)) else keys
    return write(
        [
            (key, draw(good[key] if draw(st.integers(0, 7)) else scalars))
            for key in draw(st.permutations(keys))
        ]
    )


anything = dirty_event() | st.binary(max_size=40) | st.none() | st.sampled_from(FRAGMENTS)


def joined(parts: list[Decoded]) -> tuple[Any, ...]:
    """The results of consecutive runs as one."""
    together: dict[Any, Any] = {}
    for part in parts:
        for key, columns in plain(part).items():
            kept = together.setdefault(key, columns)
            if kept is not columns:
                together[key] = {name: added(kept[name], columns[name], name) for name in columns}
    rejects = [reject for part in parts for reject in refused(part)]
    return together, rejects, sum(part.tombstones for part in parts)


def added(first: Any, second: Any, name: str) -> Any:
    if name == "tags":
        return {tag: first[tag] + second[tag] for tag in first}
    if name == "categorical":
        return [a + b for a, b in zip(first, second, strict=True)]
    return first + second


@SETTINGS
@given(st.lists(anything, max_size=12))
def test_the_fast_and_the_slow_way_agree_on_anything(values: list[bytes | None]) -> None:
    records = rows(*values)
    fast, compiled, slow = (make().decode(records) for make in (decoder, compiled_decoder, slow_decoder))
    assert joined([fast]) == joined([compiled]) == joined([slow])


@SETTINGS
@given(st.lists(anything, max_size=12), st.integers(0, 12))
def test_how_records_are_batched_changes_nothing(values: list[bytes | None], cut: int) -> None:
    records, whole, parts = rows(*values), decoder(), decoder()
    assert joined([whole.decode(records)]) == joined(
        [parts.decode(records[:cut]), parts.decode(records[cut:])]
    )


@SETTINGS
@given(st.lists(anything, max_size=12))
def test_every_record_is_in_a_batch_or_refused_or_a_tombstone_and_order_is_kept(
    values: list[bytes | None],
) -> None:
    decoded = decoder().decode(rows(*values))
    offsets = [batch.offsets.tolist() for batch in decoded.batches]
    rejects = [reject.record.offset for reject in decoded.rejects]

    assert all(run == sorted(run) for run in [*offsets, rejects])
    tombstones = [100 + i for i, value in enumerate(values) if value is None]
    assert decoded.tombstones == len(tombstones)
    assert sorted([*chain.from_iterable(offsets), *rejects, *tombstones]) == list(
        range(100, 100 + len(values))
    )


@SETTINGS
@given(st.lists(dirty_event(), min_size=1, max_size=5))
def test_what_a_decoder_has_learned_changes_nothing(values: list[bytes]) -> None:
    learned = decoder()
    for name, shape in learned._shapes.items():
        shape.raw = {(key, leaf) for key, kinds in shape.kinds.items() for leaf in kinds} | {("", "error")}
        shape.order = {key: tuple(reversed(kinds)) for key, kinds in shape.kinds.items()}
        shape.compile()
        learned._adapter._unknown_order.discard(name)
    learned._compile()
    records = rows(*values)
    assert joined([learned.decode(records)]) == joined([decoder().decode(records)])


@SETTINGS
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_arbitrary_bytes_never_raise(values: list[bytes]) -> None:
    decoded = decoder().decode(rows(*values))
    assert len(decoded.rejects) == len(values)
    assert all(reject.detail for reject in decoded.rejects)
