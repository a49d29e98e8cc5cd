"""Totals merge like concatenation, whatever the order and the batches; moments agree with numpy."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.fields import CategoricalField, NumericField
from detectors.layout import COUNTERS, Layout, Rows
from detectors.shift import in_units, sample
from detectors.totals.accumulate import accumulate
from detectors.totals.numeric import grid_moments, numeric_cells

FIELDS = (
    NumericField("x", np.array([-1.0, 0.0, 1.0]), centre=0.1, scale=2.0),
    NumericField("y", np.array([5.0]), centre=5.0, scale=0.5),
    CategoricalField("c", ("a", "b")),
)
LAYOUT = Layout(FIELDS)
ROWS = 3

Batch = list[tuple[float, float, int, int]]
"""Records: x, y, the cell of c, and the row."""

number = st.one_of(st.floats(-20, 20), st.sampled_from([np.nan, np.inf, -np.inf, -1.0, 0.0, 1e300]))
record = st.tuples(number, number, st.integers(0, 5), st.integers(0, ROWS - 1))
records = st.lists(record, max_size=60)


def count(batch: Batch, totals: Rows | None = None) -> Rows:
    totals = LAYOUT.zeros(ROWS) if totals is None else totals
    table = np.array(batch, np.float64).reshape(len(batch), 4)
    cells = np.column_stack(
        [
            numeric_cells(FIELDS[0], table[:, 0]),
            numeric_cells(FIELDS[1], table[:, 1]),
            table[:, 2].astype(np.int64),
        ]
    )
    counters = np.ones((len(batch), len(COUNTERS)), np.int64)
    sums = np.concatenate([counters, *grid_moments(LAYOUT.numeric, table[:, :2])], axis=1)
    accumulate(totals, table[:, 3].astype(np.int64), cells + LAYOUT.starts[:-1], sums)
    return totals


@given(records, records)
def test_merging_totals_is_counting_the_concatenation(a: Batch, b: Batch) -> None:
    assert np.array_equal(count(a) + count(b), count(a + b))
    assert np.array_equal(count(b, count(a)), count(a + b))


@given(records, st.randoms(use_true_random=False))
def test_the_order_of_records_changes_no_bit(a: Batch, random: Random) -> None:
    shuffled = list(a)
    random.shuffle(shuffled)
    assert count(a).tobytes() == count(shuffled).tobytes()


@given(records)
def test_every_record_falls_in_one_cell_of_every_field(a: Batch) -> None:
    totals = count(a)
    for start, end in zip(LAYOUT.starts[:-1], LAYOUT.starts[1:], strict=True):
        assert np.array_equal(totals[:, start:end].sum(axis=1), LAYOUT.counter(totals, "events"))


def test_nothing_changes_nothing() -> None:
    totals = count([(0.0, 5.0, 1, 0)])
    before = totals.copy()
    assert np.array_equal(count([], totals), before)


def test_a_large_batch_and_many_small_ones_give_the_same_totals() -> None:
    rng = np.random.default_rng()
    batch = [
        tuple(row) for row in np.column_stack([rng.normal(0, 3, (2000, 2)), rng.integers(0, 3, (2000, 2))])
    ]
    one_by_one = LAYOUT.zeros(ROWS)
    for start in range(0, 2000, 7):
        count(batch[start : start + 7], one_by_one)
    assert np.array_equal(one_by_one, count(batch))


def test_totals_that_do_not_stand_in_one_block_of_memory_are_refused_not_lost() -> None:
    totals = np.zeros((ROWS, 2 * LAYOUT.size), np.int64)[:, ::2]
    with pytest.raises(AssertionError, match="contiguous"):
        count([(0.0, 5.0, 1, 0)], totals)


def moments_of(values: NDArray[np.float64], field: NumericField) -> tuple[float, float]:
    q, squares = grid_moments((field,), values[:, None])
    moments = sample(np.array(len(values)), q.sum(), squares.sum())
    mean, std = in_units(moments, np.array(field.centre), np.array(field.scale))
    return float(mean), float(std)


@pytest.mark.parametrize(
    ("mean", "std"), [(0.0, 1.0), (1e9, 1.0), (-1e9, 1e-3), (1e-9, 1e-12), (1e15, 1e6), (3.0, 1e150)]
)
def test_moments_agree_with_numpy_also_far_from_zero(mean: float, std: float) -> None:
    values = np.random.default_rng().normal(mean, std, 100_000)
    field = NumericField("x", np.array([mean]), centre=float(values.mean()), scale=float(values.std()))
    got_mean, got_std = moments_of(values, field)
    # Rounding to the grid moves a mean by 1 / (1024 √(12 n)) of a standard deviation; 6 of them are allowed.
    assert got_mean == pytest.approx(values.mean(), rel=1e-12, abs=6 * std / 1024 / np.sqrt(12 * len(values)))
    assert got_std == pytest.approx(values.std(ddof=1), rel=1e-5)


def test_the_mean_at_a_billion_is_exact_to_twelve_digits() -> None:
    values = np.random.default_rng().normal(1e9, 1.0, 100_000)
    field = NumericField("x", np.array([1e9]), centre=1e9, scale=1.0)
    assert moments_of(values, field)[0] == pytest.approx(float(np.mean(values - 1e9)) + 1e9, rel=1e-12, abs=0)


def test_values_off_the_grid_are_clamped_and_what_is_no_number_adds_nothing() -> None:
    field = NumericField("x", np.array([0.0]))
    q, squares = grid_moments((field,), np.array([[1e300], [-1e300], [np.nan], [np.inf], [-np.inf]]))
    assert q.ravel().tolist() == [512 * 1024, -512 * 1024, 0, 0, 0]
    assert np.array_equal(squares, q * q)
