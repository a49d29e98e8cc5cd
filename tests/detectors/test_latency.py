"""Quantiles out of the histogram of latency, against numpy on the values themselves."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.latency import HIGHEST_MS, LATENCY_FIELD, LOWEST_MS, quantile
from detectors.totals.numeric import numeric_cells

EDGES = LATENCY_FIELD.edges


def histogram(values: list[float]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    cells = numeric_cells(LATENCY_FIELD, np.array(values))
    return np.bincount(cells - 1, minlength=LATENCY_FIELD.value_cells)


def test_neighbouring_edges_are_at_most_a_tenth_apart_from_a_tenth_of_a_millisecond_to_ten_minutes() -> None:
    assert (EDGES[0], EDGES[-1]) == (LOWEST_MS, HIGHEST_MS)
    assert (EDGES[1:] / EDGES[:-1]).max() < 1.102
    assert (EDGES[1:] > EDGES[:-1]).all()


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=50), st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
def test_the_quantile_of_the_values_lies_within_the_bounds(values: list[float], share: float) -> None:
    exact = float(np.quantile(values, share, method="inverted_cdf"))
    found = quantile(histogram(values), EDGES, share)
    assert found.lower <= exact <= found.upper
    assert found.lower <= found.value <= found.upper
    if LOWEST_MS < exact <= HIGHEST_MS:
        assert float(found.value) == pytest.approx(exact, rel=0.102)


def test_a_lognormal_latency_comes_out_within_one_percent() -> None:
    values = np.random.default_rng(3).lognormal(3, 0.8, 100_000).tolist()
    for share in (0.5, 0.99):
        exact = float(np.quantile(values, share))
        assert float(quantile(histogram(values), EDGES, share).value) == pytest.approx(exact, rel=0.01)


def test_no_values_have_no_quantile_and_slices_have_their_own() -> None:
    counts = np.stack([histogram([]), histogram([20.0]), histogram([3_000.0] * 5)])
    found = quantile(counts, EDGES, 0.5)
    assert math.isnan(found.value[0])
    assert found.value[1:] == pytest.approx([20.0, 3_000.0], rel=0.06)


def test_beyond_the_last_edge_there_is_no_upper_bound() -> None:
    found = quantile(histogram([1e9]), EDGES, 0.5)
    assert [float(x) for x in found] == [HIGHEST_MS, HIGHEST_MS, math.inf]
