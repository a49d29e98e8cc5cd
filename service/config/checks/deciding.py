"""Baselines, detectors and budgets that could not do what they are written for."""

from __future__ import annotations

from collections.abc import Iterator

from service.config.checks.globs import any_fits
from service.config.checks.metrics import subjects
from service.config.checks.parts import Parts
from service.config.model import Model
from service.config.monitor import CHANGE, Metric, Monitor
from service.config.problems import Finding, Path
from service.config.units import format_duration, parse_duration_ms

COMPARES: dict[Metric, str] = {"mean": "mean_shift", "std": "std_shift", "traffic": "change:traffic"}
"""Metrics that are the window's alone, and which one compares."""

PERIODS_MS = {"hour_of_day": parse_duration_ms("1d"), "hour_of_week": parse_duration_ms("7d")}


def check(parts: Parts) -> Iterator[Finding]:
    """Every such mistake of the monitors and models."""
    for i, model in enumerate(parts.models):
        if model is not None:
            yield from _budget(model, ("models", i, "multiplicity", "budget"))
    for i, monitor in enumerate(parts.monitors):
        if monitor is not None:
            path = ("monitors", i)
            watched = [m for m in parts.models if m is not None and any_fits(monitor.models, m.name)]
            yield from _detector(monitor, path)
            yield from _baseline(monitor, path)
            yield from _hours(monitor, path, watched)
            yield from _rivals(monitor, path, parts.monitors[:i], watched)


def _budget(model: Model, path: Path) -> Iterator[Finding]:
    spec = model.multiplicity
    if "budget" in spec.model_fields_set and spec.false_alarms_per_week is None:
        message = f"`budget` ({spec.budget}) is given without `false_alarms_per_week`"
        yield Finding(
            path,
            message,
            "there would be nothing to share",
            "add `false_alarms_per_week`, or remove `budget`",
        )


def _detector(monitor: Monitor, path: Path) -> Iterator[Finding]:
    change = monitor.metric.startswith(CHANGE)
    if "detector" in monitor.model_fields_set and not change:
        message = (
            f"{monitor.metric} is measured without a detector, but `detector` ({monitor.detector}) is given"
        )
        mend = f"remove `detector`, or choose a metric that begins with `{CHANGE}`"
        yield Finding((*path, "detector"), message, "it would see nothing", mend)
    if change and monitor.below:
        message = f"{monitor.metric} is low while nothing changes, and `below` is true"
        mend = "remove `below`: a detector finds rises and falls"
        yield Finding((*path, "below"), message, "the alert would fire while all is well", mend)


def _baseline(monitor: Monitor, path: Path) -> Iterator[Finding]:
    metric, baseline, path = monitor.metric, monitor.baseline, (*path, "baseline")
    if baseline == "reference":
        return
    if metric.startswith(CHANGE):
        message = f"{metric} with `baseline` ({baseline}): a detector follows one series of windows"
        mend = "remove `baseline`; `detector: adwin` compares a series with its own past"
        yield Finding(path, message, "the baseline would be ignored", mend)
    elif metric in COMPARES:
        message = f"{metric} does not compare with a `baseline` ({baseline})"
        mend = f"remove `baseline`, or write {COMPARES[metric]}"
        yield Finding(path, message, "nothing would be judged, and silence would look like health", mend)


def _hours(monitor: Monitor, path: Path, watched: list[Model]) -> Iterator[Finding]:
    period_ms = PERIODS_MS.get(monitor.baseline)
    if period_ms is None:
        return
    specs = [spec for model in watched for spec in model.windows if monitor.window in {None, spec.name}]
    long = [spec for spec in specs if max(spec.length, spec.reach or 0) >= period_ms]
    if long:
        name, period = long[0].name, format_duration(period_ms)
        fitting = [f"`{spec.name}`" for spec in specs if spec not in long]
        message = f"a window of {name} has every hour of the {period} of `baseline` ({monitor.baseline})"
        mend = (
            f"name {fitting[0]} as `window`" if fitting else "write `baseline: rolling`, or a shorter window"
        )
        consequence = "it would be compared with all of the past, whatever the hour"
        yield Finding((*path, "baseline"), message, consequence, mend)


def _rivals(
    monitor: Monitor, path: Path, earlier: tuple[Monitor | None, ...], watched: list[Model]
) -> Iterator[Finding]:
    if not monitor.metric.startswith(CHANGE):
        return
    for number, other in enumerate(earlier, 1):
        if other is None or other.metric != monitor.metric or other.detector == monitor.detector:
            continue
        if any(_meet(monitor, other, model) for model in watched):
            message = (
                f"`detector` ({monitor.detector}) is not that of monitor number {number} ({other.detector}), "
                f"which follows some of the same {monitor.metric}"
            )
            consequence = "a series has one detector, the first; this one would see nothing there"
            mend = "give both the same detector, or let them name different features or slices"
            yield Finding((*path, "detector"), message, consequence, mend)
            return


def _meet(one: Monitor, other: Monitor, model: Model) -> bool:
    """Whether two monitors name a series in common, as far as globs tell."""
    names = ["", *(subject.name for subject in subjects(model))]
    features = any(any_fits(one.features, name) and any_fits(other.features, name) for name in names)
    windows = one.window is None or other.window in {None, one.window}
    slices = any(any_fits(other.slices, text) for text in one.slices) or any(
        any_fits(one.slices, text) for text in other.slices
    )
    return any_fits(other.models, model.name) and features and windows and slices
