"""Makes JSON of what is nearly JSON: Python's encoder writes the tokens ``NaN`` and ``Infinity``."""

from __future__ import annotations

import json
import math
import re

DEPTH_MAX = 100
"""Levels of nesting beyond which a value is not repaired."""

_TOKENS = tuple(
    (b'":' + space, token) for token in (b"NaN", b"Infinity", b"-Infinity") for space in (b"", b" ")
)
_UNUSABLE = b'[""]'

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


def without_tokens(value: bytes) -> bytes:
    """``value`` with a list in place of each NaN or infinity that follows a key: JSON that no field takes.

    A quote that no backslash precedes ends a string or begins one. If it ends one, what follows the colon is
    a token. If it begins one, it is text, and the quotes put in its place end that string early: the result
    is no JSON. So where the result is JSON, nothing but tokens was replaced.

    >>> without_tokens(b'{"age": NaN, "note": "NaN"}')
    b'{"age": [""], "note": "NaN"}'
    """
    for before, token in _TOKENS:
        if before + token in value:
            if b"\\" + before + token in value:
                return value
            value = value.replace(before + token, before + _UNUSABLE)
    return value


def rewritten(value: bytes) -> bytes:
    r"""``value`` read by the standard library's tolerant parser and written as strict JSON.

    What JSON cannot hold becomes a list, which no field takes; half a surrogate pair becomes a question mark.

    Raises
    ------
    ValueError
        If not even the tolerant parser can read it, or it is nested too deeply.

    >>> rewritten(rb'{"a": [NaN], "b": 1e999, "c": "x\ud800"}')
    b'{"a": [[]], "b": [], "c": "x?"}'
    """
    text = value.decode()
    if _depth(text) > DEPTH_MAX:
        raise ValueError(f"nested deeper than {DEPTH_MAX} levels")
    found = json.loads(text, parse_constant=lambda _: [], parse_float=_finite, parse_int=_integer)
    return json.dumps(found, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _finite(digits: str) -> object:
    number = float(digits)
    return number if math.isfinite(number) else []


def _integer(digits: str) -> object:
    # Python refuses to read integers of several thousand digits; they are beyond any float anyway.
    return int(digits) if len(digits) <= 400 else []


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest
