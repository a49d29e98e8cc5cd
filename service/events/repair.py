"""Makes JSON of what is nearly JSON: Python's encoder writes the tokens ``NaN`` and ``Infinity``."""

from __future__ import annotations

import json
import math
import re

DEPTH_MAX = 100
"""Levels of nesting beyond which a value is not repaired."""

# A quote without a backslash before it begins or ends a string. If it ends one, the token after the colon is
# a value. If it begins one, the token is text, and the quotes put in its place end the string early: no JSON.
_TOKEN = re.compile(rb'(?<!\\)("\s*:\s*)-?(?:NaN|Infinity)(?=\s*[,}])')
_UNUSABLE = rb'\1[""]'

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


def without_tokens(value: bytes) -> bytes:
    """``value`` with a list in place of each NaN or infinity: valid JSON that no field takes.

    >>> without_tokens(b'{"age": NaN, "note": "NaN"}')
    b'{"age": [""], "note": "NaN"}'
    """
    return _TOKEN.sub(_UNUSABLE, value)


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
