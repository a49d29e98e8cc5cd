"""Packing in C gives the bytes that numpy gives, and reads no others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.layout import Rows
from detectors.totals import compact
from detectors.totals.compact import BYTES, GAPS, NIBBLES, Packed, Shape, add_packed, pack_rows, unpack_rows

pytestmark = pytest.mark.skipif(not compact.BUILT, reason="the parts in C are not built on this machine")


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Rows, int]:
    """Rows of every density and size of count, with any sums."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, sums, cells = draw(st.integers(0, 6)), draw(st.integers(0, 5)), draw(st.integers(0, 400))
    rows = np.zeros((count, sums + cells), np.int64)
    rows[:, :sums] = random.integers(-(2**63), 2**63 - 1, (count, sums)) >> random.integers(
        0, 64, (count, sums)
    )
    full = random.random((count, cells)) < random.random((count, 1)) ** 3
    most = random.choice([1, 2, 3, 17, 40, 300, 2**40, 2**62], (count, 1))
    rows[:, sums:] = np.where(full, 1 + random.integers(0, most, (count, cells)), 0)
    return rows, sums


@given(matrices())
def test_both_ways_pack_and_unpack_alike(drawn: tuple[Rows, int]) -> None:
    rows, sums = drawn
    shape, packed = Shape(len(rows), sums, rows.shape[1] - sums), pack_rows(rows, sums)
    assert unpack_rows(packed, shape).tolist() == rows.tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compact, "BUILT", False)
        assert pack_rows(rows, sums) == packed
        assert unpack_rows(packed, shape).tolist() == rows.tolist()


@given(matrices(), st.data())
def test_both_ways_refuse_the_same_bytes(drawn: tuple[Rows, int], data: st.DataObject) -> None:
    rows, sums = drawn
    shape, packed = Shape(len(rows), sums, rows.shape[1] - sums), pack_rows(rows, sums)
    body, numbers = bytearray(packed.body), [*shape, *packed.lengths]
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, max(0, len(body) - 1)))
        body[at : at + data.draw(st.integers(0, 1))] = data.draw(st.binary(max_size=1))
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, 6))
        numbers[place] = max(0, numbers[place] + data.draw(st.sampled_from([-1, 1, 2, 60])))
    hostile, other = Packed((*numbers[3:],), bytes(body)), Shape(*numbers[:3])  # type: ignore[arg-type]  # four
    found: list[object] = []
    for built in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compact, "BUILT", built)
            try:
                found.append(unpack_rows(hostile, other).tolist())
            except ValueError:
                found.append("refused")
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("cells", "mode"),
    [([1] * 8 + [0] * 56, GAPS), ([1] * 9 + [0] * 55, NIBBLES), ([20] * 9 + [0] * 55, BYTES)],
)
def test_a_row_is_packed_in_the_way_that_is_least(cells: list[int], mode: int) -> None:
    assert pack_rows(np.array([cells]), 0).body[0] == mode


def test_nothing_is_added_of_rows_that_are_damaged_or_have_no_place() -> None:
    rows = np.arange(40).reshape(2, 20)
    packed, totals = pack_rows(rows, 1), np.zeros((2, 20), np.int64)
    shape = Shape(2, 1, 19)
    cut = Packed(packed.lengths, packed.body[:-1])
    for one, of, places in (
        (cut, shape, [0, 1]), (packed, Shape(2, 2, 18), [0, 1]), (packed, shape, [0, 2]),
        (packed, shape, [-1, 0]), (packed, shape, [0]), (packed, Shape(2, 1, 2**40), [0, 1]),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="damaged"):
            add_packed(one, of, totals, np.array(places))
    assert not totals.any()
    with pytest.raises(ValueError, match="type or shape"):
        add_packed(packed, shape, totals.astype(np.float32), np.array([0, 1]))
