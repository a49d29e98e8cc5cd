"""A window laid beside its reference: the same slices in the same order, row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detectors.layout import Layout, Rows
from detectors.profile import Profile
from detectors.shift import Sample
from service.evaluation.reference import Reference, reference_of
from service.evaluation.side import Side
from service.windows.closed import ClosedWindow, Totals

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frame:
    """S slices of a window and of its reference.

    Attributes
    ----------
    slices
        The window's slices, then those that only the reference has: a slice that fell silent is a finding.
    present
        int64[W, row size]: the window's rows, of the first W slices; nothing came of the others.
    known
        bool[S]: whether the reference has the slice.
    at
        int64[S]: the slice's row in the profile, 0 where it has none.
    past
        int64[S, row size]: the reference, where it is not the profile: its rows come from elsewhere, grouped
        alike.
    same_hour
        Whether the reference is of the same hours alone, so that a rhythm of the traffic is not in between.
    """

    slices: tuple[str, ...]
    layout: Layout
    profile: Profile | None
    present: Rows
    known: NDArray[np.bool_]
    at: Counts
    past: Rows | None = None
    same_hour: bool = False

    def only(self, columns: Counts) -> Frame:
        """Some of the slices, int64[C]."""
        if len(columns) == len(self.slices):
            return self
        return replace(
            self,
            slices=tuple(self.slices[i] for i in columns.tolist()),
            present=self.rows_of(columns),
            known=self.known[columns],
            at=self.at[columns],
            past=None if self.past is None else self.past[columns],
        )

    def rows_of(self, columns: Counts) -> Rows:
        """int64[C, row size]: the window's rows of some slices."""
        if len(self.present) == len(self.slices):
            return self.present[columns]
        rows = self.layout.zeros(len(columns))
        there = columns < len(self.present)
        rows[there] = self.present[columns[there]]
        return rows

    @cached_property
    def totals(self) -> Rows:
        """int64[S, row size]; zeros where the window lacks the slice."""
        silent = len(self.slices) - len(self.present)
        return np.concatenate((self.present, self.layout.zeros(silent))) if silent else self.present

    @cached_property
    def reference(self) -> Rows:
        """int64[S, row size]; zeros where the reference lacks the slice."""
        if self.past is not None:
            return self.past
        if self.profile is None:
            return self.layout.zeros(len(self.slices))
        reference: Rows = self.profile.totals[self.at] * self.known[:, None]
        return reference

    @cached_property
    def frozen(self) -> Reference:
        """What does not change of the profile; there must be one."""
        assert self.profile is not None, "only a reference can be drifted from"
        return reference_of(self.profile)

    @cached_property
    def window(self) -> Side:
        """The window's rows."""
        return Side(self.layout, self.totals)

    @cached_property
    def before(self) -> Side:
        """The reference's rows."""
        return Side(self.layout, self.reference)

    @cached_property
    def n(self) -> Counts:
        """int64[F, S]: values of each judged field in the window."""
        own = Side(self.layout, self.present).n
        silent = len(self.slices) - len(self.present)
        return np.pad(own, ((0, 0), (0, silent))) if silent else own

    @cached_property
    def m(self) -> Counts:
        """int64[F, S]: those in the reference, 0 where it lacks the slice."""
        if self.past is not None or self.profile is None:
            return self.before.n
        known: Counts = self.frozen.side.n[:, self.at] * self.known
        return known

    @cached_property
    def grouped(self) -> tuple[Counts, Counts]:
        """Counts by group of PSI in reference and window, int64[S, groups of all fields]."""
        groups = self.frozen.groups
        window = groups.count(self.window, self.at)
        if self.past is not None:
            return groups.count(self.before, self.at), window
        return self.frozen.grouped[self.at] * self.known[:, None], window

    def shares(self, rows: Counts) -> tuple[Floats, Floats]:
        """Cumulative shares in reference and window on some slices, see ``Side.shares``."""
        window = Side(self.layout, self.rows_of(rows))
        if self.past is not None:
            return Side(self.layout, self.past[rows]).shares, window.shares
        return self.frozen.side.shares[self.at[rows]], window.shares

    def values(self, field: int) -> tuple[Counts, Counts]:
        """Counts of a field's value cells in reference and window, each int64[S, C]."""
        return self.layout.values(self.reference, field), self.layout.values(self.totals, field)

    def samples(self) -> tuple[Sample, Sample]:
        """Moments of all numeric fields in reference and window, float64[M, S]."""
        if self.past is not None or self.profile is None:
            return self.before.samples, self.window.samples
        frozen = self.frozen.side.samples
        n = np.where(self.known, frozen.n[:, self.at], 0.0)
        mean, variance = (
            np.where(self.known, part[:, self.at], np.nan) for part in (frozen.mean, frozen.variance)
        )
        return Sample(n, mean, variance), self.window.samples

    def kurtosis(self) -> Floats:
        """float64[M, S]: that of the profile's slices."""
        return self.frozen.kurtosis[:, self.at]

    def reference_n(self, m: Counts) -> Counts:
        """Sizes of the reference, int64[..., S], with -1 where it lacks the slice."""
        return np.where(self.known, m, -1)


def frame_of(window: ClosedWindow) -> Frame:
    """Lay a window beside its reference."""
    profile = window.profile
    if profile is None:
        rows = np.zeros(len(window.slices), np.int64)
        return Frame(window.slices, window.layout, None, window.totals, rows.astype(bool), rows)
    assert window.layout.size == profile.layout.size, "a window is counted in the layout of its profile"
    present = frozenset(window.slices)
    silent = tuple(name for name in profile.slices if name not in present)
    slices = window.slices + silent
    at = np.array([profile.row.get(name, -1) for name in slices], dtype=np.int64)
    return Frame(slices, profile.layout, profile, window.totals, at >= 0, np.maximum(at, 0))


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
        slices, frame.layout, frame.profile, frame.rows_of(columns), known, frame.at[columns],
        past=reference, same_hour=same_hour,
    )  # fmt: skip
