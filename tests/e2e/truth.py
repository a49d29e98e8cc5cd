"""What the windows of a log must hold, counted by plain Python that shares nothing with the product."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from tests.e2e.traffic import Event

Window = tuple[int, str]
"""End in ms, and slice."""


def window_counts(events: Iterable[Event], length_ms: int, every_ms: int) -> Counter[Window]:
    """How many predictions each sliding window holds, overall and by region."""
    counts: Counter[Window] = Counter()
    for event in events:
        stamp, tags = event["timestamp"], event["tags"]
        end = stamp // every_ms * every_ms + every_ms
        while end - length_ms <= stamp:
            counts[end, "all"] += 1
            counts[end, f"region={tags['region']}"] += 1
            end += every_ms
    return counts


def stated_counts(results: Iterable[bytes]) -> dict[Window, float]:
    """The `traffic` results: the last of each window and slice, empty windows left out."""
    stated: dict[Window, float] = {}
    for line in results:
        result = orjson.loads(line)
        if result["metric"] == "traffic" and result["value"]:
            stated[end_ms(result), result["slice"]] = result["value"]
    return stated


def end_ms(result: dict[str, Any]) -> int:
    """When a result's window ends."""
    return round(datetime.fromisoformat(result["window"]["end"]).timestamp() * 1000)
