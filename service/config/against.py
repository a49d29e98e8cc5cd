"""What a baseline is called in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from service.config.past import PastSpec
from service.config.units import format_duration

REFERENCE = "the reference"


def in_words(past: PastSpec) -> Mapping[str, str]:
    """By baseline, what a window is compared with.

    >>> in_words(PastSpec())["hour_of_day"]
    'the same hour of the last 4 days'
    >>> in_words(PastSpec.model_validate({"rolling": "2h"}))["rolling"]
    'the last 2h before it'
    """
    number, plural = ("", "") if past.periods == 1 else (f"{past.periods} ", "s")
    days, weeks = (f"the same hour of the last {number}{unit}{plural}" for unit in ("day", "week"))
    return {
        "reference": REFERENCE,
        "rolling": f"the last {format_duration(past.rolling)} before it",
        "hour_of_day": days,
        "hour_of_week": weeks,
    }
