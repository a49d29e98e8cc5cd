"""Units as people write them: ``90s``, ``5m``, ``1h``, ``7d`` become integer milliseconds."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


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
        raise ValueError("write a duration as a number and a unit (ms, s, m, h, d), for example 90s, 5m or 1h30m")
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


DurationMs = Annotated[
    int,
    BeforeValidator(parse_duration_ms),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+(\.\d+)?(ms|s|m|h|d))+$", "examples": ["5m", "1h30m"]}),
]
