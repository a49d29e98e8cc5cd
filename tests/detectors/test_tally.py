"""Counting in C gives what numpy gives, and refuses what lies outside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.totals import accumulate
from detectors.totals.accumulate import add_cells, add_sums

needs_tally = pytest.mark.skipif(not accumulate.BUILT, reason="the parts in C are not built on this machine")


@needs_tally
@given(st.integers(0, 2**32 - 1), st.integers(0, 200))
def test_both_ways_count_alike(seed: int, n: int) -> None:
    draw = np.random.default_rng(seed)
    places, cells = draw.integers(-3, 4, n), draw.integers(10, 19, (n, 5))
    rows, sums = draw.integers(0, 4, n), draw.integers(-(2**40), 2**40, (n, 3))
    cells = np.asfortranarray(cells) if seed % 2 else cells
    found = []
    for built in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(accumulate, "BUILT", built)
            narrow, wide = np.zeros((4, 9), np.uint8), np.zeros((3, 9), np.int64)
            totals = np.zeros((4, 5), np.int64)
            for part in (slice(0, n // 2), slice(n // 2, n)):
                add_cells(narrow, wide, places[part], cells[part], 10)
                add_sums(totals, rows[part], sums[part])
            found.append((narrow.tolist(), wide.tolist(), totals.tolist()))
    assert found[0] == found[1]


@needs_tally
@pytest.mark.parametrize(("place", "cell"), [(4, 0), (~3, 0), (0, 9), (0, -1), (2**40, 0)])
def test_a_record_outside_of_the_rows_is_refused(place: int, cell: int) -> None:
    narrow, wide = np.zeros((4, 9), np.uint8), np.zeros((3, 9), np.int64)
    with pytest.raises(IndexError, match="no row or in no cell"):
        add_cells(narrow, wide, np.array([place]), np.array([[cell]]), 0)


@needs_tally
def test_sums_outside_of_the_rows_are_refused() -> None:
    totals = np.zeros((2, 2), np.int64)
    for row, width in ((2, 1), (-1, 1), (0, 3)):
        with pytest.raises(IndexError, match="in no row"):
            add_sums(totals, np.array([row]), np.ones((1, width), np.int64))
    with pytest.raises(ValueError, match="type or layout"):
        add_sums(totals, np.array([0]), np.ones((1, 1), np.int32))
