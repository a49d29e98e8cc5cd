"""Records that nobody should send, each with what must become of it where that is certain."""

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

TIME_MS = 1_780_000_100_000
ANY = "any"
"""Nothing is certain of it, but that it is counted once, as an event or with a reason."""
EVENT, TOMBSTONE = "event", "tombstone"
BIG = 10_000_000


@dataclass(frozen=True)
class Hostile:
    """A record's value, and what it must count as: `event`, `tombstone`, a reason, or `any`."""

    value: bytes | None
    fate: str


def chaff(**changes: Any) -> dict[str, Any]:
    """A good prediction of the model `chaff`; a change to None takes its key away."""
    good = {
        "model": "chaff",
        "model_version": "1",
        "prediction_id": "c-1",
        "timestamp": TIME_MS,
        "features": {"age": 41.5, "state": "CA", "income": None},
        "prediction": {"label": "approve", "score": 0.25},
        "tags": {"region": "eu"},
        "latency_ms": 12.5,
    }
    return {key: value for key, value in (good | changes).items() if value is not None}


def dumped(document: Any) -> bytes:
    """JSON as the standard library writes it."""
    return json.dumps(document).encode()


def _swapped(old: str, new: str) -> bytes:
    text = json.dumps(chaff())
    assert text.count(old) == 1, old
    return text.replace(old, new).encode()


def _nested(rng: random.Random) -> Hostile:
    deep = rng.choice([10, 200, 1_500, 100_000])
    opening, closing = rng.choice([("[", "]"), ('{"a":', "}")])
    inner = opening * deep + "1" + closing * deep
    place = rng.choice(['"CA"', "41.5", '"approve"', '"eu"', '{"age": 41.5, "state": "CA", "income": null}'])
    return Hostile(_swapped(place, inner), EVENT if deep == 10 else ANY)


def _number(rng: random.Random) -> Hostile:
    texts = [
        "1e999",
        "-1e999",
        "9" * 5_000,
        "0." + "3" * 5_000,
        "1e-999",
        "NaN",
        "Infinity",
        "-Infinity",
        "-0",
        "1E+2",
    ]
    return Hostile(_swapped("41.5", rng.choice(texts)), EVENT)


def _timestamp(rng: random.Random) -> Hostile:
    texts = [
        "9" * 400,
        "1e300",
        "-1",
        "0",
        "NaN",
        "true",
        "[]",
        '"yesterday"',
        '"2026-02-30T00:00:00Z"',
        '"2026-05-28T10:00:00"',
    ]
    return Hostile(_swapped(str(TIME_MS), rng.choice(texts)), "bad_timestamp")


def _not_utf8(rng: random.Random) -> Hostile:
    value = bytearray(dumped(chaff()))
    value.insert(rng.randrange(len(value)), rng.choice([0xFF, 0xC0, 0x80, 0xFE]))
    return Hostile(bytes(value), "not_json")


def _surrogate(rng: random.Random) -> Hostile:
    lone = rng.choice([r"\ud800", r"\udfff", r"x\udc00y"])
    return Hostile(_swapped(rng.choice(['"CA"', '"eu"', '"approve"', '"c-1"']), f'"{lone}"'), EVENT)


def _twice(rng: random.Random) -> Hostile:
    old, new = rng.choice(
        [
            ('"age": 41.5', '"age": "x", "age": 41.5'),
            ('"region": "eu"', '"region": "us", "region": "eu"'),
            ('"model_version": "1"', '"model_version": "0", "model_version": "1"'),
        ]
    )
    return Hostile(_swapped(old, new), EVENT)


def _wrong_type(rng: random.Random) -> Hostile:
    odd = rng.choice([[], {}, [1, [2]], {"a": {"b": 1}}, True, "text", -1e308, 10**40])
    places = [("features", "age"), ("features", "state"), ("prediction", "label"), ("prediction", "score")]
    part, name = rng.choice([*places, ("tags", "region"), ("", "latency_ms")])
    event = chaff()
    if part:
        event[part] = event[part] | {name: odd}
    else:
        event[name] = odd
    return Hostile(dumped(event), EVENT)


