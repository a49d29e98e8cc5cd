"""How the events of one model become cells: its layout and the maps from values to cells, per profile."""

from __future__ import annotations

import hashlib

import numpy as np

from detectors.fields import CategoricalField, Field, NumericField
from detectors.latency import LATENCY_FIELD
from detectors.layout import Layout
from detectors.profile import Profile
from detectors.totals.measuring import Coded, Measured, Measuring
from service.config.model import CategoricalFeature, Model
from service.events.batch import Batch
from service.events.schema import categorical_names, numeric_names
from service.windows.clock import NEVER_MS
from service.windows.control import Control

_COUNTED = {
    *("features", "slices", "windows", "task", "positive_label"),
    *("latency", "bin_sums", "multivariate"),
}
"""What of a model's configuration decides how its events are counted."""


def bare_fields(model: Model) -> tuple[Field, ...]:
    """The fields of a model that has no profile: states of values are counted, values are not told apart."""
    numeric = [NumericField(name, np.empty(0)) for name in numeric_names(model)]
    declared = {n: f.categories or () for n, f in model.features.items() if isinstance(f, CategoricalFeature)}
    categorical = (CategoricalField(name, declared[name]) for name in categorical_names(model))
    return (*numeric, *categorical, *((LATENCY_FIELD,) if model.latency else ()))


def fits(model: Model, profile: Profile) -> bool:
    """Whether the profile has the fields of the model's schema, in its order.

    Latency and the optional sums are its own affair: what it was not built for is not counted under it.
    """
    numeric = tuple(field.name for field in profile.layout.numeric)
    categorical = tuple(f.name for f in profile.fields if isinstance(f, CategoricalField))
    return numeric == numeric_names(model) and categorical == categorical_names(model)


class Counting:
    """How events are counted under one profile (or none): immutable once made."""

    def __init__(self, model: Model, profile: Profile | None) -> None:
        self.profile = profile
        self.layout = profile.layout if profile else Layout(bare_fields(model))
        schema = model.model_dump_json(include=_COUNTED)
        identity = schema + (profile.id if profile else "")
        self.digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._measuring = Measuring(self.layout)

    def measured(self, batch: Batch) -> Measured:
        """The cells in which each event counts, and what it adds to the sums; labels are in no cell."""
        if batch.is_label:
            return Measured(np.empty((0, len(batch)), np.int32), batch.counters, 0)
        numbers = [batch.numeric]
        if self.layout.latency is not None:
            # Those that came without one count as absent.
            took = batch.latency_ms
            numbers.append(np.full(len(batch), np.inf) if took is None else took)
        categorical = [Coded(column.codes, column.values) for column in batch.categorical]
        return self._measuring.measured(numbers, categorical, batch.counters)


class Plan:
    """One model's schema with the counting in force for each pane."""

    def __init__(self, model: Model, control: Control) -> None:
        self.model = model
        self._control = control
        self._countings: dict[str | None, Counting] = {}
        self._in_force: dict[tuple[str, int], Counting] = {}
        self._changes = -1

    def counting(self, version: str, pane_ms: int) -> Counting:
        """How the pane that starts at ``pane_ms`` is counted."""
        if self._changes != self._control.changes or len(self._in_force) > 10_000:
            self._in_force.clear()
            self._changes = self._control.changes
        key = (version, pane_ms)
        counting = self._in_force.get(key)
        if counting is None:
            counting = self._in_force[key] = self._make(version, pane_ms)
        return counting

    def known_versions(self) -> dict[str, int]:
        """The versions expected to have traffic, configured or with a profile, and since when (ms)."""
        configured = self.model.versions
        known = dict.fromkeys(configured or (), NEVER_MS)
        for version, since_ms in self._control.published(self.model.name).items():
            if configured is None or version in configured:
                known.setdefault(version, since_ms)
        return known

    def learns(self, version: str) -> bool:
        """Whether the model version still needs its reference learned from traffic."""
        return (
            (version != "" or self.model.versions is None)
            and self.model.reference.learn is not None
            and not self._control.knows(self.model.name, version)
        )

    def _make(self, version: str, pane_ms: int) -> Counting:
        profile = self._control.in_force(self.model.name, version, pane_ms)
        if profile is not None and not fits(self.model, profile):
            profile = None
        identity = profile.id if profile else None
        if identity not in self._countings:
            self._countings[identity] = Counting(self.model, profile)
        return self._countings[identity]
