"""Units as people write them: ``90s``, ``5m``, ``1h``, ``7d`` become integer milliseconds."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from service.config.base import mistake

LONGEST_MS = 3_660 * 86_400_000
"""Ten years: more is a slip of the pen, and would overflow the arithmetic of panes sooner or later."""

_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")


def parse_duration_ms(value: Any) -> int:
    """Milliseconds in a duration such as ``5m`` or ``1h30m``.

    >>> parse_duration_ms("1h30m")
    5400000

    Raises
    ------
    ValueError
        When the text is no duration.
    """
    text = str(value).strip()
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(
            "write a duration as a number and a unit (ms, s, m, h, d), for example 90s, 5m or 1h30m"
        )
    return round(sum(float(number) * _UNIT_MS[unit] for number, unit in parts))


def format_duration(ms: int) -> str:
    """The shortest text that ``parse_duration_ms`` reads back as ``ms``.

    >>> format_duration(5_400_000), format_duration(0)
    ('1h30m', '0s')
    """
    parts, rest = [], ms
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, _UNIT_MS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def format_offset(ms: int) -> str:
    """The same of a time that may be negative.

    >>> format_offset(-18_000_000), format_offset(19_800_000)
    ('-5h', '5h30m')
    """
    return "-" * (ms < 0) + format_duration(abs(ms))


def _duration(value: Any) -> int:
    try:
        ms = parse_duration_ms(value)
    except ValueError as error:
        raise mistake(
            f"{value!r} is no duration", consequence="its unit would be a guess", mend=str(error)
        ) from None
    if ms > LONGEST_MS:
        raise mistake(
            f"{value} is longer than ten years",
            consequence="nothing would ever come of it",
            mend=f"write at most {format_duration(LONGEST_MS)}",
        )
    return ms


def _signed_duration(value: Any) -> int:
    text = str(value).strip()
    sign = -1 if text.startswith("-") else 1
    ms = _duration(text[1:] if text[:1] in {"+", "-"} else text)
    if ms > _UNIT_MS["d"]:
        raise mistake(
            f"{value} is more than a day",
            consequence="no clock is that far from UTC",
            mend="write how far local time is ahead of UTC, for example 5h30m or -8h",
        )
    return sign * ms


def _positive(ms: int) -> int:
    if ms <= 0:
        raise mistake(
            f"{format_duration(ms)} is no time at all",
            consequence="what depends on it would happen without end, or never",
            mend="write a duration longer than 0, for example 30s",
        )
    return ms


DurationMs = Annotated[
    int,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$", "examples": ["5m", "1h30m"]}
    ),
]
"""Written as text, held as integer milliseconds; 0 is allowed."""

OffsetMs = Annotated[
    int,
    BeforeValidator(_signed_duration),
    PlainSerializer(format_offset, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[+-]?([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$",
            "examples": ["5h30m", "-8h"],
        }
    ),
]
"""How far a clock is ahead of UTC, at most a day; written as text, behind it with a minus."""

PositiveDurationMs = Annotated[DurationMs, AfterValidator(_positive)]
"""A duration longer than 0."""
