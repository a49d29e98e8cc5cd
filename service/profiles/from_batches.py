"""A profile out of decoded events: the same for a file of reference data and for traffic learnt from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detectors.building import Built, Cut, Range, Reference, build_profile
from detectors.calibrating import calibrate
from detectors.components import fit_components
from detectors.layout import COUNTERS, Sections
from detectors.profile import Profile
from service.config.model import CategoricalFeature, Model, NumericFeature
from service.errors import ProfileError
from service.events.batch import Batch
from service.events.coded import CodedColumn
from service.events.schema import categorical_names, numeric_names
from service.profiles.time_order import in_time_order
from service.windows.slicing import ALL, slice_names

MAX_SLICES = 1000
"""Slices of one dimension that get a row of their own; those with the fewest records are cut."""

Groups = dict[str, NDArray[np.int64]]
"""By name the records in a slice, int64[n], ascending."""


def profile_from_batches(model: Model, version: str, batches: Sequence[Batch]) -> Profile:
    """The profile that :func:`build_from_batches` builds."""
    return build_from_batches(model, version, batches).profile


def build_from_batches(
    model: Model, version: str, batches: Sequence[Batch], *, max_slices: int = MAX_SLICES
) -> Built:
    """The reference that the events of one model make.

    Parameters
    ----------
    model
        Says which columns the batches have, and gives ranges, categories, dimensions and bins.
    version
        Only predictions of this version count; with ``""`` those of every version. Labels carry no version:
        they all count in the counters of ``all``, and of the slices that their own tags name.
    batches
        Predictions and labels, from any number of sources. Their order does not matter: dependence is
        measured in the order of event times.
    max_slices
        Bound of :data:`MAX_SLICES`.

    Raises
    ------
    ProfileError
        When no prediction is left to learn from.
    """
    ordered = sorted((batch for batch in batches if len(batch)), key=_first)
    labels = [batch for batch in ordered if batch.is_label]
    predictions = [batch for batch in ordered if not batch.is_label]
    if version:
        predictions = [own for batch in predictions if len(own := batch.only(version))]
    if not predictions:
        raise ProfileError(_nothing(model.name, version, ordered), reason="no_events")
    groups, cut_slices = _slices(model, predictions, max_slices)
    reference = Reference(
        numeric_names=numeric_names(model),
        numeric=np.concatenate([batch.numeric for batch in predictions]),
        categorical_names=categorical_names(model),
        categorical=[_joined(predictions, place) for place in range(len(categorical_names(model)))],
        counters=np.concatenate([batch.counters for batch in predictions]),
        slices=groups,
        extra=_label_counters(model, labels),
        latency=_latency(predictions) if model.latency else None,
    )
    built = build_profile(
        model.name,
        version,
        reference,
        bins=model.reference.bins,
        ranges=declared_ranges(model),
        categories=declared_categories(model),
        sections=Sections(model.bin_sums, model.multivariate),
    )
    profile = _in_time(model, built.profile, in_time_order(reference, predictions))
    return replace(built, profile=profile, cut_slices=cut_slices)


def _in_time(model: Model, profile: Profile, in_order: Reference) -> Profile:
    """The profile with what only the order of the records in time can tell."""
    if model.reference.calibrate:
        fits = calibrate(profile.layout, profile.totals, profile.slices, in_order)
        profile = replace(profile, calibration=fits.to_document(profile.slices))
    if model.multivariate:
        fitted = fit_components(profile.layout, in_order.numeric)
        profile = replace(profile, components=fitted.to_document() if fitted else None)
    return profile


def _latency(predictions: Sequence[Batch]) -> NDArray[np.float64]:
    """float64[N]; absent where a batch has none."""
    return np.concatenate(
        [np.full(len(b), np.inf) if b.latency_ms is None else b.latency_ms for b in predictions]
    )


def _label_counters(model: Model, labels: Sequence[Batch]) -> dict[str, NDArray[np.int64]]:
    """What the labels add to the counters of ``all``, and of the slices that their own tags name."""
    extra: dict[str, NDArray[np.int64]] = defaultdict(lambda: np.zeros(len(COUNTERS), np.int64))
    for batch in labels:
        extra[ALL] += batch.counters.sum(axis=0)
        for dimension in model.slices:
            for name, members in _groups(slice_names(dimension, batch.tags)).items():
                extra[name] += batch.counters[members].sum(axis=0)
    return extra


def declared_ranges(model: Model) -> dict[str, Range]:
    """The valid ranges that the configuration declares."""
    return {
        name: (feature.min, feature.max)
        for name, feature in model.features.items()
        if isinstance(feature, NumericFeature)
    }


def declared_categories(model: Model) -> dict[str, tuple[str, ...]]:
    """The categories that the configuration declares."""
    return {
        name: feature.categories
        for name, feature in model.features.items()
        if isinstance(feature, CategoricalFeature) and feature.categories is not None
    }


def _first(batch: Batch) -> int:
    return int(batch.offsets[0])


def _joined(batches: Sequence[Batch], place: int) -> list[object]:
    return [value for batch in batches for value in batch.categorical[place]]


def _slices(model: Model, batches: Sequence[Batch], most: int) -> tuple[Groups, Mapping[str, Cut]]:
    tags = {
        tag: CodedColumn.of([value for batch in batches for value in batch.tags[tag]]) for tag in model.tags
    }
    groups: Groups = {}
    cut: dict[str, Cut] = {}
    for dimension in model.slices:
        found = _groups(slice_names(dimension, tags))
        ranked = sorted(found, key=lambda name: (-len(found[name]), name))
        groups |= {name: found[name] for name in ranked[:most]}
        if ranked[most:]:
            records = sum(len(found[name]) for name in ranked[most:])
            cut[",".join(dimension)] = Cut(len(ranked) - most, records)
    return groups, cut


def _groups(names: Sequence[str | None]) -> Groups:
    codes: dict[str | None, int] = {}
    row_codes = np.fromiter((codes.setdefault(name, len(codes)) for name in names), np.int64, len(names))
    order = np.argsort(row_codes, kind="stable")
    ends = np.cumsum(np.bincount(row_codes, minlength=len(codes)))
    parts = np.split(order, ends[:-1])
    return {name: part for name, part in zip(codes, parts, strict=True) if name is not None}


def _nothing(name: str, version: str, batches: Sequence[Batch]) -> str:
    found = Counter(own for batch in batches if not batch.is_label for own in batch.versions)
    if not found:
        return (
            f"the reference data of model `{name}` holds no prediction, so there is nothing to compare with; "
            "give files with events or rows of the model"
        )
    listed = ", ".join(f"`{own}` ({count})" for own, count in found.most_common(5))
    return (
        f"no prediction of model `{name}` has version `{version}`, so there is nothing to compare with; "
        f"versions in the data: {listed}; ask for one of them"
    )
