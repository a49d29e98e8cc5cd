"""Baselines of a stream's own past: how far back they look."""

from __future__ import annotations

from pydantic import Field

from service.config.base import Section
from service.config.units import OffsetMs, PositiveDurationMs, parse_duration_ms


class PastSpec(Section):
    """How far back the baselines of a model's own past look; only those that a monitor names are kept."""

    rolling: PositiveDurationMs = Field(
        default=parse_duration_ms("1d"),
        ge=parse_duration_ms("1h"),
        le=parse_duration_ms("90d"),
        description="The baseline `rolling`: everything of so long before the window, in whole hours.",
    )
    periods: int = Field(
        default=4,
        ge=1,
        le=53,
        description="The baselines `hour_of_day` and `hour_of_week`: the same hours of so many days or weeks "
        "before the window. All hours between are kept, for `hour_of_week` 168 a period.",
    )
    utc_offset: OffsetMs = Field(
        default=0,
        description="How far local time is ahead of UTC (`5h30m`, `-8h`): where an hour of the past begins.",
    )
