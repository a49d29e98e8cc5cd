"""The optional sums of a row: merged they are those of all records, and they say what the records say."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.fields import GRID_CLAMP, GRID_STEPS, CategoricalField, HistogramField, NumericField
from detectors.latency import LATENCY_FIELD
from detectors.layout import COUNTERS, Layout, Rows
from detectors.totals.accumulate import accumulate
from detectors.totals.numeric import grid_moments, numeric_cells
from detectors.totals.sections import add_cell_sums, add_scatter, scatter_of
from service.windows.codec import decode_rows, encode_rows

FIELDS = (
    NumericField("x", np.array([-1.0, 0.0, 1.0]), centre=0.1, scale=2.0),
    NumericField("y", np.array([5.0]), centre=5.0, scale=0.5),
    NumericField("prediction", np.array([0.2, 0.8]), centre=0.5, scale=0.25),
    CategoricalField("c", ("a", "b")),
    LATENCY_FIELD,
)
PLAIN, FULL = Layout(FIELDS), Layout(FIELDS, bin_sums=True, multivariate=True)
ROWS = 3

Record = tuple[float, float, float, int, float, int]
"""x, y, the prediction, the cell of c, the latency, the row."""

number = st.one_of(st.floats(-20, 20), st.sampled_from([np.nan, np.inf, -np.inf, -1.0, 0.0, 1e300]))
record = st.tuples(number, number, number, st.integers(0, 5), number, st.integers(0, ROWS - 1))
records = st.lists(record, max_size=40)


def table(batch: list[Record]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array(batch, np.float64).reshape(len(batch), 6)


def count(layout: Layout, batch: list[Record], totals: Rows | None = None) -> Rows:
    totals = layout.zeros(ROWS) if totals is None else totals
    values = table(batch)
    numbers = [numeric_cells(field, values[:, i]) for i, field in enumerate(layout.numeric)]
    took = numeric_cells(LATENCY_FIELD, values[:, 4])
    cells = np.column_stack([*numbers, values[:, 3].astype(np.int64), took]) + layout.starts[:-1]
    counters = np.ones((len(batch), len(COUNTERS)), np.int64)
    sums = np.concatenate([counters, *grid_moments(layout.numeric, values[:, :3])], axis=1)
    rows = values[:, 5].astype(np.int64)
    accumulate(totals, rows, cells, sums)
    if layout.bin_sums:
        add_cell_sums(layout, totals, rows, cells, sums)
    if layout.multivariate:
        add_scatter(layout, totals[0], cells, sums)
    return totals


@given(records, records)
def test_merged_totals_are_those_of_all_records_and_order_does_not_matter(
    first: list[Record], second: list[Record]
) -> None:
    together = count(FULL, first + second)
    assert np.array_equal(count(FULL, first) + count(FULL, second), together)
    assert np.array_equal(count(FULL, second, count(FULL, first)), together)
    shuffled = first + second
    Random(7).shuffle(shuffled)  # a repeatable order
    assert np.array_equal(count(FULL, shuffled), together)


@given(records)
def test_the_optional_sums_change_nothing_of_the_others(batch: list[Record]) -> None:
    plain, full = count(PLAIN, batch), count(FULL, batch)
    assert np.array_equal(plain[:, : PLAIN.sums], full[:, : FULL.moments_end])
    assert np.array_equal(plain[:, PLAIN.sums :], full[:, FULL.sums :])


@given(records)
def test_the_sums_of_a_fields_cells_are_its_sum_and_each_is_that_of_its_values(batch: list[Record]) -> None:
    totals, values = count(FULL, batch), table(batch)
    for i, field in enumerate(FULL.numeric):
        sums = FULL.cell_sums(totals, i)
        assert np.array_equal(sums.sum(axis=-1), FULL.moments(totals, i)[0])
        q = grid_moments((field,), values[:, i : i + 1])[0][:, 0]
        cells = numeric_cells(field, values[:, i])
        for cell in range(field.value_cells):
            for row in range(ROWS):
                own = (cells == cell + 1) & (values[:, 5] == row)
                assert sums[row, cell] == q[own].sum()


@given(records)
def test_the_scatter_of_the_first_row_is_that_of_the_complete_records_of_all_rows(
    batch: list[Record],
) -> None:
    totals, values = count(FULL, batch), table(batch)
    known = values[np.isfinite(values[:, :2]).all(axis=1)][:, :2]
    q = grid_moments(FULL.numeric[:2], known)[0]
    scatter = scatter_of(FULL, totals[0])
    assert (scatter.n, scatter.sums.tolist()) == (len(known), q.sum(axis=0).tolist())
    assert np.array_equal(scatter.products, q.T @ q)
    assert not totals[1:, FULL.bin_sum_starts[-1] : FULL.sums].any()


@given(records)
def test_rows_with_optional_sums_survive_the_wire(batch: list[Record]) -> None:
    totals = count(FULL, batch)
    assert np.array_equal(decode_rows(encode_rows(totals, FULL.sums)), totals)


def test_no_records_add_nothing() -> None:
    assert not count(FULL, []).any()


def test_the_largest_values_of_a_window_of_ten_million_records_do_not_overflow() -> None:
    row = count(FULL, [(1e300, -1e300, 0.5, 1, 1.0, 0)])[0]
    scatter = scatter_of(FULL, row * 10_000_000)
    assert scatter.products.tolist() == [
        [GRID_CLAMP**2 * 10_000_000, -(GRID_CLAMP**2) * 10_000_000],
        [-(GRID_CLAMP**2) * 10_000_000, GRID_CLAMP**2 * 10_000_000],
    ]
    assert GRID_CLAMP == 512 * GRID_STEPS


def test_a_layout_without_features_has_a_scatter_of_nothing() -> None:
    layout = Layout((NumericField("prediction", np.array([0.5])),), multivariate=True)
    totals = layout.zeros(1)
    cells, sums = layout.starts[:1] + np.ones((4, 1), np.int64), np.ones((4, layout.moments_end), np.int64)
    add_scatter(layout, totals[0], cells, sums)
    assert scatter_of(layout, totals[0]).sums.shape == (0,)


def test_what_is_measured_is_not_judged_and_stands_last() -> None:
    assert [field.name for field in FULL.judged] == ["x", "y", "prediction", "c"]
    assert FULL.latency == 4
    assert "latency_ms" not in FULL.index
    with pytest.raises(AssertionError, match="measured ones last"):
        Layout((HistogramField("latency_ms", np.array([1.0])), NumericField("x", np.array([1.0]))))
