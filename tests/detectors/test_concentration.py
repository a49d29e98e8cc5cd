"""Concentration: slices' shares of a change are exact parts of the statistic itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.concentration import Floats, concentrated, shares_of_change
from detectors.ks import ks
from detectors.shares import smoothed_shares

counts = st.lists(st.lists(st.integers(0, 500), min_size=6, max_size=6), min_size=4, max_size=4)


@given(counts, counts)
def test_terms_of_slices_sum_to_kolmogorov_smirnov(a: list[list[int]], b: list[list[int]]) -> None:
    reference, window = np.array(a) + 1.0, np.array(b) + 1.0
    F, G = (np.cumsum(x.sum(axis=0)) / x.sum() for x in (reference, window))
    at = int(np.argmax(np.abs(F - G)))
    below = (np.arange(6) <= at).astype(float)
    shares = shares_of_change(reference @ below, window @ below, reference.sum(), window.sum())
    D = float(ks(reference.sum(axis=0), window.sum(axis=0)).lower)
    if D > 1e-12:
        assert shares.sum() == pytest.approx(1.0)
        parts = shares * (G[at] - F[at])
        alone = (window @ below)[0] / window.sum() - (reference @ below)[0] / reference.sum()
        assert parts[0] == pytest.approx(alone, abs=1e-12)
        assert abs(parts.sum()) == pytest.approx(D)


def test_with_the_log_ratio_as_score_the_terms_sum_to_the_index_up_to_its_smoothing() -> None:
    rng = np.random.default_rng(5)
    reference, window = (rng.integers(2_000, 9_000, (4, 10)).astype(float) for _ in range(2))
    p, q, _ = smoothed_shares(reference.sum(axis=0), window.sum(axis=0))
    score = np.log(q / p)
    whole = (window @ score).sum() / window.sum() - (reference @ score).sum() / reference.sum()
    assert whole == pytest.approx(((p - q) * np.log(p / q)).sum(), rel=1e-3)


def sums(slices: NDArray[np.int64], values: Floats) -> Floats:
    """Of each of ten slices."""
    return np.bincount(slices, values, 10).astype(np.float64)


def test_a_shift_in_one_slice_of_a_tenth_is_that_slice() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=50_000)
    slices = rng.integers(0, 10, 50_000)
    shifted = values + 0.5 * (slices == 3)
    before, after = (sums(slices, v) for v in (values, shifted))
    found = concentrated(shares_of_change(before, after, 50_000, 50_000), np.bincount(slices) / 50_000)
    assert [part.place for part in found] == [3]
    assert found[0].share_of_change == pytest.approx(1.0)
    assert found[0].share_of_records == pytest.approx(0.1, abs=0.01)


def test_a_shift_everywhere_is_concentrated_nowhere() -> None:
    rng = np.random.default_rng(7)
    slices = rng.integers(0, 10, 50_000)
    before, after = sums(slices, rng.normal(size=50_000)), sums(slices, np.ones(50_000))
    assert concentrated(shares_of_change(before, after, 50_000, 50_000), np.bincount(slices) / 50_000) == ()


def test_no_change_has_no_parts() -> None:
    nothing = shares_of_change(np.ones(3), np.ones(3), 10, 10)
    assert np.isnan(nothing).all()
    assert concentrated(nothing, np.ones(3) / 3) == ()
