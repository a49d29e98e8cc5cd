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
from detectors.totals import compact, growing
from detectors.totals.accumulate import accumulate
from detectors.totals.sections import add_cell_sums
from service.windows.codec import decode_rows, encode_rows
from service.windows.counts import PaneCounts

needs_growing = pytest.mark.skipif(not growing.BUILT, reason="the parts in C are not built on this machine")

FIELDS = (NumericField("x", np.array([0.0, 1.0])), CategoricalField("c", ("a",)))


@pytest.mark.parametrize("built", [pytest.param(True, marks=needs_growing), False])
@pytest.mark.parametrize("bin_sums", [False, True])
@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 1500), max_size=4),
    groupings=st.integers(1, 4),
    budget=st.sampled_from([1, 5, 40, 400]),
    few=st.sampled_from([0, 1, 16]),
)
def test_rows_hold_and_encode_what_wide_rows_would(
    built: bool, bin_sums: bool, seed: int, cuts: list[int], groupings: int, budget: int, few: int
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
    wide, is_label = layout.zeros(1 + groupings * budget), seed % 5
    with pytest.MonkeyPatch.context() as patch:
        for module in (growing, compact, loops):
            patch.setattr(module, "BUILT", built)
        patch.setattr("service.windows.counts._FEW_MAX", few)
        counts = PaneCounts(layout)
        counts.make_room(len(wide))
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
        assert decode_rows(counts.encode(order)).tolist() == wide[order].tolist()


def test_a_row_of_as_many_events_as_a_byte_counts_is_encoded_like_any_other() -> None:
    layout = Layout(FIELDS)
    for n in (16, 17, 254, 255, 256):
        counts, wide = PaneCounts(layout), layout.zeros(1)
        cells = np.tile(layout.starts[:-1] + 1, (n, 1))
        rows, sums = np.zeros(n, np.int64), np.ones((n, 1), np.int64)
        counts.add_all(rows[None], np.ascontiguousarray(cells.T - layout.sums, np.int32), sums)
        accumulate(wide, rows, cells, sums)
        assert counts.encode(np.array([0])) == encode_rows(wide, layout.sums)


@needs_growing
def test_a_thousand_small_slices_take_less_than_a_byte_a_cell() -> None:
    layout = Layout((NumericField("x", np.arange(2_000.0)),))
    counts, rows = PaneCounts(layout), np.arange(1_000)[None]
    counts.make_room(1_000)
    counts.add_all(rows, np.zeros((1, 1_000), np.int32), np.zeros((1_000, 1), np.int64))
    held = sum(part.nbytes for part in counts._rows)
    assert held < 1_000 * layout.size


@needs_growing
@pytest.mark.parametrize(
    ("row", "cell", "columns"), [(8, 0, 1), (-2, 0, 1), (2**63 - 1, 0, 1), (0, -1, 1), (0, 99, 1), (0, 0, 99)]
)
def test_records_outside_of_the_rows_are_refused(row: int, cell: int, columns: int) -> None:
    counts = PaneCounts(Layout(FIELDS))
    cells, sums = np.array([[cell], [0]], np.int32), np.zeros((1, columns), np.int64)
    with pytest.raises(IndexError):
        counts.add_all(np.array([[row]]), cells, sums)


@needs_growing
def test_arrays_of_another_shape_type_or_order_are_refused() -> None:
    counts = PaneCounts(Layout(FIELDS))
    rows, cells, sums = np.zeros((1, 2), np.int64), np.zeros((2, 2), np.int32), np.zeros((2, 1), np.int64)
    for hostile in (
        (rows[:, :1], cells, sums), (rows, cells[:, :1].copy(), sums), (rows, cells, sums[:1]),
        (rows.astype(np.int32), cells, sums), (rows, cells.astype(np.int64), sums),
        (rows, cells.T[::-1], sums), (rows[0], cells, sums), (rows[None], cells, sums),
        (rows, np.zeros((5, 2), np.int32), sums),
    ):  # fmt: skip
        with pytest.raises((ValueError, IndexError)):
            counts.add_all(*hostile)
