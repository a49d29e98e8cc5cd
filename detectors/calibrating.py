"""Calibrating a reference: from its records in time order to the fits of every test on every slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.building import Reference
from detectors.calibration import WINDOWS_MIN, Calibration, Fit, Key, fit_of_weights, uncalibrated
from detectors.dependence import inflations, weights, window_records
from detectors.fields import CategoricalField, CategoryCells, Judged, NumericField
from detectors.groups import field_groups
from detectors.layout import COUNTERS, Layout, Rows
from detectors.totals.numeric import grid_moments, numeric_cells

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Cells = NDArray[np.integer]

RECORDS_MAX = 1_000_000
"""The newest records tell the dependence; more would take memory and tell no more."""

OWN_RECORDS_MIN = 512
"""A slice with fewer records has the fits of slice ``all``."""

DIGITS = 4
"""Significant digits of a fit, so that a profile stays small and reads back the same."""

COUNTER_TESTS = (("error_ratio", "errors", "events"), ("positive_rate", "positive", "labelled"))
SHARE_TESTS = ("psi", "ks", "linf")


class _Records(NamedTuple):
    """The records that are looked at, in time order.

    Attributes
    ----------
    grid
        int64[N, M]: numeric values on their fields' grids.
    cells
        One integer[N] for each field: the cell of each record.
    counters
        int64[N, len(COUNTERS)]
    """

    grid: Counts
    cells: tuple[Cells, ...]
    counters: Counts

    def take(self, rows: Counts) -> _Records:
        return _Records(self.grid[rows], tuple(cells[rows] for cells in self.cells), self.counters[rows])


def calibrate(layout: Layout, totals: Rows, slices: Sequence[str], reference: Reference) -> Calibration:
    """The fits of all tests, from the reference's own windows.

    Each slice is cut into windows of its own records. One with fewer than :data:`OWN_RECORDS_MIN` takes the
    fits of ``all``. Records of a slice stand further apart than those of all, so that is mostly too careful.

    Parameters
    ----------
    totals
        int64[S, row size]: of the whole reference, whose groups the tests compare.
    slices
        Names of the S rows; ``all`` is the first.
    reference
        The records in time order.
    """
    first = max(len(reference.counters) - RECORDS_MAX, 0)
    records = _records(layout, reference, first)
    groups = [field_groups(field, layout.values(totals, i)) for i, field in enumerate(layout.judged)]
    found: list[dict[Key, Fit]] = []
    rows = np.zeros(len(slices), np.int64)
    for row, name in enumerate(slices):
        own = records
        if row:
            inside = reference.slices[name]
            inside = inside[np.searchsorted(inside, first) :] - first
            if len(inside) < OWN_RECORDS_MIN:
                continue
            own = records.take(inside)
        rows[row] = len(found)
        found.append(_fits(layout.judged, own, [of_field[row] for of_field in groups]))
    keys = tuple(found[0])
    scale, freedom, offset = (_rounded(found, keys, part) for part in ("scale", "freedom", "offset"))
    windows = np.array([[fit[key].windows for key in keys] for fit in found], np.int64)
    return Calibration(keys, Fit(scale, freedom, offset, windows), rows)


def _rounded(found: Sequence[dict[Key, Fit]], keys: Sequence[Key], part: str) -> Floats:
    return np.array([[float(f"{getattr(fit[key], part):.{DIGITS}g}") for key in keys] for fit in found])


def _records(layout: Layout, reference: Reference, first: int) -> _Records:
    numbers = reference.numeric[first:]
    cells: list[Cells] = []
    for place, field in enumerate(layout.judged):
        small = np.min_scalar_type(field.cells)
        if isinstance(field, NumericField):
            cells.append(numeric_cells(field, numbers[:, place]).astype(small))
        else:
            code, column = CategoryCells(field), reference.categorical[place - len(layout.numeric)][first:]
            cells.append(np.fromiter(map(code.__getitem__, column), small, len(numbers)))
    count = len(layout.numeric)
    return _Records(
        grid_moments(layout.numeric, numbers[:, :count])[0], tuple(cells), reference.counters[first:]
    )


def _fits(fields: Sequence[Judged], records: _Records, groups: Sequence[Counts]) -> dict[Key, Fit]:
    """The fits of one slice by test."""
    size = window_records(len(records.counters))
    K = len(records.counters) // size
    keys, sums, powers = [], [], []
    for key, values in _deviates(fields, records):
        windows = values[: K * size].reshape(K, size)
        keys.append(key)
        sums.append(windows.sum(axis=1))
        powers.append((windows**2).sum(axis=1))
    names = [field.name for field in fields]
    if K < WINDOWS_MIN:
        return dict.fromkeys(
            (*keys, *((name, test) for name in names for test in SHARE_TESTS)), uncalibrated(())
        )
    scale, worth = inflations(np.array(sums).T, np.array(powers).T)
    normal = Fit(scale, np.ones(len(keys)), np.zeros(len(keys)), worth)
    found = {key: normal.pick(i) for i, key in enumerate(keys)}
    counted = [
        _group_counts(field, cells[: K * size], of_cells, size)
        for field, cells, of_cells in zip(fields, records.cells, groups, strict=True)
    ]
    for B in sorted({counts.shape[1] for counts in counted}):
        places = [place for place, counts in enumerate(counted) if counts.shape[1] == B]
        fits = _share_fits(np.stack([counted[place] for place in places], axis=1))
        found.update(
            ((names[place], test), fit.pick(i))
            for test, fit in fits.items()
            for i, place in enumerate(places)
        )
    return found


def _deviates(fields: Sequence[Judged], records: _Records) -> Iterator[tuple[Key, Floats]]:
    """For each test of a mean, a spread or a rate what every record adds to it: float64[N], of mean 0."""
    for test, successes, of in COUNTER_TESTS:
        hits, n = (records.counters[:, COUNTERS.index(name)] for name in (successes, of))
        yield ("", test), hits - n * (int(hits.sum()) / max(int(n.sum()), 1))
    for place, (field, cells) in enumerate(zip(fields, records.cells, strict=True)):
        value = (cells > 0) & (cells <= field.value_cells)
        if isinstance(field, NumericField):
            size = max(int(value.sum()), 1)
            grid = records.grid[:, place]
            away = np.where(value, grid - grid[value].sum() / size, 0.0)
            yield (field.name, "mean_shift"), away
            yield (field.name, "std_shift"), np.where(value, away**2 - (away**2).sum() / size, 0.0)
        yield (field.name, "missing_ratio"), _centred(cells > field.value_cells)
        yield (field.name, "invalid_ratio"), _centred(cells == 0)
        beyond = cells == field.value_cells
        if isinstance(field, CategoricalField):
            yield (field.name, "unseen_ratio"), _centred(beyond, value)
        else:
            outside = (beyond | (cells == 1)) & (len(field.edges) > 0)
            yield (field.name, "out_of_range_ratio"), _centred(outside, value)


def _centred(hits: NDArray[np.bool_], of: NDArray[np.bool_] | None = None) -> Floats:
    share = int(hits.sum()) / max(len(hits) if of is None else int(of.sum()), 1)
    found: Floats = hits - share * (1.0 if of is None else of)
    return found


def _group_counts(field: Judged, cells: Cells, groups: Counts, size: int) -> Floats:
    """float64[K, B]: the values of each window by group; groups that none fell in are left out."""
    B = int(groups.max()) + 1
    # Whatever is no value goes to one more group.
    group_of = np.full(field.cells, B)
    group_of[1 : 1 + field.value_cells] = groups
    K = len(cells) // size
    place = np.repeat(np.arange(K) * (B + 1), size) + group_of[cells]
    counts = np.bincount(place, minlength=K * (B + 1)).reshape(K, B + 1)[:, :B].astype(np.float64)
    return counts[:, counts.any(axis=0)]


def _share_fits(counts: Floats) -> dict[str, Fit]:
    """The fits of tests of shares of T fields, from the counts in K windows, float64[K, T, B]."""
    _, T, B = counts.shape
    if B < 2:  # one group tells nothing
        return dict.fromkeys(SHARE_TESTS, uncalibrated((T,)))
    total = counts.sum(axis=0)
    found = weights(counts, total / total.sum(axis=-1, keepdims=True))
    one, none = np.ones(T), np.zeros(T)
    return {
        "psi": fit_of_weights(found.first, found.second, found.largest, found.windows),
        "ks": Fit(found.below, one, none, found.windows),
        "linf": Fit(found.cell, one, none, found.windows),
    }
