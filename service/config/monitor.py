"""A monitor: which results are judged, by what rule, and what follows from a breach."""

from __future__ import annotations

import math
from typing import Any, Literal, Self, get_args

from pydantic import ConfigDict, Field, model_validator

from service.config.base import Section, mistake
from service.config.text import Glob, HttpUrl, Name
from service.config.units import DurationMs

Metric = Literal[
    "psi", "js", "hellinger", "linf", "chi2", "ks", "mean_shift", "std_shift", "mean", "std", "missing_ratio",
    "invalid_ratio", "unseen_ratio", "out_of_range_ratio", "positive_rate", "traffic", "error_ratio",
    "wasserstein", "reconstruction_error", "latency_p50", "latency_p99",
    "change:mean", "change:std", "change:missing_ratio", "change:positive_rate", "change:error_ratio",
    "change:traffic",
]  # fmt: skip

CHANGE = "change:"
"""How the metrics begin that an online detector measures."""

CHANGES: tuple[Metric, ...] = tuple(metric for metric in get_args(Metric) if metric.startswith(CHANGE))
"""Those metrics."""

Baseline = Literal["reference", "rolling", "hour_of_day", "hour_of_week"]
DetectorName = Literal["cusum", "adwin", "page_hinkley", "kswin"]

DETECTED = 1.0
"""The threshold of a ``change:`` metric unless another is given: the detector's own."""


def _own_threshold(known: dict[str, Any]) -> float:
    """The threshold when none is given; NaN where there must be one."""
    return DETECTED if known.get("metric") in CHANGES else math.nan


def _asks_for_a_threshold(schema: dict[str, Any]) -> None:
    """An editor asks for `threshold` where the service does."""
    detector = {"properties": {"metric": {"pattern": f"^{CHANGE}"}}}
    schema |= {"if": {"not": detector}, "then": {"required": ["threshold"]}}


class Hysteresis(Section):
    """M of N windows: how many breaches among the last windows make an alert fire."""

    windows: int = Field(
        default=1, ge=1, le=100, description="How many of the last `of` windows must breach."
    )
    of: int = Field(default=1, ge=1, le=100, description="Among how many windows.")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.windows > self.of:
            raise mistake(
                f"`windows` ({self.windows}) is more than `of` ({self.of})",
                consequence="it could never fire",
                mend=f"raise `of` to {self.windows} or more",
                field="windows",
            )
        return self


class Monitor(Section):
    """One rule over results, and what follows when it breaks."""

    model_config = ConfigDict(json_schema_extra=_asks_for_a_threshold)

    name: Name = Field(description="Names the alert (`alertname`).")
    metric: Metric = Field(description="The metric judged.")
    models: tuple[Glob, ...] = Field(default=("*",), min_length=1, description="Models by name or glob.")
    features: tuple[Glob, ...] = Field(
        default=("*",),
        min_length=1,
        description="Features by name or glob; `prediction` is the score, `actual` the label.",
    )
    slices: tuple[Glob, ...] = Field(
        default=("*",), min_length=1, description="Slices by text or glob: `all`, `region=eu`, `region=*`."
    )
    window: str | None = Field(
        default=None, description="The window judged, by name (`1h/5m`); default: every window."
    )
    baseline: Baseline = Field(
        default="reference",
        description="What the window is compared with: the reference, or the stream's own past: the time "
        "just before the window (`rolling`), the same hour of earlier days, or of earlier weeks; see `past` "
        "of the model.",
    )
    detector: DetectorName = Field(
        default="cusum",
        description="What watches the series of a `change:` metric. Values between two false alarms on "
        "independent values: `cusum` about 15,000 (against the reference), `page_hinkley` 7,000, `adwin` "
        "400,000 and `kswin` 15,000 (each against the series' own past).",
    )
    threshold: float = Field(
        default_factory=_own_threshold,
        description="The effect size at or above which (below, with `below: true`) it breaches. A `change:` "
        "metric may leave it out: the default is 1, the detector's own threshold.",
    )
    below: bool = Field(
        default=False, description="Breach when the value is at or below the threshold instead."
    )
    alpha: float | None = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="A drift test must also have an adjusted p-value at or below this; null: no test.",
    )
    hysteresis: Hysteresis = Field(
        default_factory=Hysteresis,
        description="How many breaches make an alert fire; default: the first does.",
    )
    resolve_threshold: float | None = Field(
        default=None,
        description="An alert resolves once the value is on the good side of this; default: the threshold.",
    )
    resolve_after: int = Field(
        default=1, ge=1, le=100, description="How many good windows in a row resolve an alert."
    )
    cooldown: DurationMs = Field(
        default=0, description="After resolving, no new alert of this identity for so long."
    )
    insufficient_after: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="After so many windows in a row without enough data, raise an alert of its own; 0: no.",
    )
    severity: Literal["info", "warning", "critical"] = Field(
        default="warning", description="The label `severity` of the alert."
    )
    retrain: bool = Field(default=False, description="A firing alert asks for retraining.")
    rollback: bool = Field(default=False, description="A firing alert asks for a rollback.")
    runbook_url: HttpUrl | None = Field(
        default=None, description="Where the reader of the alert finds what to do."
    )

    @model_validator(mode="after")
    def _says_when_it_breaches(self) -> Self:
        if math.isnan(self.threshold):
            raise mistake(
                "`threshold` is missing",
                consequence=f"nothing would say how much of {self.metric} is too much",
                mend=f"add it; only `{CHANGE}` metrics have a threshold of their own",
                field="threshold",
            )
        return self

    @model_validator(mode="after")
    def _resolves_on_the_good_side(self) -> Self:
        mark = self.resolve_threshold
        if mark is not None and (mark < self.threshold if self.below else mark > self.threshold):
            side, good = ("below", "above") if self.below else ("above", "below")
            raise mistake(
                f"`resolve_threshold` ({mark:g}) is {side} the threshold ({self.threshold:g})",
                consequence="an alert could resolve while it breaches",
                mend=f"write a value {good} {self.threshold:g}, or leave it out",
                field="resolve_threshold",
            )
        return self
