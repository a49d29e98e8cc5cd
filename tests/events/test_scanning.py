"""The scanner: it reads what is usual, as the compiled decoder does, and leaves the rest."""

from __future__ import annotations

import json
import math
import shutil
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.events.native import NativeDecoder
from service.events.run import Run
from service.events.scanning import BUILT, EventScanner
from service.events.shapes import Shape
from tests.events.making import (
    LIMIT,
    TIME,
    Row,
    categories,
    compiled_decoder,
    credit,
    decoder,
    event,
    label,
    only,
    plain,
    price,
    refused,
    rows,
    side_by_side,
    tags,
)

SETTINGS = settings(max_examples=300, deadline=None)

needs_scanner = pytest.mark.skipif(not BUILT, reason="the scanner is not built on this machine")


def left(*values: bytes) -> list[int]:
    """Which of the events of ``credit`` and ``price`` the scanner leaves to the decoder."""
    shapes = {model.name: Shape(model) for model in (credit(), price())}
    return EventScanner(shapes, LIMIT).scan(Run.of(rows(*values))).left


def agree(*values: bytes) -> None:
    """The scanner changes nothing: not in one run, nor in one after the other."""
    scanning, compiled = decoder(), compiled_decoder()
    for records in (rows(*values), rows(*values, first=500)):
        scanned, read = scanning.decode(records), compiled.decode(records)
        assert plain(scanned) == plain(read)
        assert refused(scanned) == refused(read)
        assert scanned.duplicate_keys == read.duplicate_keys


def test_the_scanner_is_built_where_there_is_a_compiler() -> None:
    assert BUILT or not shutil.which("cc")


@needs_scanner
def test_events_as_the_usual_encoders_write_them_are_not_left() -> None:
    odd = event(
        model_version=7,
        features={"plan": True, "age": "old", "extra": [{"a": [1, -2.5]}], "state": 12, "income": None},
        tags={"tier": "é💥", "region": 3, "more": "x"},
        latency_ms=12,
    )
    made = [event(), odd, label(), event(error="timeout"), event(actual={"label": True}), event(tags=None)]
    made += [event(prediction={"label": False, "score": 0.1234567890123456789}, timestamp=1787393703120)]
    values = [orjson.dumps(value) for value in made]
    values += [json.dumps(value, indent=1).encode() for value in made]
    values += [json.dumps(odd, ensure_ascii=False).encode()]

    escaped = [i for i, value in enumerate(values) if b"\\" in value]
    assert left(*values) == escaped
    agree(*values)


@needs_scanner
@pytest.mark.parametrize(
    "value",
    [
        json.dumps(event(model="nobody")).encode(),
        json.dumps(event(timestamp=None)).encode(),
        json.dumps(event(timestamp="1999-12-31T23:59:59Z")).encode(),
        json.dumps(event(features={"state": 1.5})).encode(),
        json.dumps(event(features={"age": 1e999})).encode(),
        json.dumps(event(features=[1])).encode(),
        json.dumps(event()).encode() + b"}",
        json.dumps(event()).encode()[:-1],
        json.dumps(event()).encode().replace(b'"age": 41', b'"age": 041'),
        json.dumps(event()).encode().replace(b'"age": 41', b'"age": 41, "age": 42'),
        json.dumps(event()).encode().replace(b'"gold"', b'"g\xffld"'),
        json.dumps(event()).encode().replace(b'"gold"', b'"g\\u006fld"'),
        json.dumps(event()).encode().replace(b"gold", b"g\0ld"),
        b"\0" * 300,
        b"",
        b"{}",
    ],
)
def test_what_is_not_certain_is_left(value: bytes) -> None:
    assert left(value) == [0]
    agree(value, json.dumps(event()).encode())


@needs_scanner
@SETTINGS
@given(
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
        st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
        st.integers(-(10**19), 10**19).map(str),
        st.builds(
            lambda digits, point: f"{digits[:point]}.{digits[point:]}",
            st.from_regex(r"[1-9][0-9]{15,18}", fullmatch=True),
            st.integers(1, 15),
        ),
    )
)
@example("9007199254740993")
@example("0.5000000000000001665")
@example("1.00000000000000011102230246251565")
def test_a_number_is_rounded_as_python_rounds_it(text: str) -> None:
    value = json.dumps(event()).encode().replace(b'"age": 41', b'"age": ' + text.encode())
    if left(value):
        agree(value)
        return
    age = only(decoder().decode(rows(value))).numeric[0, 0]
    assert struct.pack("<d", age) == struct.pack("<d", float(text)) or (age == 0.0 and float(text) == 0.0)


@needs_scanner
@SETTINGS
@given(st.data())
def test_an_event_that_was_damaged_is_read_as_the_decoder_reads_it(data: st.DataObject) -> None:
    value = bytearray(
        json.dumps(event(error=0, latency_ms=1.5, actual={"label": "deny"}), ensure_ascii=False).encode()
    )
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(value) - 1))
        length = data.draw(st.integers(0, 3))
        value[place : place + length] = data.draw(
            st.binary(max_size=3)
            | st.sampled_from([b'"', b"{", b"}", b"[", b",", b":", b"\\", b"-", b".", b"e5", b" ", b"null"])
        )
    agree(json.dumps(event()).encode(), bytes(value), json.dumps(label()).encode())


@needs_scanner
def test_more_distinct_values_than_are_remembered_stay_apart() -> None:
    made = decoder()
    for run in range(3):
        batch = only(
            made.decode(rows(*(event(features={"state": f"{run}-{i}", "plan": i}) for i in range(3_000))))
        )
        assert categories(batch) == ([f"{run}-{i}" for i in range(3_000)], list(range(3_000)))