def _no_event(rng: random.Random) -> Hostile:
    return rng.choice(
        [
            Hostile(b"", "not_json"),
            Hostile(b" \n\t ", "not_json"),
            Hostile(b"null", "not_an_event"),
            Hostile(b"[]", "not_an_event"),
            Hostile(b"{}", "not_an_event"),
            Hostile(b'"chaff"', "not_an_event"),
            Hostile(dumped(chaff(model="nobody")), "unknown_model"),
            Hostile(dumped(chaff(model=[])), "not_an_event"),
            Hostile(dumped(chaff(prediction=None)), "not_an_event"),
            Hostile(dumped(chaff(timestamp=None)), "no_timestamp"),
            Hostile(dumped(chaff(model_version={"a": 1})), "unknown_version"),
            Hostile(dumped(chaff())[: rng.randrange(1, 200)], "not_json"),
            Hostile(b"\x00\x00\x00\x00\x07" + dumped(chaff()), "not_json"),
            Hostile(dumped(chaff()) + b"}", "not_json"),
            Hostile(b"\xef\xbb\xbf" + dumped(chaff()), ANY),
            Hostile(None, TOMBSTONE),
        ]
    )


def _binary(rng: random.Random) -> Hostile:
    return Hostile(b"\xff" + rng.randbytes(rng.randrange(400)), "not_json")


def _long_text(rng: random.Random) -> Hostile:
    place = rng.choice(['"CA"', '"eu"', '"approve"', '"c-1"'])
    return Hostile(_swapped(place, '"' + rng.choice("x☃\x7f") * rng.randrange(1_000, 30_000) + '"'), EVENT)


def mutated(rng: random.Random, value: bytes) -> bytes:
    """The value with some bytes flipped, cut, doubled, or put in from a list of what parsers stumble over."""
    stumbles = [
        b'"',
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\\",
        b"\\u",
        b"\x00",
        b"\xed\xa0\x80",
        b"e",
        b"-",
        b"0",
        b"null",
    ]
    found = bytearray(value)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(found) + 1)
        kind = rng.randrange(4)
        if kind == 0 and at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del found[at : at + rng.randrange(1, 12)]
        elif kind == 2:
            found[at:at] = found[at : at + rng.randrange(1, 40)]
        else:
            found[at:at] = rng.choice(stumbles)
    return bytes(found)


def _mutation(rng: random.Random) -> Hostile:
    return Hostile(mutated(rng, dumped(chaff())), ANY)


_KINDS: tuple[tuple[int, Callable[[random.Random], Hostile]], ...] = (
    (40, _mutation), (8, _nested), (8, _number), (6, _timestamp), (6, _not_utf8), (6, _surrogate),
    (5, _twice), (8, _wrong_type), (8, _no_event), (6, _binary), (2, _long_text),
)  # fmt: skip


def hostile(rng: random.Random, count: int) -> Iterator[Hostile]:
    """So many records, all kinds among them."""
    weights, kinds = zip(*_KINDS, strict=True)
    for kind in rng.choices(kinds, weights, k=count):
        yield kind(rng)


def is_json(value: bytes) -> bool | None:
    """Whether it is JSON by the standard library's reading; None where its nesting is too deep to say."""
    try:
        json.loads(value.decode(), parse_constant=_refuse)
    except RecursionError:
        return None
    except ValueError as error:
        return None if re.search(r"integer string conversion", str(error)) else False
    return True


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def repeats_a_key(value: bytes) -> bool:
    """Whether some object in it has a key twice, by the standard library's reading."""
    repeated = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal repeated
        repeated = repeated or len(dict(pairs)) < len(pairs)

    try:
        json.loads(value, object_pairs_hook=look, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return repeated
