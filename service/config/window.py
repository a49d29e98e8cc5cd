"""A sliding window of event time."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from service.config.base import Section, mistake
from service.config.units import PositiveDurationMs, format_duration, parse_duration_ms

_ROUND_SLIDES = (
    *("1d", "12h", "6h", "4h", "3h", "2h", "1h", "30m", "20m", "15m", "10m", "5m", "2m", "1m"),
    *("30s", "20s", "15s", "10s", "5s", "1s"),
)


class WindowSpec(Section):
    """A sliding window of event time, aligned to the epoch."""

    length: PositiveDurationMs = Field(description="How much event time one window covers.")
    every: PositiveDurationMs | None = Field(
        default=None, description="How often a window ends; default: its length (tumbling windows)."
    )
    min_events: int | None = Field(
        default=None,
        ge=1,
        description="A window with fewer events than this on `all` reaches back, slide by slide, until it "
        "has them; needs `reach`.",
    )
    reach: PositiveDurationMs | None = Field(
        default=None,
        description="The longest that a window with too few events becomes; needs `min_events`.",
    )

    @property
    def slide_ms(self) -> int:
        """Milliseconds between the ends of two consecutive windows."""
        return self.every or self.length

    @property
    def longest_ms(self) -> int:
        """The longest that a window may be."""
        return self.reach or self.length

    @property
    def name(self) -> str:
        """The text that names the window in labels and rules, such as ``1h`` or ``1h/5m``."""
        length = format_duration(self.length)
        return length if self.slide_ms == self.length else f"{length}/{format_duration(self.slide_ms)}"

    @model_validator(mode="after")
    def _tiles(self) -> Self:
        length, every = format_duration(self.length), format_duration(self.slide_ms)
        if self.slide_ms > self.length:
            raise mistake(
                f"`every` ({every}) is longer than `length` ({length})",
                consequence="events between two windows would be in none",
                mend=f"make `every` at most {length}",
                field="every",
            )
        if self.length % self.slide_ms:
            raise mistake(
                f"`length` ({length}) is no multiple of `every` ({every})",
                consequence="the windows could not share their panes",
                mend=f"make `every` a divisor of {length}, for example {format_duration(self._divisor())}",
                field="every",
            )
        return self

    @model_validator(mode="after")
    def _reaches(self) -> Self:
        if (self.min_events is None) != (self.reach is None):
            given, other = ("min_events", "reach") if self.reach is None else ("reach", "min_events")
            example = format_duration(4 * self.length) if other == "reach" else "1000"
            raise mistake(
                f"`{given}` stands without `{other}`",
                consequence="no window could reach back",
                mend=f"write both, for example `{other}: {example}`, or leave both out",
                field=given,
            )
        if self.reach is not None and (self.reach < self.length or self.reach % self.slide_ms):
            reach, slide = format_duration(self.reach), format_duration(self.slide_ms)
            steps = max(-(-self.reach // self.slide_ms), self.length // self.slide_ms)
            raise mistake(
                f"`reach` ({reach}) is shorter than the window ({format_duration(self.length)})"
                if self.reach < self.length
                else f"`reach` ({reach}) is no multiple of the slide ({slide})",
                consequence="windows reach back by whole slides, from their own length on",
                mend=f"write {format_duration(steps * self.slide_ms)}, or another multiple of {slide}",
                field="reach",
            )
        return self

    def _divisor(self) -> int:
        fitting = (
            ms
            for ms in map(parse_duration_ms, _ROUND_SLIDES)
            if ms <= self.slide_ms and self.length % ms == 0
        )
        return next(fitting, self.length)
