"""A monitor: which results are judged, by what rule, and what follows from a breach."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from service.config.base import Section
from service.config.model import Name
from service.config.units import DurationMs

Metric = Literal[
    "psi", "ks", "mean_shift", "std_shift", "mean", "std", "missing_ratio", "invalid_ratio", "unseen_ratio",
    "out_of_range_ratio", "positive_rate", "traffic", "error_ratio",
]  # fmt: skip


class Hysteresis(Section):
    """M of N windows: how many breaches among the last windows make an alert fire."""

    windows: int = Field(1, ge=1, le=100, description="How many of the last `of` windows must breach.")
    of: int = Field(1, ge=1, le=100, description="Among how many windows.")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.windows > self.of:
            raise ValueError(
                f"`windows` ({self.windows}) is more than `of` ({self.of}): it could never fire; raise `of`"
            )
        return self


class Monitor(Section):
    """One rule over results, and what follows when it breaks."""

    name: Name = Field(description="Names the alert (`alertname`).")
    metric: Metric = Field(description="The metric judged.")
    models: tuple[str, ...] = Field(("*",), description="Models by name or glob.")
    features: tuple[str, ...] = Field(
        ("*",), description="Features by name or glob; `prediction` is the score, `actual` the label."
    )
    slices: tuple[str, ...] = Field(
        ("*",), description="Slices by text or glob: `all`, `region=eu`, `region=*`."
    )
    window: str | None = Field(None, description="The window judged, by name (`1h/5m`); default: every window.")
    threshold: float = Field(description="The effect size at or above which (below, with `below: true`) it breaches.")
    below: bool = Field(False, description="Breach when the value is at or below the threshold instead.")
    alpha: float | None = Field(
        0.01, gt=0, lt=1, description="A drift test must also have an adjusted p-value at or below this; null: no test."
    )
    hysteresis: Hysteresis = Field(default_factory=Hysteresis)
    resolve_threshold: float | None = Field(
        None, description="An alert resolves once the value is on the good side of this; default: the threshold."
    )
    resolve_after: int = Field(1, ge=1, le=100, description="How many good windows in a row resolve an alert.")
    cooldown: DurationMs = Field(
        0, validate_default=False, description="After resolving, no new alert of this identity for so long."
    )
    insufficient_after: int = Field(
        0, ge=0, le=10_000,
        description="After so many windows in a row without enough data, raise an alert of its own; 0: never.",
    )  # fmt: skip
    severity: Literal["info", "warning", "critical"] = "warning"
    retrain: bool = Field(False, description="A firing alert asks for retraining.")
    rollback: bool = Field(False, description="A firing alert asks for a rollback.")
    runbook_url: str | None = Field(None, description="Where the reader of the alert finds what to do.")

    @model_validator(mode="after")
    def _resolves_on_the_good_side(self) -> Self:
        mark = self.resolve_threshold
        if mark is not None and (mark < self.threshold if self.below else mark > self.threshold):
            side = "below" if self.below else "above"
            raise ValueError(
                f"`resolve_threshold` ({mark:g}) is {side} the threshold ({self.threshold:g}), so an alert could "
                "resolve while it breaches; put it on the good side of the threshold"
            )
        return self
