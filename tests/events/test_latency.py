"""How long a prediction took, as events say it: a column beside the features."""

import math
from typing import Any

import numpy as np
import pytest

from service.windows.sample import pack, unpack
from tests.events.making import (
    compiled_decoder,
    credit,
    decoder,
    event,
    label,
    only,
    plain,
    rows,
    slow_decoder,
)

FAST_AND_SLOW = pytest.mark.parametrize("make", [decoder, slow_decoder])
INVALID, ABSENT = -math.inf, math.inf


def took(text: str) -> bytes:
    return (
        b'{"model":"credit","timestamp":"2026-08-22T10:15:03.120Z","prediction":{"score":0.5},'
        b'"latency_ms":' + text.encode() + b"}"
    )


@FAST_AND_SLOW
@pytest.mark.parametrize(
    ("text", "latency"),
    [
        ("12.5", 12.5),
        ("0", 0.0),
        ("7", 7.0),
        ("null", math.nan),
        ("-0.001", INVALID),
        ('"12"', INVALID),
        ("true", INVALID),
        ("[1]", INVALID),
        ("{}", INVALID),
        ("NaN", INVALID),
        ("Infinity", INVALID),
        ("1e999", INVALID),
    ],
)
def test_a_latency_is_a_number_from_zero_on_or_null_or_invalid(make: Any, text: str, latency: float) -> None:
    batch = only(make().decode(rows(took(text))))

    np.testing.assert_array_equal(batch.latency_ms, [latency])
    assert batch.numeric[0, -1] == 0.5


@FAST_AND_SLOW
def test_an_event_without_latency_has_an_absent_one(make: Any) -> None:
    batch = only(make().decode(rows(event(), event(latency_ms=3))))

    assert batch.latency_ms is not None
    assert batch.latency_ms.tolist() == [ABSENT, 3.0]


@FAST_AND_SLOW
def test_labels_have_no_latency(make: Any) -> None:
    assert only(make().decode(rows(label(latency_ms=3)))).latency_ms is None


@FAST_AND_SLOW
def test_a_model_that_does_not_want_latency_has_no_column_of_it(make: Any) -> None:
    batch = only(make(credit(latency=False)).decode(rows(event(latency_ms="x"), event(latency_ms=3))))

    assert batch.latency_ms is None


def test_a_latency_that_is_often_a_string_changes_how_it_is_read_and_not_what() -> None:
    records = rows(*(event(latency_ms="12" if i % 3 else i) for i in range(1_500)))
    adapting, slow = compiled_decoder(), slow_decoder()
    for start in (0, 500, 1_000):
        part = records[start : start + 500]
        assert plain(adapting.decode(part)) == plain(slow.decode(part))
    assert ("", "latency_ms") in adapting._shapes["credit"].raw


def test_a_packed_sample_keeps_the_latency() -> None:
    batch = only(decoder().decode(rows(event(latency_ms=3), event(), event(latency_ms="x"))))

    again = unpack(pack(batch), "credit", "7")
    np.testing.assert_array_equal(again.latency_ms, batch.latency_ms)
    assert (
        unpack(pack(only(decoder(credit(latency=False)).decode(rows(event())))), "credit", "7").latency_ms
        is None
    )


def test_the_events_that_are_taken_out_of_a_batch_keep_their_latency() -> None:
    batch = only(decoder().decode(rows(*(event(latency_ms=i) for i in range(5)))))

    found = batch.take(np.array([1, 4])).latency_ms
    assert found is not None
    assert found.tolist() == [1.0, 4.0]
