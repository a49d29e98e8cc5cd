"""Rows of a pane in bytes, widened as they grow, against plain wide rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.fields import CategoricalField, NumericField
from detectors.layout import COUNTERS, Layout
from detectors.totals import accumulate as loops
from detectors.totals import growing
from detectors.totals.accumulate import accumulate
from detectors.totals.sections import add_cell_sums
from service.windows.codec import decode_rows, encode_rows
from service.windows.counts import PaneCounts

needs_growing = pytest.mark.skipif(not growing.BUILT, reason="the parts in C are not built on this machine")

FIELDS = (NumericField("x", np.array([0.0, 1.0])), CategoricalField("c", ("a",)))


@pytest.mark.parametrize("bin_sums", [False, True])
@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 700), min_size=1, max_size=4),
    rows=st.integers(1, 40),
)
def test_rows_hold_and_encode_what_wide_rows_would(
    bin_sums: bool, seed: int, sizes: list[int], rows: int
) -> None:
    draw, layout = np.random.default_rng(seed), Layout(FIELDS, bin_sums=bin_sums)
    counts, wide = PaneCounts(layout), layout.zeros(rows)
    counts.make_room(rows)
    for n in sizes:
        own = np.minimum(draw.geometric(0.3, n) - 1, rows - 1)
        cells = layout.starts[:-1] + draw.integers(0, [field.cells for field in FIELDS], (n, 2))
        sums = draw.integers(-9, 9, (n, len(COUNTERS) + 2))
        is_number = (cells[:, 0] > layout.starts[0]) & (cells[:, 0] < layout.starts[1] - 2)
        sums[~is_number, len(COUNTERS)] = 0
        counts.add(own, cells, sums)
        counts.add(own, cells[:, :0], sums)  # labels
        accumulate(wide, own, cells, sums)
        accumulate(wide, own, cells[:, :0], sums)
        if bin_sums:
            add_cell_sums(layout, wide, own, cells, sums)
    order = draw.permutation(rows)

    assert counts.dense(order).tolist() == wide[order].tolist()
    assert counts.encode(order) == encode_rows(wide[order], layout.sums)
    assert decode_rows(counts.encode(order)).tolist() == wide[order].tolist()


@pytest.mark.parametrize("built", [pytest.param(True, marks=needs_growing), False])
@pytest.mark.parametrize("bin_sums", [False, True])
@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 1500), max_size=4),
    groupings=st.integers(1, 4),
    budget=st.sampled_from([1, 5, 40]),
)
def test_records_count_in_a_row_of_each_grouping(
    built: bool, bin_sums: bool, seed: int, cuts: list[int], groupings: int, budget: int
) -> None:
    draw, layout, n = np.random.default_rng(seed), Layout(FIELDS, bin_sums=bin_sums), 1_500
    rows = np.minimum(draw.geometric(0.2, (groupings, n)), budget) + np.arange(groupings)[:, None] * budget
    rows[draw.random(rows.shape) < 0.1] = -1
    rows[0] = 0
    cells = draw.integers(0, [field.cells for field in FIELDS], (n, 2)).T + (
        layout.starts[:-1, None] - layout.sums
    )
    sums = draw.integers(-9, 9, (n, len(COUNTERS) + 2))
    sums[(cells[0] == 0) | (cells[0] >= layout.starts[1] - layout.sums - 2), len(COUNTERS)] = 0
    counts, wide = PaneCounts(layout), layout.zeros(1 + groupings * budget)
    counts.make_room(len(wide))
    is_label = seed % 5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growing, "BUILT", built)
        patch.setattr(loops, "BUILT", built)
        for step, (first, last) in enumerate(pairwise([0, *sorted(cuts), n])):
            own = np.ascontiguousarray(cells[: 0 if step == is_label else None, first:last], np.int32)
            counts.add_all(rows[:, first:last].copy(), own, sums[first:last])
            for grouping in rows[:, first:last]:
                at = np.flatnonzero(grouping >= 0)
                columns = own[:, at].T.astype(np.int64) + layout.sums
                accumulate(wide, grouping[at], columns, sums[first:last][at])
                if bin_sums and step != is_label:
                    add_cell_sums(layout, wide, grouping[at], columns, sums[first:last][at])
    order = draw.permutation(len(wide))
    assert counts.dense(order).tolist() == wide[order].tolist()
    assert counts.encode(order) == encode_rows(wide[order], layout.sums)


def test_a_row_of_as_many_events_as_a_byte_counts_is_encoded_like_any_other() -> None:
    layout = Layout(FIELDS)
    for n in (254, 255, 256):
        counts, wide = PaneCounts(layout), layout.zeros(1)
        cells = np.tile(layout.starts[:-1] + 1, (n, 1))
        rows, sums = np.zeros(n, np.int64), np.ones((n, 1), np.int64)
        counts.add(rows, cells, sums)
        accumulate(wide, rows, cells, sums)
        assert counts.encode(np.array([0])) == encode_rows(wide, layout.sums)


def test_a_thousand_small_slices_take_two_bytes_a_cell_and_not_eight() -> None:
    layout = Layout((NumericField("x", np.arange(2_000.0)),))
    counts = PaneCounts(layout)
    counts.make_room(1_000)
    held = sum(part.nbytes for part in vars(counts).values() if isinstance(part, np.ndarray))
    assert held < 2 * 1_000 * layout.size
