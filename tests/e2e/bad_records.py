"""Records that no producer should send, each with what must become of it."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from tests.e2e.commands import START_MS
from tests.e2e.traffic import Event, Sent, credit_events

LARGE = 5_000_000


@dataclass(frozen=True)
class Refused:
    """A record that is no event: its value, the reason for the refusal, and a word of the explanation."""

    name: str
    value: bytes
    reason: str
    word: str


def event(**changes: Any) -> Event:
    """A good prediction in the first window, with changes; a change to None takes the key away."""
    good = credit_events(1, START_MS + 60_000, 0, seed=99)[0]
    return {key: value for key, value in (good | changes).items() if value is not None}


def refused_records() -> list[Refused]:
    """One of every kind."""
    return [
        Refused("text", b"drift!", "not_json", "begins with drift!"),
        Refused("nothing", b"", "not_json", "(empty)"),
        Refused("half an event", orjson.dumps(event())[:-9], "not_json", "begins with"),
        Refused("other encoding", '{"model":"crédit"}'.encode("latin-1"), "not_json", "UTF-8"),
        Refused("list", b'[{"model":"credit"}]', "not_an_event", "not a JSON object"),
        Refused("number", b"17", "not_an_event", "17"),
        Refused("string", b'"credit"', "not_an_event", "not a JSON object"),
        Refused("null", b"null", "not_an_event", "not a JSON object"),
        Refused("no model", orjson.dumps(event(model=None)), "not_an_event", "`model` is missing"),
        Refused("model a list", orjson.dumps(event(model=["credit"])), "not_an_event", "not a string"),
        Refused(
            "neither prediction nor label", orjson.dumps(event(prediction=None)), "not_an_event", "`actual`"
        ),
        Refused("unknown model", orjson.dumps(event(model="debit")), "unknown_model", '"debit"'),
        Refused("unknown version", orjson.dumps(event(model_version="8")), "unknown_version", '"8"'),
        Refused("no timestamp", orjson.dumps(event(timestamp=None)), "no_timestamp", "missing"),
        Refused("no time", orjson.dumps(event(timestamp="yesterday")), "bad_timestamp", "yesterday"),
        Refused("no offset", orjson.dumps(event(timestamp="2026-05-28T10:00:00")), "bad_timestamp", "offset"),
        Refused(
            "1970", orjson.dumps(event(timestamp="1970-01-01T00:00:00Z")), "bad_timestamp", "before 2000"
        ),
        Refused("seconds", orjson.dumps(event(timestamp=START_MS // 1000)), "bad_timestamp", "seconds"),
        Refused("5 MB", orjson.dumps(event(note="x" * LARGE)), "too_large", "limits.event_bytes"),
        Refused("5 MB of nothing", b"\x00" * LARGE, "too_large", "limits.event_bytes"),
    ]


@dataclass(frozen=True)
class Odd:
    """A record that counts, though something is wrong with it: what it must count as."""

    value: bytes
    event: Event
    """As it counts: its time after clamping, its tags."""
    invalid: tuple[str, ...] = ()
    """Features that count as invalid."""


def _with(features: dict[str, Any], at_ms: int) -> Event:
    good = event(timestamp=at_ms)
    return good | {"features": good["features"] | features}


def _raw(good: Event, old: bytes, new: bytes) -> bytes:
    text = orjson.dumps(good)
    assert text.count(old) == 1
    return text.replace(old, new)


def _long(text: str) -> tuple[str, str]:
    """A text, and how the name of a slice holds it."""
    return text, f"{text[:200]}~{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def odd_records() -> list[Odd]:
    """Mistyped and non-finite values, keys twice, times to come, unknown tags, very long texts."""
    at_ms = START_MS + 60_000
    marked = _with({"age": -77.0}, at_ms)
    odd = [Odd(_raw(marked, b'"age":-77.0', b'"age":"x","age":41'), marked)]
    odd += [
        Odd(orjson.dumps(wrong := _with({"age": value}, at_ms)), wrong, ("age",))
        for value in ("old", [41], {"years": 41}, True)
    ]
    odd += [
        Odd(_raw(marked, b"-77.0", token), marked, ("age",))
        for token in (b"NaN", b"Infinity", b"-Infinity", b"1e999")
    ]
    odd.append(Odd(orjson.dumps(wrong := _with({"state": ["CA"]}, at_ms)), wrong, ("state",)))
    odd.append(Odd(orjson.dumps(event(timestamp="2099-12-31T23:59:59Z")), event(timestamp=at_ms)))
    odd += [
        Odd(orjson.dumps(wrong), wrong)
        for wrong in (
            event(tags={"region": "mars"}),
            event(features={}),
            event(prediction={"label": {"very": "odd"}, "score": "high"}),
            _with({"state": "C" * 400_000}, at_ms),
        )
    ]
    odd += [
        Odd(orjson.dumps(event(tags={"region": region})), event(tags={"region": counted_as}))
        for region, counted_as in (
            ("a=b,c%", "a%3Db%2Cc%25"),
            (7, "7"),
            *map(_long, ("r" * 400_000, "☃" * 100_000)),
        )
    ]
    odd.append(Odd(_raw(event(tags={"region": "eu"}), b'"eu"', rb'"\ud800"'), event(tags={"region": "?"})))
    return odd


def record(value: bytes | None, offset: int, at_ms: int) -> Sent:
    """A record of partition 0 with a key that tells it from others."""
    return Sent(0, value, f"key-{offset}".encode(), at_ms)
