"""What a configuration would watch, in numbers, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.config.checks.globs import any_fits, can_fit, slice_template
from service.config.checks.metrics import MODEL_LEVEL, capable, subjects
from service.config.model import Model, NumericFeature
from service.config.monitor import Monitor
from service.config.settings import Settings
from service.config.units import format_duration


@dataclass(frozen=True, slots=True)
class WindowSummary:
    """One window of a model.

    Attributes
    ----------
    judged
        For ``all`` and for each slice dimension (``region``, ``region,plan``): how many results are judged in
        a slice whenever the window ends, at most.
    """

    name: str
    panes: int
    judged: dict[str, int]


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """What would be watched of one model; ``pane`` is a duration as text."""

    name: str
    task: str
    numeric: int
    categorical: int
    slices: tuple[str, ...]
    pane: str
    windows: tuple[WindowSummary, ...]
    monitors: tuple[str, ...]
    reference: str


def summarise(settings: Settings) -> tuple[ModelSummary, ...]:
    """A summary of each model, in the order of the file."""
    return tuple(_model(model, settings) for model in settings.models)


def notes(settings: Settings) -> Iterator[str]:
    """What is no mistake, and still may not be meant."""
    if not settings.sources:
        yield "`sources` is empty: `driftline run` would read nothing (`replay` and `demo` need none)"
    if not settings.monitors:
        yield "`monitors` is empty: results would be computed and exported, and nothing would ever alert"
    elif settings.receivers.alertmanager is None and not settings.receivers.webhooks:
        yield "`receivers` is empty: alerts would stand in the alerts topic and on the status page only"
    for model in settings.models:
        if model.reference.profile is None and model.reference.learn is None:
            yield (
                f"the model {model.name!r} names no profile and learns none: it would wait until one is "
                "published with `driftline profile publish`"
            )


def _model(model: Model, settings: Settings) -> ModelSummary:
    watching = [m for m in settings.monitors if any_fits(m.models, model.name)]
    numeric = sum(isinstance(feature, NumericFeature) for feature in model.features.values())
    dimensions = tuple(",".join(dimension) for dimension in model.slices)
    windows = tuple(
        WindowSummary(
            name=spec.name,
            panes=spec.length // model.pane_ms,
            judged={
                dimension: sum(
                    _judged(monitor, model, dimension)
                    for monitor in watching
                    if monitor.window in {None, spec.name}
                )
                for dimension in ("all", *dimensions)
            },
        )
        for spec in model.windows
    )
    return ModelSummary(
        name=model.name,
        task=model.task,
        numeric=numeric,
        categorical=len(model.features) - numeric,
        slices=dimensions,
        pane=format_duration(model.pane_ms),
        windows=windows,
        monitors=tuple(monitor.name for monitor in watching),
        reference=_reference(model),
    )


def _judged(monitor: Monitor, model: Model, dimension: str) -> int:
    """How many results of one slice of the dimension the monitor judges."""
    template = dimension if dimension == "all" else slice_template(tuple(dimension.split(",")))
    if not any(can_fit(pattern, template) for pattern in monitor.slices):
        return 0
    if monitor.metric in MODEL_LEVEL:
        return int(any_fits(monitor.features, ""))
    names = [subject.name for subject in subjects(model) if capable(monitor.metric, subject)]
    return sum(any_fits(monitor.features, name) for name in names)


def _reference(model: Model) -> str:
    spec = model.reference
    parts = [f"profile {spec.profile}"] if spec.profile else []
    parts += [f"learnt from {spec.learn.events:,} events"] if spec.learn else []
    return ", else ".join(parts) or "a published profile"
