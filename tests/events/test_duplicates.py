"""Repeated keys: the last one counts, as in every JSON parser, and the event is counted as having one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.events.duplicates import DuplicateKeys, key_counts, keys_found, repeats_a_key
from tests.events.making import TIME_MS, as_bytes, decoder, event, only, rows


def twice(key: str = "age", value: str = "1") -> bytes:
    made = as_bytes(event())
    assert made is not None
    return made.replace(b'"features": {', b'"features": {"%s": %s, ' % (key.encode(), value.encode()))


def test_the_last_of_two_equal_keys_counts_and_the_event_is_counted() -> None:
    decoded = decoder().decode(rows(twice()))
    assert decoded.duplicate_keys == 1
    assert only(decoded).numeric[0, 0] == 41


@pytest.mark.parametrize("place", [0, 1, 255, 256, 999])
def test_one_event_with_a_repeated_key_among_many_is_found(place: int) -> None:
    values: list[object] = [event()] * 1000
    values[place] = twice()
    made = decoder()
    assert made.decode(rows(*values)).duplicate_keys == 1  # type: ignore[arg-type]  # dicts and bytes
    assert made.decode(rows(event(), event())).duplicate_keys == 0


def test_events_that_all_repeat_a_key_are_all_counted() -> None:
    made = decoder()
    assert [made.decode(rows(*[twice()] * 300)).duplicate_keys for _ in range(2)] == [300, 300]


def test_a_repeated_key_that_is_wrong_at_first_is_found_on_the_slow_way_too() -> None:
    decoded = decoder().decode(rows(event(), twice(value='"x"')))
    assert decoded.duplicate_keys == 1
    assert only(decoded).numeric[:, 0].tolist() == [41, 41]


def test_equal_keys_in_different_objects_are_no_repetition() -> None:
    value = event(
        features={"age": 1, "state": "CA"}, tags={"age": "x", "state": "CA"}, more=[{"age": 1}, {"age": 2}]
    )
    assert decoder().decode(rows(value, value)).duplicate_keys == 0


def test_events_with_fewer_or_more_keys_are_no_repetition() -> None:
    values = [event(features=dict.fromkeys(list("abcdefgh")[:n], 1)) for n in range(8)]
    assert decoder().decode(rows(*values * 3)).duplicate_keys == 0


def test_one_model_s_usual_number_of_keys_is_not_another_s() -> None:
    other = b'{"model":"price","model_version":"1","timestamp":%d,"prediction":{"value":1},' % TIME_MS
    price = other + b'"features":{"rooms":1,"b":1}}'
    credit = b'{"model":"credit","model_version":"1","timestamp":%d,"prediction":{"score":1},' % TIME_MS
    credit_twice = credit + b'"features":{"age":1,"age":2}}'
    made = decoder()
    assert made.decode(rows(price)).duplicate_keys == 0
    assert made.decode(rows(credit_twice)).duplicate_keys == 1
    assert made.decode(rows(price, credit_twice)).duplicate_keys == 1


keys = st.text('ab":', max_size=3)
documents = st.recursive(
    st.integers() | keys, lambda inner: st.dictionaries(keys, inner, max_size=3), max_leaves=5
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(keys, documents, min_size=1, max_size=4), min_size=1, max_size=5))
def test_keys_are_counted_for_each_value(found: list[dict[str, object]]) -> None:
    values = [json.dumps(value).encode() for value in found]
    expected = [value.count(b'":') for value in values]
    assert key_counts(keys_found(b"".join(values)), list(map(len, values))).tolist() == expected


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(keys, documents, max_size=4))
def test_what_an_encoder_writes_repeats_no_key(found: dict[str, object]) -> None:
    assert not repeats_a_key(json.dumps(found).encode())


def test_more_keys_than_a_byte_counts_are_counted() -> None:
    value = json.dumps({str(i): i for i in range(1000)}).encode()
    assert key_counts(keys_found(value * 2), [len(value)] * 2).tolist() == [1000, 1000]


def test_values_that_are_empty_or_no_json_repeat_nothing() -> None:
    values = [b"", b"", b'":', b"{"]
    assert DuplicateKeys().count(values, b"".join(values), [1, 1, 1, 1], alike=True) == 0
