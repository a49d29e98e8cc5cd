"""Building a profile: edges and categories are frozen at the reference, which is then counted on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.edges import Distinct, centre_and_scale, edges_of
from detectors.fields import CategoricalField, CategoryCells, Field, NumericField
from detectors.latency import LATENCY_FIELD
from detectors.layout import COUNTERS, NO_SECTIONS, Layout, Rows, Sections
from detectors.profile import Profile
from detectors.totals.accumulate import accumulate
from detectors.totals.numeric import grid_moments, numeric_cells
from detectors.totals.sections import add_cell_sums, add_scatter

MAX_CATEGORIES = 100
"""Categories of a field that are counted one by one, unless they are declared."""

CHUNK = 65_536
"""Records counted at once, which bounds the memory of counting."""

Range = tuple[float | None, float | None]
"""The smallest and the largest valid value, where declared."""


@dataclass(frozen=True)
class Cut:
    """What a bound left out: how many categories or slices, on how many records."""

    kinds: int
    records: int


@dataclass(frozen=True)
class Built:
    """A profile, and what its bounds cut.

    Attributes
    ----------
    cut
        By feature the categories without a cell of their own, which count as unseen.
    cut_slices
        By dimension the slices without a row of their own, which count in ``all`` alone.
    """

    profile: Profile
    cut: Mapping[str, Cut]
    cut_slices: Mapping[str, Cut] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """The reference as columns.

    Attributes
    ----------
    numeric_names, numeric
        M names and float64[N, M]; ``NaN`` is null, ``+inf`` absent, ``-inf`` invalid.
    categorical_names, categorical
        C names and C lists of N decoded values.
    counters
        int64[N, len(COUNTERS)]: what each record adds to the counters of its rows.
    slices
        By slice name the records in it, int64[n]. ``all`` is every record and is not listed.
    extra
        By slice name int64[len(COUNTERS)]: counters that belong to a row and to no record, such as those of
        labels.
    latency
        float64[N]: how long each prediction took, states as in ``numeric``; None where it is not counted.
    """

    numeric_names: Sequence[str]
    numeric: NDArray[np.float64]
    categorical_names: Sequence[str]
    categorical: Sequence[Sequence[object]]
    counters: NDArray[np.int64]
    slices: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    extra: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    latency: NDArray[np.float64] | None = None


def build_profile(
    model: str,
    version: str,
    reference: Reference,
    *,
    bins: int = 100,
    ranges: Mapping[str, Range] | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
    max_categories: int = MAX_CATEGORIES,
    sections: Sections = NO_SECTIONS,
) -> Built:
    """Freeze edges, grids and categories at the reference, and count it.

    Parameters
    ----------
    model, version
        What the profile describes; ``""`` for every version that has none of its own.
    reference
        The records.
    bins
        Fine quantile bins of a numeric field.
    ranges
        Declared valid range by numeric field.
    categories
        Declared categories by categorical field; they are taken as they are.
    max_categories
        How many categories an undeclared field keeps; the rarest count as unseen.
    sections
        Which of the optional sums are kept.

    Returns
    -------
    Built
        The same for the same records in any order.

    Raises
    ------
    ValueError
        When a declared range is empty; the message names the field.
    """
    ranges, declared = ranges or {}, categories or {}
    fields: list[Field] = []
    for column, name in enumerate(reference.numeric_names):
        fields.append(numeric_field(name, reference.numeric[:, column], bins, ranges.get(name, (None, None))))
    cut: dict[str, Cut] = {}
    for name, values in zip(reference.categorical_names, reference.categorical, strict=True):
        chosen, left = categorical_field(name, values, declared.get(name), max_categories)
        fields.append(chosen)
        if left.kinds:
            cut[name] = left
    if reference.latency is not None:
        fields.append(LATENCY_FIELD)
    layout = Layout(tuple(fields), *sections)
    names = ("all", *sorted(reference.slices))
    totals = count(layout, reference, names)
    return Built(Profile(model, version, layout.fields, names, totals, *sections), cut)


def numeric_field(name: str, values: NDArray[np.float64], bins: int, declared: Range) -> NumericField:
    """A field with edges and grid frozen at ``values``, float64[N].

    Raises
    ------
    ValueError
        When the declared range is empty.
    """
    distinct = Distinct.of(values)
    try:
        edges = edges_of(distinct, bins, *declared)
    except ValueError as error:
        raise ValueError(f"feature `{name}`: {error}") from None
    centre, scale = centre_and_scale(distinct)
    return NumericField(name, edges, centre, scale)


def categorical_field(
    name: str, values: Sequence[object], declared: Sequence[str] | None, most: int
) -> tuple[CategoricalField, Cut]:
    """A field with the declared categories, else the ``most`` frequent ones of ``values``, sorted by name.

    Of categories with equal counts the one first in the alphabet is kept.

    >>> categorical_field("state", ["NY", "CA", "NY", "WA", None], None, 2)
    (CategoricalField(name='state', categories=('CA', 'NY')), Cut(kinds=1, records=1))
    """
    seen = Counter(text for text in map(category_text, values) if text is not None)
    if declared is None:
        ranked = sorted(seen, key=lambda category: (-seen[category], category))
        kept = tuple(sorted(ranked[:most]))
    else:
        kept = tuple(dict.fromkeys(declared))
    left = seen.keys() - set(kept)
    return CategoricalField(name, kept), Cut(len(left), sum(seen[category] for category in left))


def category_text(value: object) -> str | None:
    """The category that a decoded value names; None when it is missing or invalid.

    >>> category_text("CA"), category_text(True), category_text(3), category_text(None)
    ('CA', 'true', '3', None)
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return None


