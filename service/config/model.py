"""A monitored model: its schema, slices, windows and reference."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from service.config.base import Section, mistake
from service.config.past import PastSpec
from service.config.text import FeatureName, Name, Rfc3339, TagName, parse_time_ms
from service.config.units import DurationMs, format_duration, format_offset, parse_duration_ms
from service.config.window import WindowSpec

__all__ = [
    "CategoricalFeature",
    "Feature",
    "LearnSpec",
    "Model",
    "MultiplicitySpec",
    "Name",
    "NumericFeature",
    "PastSpec",
    "ReferenceSpec",
    "WindowSpec",
]


class NumericFeature(Section):
    """A feature whose values are numbers."""

    type: Literal["numeric"] = Field(description="Says that the values are numbers.")
    min: float | None = Field(
        default=None, description="Smallest valid value; smaller ones count as out of range."
    )
    max: float | None = Field(
        default=None, description="Largest valid value; larger ones count as out of range."
    )

    @model_validator(mode="after")
    def _holds_a_range(self) -> Self:
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise mistake(
                f"`min` ({self.min:g}) is not below `max` ({self.max:g})",
                consequence="every value would count as out of range",
                mend="swap or correct them",
                field="min",
            )
        return self


class CategoricalFeature(Section):
    """A feature whose values are strings (booleans and integers are read as their JSON text)."""

    type: Literal["categorical"] = Field(description="Says that the values are names out of a set.")
    categories: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="The values to count one by one; default: those of the reference.",
    )


Feature = Annotated[NumericFeature | CategoricalFeature, Field(discriminator="type")]


class LearnSpec(Section):
    """How a model without a profile learns one from its own traffic."""

    events: int = Field(
        default=10_000, ge=100, le=1_000_000, description="How many predictions make the reference."
    )
    start: Rfc3339 | None = Field(default=None, description="Only events at or after this RFC 3339 time.")
    end: Rfc3339 | None = Field(
        default=None, description="Only events before this RFC 3339 time; ends the learning too."
    )

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Self:
        if self.start and self.end and parse_time_ms(self.start) >= parse_time_ms(self.end):
            raise mistake(
                f"`start` ({self.start}) is not before `end` ({self.end})",
                consequence="no event could be learnt from, and the model would stay without a reference",
                mend="swap or correct them",
                field="start",
            )
        return self


class ReferenceSpec(Section):
    """Where the reference comes from: a profile file, the control topic, or the model's first events."""

    profile: str | None = Field(
        default=None,
        min_length=1,
        description="A profile file that is put on the control topic at start-up, unless it was the last one "
        "named here. A relative path is looked up in the working directory.",
    )
    learn: LearnSpec | None = Field(
        default=None, description="Learn the reference from traffic when no profile is known."
    )
    bins: int = Field(
        default=100,
        ge=10,
        le=1000,
        description="Fine quantile bins of a numeric feature; PSI uses groups of them.",
    )
    calibrate: bool = Field(
        default=True,
        description="Measure on the reference how much its records depend on each other, so that p-values "
        "hold for such traffic too. Needs the reference in time order: by `timestamp`, else by rows.",
    )


class MultiplicitySpec(Section):
    """How the tests of one window answer for their number."""

    method: Literal["benjamini_hochberg", "bonferroni"] = Field(
        default="benjamini_hochberg",
        description="`benjamini_hochberg`: on average at most `alpha` of the tests that stand out do so by "
        "chance. `bonferroni`: the chance of even one in a window is at most `alpha`; it sees less.",
    )
    false_alarms_per_week: float | None = Field(
        default=None,
        gt=0,
        le=10_000,
        description="At most so many windows of the model may alarm by chance in a week of event time, all "
        "versions and windows together; a test must then also pass the level that this leaves its window. "
        "Null: `alpha` alone decides.",
    )
    budget: Literal["steady", "lord"] = Field(
        default="lord",
        description="How that number is spread over the windows. `steady`: the same for each. `lord`: half "
        "of it so, the other half follows discoveries (LORD++), so that a change is pursued.",
    )

    @field_validator("false_alarms_per_week", mode="before")
    @classmethod
    def _leaves_something(cls, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool) and value <= 0:
            raise mistake(
                f"{value:g} false alarms a week are a budget of none",
                consequence="no test could ever pass, and no drift would raise an alert",
                mend="write a small number, such as 0.1 for one in ten weeks, or leave the field out: then "
                "`alpha` alone decides",
            )
        return value


class Model(Section):
    """One monitored model."""

    name: Name = Field(description="The name that events carry as `model`.")
    versions: tuple[Name, ...] | None = Field(
        default=None,
        min_length=1,
        description="Versions to accept; events of others are refused as `unknown_version`. Default: any.",
    )
    task: Literal["binary", "regression", "multiclass"] = Field(
        default="binary",
        description="What the model predicts: one of two labels, a number, or one of many labels.",
    )
    positive_label: str = Field(default="1", description="The label counted as positive, as JSON text.")
    features: dict[FeatureName, Feature] = Field(
        min_length=1,
        description="The features by name, in any order. `prediction`, `actual` and "
        "`latency_ms` are reserved.",
    )
    slices: tuple[Annotated[tuple[TagName, ...], Field(min_length=1)], ...] = Field(
        default=(),
        description="Slice dimensions: lists of tag names; two cross them. Everything is always a slice.",
    )
    latency: bool = Field(
        default=True,
        description="Count the events' `latency_ms`, for `latency_p50` and `latency_p99`.",
    )
    bin_sums: bool = Field(
        default=False,
        description="Keep the sum of each numeric field's values by bin, which `wasserstein` needs: each bin "
        "takes eight bytes more in a row of totals. Holds from the next profile that is built.",
    )
    multivariate: bool = Field(
        default=False,
        description="Keep how the numeric features vary together on the slice `all`, which "
        "`reconstruction_error` needs. Holds from the next profile that is built.",
    )
    windows: tuple[WindowSpec, ...] = Field(
        default=(WindowSpec.model_validate({"length": "1h", "every": "5m"}),),
        min_length=1,
        description="The windows over which everything is computed.",
    )
    lateness: DurationMs = Field(
        default=parse_duration_ms("30s"),
        description="How far behind the newest event of its partition an event may be and still count.",
    )
    reference: ReferenceSpec = Field(
        default_factory=ReferenceSpec, description="What the model's traffic is compared with."
    )
    multiplicity: MultiplicitySpec = Field(
        default_factory=MultiplicitySpec, description="How p-values answer for the many tests of a window."
    )

    past: PastSpec = Field(
        default_factory=PastSpec,
        description="Baselines of the stream itself, for monitors with a `baseline` other than `reference`.",
    )

    @model_validator(mode="after")
    def _has_whole_hours(self) -> Self:
        if self.past.utc_offset % self.pane_ms:
            pane = format_duration(self.pane_ms)
            raise mistake(
                f"`utc_offset` ({format_offset(self.past.utc_offset)}) is no multiple of a pane ({pane})",
                consequence="an hour of the past could not begin within a pane",
                mend=f"write a multiple of {pane}, or choose windows of shorter panes",
                field="past",
            )
        return self

    @property
    def pane_ms(self) -> int:
        """Milliseconds of one pane: the longest that tiles every window and every slide."""
        return math.gcd(*(ms for spec in self.windows for ms in (spec.length, spec.slide_ms)))

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that any slice dimension needs, sorted."""
        return tuple(sorted({tag for dimension in self.slices for tag in dimension}))
