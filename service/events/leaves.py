"""The values in an event that are read, one by one: what each may be, and what becomes of it otherwise.

A leaf is read in one of two ways: by a compiled decoder, as part of its event, or alone, from its raw JSON.
Both use the same type, so that both give the same value; what the type refuses becomes the leaf's own word
for *invalid*.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from detectors.fields import ABSENT, INVALID

Raw = msgspec.Raw
Scalar = str | int | float | bool | None

NUMBER_ABSENT = math.inf
NUMBER_INVALID = -math.inf

UNREADABLE: tuple[type[Exception], ...] = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a compiled decoder raises on a value that it does not take."""


def json_text(value: Scalar) -> str:
    """A scalar as JSON writes it, strings without their quotes.

    >>> [json_text(value) for value in ("CA", 7, 1.0, True, None)]
    ['CA', '7', '1.0', 'true', 'null']
    """
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    return msgspec.json.encode(value).decode()


@dataclass(frozen=True, eq=False)
class Leaf:
    """One kind of value.

    Attributes
    ----------
    type
        What the compiled decoder takes.
    absent
        The value when the key is not there.
    otherwise
        The value for raw JSON that ``type`` refuses.
    """

    type: Any
    absent: object
    otherwise: Callable[[Raw], object]
    _decoder: msgspec.json.Decoder[Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_decoder", msgspec.json.Decoder(self.type))

    def read(self, raw: Raw) -> tuple[object, bool]:
        """The value of raw JSON, and whether it was of the type."""
        try:
            return self._decoder.decode(raw), True
        except UNREADABLE:
            return self.otherwise(raw), False

    def value(self, raw: Raw) -> object:
        """The value of raw JSON."""
        return self.read(raw)[0]


_scalar = msgspec.json.Decoder(Scalar)
_anything = msgspec.json.Decoder()


def _tag_text(raw: Raw) -> str | None:
    try:
        value = _scalar.decode(raw)
    except UNREADABLE:
        return None
    return None if value is None else json_text(value)


def _failed(raw: Raw) -> bool:
    try:
        return bool(_anything.decode(raw))
    except UNREADABLE:
        return True


NUMBER = Leaf(float | None, NUMBER_ABSENT, lambda _: NUMBER_INVALID)
"""A numeric feature, a score, a regression's value: null is None, which becomes NaN."""

LATENCY = NUMBER
"""How long a prediction took: a negative number is invalid too, which is seen once there is a column of
them."""

CATEGORY = Leaf(str | int | bool | None | msgspec.UnsetType, ABSENT, lambda _: INVALID)
"""A categorical feature."""

LABEL = Leaf(Scalar, None, lambda _: None)
"""A predicted class: what is no scalar is no label."""

TAG = Leaf(str | None, None, _tag_text)
"""A slice dimension: numbers and booleans are read as their JSON text; lists and objects as missing."""

ERROR = Leaf(Scalar, None, _failed)
"""Whether the request failed: false, 0, null and what is empty say that it did not."""

VERSION = Leaf(Scalar, None, lambda _: INVALID)
"""The model's version: numbers and booleans are read as their JSON text."""

TIMESTAMP = Leaf(str | int | float | None, None, lambda _: INVALID)
"""The time of the event."""

TRUE_LABEL = Leaf(str | int | float | bool, None, lambda _: None)
"""The actual class of a label event."""

TRUE_VALUE = Leaf(float, None, lambda _: None)
"""The actual value of a label event of a regression."""
