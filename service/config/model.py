"""A monitored model: its schema, slices, windows and reference."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.config.base import Section
from service.config.units import DurationMs, format_duration

Name = Annotated[str, Field(min_length=1, max_length=200)]


class NumericFeature(Section):
    """A feature whose values are numbers."""

    type: Literal["numeric"]
    min: float | None = Field(None, description="Smallest valid value; smaller ones count as out of range.")
    max: float | None = Field(None, description="Largest valid value; larger ones count as out of range.")


class CategoricalFeature(Section):
    """A feature whose values are strings (booleans and integers are read as their JSON text)."""

    type: Literal["categorical"]
    categories: tuple[str, ...] | None = Field(
        None, description="The values to count one by one; default: those of the reference."
    )


Feature = Annotated[NumericFeature | CategoricalFeature, Field(discriminator="type")]


class WindowSpec(Section):
    """A sliding window of event time, aligned to the epoch."""

    length: DurationMs = Field(description="How much event time one window covers.")
    every: DurationMs | None = Field(
        None, description="How often a window ends; default: its length (tumbling windows)."
    )

    @property
    def slide_ms(self) -> int:
        """Milliseconds between the ends of two consecutive windows."""
        return self.every or self.length

    @property
    def name(self) -> str:
        """The text that names the window in labels and rules, such as ``1h`` or ``1h/5m``."""
        length = format_duration(self.length)
        return length if self.slide_ms == self.length else f"{length}/{format_duration(self.slide_ms)}"


class LearnSpec(Section):
    """How a model without a profile learns one from its own traffic."""

    events: int = Field(
        10_000, ge=100, le=1_000_000, description="How many predictions make the reference."
    )
    start: str | None = Field(None, description="Only events at or after this RFC 3339 time.")
    end: str | None = Field(None, description="Only events before this RFC 3339 time; ends the learning too.")


class ReferenceSpec(Section):
    """Where the reference distribution comes from: a profile file, the control topic, or the model's first events."""

    profile: str | None = Field(
        None, description="A profile file that is put on the control topic at start-up when it is new."
    )
    learn: LearnSpec | None = Field(None, description="Learn the reference from traffic when no profile is known.")
    bins: int = Field(
        100, ge=10, le=1000, description="Fine quantile bins of a numeric feature; PSI uses groups of them."
    )


class Model(Section):
    """One monitored model."""

    name: Name
    versions: tuple[str, ...] | None = Field(
        None, description="Versions to accept; events of others are refused as `unknown_version`. Default: any."
    )
    task: Literal["binary", "regression", "multiclass"] = "binary"
    positive_label: str = Field("1", description="The label counted as positive, as JSON text.")
    features: dict[Name, Feature] = Field(min_length=1, description="The features by name, in any order.")
    slices: tuple[tuple[Name, ...], ...] = Field(
        (), description="Slice dimensions: lists of tag names; two names cross them. Everything is always a slice."
    )
    windows: tuple[WindowSpec, ...] = Field(
        (WindowSpec(length="1h", every="5m"),),  # type: ignore[arg-type]  # parsed from text by the field's validator
        min_length=1,
        description="The windows over which everything is computed.",
    )
    lateness: DurationMs = Field(
        30_000,
        validate_default=False,
        description="How far behind the newest event of its partition an event may be and still count.",
    )
    reference: ReferenceSpec = Field(default_factory=ReferenceSpec)

    @property
    def pane_ms(self) -> int:
        """Milliseconds of one pane: the longest that tiles every window and every slide."""
        return math.gcd(*(ms for spec in self.windows for ms in (spec.length, spec.slide_ms)))

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that any slice dimension needs, sorted."""
        return tuple(sorted({tag for dimension in self.slices for tag in dimension}))

    @model_validator(mode="after")
    def _windows_tile(self) -> Self:
        for spec in self.windows:
            if spec.length <= 0 or spec.slide_ms <= 0:
                raise ValueError("a window's `length` and `every` must be longer than 0")
            if spec.slide_ms > spec.length:
                raise ValueError(
                    f"`every` ({format_duration(spec.slide_ms)}) is longer than `length` "
                    f"({format_duration(spec.length)}): events between two windows would be in none; "
                    "make `every` at most `length`"
                )
            if spec.length % spec.slide_ms:
                raise ValueError(
                    f"`length` ({format_duration(spec.length)}) is no multiple of `every` "
                    f"({format_duration(spec.slide_ms)}); choose one that divides it"
                )
        return self
