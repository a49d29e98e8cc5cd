"""What does not change of a reference, computed once a profile: groups, counts in them, moments, fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.calibration import Calibration, Fit, Key, shares_quantile
from detectors.fields import NumericField
from detectors.groups import field_groups, group_counts
from detectors.layout import Layout
from detectors.profile import Profile
from detectors.psi import NULL_LEVEL
from detectors.shift import Sample, kurtosis_of_cells
from service.evaluation.kept import Recent, once_a_profile
from service.evaluation.side import Side, span_of_values

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

SHAPES_MAX = 16
"""Fits are kept for so many sets of tests and slices: from window to window they are mostly the same."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """The groups of PSI of F fields side by side, for each of a profile's R slices.

    Attributes
    ----------
    widths
        How many groups each field has at most on any slice.
    sizes
        int64[F, R]: how many it has on each.
    before, last
        int32[R, ...]: the groups of numbers are runs of cells; the cell before each and its last one, as
        columns of :attr:`service.evaluation.side.Side.upto`.
    cells, codes
        The columns of the categories' values, and the group of each, int16[R, ...].
    """

    widths: tuple[int, ...]
    sizes: Counts
    before: NDArray[np.int32]
    last: NDArray[np.int32]
    cells: Counts
    codes: NDArray[np.int16]

    def starts(self) -> Counts:
        """int64[F + 1]: where each field's groups begin among all of them."""
        return np.concatenate(([0], np.cumsum(self.widths, dtype=np.int64)))

    def count(self, side: Side, at: Counts) -> Counts:
        """Counts by group of S rows whose slices are the rows ``at`` of the profile: int64[S, all groups]."""
        row = np.arange(len(at))[:, None]
        numbers = side.upto[row, self.last[at]] - side.upto[row, self.before[at]]
        if not len(self.cells):
            return numbers
        names = group_counts(side.rows[:, self.cells], self.codes[at], sum(self.widths) - numbers.shape[1])
        return np.concatenate((numbers, names), axis=1)


class Reference:
    """A profile's totals as one side of every comparison with it.

    Attributes
    ----------
    side
        The profile's R rows.
    kurtosis
        float64[M, R]
    grouped
        int64[R, all groups]: the reference's own counts.
    calibration
        None where the profile holds none.
    """

    def __init__(self, profile: Profile) -> None:
        layout = profile.layout
        self.side = Side(layout, profile.totals)
        self.kurtosis = _kurtosis(layout, self.side)
        self.groups = _grouping(layout, self.side)
        self.grouped = self.groups.count(self.side, np.arange(len(profile.totals)))
        document = profile.calibration
        self.calibration = None if document is None else Calibration.from_document(document, profile.slices)
        self._fits: Recent[Fit] = Recent(SHAPES_MAX)
        self._quantiles: Recent[Floats] = Recent(SHAPES_MAX)

    def fits(self, keys: Sequence[Key], at: Counts) -> Fit:
        """The fits of K tests on S slices, rows of the profile; there must be a calibration."""
        calibration, tests = self.calibration, tuple(keys)
        assert calibration is not None, "only a calibration has fits"
        return self._fits.get((tests, at.tobytes()), lambda: (calibration.at(tests, at), 1))

    def quantiles(self, keys: Sequence[Key], at: Counts) -> Floats:
        """float64[K, S]: what the statistics of shares stay below without drift, at ``NULL_LEVEL``."""
        fit = self.fits(keys, at)
        place = (tuple(keys), at.tobytes())
        return self._quantiles.get(place, lambda: (shares_quantile(NULL_LEVEL, fit), 1))


reference_of = once_a_profile(Reference)
"""The reference of a profile."""


def _kurtosis(layout: Layout, side: Side) -> Floats:
    found = np.full((len(layout.numeric), len(side.rows)), np.nan)
    for i, field in enumerate(layout.numeric):
        own = Sample(*(part[i] for part in side.samples))
        found[i] = kurtosis_of_cells(field, layout.values(side.rows, i), own)
    return found


def _grouping(layout: Layout, side: Side) -> Grouping:
    starts, (before, _) = layout.starts, span_of_values(layout)
    widths: list[int] = []
    sizes, firsts, lasts, cells, codes = [], [], [], [], []
    for i, field in enumerate(layout.judged):
        values = layout.values(side.rows, i)
        groups = field_groups(field, values)
        width = int(groups.max(initial=0)) + 1
        if isinstance(field, NumericField):
            own = group_counts(np.ones_like(groups), groups, width)
            upto = before[i] + np.cumsum(own, axis=1)
            firsts.append(upto - own)
            lasts.append(upto)
        else:
            cells.append(np.arange(starts[i] + 1, starts[i + 1] - 2))
            codes.append(groups + sum(widths[len(layout.numeric) :]))
        widths.append(width)
        sizes.append(groups.max(axis=-1) + 1)
    return Grouping(
        tuple(widths),
        np.array(sizes, np.int64).reshape(len(widths), len(side.rows)),
        _joined(firsts, len(side.rows)).astype(np.int32),
        _joined(lasts, len(side.rows)).astype(np.int32),
        np.concatenate(cells) if cells else np.zeros(0, np.int64),
        _joined(codes, len(side.rows)).astype(np.int16),
    )


def _joined(parts: Sequence[NDArray[np.integer]], rows: int) -> NDArray[np.integer]:
    return np.concatenate(parts, axis=1) if parts else np.zeros((rows, 0), np.int64)
