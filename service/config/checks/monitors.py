"""Monitors that would watch nothing, always fire, never fire, or ask nobody for a retraining."""

from __future__ import annotations

from collections.abc import Iterator

from service.config.checks.globs import any_fits, can_fit, fits, slice_template
from service.config.checks.metrics import MODEL_LEVEL, RANGES, capable, subjects
from service.config.checks.parts import Parts, duplicates
from service.config.model import Model
from service.config.monitor import Monitor
from service.config.problems import Finding, Path
from service.config.receivers import EventType
from service.config.sentences import did_you_mean

_BLIND = "nothing would be judged, and silence would look like health"


def check(parts: Parts) -> Iterator[Finding]:
    """Every mistake of the monitors."""
    yield from duplicates(
        parts.monitor_names,
        ("monitors",),
        ("name",),
        what="the monitor name",
        consequence="their alerts would be one and the same to a receiver",
        mend="give each monitor a name of its own",
    )
    for i, monitor in enumerate(parts.monitors):
        if monitor is not None:
            path = ("monitors", i)
            yield from _threshold(monitor, path)
            yield from _requests(monitor, path, parts)
            yield from _models(monitor, path, parts)


def _threshold(monitor: Monitor, path: Path) -> Iterator[Finding]:
    low, high = RANGES.get(monitor.metric, (float("-inf"), float("inf")))
    mark, path = monitor.threshold, (*path, "threshold")
    always, never = (mark >= high, mark < low) if monitor.below else (mark <= low, mark > high)
    side = "at or below" if monitor.below else "at or above"
    if always or never:
        span = f"at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
        how_often = "always" if always else "never"
        message = f"{monitor.metric} is {span}, so it is {how_often} {side} the threshold {mark:g}"
        consequence = "the alert would fire without end" if always else "the alert could never fire"
        yield Finding(path, message, consequence, f"write a threshold inside the range of {monitor.metric}")


def _requests(monitor: Monitor, path: Path, parts: Parts) -> Iterator[Finding]:
    if parts.receivers is None:
        return
    taken = {kind for webhook in parts.receivers.webhooks for kind in webhook.types}
    asks: tuple[tuple[str, bool, EventType], ...] = (
        ("retrain", monitor.retrain, "model.retraining.requested"),
        ("rollback", monitor.rollback, "model.rollback.requested"),
    )
    for field, asked, event_type in asks:
        if asked and event_type not in taken:
            message = f"`{field}: true`, but no webhook takes {event_type}"
            mend = (
                f"add an endpoint under `receivers.webhooks` with the type {event_type}, or remove `{field}`"
            )
            yield Finding((*path, field), message, "the request would reach nobody", mend)


def _models(monitor: Monitor, path: Path, parts: Parts) -> Iterator[Finding]:
    names = [name for name in parts.names if name is not None]
    if len(names) < len(parts.names) or not names:
        return  # a model without a readable name could be the one that is meant
    for i, pattern in enumerate(monitor.models):
        if not any(fits(pattern, name) for name in names):
            message = f"{pattern!r} matches no model"
            yield Finding((*path, "models", i), message, _BLIND, did_you_mean(pattern, names))
    matched = [i for i, name in enumerate(names) if any_fits(monitor.models, name)]
    models = [model for i in matched if (model := parts.models[i]) is not None]
    if not models or len(models) < len(matched):
        return  # a model that is not valid yet could be the one that has what is named
    yield from _features(monitor, path, models)
    yield from _slices(monitor, path, models)
    yield from _window(monitor, path, models)


def _features(monitor: Monitor, path: Path, models: list[Model]) -> Iterator[Finding]:
    metric = monitor.metric
    if metric in MODEL_LEVEL:
        for i, pattern in enumerate(monitor.features):
            if not fits(pattern, ""):
                message = f"{pattern!r} is a feature, but {metric} is a metric of the model as a whole"
                yield Finding((*path, "features", i), message, _BLIND, "remove `features`")
        return
    known = {subject.name: subject for model in models for subject in subjects(model)}
    able = {subject.name for model in models for subject in subjects(model) if capable(metric, subject)}
    found = False
    for i, pattern in enumerate(monitor.features):
        matched = {name for name in known if fits(pattern, name)}
        if not matched:
            found = True
            message = f"{pattern!r} matches no feature of the models watched"
            yield Finding((*path, "features", i), message, _BLIND, did_you_mean(pattern, known))
        elif pattern in known and not matched & able:
            found = True
            message = f"{pattern!r} ({known[pattern].kind}) has no {metric}"
            yield Finding((*path, "features", i), message, _BLIND, _able(metric, able))
    if not found and not any(any_fits(monitor.features, name) for name in able):
        message = f"no feature that is matched has {metric}"
        yield Finding((*path, "metric"), message, _BLIND, _able(metric, able))


def _slices(monitor: Monitor, path: Path, models: list[Model]) -> Iterator[Finding]:
    dimensions = [dimension for model in models for dimension in model.slices]
    templates = ["all", *map(slice_template, dimensions)]
    for i, pattern in enumerate(monitor.slices):
        if not any(can_fit(pattern, template) for template in templates):
            message = f"{pattern!r} matches no slice of the models watched"
            shown = ", ".join(f"`{template}`" for template in dict.fromkeys(templates))
            yield Finding(
                (*path, "slices", i), message, _BLIND, f"write one of {shown}, or add the dimension"
            )


def _window(monitor: Monitor, path: Path, models: list[Model]) -> Iterator[Finding]:
    names = dict.fromkeys(spec.name for model in models for spec in model.windows)
    if monitor.window is not None and monitor.window not in names:
        message = f"{monitor.window!r} is no window of the models watched"
        shown = ", ".join(f"`{name}`" for name in names)
        yield Finding((*path, "window"), message, _BLIND, f"write one of {shown}, or add the window")


def _able(metric: str, able: set[str]) -> str:
    if not able:
        return "choose another metric"
    return f"{metric} exists for " + ", ".join(f"`{name}`" for name in sorted(able)[:20])