@needs_scanner
def test_one_two_and_true_keep_their_types_beside_text() -> None:
    values = [1, "1", True, "true", 2, None, -7, "2"]
    batch = only(decoder().decode(rows(*(event(features={"state": v}, tags={"region": v}) for v in values))))

    assert [(type(v), v) for v in categories(batch)[0]] == [(type(v), v) for v in values]
    assert tags(batch)["region"] == ["1", "1", "true", "true", "2", None, "-7", "2"]


@needs_scanner
def test_events_that_are_left_stand_between_those_that_are_not() -> None:
    values: list[Any] = [event(features={"state": s}) for s in ("CA", "NY", 1.5, "CA", "1.5", 2.5, "new")]
    values.insert(2, event(features={"age": 1e999}))
    batch = only(decoder().decode(rows(*values)))

    assert batch.offsets.tolist() == list(range(100, 108))
    assert categories(batch) == categories(only(compiled_decoder().decode(rows(*values))))


@needs_scanner
def test_an_event_over_the_limit_is_refused_as_ever() -> None:
    big = json.dumps(event(note="x" * LIMIT)).encode()
    assert left(big) == [0]
    agree(big, json.dumps(event()).encode())


@needs_scanner
def test_arrays_too_small_for_the_events_are_refused() -> None:
    scanner = EventScanner({"credit": Shape(credit())}, LIMIT)._scanner
    long, short = np.empty(1_000, np.int64), np.empty(1, np.int64)

    def scan(starts: int, times: NDArray[np.int64], found: int) -> None:
        scanner.scan(
            b"{}", np.zeros(starts, np.int64), np.full(2, 2, np.int64), LIMIT, np.empty(100), long, times,
            np.empty(9, np.int32), np.empty(9, np.uint8), long, long, np.empty(found, np.int64),
        )  # fmt: skip

    for starts, times, found in ((2, short, 1), (1, long, 1), (2, long, 0)):
        with pytest.raises(ValueError, match="too small"):
            scan(starts, times, found)
    scan(2, long, 1)
    with pytest.raises(IndexError):
        scanner.values(1, 0)


@needs_scanner
@pytest.mark.parametrize(
    ("start", "length"), [(-1, 1), (3, 1), (0, 3), (2, 1), (2**63 - 1, 2), (-(2**63), 5), (0, 2**63 - 1)]
)
def test_a_place_outside_of_the_buffer_is_refused(start: int, length: int) -> None:
    row = rows(b"{}")[0]
    zero = np.zeros(1, np.int64)
    run = Run(b"{}", np.array([start]), np.array([length]), zero, zero, lambda _: row)
    with pytest.raises(ValueError, match="outside of the buffer"):
        EventScanner({"credit": Shape(credit())}, 2**63 - 1).scan(run)


@needs_scanner
@pytest.mark.parametrize("write", [orjson.dumps, lambda made: json.dumps(made, indent=1).encode()])
def test_no_value_is_read_on_into_its_neighbour(write: Callable[[Any], bytes]) -> None:
    whole = write(event(latency_ms=12.5, error=0))
    scanner = EventScanner({"credit": Shape(credit())}, LIMIT)
    cut = [whole[:end] for end in range(len(whole))]
    # Behind each prefix stands what would make it whole; behind the whole, what would spoil it.
    buffer = whole + b"7e5,x"
    ends = np.arange(len(whole) + 1)
    run = Run(buffer, np.zeros_like(ends), ends, ends, ends, lambda number: rows(whole[:number])[0])
    assert scanner.scan(run).left == list(range(len(cut)))
    for number in (b"1", b"12", b"-", b"1.", b"1.5e", b"tru", b"n"):
        opened = whole.partition(b"12.5")[0] + number
        values = [opened, whole[len(opened) :], opened]
        assert scanner.scan(side_by_side(rows(*values))).left == [0, 1, 2]


@needs_scanner
@pytest.mark.parametrize("neighbour", [b"", b"\0", b"0", b"}", b'"', b" ", b"\\", b"\0\0"])
def test_what_stands_beside_a_value_changes_nothing(neighbour: bytes) -> None:
    values = [event(), b"", label(), None, event(features={"age": 4}), b"{", event(tags={"region": "\u00e9"})]
    records = rows(*values)
    read, alone = decoder().decode(side_by_side(records, neighbour)), decoder().decode(records)
    assert plain(read) == plain(alone)
    assert refused(read) == refused(alone)
    assert read.tombstones == 1


@needs_scanner
def test_a_model_that_the_scanner_cannot_hold_is_left_to_the_decoder() -> None:
    wide = credit(name="wide", features={f"f{i}": {"type": "numeric"} for i in range(600)})
    made = NativeDecoder([wide, credit()], 100_000)
    wanted = event(model="wide", features={f"f{i}": i for i in range(600)})
    batches = {b.model: b for b in made.decode(rows(wanted, event(), wanted)).batches}

    assert batches["wide"].numeric[1].tolist() == [*map(float, range(600)), 0.87]
    assert batches["credit"].numeric.tolist() == [[41.0, 1000.5, 0.87]]


@needs_scanner
@given(
    st.datetimes().map(lambda moment: moment.isoformat()), st.sampled_from(["Z", "+02:00", "-11:30", "z", ""])
)
def test_times_are_those_of_the_decoder(moment: str, zone: str) -> None:
    agree(json.dumps(event(timestamp=moment + zone)).encode(), json.dumps(event(timestamp=TIME)).encode())


@needs_scanner
def test_a_record_without_a_value_is_a_tombstone_among_scanned_ones() -> None:
    decoded = decoder().decode([*rows(event()), Row(101, None), *rows(event(), first=102)])
    assert decoded.tombstones == 1
    assert math.isclose(only(decoded).numeric[1, 0], 41.0)
