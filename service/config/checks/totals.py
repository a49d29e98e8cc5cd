"""Monitors on what their models do not count, and models that would count too much or too little for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from service.config.checks.globs import any_fits, fits
from service.config.checks.metrics import ON_ALL
from service.config.checks.parts import Parts
from service.config.model import Model, NumericFeature
from service.config.monitor import Metric, Monitor
from service.config.problems import Finding, Path

FEATURES_MAX = 128
"""Numeric features whose variation together is kept: 128 take 8,385 numbers in each row of totals."""

_BLIND = "nothing would be judged, and silence would look like health"


class _Need(NamedTuple):
    """A field of a model, and what it keeps."""

    field: str
    what: str


_NEEDS: Mapping[Metric, _Need] = {
    "wasserstein": _Need("bin_sums", "sums of values by bin"),
    "reconstruction_error": _Need("multivariate", "how features vary together"),
    "latency_p50": _Need("latency", "the latency of events"),
    "latency_p99": _Need("latency", "the latency of events"),
}

_WITHOUT_PAST: frozenset[Metric] = frozenset({"reconstruction_error", "latency_p50", "latency_p99"})
"""Metrics that are measured by themselves, or by components of the reference."""


def check(parts: Parts) -> Iterator[Finding]:
    """Every mistake about optional totals."""
    for i, model in enumerate(parts.drafts):
        if model is not None and model.multivariate:
            yield from _multivariate(model, i)
    for i, monitor in enumerate(parts.monitors):
        if monitor is not None:
            yield from list(_needs(monitor, ("monitors", i), parts)) or _place(monitor, ("monitors", i))


def _multivariate(model: Model, i: int) -> Iterator[Finding]:
    count = sum(isinstance(feature, NumericFeature) for feature in model.features.values())
    path = ("models", i, "multivariate")
    if count < 2:
        message = f"`multivariate: true`, but the model has {count} numeric feature" + "s" * (count != 1)
        yield Finding(path, message, "nothing could vary together", "remove it, or add features")
    elif count > FEATURES_MAX:
        message = f"`multivariate: true` with {count} numeric features, more than {FEATURES_MAX}"
        size = count * (count + 1) // 2
        consequence = f"each row of totals would hold {size:,} numbers more"
        yield Finding(path, message, consequence, "remove it")


def _needs(monitor: Monitor, path: Path, parts: Parts) -> Iterator[Finding]:
    need = _NEEDS.get(monitor.metric)
    if need is None:
        return
    lacking = [
        model.name
        for model in parts.models
        if model is not None and any_fits(monitor.models, model.name) and not getattr(model, need.field)
    ]
    if lacking:
        names = ", ".join(f"`{name}`" for name in lacking)
        yield Finding(
            (*path, "metric"),
            f"{monitor.metric} needs {need.what}, and {names} has `{need.field}: false`",
            _BLIND,
            f"write `{need.field}: true` there and build the profile anew, or name other `models` here",
        )


def _place(monitor: Monitor, path: Path) -> Iterator[Finding]:
    metric = monitor.metric
    if metric in ON_ALL:
        for i, pattern in enumerate(monitor.slices):
            if not fits(pattern, "all"):
                message = f"{pattern!r} is a slice, but {metric} exists for all the traffic only"
                yield Finding((*path, "slices", i), message, _BLIND, "write `all`, or remove `slices`")
    if metric in _WITHOUT_PAST and monitor.baseline != "reference":
        message = f"{metric} has no baseline `{monitor.baseline}`"
        yield Finding((*path, "baseline"), message, _BLIND, "remove `baseline`")