def count(layout: Layout, reference: Reference, slices: Sequence[str]) -> Rows:
    """The totals of the reference, int64[slices, row size]; ``all`` is the first row."""
    totals = layout.zeros(len(slices))
    every = np.arange(len(reference.counters))
    codes = [CategoryCells(field) for field in layout.fields if isinstance(field, CategoricalField)]
    for start in range(0, len(every), CHUNK):
        chunk = every[start : start + CHUNK]
        cells, sums = _addends(layout, codes, reference, chunk)
        _add(layout, totals[:1], cells, sums)
        if layout.multivariate:
            add_scatter(layout, totals[0], cells, sums)
        for row, name in enumerate(slices[1:], 1):
            records = reference.slices[name]
            first, last = np.searchsorted(records, (start, start + len(chunk)))
            inside = records[first:last] - start
            if len(inside):
                _add(layout, totals[row : row + 1], cells[inside], sums[inside])
    for row, name in enumerate(slices):
        if name in reference.extra:
            totals[row, : len(COUNTERS)] += reference.extra[name]
    return totals


def _add(layout: Layout, row: Rows, cells: NDArray[np.int64], sums: NDArray[np.int64]) -> None:
    """Add records to one row, int64[1, row size]."""
    rows = np.zeros(len(cells), np.int64)
    accumulate(row, rows, cells, sums)
    if layout.bin_sums:
        add_cell_sums(layout, row, rows, cells, sums)


def _addends(
    layout: Layout, codes: Sequence[CategoryCells], reference: Reference, chunk: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows = slice(int(chunk[0]), int(chunk[-1]) + 1)
    numbers = reference.numeric[rows]
    cells = np.empty((len(chunk), len(layout.fields)), dtype=np.int64)
    for place, numeric in enumerate(layout.numeric):
        cells[:, place] = numeric_cells(numeric, numbers[:, place])
    first = len(layout.numeric)
    for place, (code, column) in enumerate(zip(codes, reference.categorical, strict=True), first):
        cells[:, place] = np.fromiter(map(code.__getitem__, column[rows]), np.int64, len(chunk))
    if layout.latency is not None:
        assert reference.latency is not None, "a layout with latency counts records that have one"
        cells[:, layout.latency] = numeric_cells(LATENCY_FIELD, reference.latency[rows])
    cells += layout.starts[:-1]
    q, squares = grid_moments(layout.numeric, numbers)
    return cells, np.concatenate([reference.counters[rows], q, squares], axis=1)
