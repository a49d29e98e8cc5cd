"""A window laid beside its reference: the same slices in the same order, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detectors.fields import NumericField
from detectors.groups import Groups, field_groups, group_counts
from detectors.layout import COUNTERS, Layout, Rows
from detectors.profile import Profile
from detectors.shift import Sample, kurtosis_of_cells, sample
from service.windows.closed import ClosedWindow, Totals

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ReferenceField:
    """What does not change of one field's reference, a row a slice of the profile.

    Attributes
    ----------
    groups, sizes, grouped
        The groups of PSI: int16[R, C], how many each slice has, and the reference's counts in them.
    kurtosis
        float64[R]; NaN for categories.
    """

    groups: Groups
    sizes: Counts
    grouped: Counts
    kurtosis: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frame:
    """S slices of a window and of its reference.

    Attributes
    ----------
    slices
        The window's slices, then those that only the reference has: a slice that fell silent is a finding.
    totals, reference
        int64[S, row size]; zeros where a side lacks the slice.
    known
        bool[S]: whether the reference has the slice.
    at
        int64[S]: the slice's row in the profile, 0 where it has none.
    of_profile
        Whether the reference is the profile's; a baseline's rows come from elsewhere, grouped alike.
    same_hour
        Whether the reference is of the same hours alone, so that a rhythm of the traffic is not in between.
    """

    slices: tuple[str, ...]
    layout: Layout
    profile: Profile | None
    totals: Rows
    reference: Rows
    known: NDArray[np.bool_]
    at: Counts
    of_profile: bool = True
    same_hour: bool = False

    def values(self, field: int) -> tuple[Counts, Counts]:
        """Counts of a field's value cells in reference and window, each int64[S, C]."""
        return self.layout.values(self.reference, field), self.layout.values(self.totals, field)

    def samples(self) -> tuple[Sample, Sample]:
        """Moments of all numeric fields in reference and window, float64[M, S]."""
        return _samples(self.layout, self.reference), _samples(self.layout, self.totals)

    def grouped(self, field: int) -> Counts:
        """Counts of the reference in a field's groups, int64[S, groups]."""
        assert self.profile is not None, "groups are a profile's"
        known = reference_fields(self.profile)[field]
        if self.of_profile:
            grouped: Counts = known.grouped[self.at] * self.known[:, None]
            return grouped
        values = self.layout.values(self.reference, field)
        return group_counts(values, known.groups[self.at], known.grouped.shape[-1])

    def reference_n(self, m: Counts) -> Counts:
        """Sizes of the reference, int64[..., S], with -1 where it lacks the slice."""
        return np.where(self.known, m, -1)


def frame_of(window: ClosedWindow) -> Frame:
    """Lay a window beside its reference."""
    profile = window.profile
    if profile is None:
        rows = np.zeros(len(window.slices), np.int64)
        nothing = np.zeros_like(window.totals)
        known = np.zeros(len(rows), bool)
        return Frame(window.slices, window.layout, None, window.totals, nothing, known, rows)
    assert window.layout.size == profile.layout.size, "a window is counted in the layout of its profile"
    present = frozenset(window.slices)
    silent = tuple(name for name in profile.slices if name not in present)
    slices = window.slices + silent
    at = np.array([profile.row.get(name, -1) for name in slices], dtype=np.int64)
    known = at >= 0
    at = np.maximum(at, 0)
    totals = np.concatenate((window.totals, profile.layout.zeros(len(silent)))) if silent else window.totals
    reference = profile.totals[at] * known[:, None]
    return Frame(slices, profile.layout, profile, totals, reference, known, at)


def against_past(frame: Frame, past: Totals | None, columns: Counts, *, same_hour: bool = False) -> Frame:
    """Some slices of a frame laid beside a baseline of the stream's own past; None is no past.

    Parameters
    ----------
    columns
        int64[C]: which of the frame's slices.
    same_hour
        Whether the past is of the window's hours alone.
    """
    slices = tuple(frame.slices[i] for i in columns.tolist())
    row = {} if past is None else {name: i for i, name in enumerate(past.slices)}
    at = np.array([row.get(name, -1) for name in slices], dtype=np.int64)
    known = at >= 0
    reference = frame.layout.zeros(len(slices))
    if past is not None:
        assert past.rows.shape[-1] == frame.layout.size, "a baseline is counted in the window's layout"
        reference[known] = past.rows[at[known]]
    return Frame(
        slices, frame.layout, frame.profile, frame.totals[columns], reference, known, frame.at[columns],
        of_profile=False, same_hour=same_hour,
    )  # fmt: skip


@lru_cache(maxsize=64)
def reference_fields(profile: Profile) -> tuple[ReferenceField, ...]:
    """The frozen parts of a profile's fields, computed once a profile."""
    layout, totals = profile.layout, profile.totals
    moments = _samples(layout, totals)
    parts = []
    for i, field in enumerate(layout.judged):
        values = layout.values(totals, i)
        groups = field_groups(field, values)
        kurtosis = np.full(len(totals), np.nan)
        if isinstance(field, NumericField):
            kurtosis = kurtosis_of_cells(field, values, Sample(*(part[i] for part in moments)))
        # Small integers: a profile of 100 slices and 20 features holds a quarter of a million of them.
        small = groups.astype(np.int16)
        parts.append(ReferenceField(small, groups.max(axis=-1) + 1, group_counts(values, groups), kurtosis))
    return tuple(parts)


def _samples(layout: Layout, totals: Rows) -> Sample:
    count, first = len(layout.numeric), len(COUNTERS)
    n = np.array([layout.values(totals, i).sum(axis=-1) for i in range(count)]).reshape(count, len(totals))
    sums = totals[:, first : first + 2 * count].T
    return sample(n, sums[:count], sums[count:])
