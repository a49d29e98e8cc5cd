"""Models that could not be told apart, slices that repeat, windows that would cost too much."""

from __future__ import annotations

from collections.abc import Iterator

from service.config.checks.parts import Parts, duplicates
from service.config.model import CategoricalFeature, Model
from service.config.problems import Finding
from service.config.settings import Limits
from service.config.units import format_duration

ROWS_MAX = 10_000
"""Slides of one window: each is a row of totals per slice that is kept until the window has passed."""


def check(parts: Parts) -> Iterator[Finding]:
    """Every mistake among the models."""
    yield from duplicates(
        parts.names,
        ("models",),
        ("name",),
        what="the model name",
        consequence="it could not be told which of the two an event belongs to",
        mend="give each model a name of its own, or use `versions` for versions of one model",
    )
    for i, model in enumerate(parts.drafts):
        if model is not None:
            yield from _slices(model, i)
            yield from _windows(model, i)
            yield from _lateness(model, i, parts.limits)
            yield from _lists(model, i)


def _slices(model: Model, i: int) -> Iterator[Finding]:
    first: dict[frozenset[str], int] = {}
    for j, dimension in enumerate(model.slices):
        path = ("models", i, "slices", j)
        name = " × ".join(dimension)
        if len(set(dimension)) < len(dimension):
            consequence = "every slice of it would hold the same events as without the repetition"
            yield Finding(
                path, f"the slice dimension {name} names a tag twice", consequence, "name each tag once"
            )
        elif first.setdefault(frozenset(dimension), j) != j:
            consequence = "the same slices would be counted twice, under two names"
            message = (
                f"the slice dimension {name} is number {first[frozenset(dimension)] + 1} of the list already"
            )
            yield Finding(path, message, consequence, "remove one of them")


def _windows(model: Model, i: int) -> Iterator[Finding]:
    yield from duplicates(
        [spec.name for spec in model.windows],
        ("models", i, "windows"),
        what="the window",
        consequence="its results would be stated twice",
        mend="remove one of them",
    )
    for j, spec in enumerate(model.windows):
        rows = spec.longest_ms // spec.slide_ms
        if rows > ROWS_MAX:
            field, slide = "reach" if spec.reach else "length", format_duration(spec.slide_ms)
            yield Finding(
                ("models", i, "windows", j, field),
                f"a window of {format_duration(spec.longest_ms)} is made of {rows:,} slides of {slide}",
                f"each slice would keep more than {ROWS_MAX:,} rows of totals in memory",
                "choose a longer slide (`every`), or a shorter window",
            )


def _lateness(model: Model, i: int, limits: Limits | None) -> Iterator[Finding]:
    # the pane of the newest event, and those that an event this late may still reach
    open_panes = model.lateness // model.pane_ms + 2
    if limits is not None and open_panes > limits.open_panes:
        late, pane = format_duration(model.lateness), format_duration(model.pane_ms)
        yield Finding(
            ("models", i, "lateness"),
            f"a lateness of {late} keeps {open_panes:,} panes of {pane} open, and `limits.open_panes` is "
            f"{limits.open_panes:,}",
            "panes would be given up before the late events that they wait for",
            f"shorten it, raise `limits.open_panes` to {open_panes:,}, or choose windows of longer panes",
        )


def _lists(model: Model, i: int) -> Iterator[Finding]:
    yield from duplicates(
        model.versions or (),
        ("models", i, "versions"),
        what="the version",
        consequence="it says nothing new",
        mend="remove it, or correct it if another version is meant",
    )
    for name, feature in model.features.items():
        if isinstance(feature, CategoricalFeature):
            yield from duplicates(
                feature.categories or (),
                ("models", i, "features", name, "categories"),
                what="the category",
                consequence="one category cannot be counted in two places",
                mend="remove it, or correct it if another one is meant",
            )
