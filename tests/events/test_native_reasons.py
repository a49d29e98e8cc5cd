"""What is refused, why, and in which words: each case is one record."""

from __future__ import annotations

from typing import Any

import pytest

from service.events.batch import Reason
from tests.events.making import LIMIT, credit, decoder, event, label, only, price, rows, slow_decoder

Case = tuple[str, Any, Reason, tuple[str, ...]]

CASES: list[Case] = [
    ("empty value", b"", Reason.NOT_JSON, ("not JSON", "(empty)", "send one JSON object")),
    ("text", b"hello", Reason.NOT_JSON, ("not JSON", "hello", "was not counted")),
    ("half an event", b'{"model":"credit",', Reason.NOT_JSON, ("not JSON", '{"model":"credit",')),
    ("two events", b'{"model":"credit"}{}', Reason.NOT_JSON, ("trailing characters",)),
    ("a trailing comma", b'{"model":"credit",}', Reason.NOT_JSON, ("trailing comma",)),
    ("a control character", b'{"model":"cre\x01dit"}', Reason.NOT_JSON, ("not JSON",)),
    ("a byte order mark", b"\xef\xbb\xbf{}", Reason.NOT_JSON, ("not JSON",)),
    ("UTF-16", '{"model":"credit"}'.encode("utf-16"), Reason.NOT_JSON, ("byte 0", "0xff", "UTF-8")),
    ("Latin-1", '{"model":"crédit"}'.encode("latin-1"), Reason.NOT_JSON, ("byte 12", "0xe9", "UTF-8")),
    ("Latin-1 in an unread key", b'{"note":"\xe9"}', Reason.NOT_JSON, ("byte 9", "0xe9")),
    ("Avro with its frame", b"\x00\x00\x00\x00\x07\x02", Reason.NOT_JSON, ("not JSON",)),
    ("nested without end", b'{"model":' + b"[" * 10_000, Reason.NOT_JSON, ("nested too deeply",)),
    ("NaN nested deeply", b'{"a":[NaN,' + b"[" * 150 + b"]" * 150 + b"]}", Reason.NOT_JSON, ("100 levels",)),
    ("a list", b"[]", Reason.NOT_AN_EVENT, ("[]", "not a JSON object", "`model`")),
    ("a list of events", [event()], Reason.NOT_AN_EVENT, ("not a JSON object",)),
    ("a string", b'"credit"', Reason.NOT_AN_EVENT, ('"credit"', "not a JSON object")),
    ("a number", b"41", Reason.NOT_AN_EVENT, ("41", "not a JSON object")),
    ("null", b"null", Reason.NOT_AN_EVENT, ("null", "not a JSON object")),
    ("NaN", b"NaN", Reason.NOT_AN_EVENT, ("NaN", "not a JSON object")),
    ("an empty object", b"{}", Reason.NOT_AN_EVENT, ("`model` is missing",)),
    ("no model", event(model=None), Reason.NOT_AN_EVENT, ("`model` is missing", "configured model")),
    ("model null", b'{"model":null}', Reason.NOT_AN_EVENT, ("`model` is missing",)),
    ("model a number", event(model=7), Reason.NOT_AN_EVENT, ("`model` is 7", "not a string")),
    ("model an object", event(model={"name": "credit"}), Reason.NOT_AN_EVENT, ("not a string",)),
    ("model half a surrogate", rb'{"model":"\ud800"}', Reason.UNKNOWN_MODEL, ('"?"',)),
    ("another model", event(model="fraud"), Reason.UNKNOWN_MODEL, ('"fraud"', "not configured", "`models`")),
    ("model empty", event(model=""), Reason.UNKNOWN_MODEL, ('`model` is ""',)),
    ("model in capitals", event(model="Credit"), Reason.UNKNOWN_MODEL, ('"Credit"',)),
    ("model very long", event(model="x" * 9000), Reason.UNKNOWN_MODEL, ("… (9000 characters)",)),
    ("nothing said", event(prediction=None), Reason.NOT_AN_EVENT, ("`prediction`", "`actual`", "`error`")),
    ("all null", b'{"model":"credit","prediction":null,"error":null}', Reason.NOT_AN_EVENT, ("nothing",)),
    ("error empty", event(prediction=None, error=""), Reason.NOT_AN_EVENT, ("says nothing",)),
    ("actual null", {"model": "credit", "actual": None}, Reason.NOT_AN_EVENT, ("says nothing",)),
    ("label missing", label(actual={}), Reason.NOT_AN_EVENT, ("`actual` is {}", "`actual.label`")),
    ("label null", label(actual={"label": None}), Reason.NOT_AN_EVENT, ("no usable `label`",)),
    ("label a list", label(actual={"label": ["a"]}), Reason.NOT_AN_EVENT, ("no usable `label`",)),
    ("actual a string", label(actual="deny"), Reason.NOT_AN_EVENT, ('"deny"', "no usable `label`")),
    ("value a string", label(model="price", actual={"value": "1"}), Reason.NOT_AN_EVENT, ("to a number",)),
    ("other version", event(model="price", model_version="3"), Reason.UNKNOWN_VERSION, ('"3"', '"1", "2"')),
    ("no version", event(model="price", model_version=None), Reason.UNKNOWN_VERSION, ('""', "`versions`")),
    ("label of another version", label(model="price", model_version=9, actual={"value": 1}),
     Reason.UNKNOWN_VERSION, ('"9"',)),
    ("version a list", event(model_version=["7"]), Reason.UNKNOWN_VERSION, ('["7"]', "as a string")),
    ("version NaN", event(model_version=float("nan")), Reason.UNKNOWN_VERSION, ("neither a string",)),
    ("version too long", event(model_version="7" * 201), Reason.UNKNOWN_VERSION, ("longer than 200",)),
    ("no timestamp", event(timestamp=None), Reason.NO_TIMESTAMP, ("`timestamp` is missing", "RFC 3339")),
    ("timestamp null", {"model": "credit", "timestamp": None, "error": 1}, Reason.NO_TIMESTAMP, ("missing",)),
    ("no offset", event(timestamp="2026-08-22T10:15:03"), Reason.BAD_TIMESTAMP, ("no offset from UTC",)),
    ("a date", event(timestamp="2026-08-22"), Reason.BAD_TIMESTAMP, ("no RFC 3339 time", "2026-08-22T")),
    ("an empty time", event(timestamp=""), Reason.BAD_TIMESTAMP, ('`timestamp` is ""',)),
    ("month 13", event(timestamp="2026-13-22T10:15:03Z"), Reason.BAD_TIMESTAMP, ("no RFC 3339 time",)),
    ("30 February", event(timestamp="2026-02-30T10:15:03Z"), Reason.BAD_TIMESTAMP, ("2026-02-30",)),
    ("hour 24", event(timestamp="2026-08-22T24:00:00.000Z"), Reason.BAD_TIMESTAMP, ("T24:00",)),
    ("seconds", event(timestamp=1787393703), Reason.BAD_TIMESTAMP, ("1787393703", "looks like seconds")),
    ("seconds with a point", event(timestamp=1787393703.12), Reason.BAD_TIMESTAMP, ("looks like seconds",)),
    ("microseconds", event(timestamp=1787393703120000), Reason.BAD_TIMESTAMP, ("looks like microseconds",)),
    ("nanoseconds", event(timestamp=1787393703120000000), Reason.BAD_TIMESTAMP, ("looks like nanoseconds",)),
    ("the epoch", event(timestamp=0), Reason.BAD_TIMESTAMP, ("`timestamp` is 0", "before 2000")),
    ("the epoch as text", event(timestamp="1970-01-01T00:00:00Z"), Reason.BAD_TIMESTAMP, ("before 2000",)),
    ("the last moment of 1999", event(timestamp="1999-12-31T23:59:59.999Z"), Reason.BAD_TIMESTAMP, ("1999",)),
    ("the year 2100", event(timestamp="2100-01-01T00:00:00Z"), Reason.BAD_TIMESTAMP, ("after 2099",)),
    ("a negative time", event(timestamp=-5), Reason.BAD_TIMESTAMP, ("-5", "before 2000")),
    ("number as text", event(timestamp="1787393703120"), Reason.BAD_TIMESTAMP, ("a number in a string",)),
    ("true", event(timestamp=True), Reason.BAD_TIMESTAMP, ("`timestamp` is true", "neither a string")),
    ("a time in an object", event(timestamp={"s": 1}), Reason.BAD_TIMESTAMP, ("neither a string",)),
    ("a time of NaN", event(timestamp=float("nan")), Reason.BAD_TIMESTAMP, ("finite",)),
    ("a huge time", b'{"model":"credit","error":"x","timestamp":1e999}', Reason.BAD_TIMESTAMP, ("1e999",)),
    ("a great integer", event(timestamp=10**30), Reason.BAD_TIMESTAMP, ("out of range",)),
    ("too large", event(note="x" * LIMIT), Reason.TOO_LARGE, (str(LIMIT), "not read", "limits.event_bytes")),
    ("large and no JSON", b"x" * (LIMIT + 1), Reason.TOO_LARGE, (str(LIMIT + 1),)),
]  # fmt: skip


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "slow"])
@pytest.mark.parametrize(
    ("value", "reason", "words"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_record_that_is_no_event_is_refused_with_its_reason(
    value: Any, reason: Reason, words: tuple[str, ...], fast: bool
) -> None:
    if isinstance(value, list):
        value = str(value).replace("'", '"')
    record, other = rows(value, event())

    decoded = (decoder if fast else slow_decoder)().decode([record, other])

    (reject,) = decoded.rejects
    assert (reject.record, reject.reason) == (record, reason)
    for word in words:
        assert word in reject.detail
    assert any(mend in reject.detail for mend in ("send", "set", "add", "encode"))
    assert "counted" in reject.detail or "not read" in reject.detail
    assert "\n" not in reject.detail
    assert len(reject.detail) < 600
    (batch,) = decoded.batches
    assert batch.offsets.tolist() == [other.offset]


def test_every_reason_but_tombstone_has_a_case() -> None:
    assert {case[2] for case in CASES} == set(Reason) - {Reason.TOMBSTONE}


def test_tombstones_are_counted_and_not_refused() -> None:
    decoded = decoder().decode(rows(None, event(), None))
    assert (decoded.tombstones, only(decoded).offsets.tolist()) == (2, [101])


def test_rejects_come_in_the_order_of_the_records() -> None:
    decoded = decoder().decode(
        rows(event(timestamp=0), b"x", label(), event(model="a"), event(prediction=None))
    )
    assert [reject.record.offset for reject in decoded.rejects] == [100, 101, 103, 104]


def test_a_value_of_exactly_the_limit_is_read() -> None:
    made = event(note="")
    record = rows(made)[0]
    assert record.value is not None
    padded = event(note="x" * (LIMIT - len(record.value)))
    assert len(only(decoder().decode(rows(padded)))) == 1


def test_no_records_give_nothing() -> None:
    decoded = decoder().decode([])
    assert (decoded.batches, decoded.rejects, decoded.tombstones, decoded.duplicate_keys) == ([], [], 0, 0)


def test_two_models_of_one_name_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"two models are named 'credit'.*name of its own"):
        decoder(credit(), price(), credit())
