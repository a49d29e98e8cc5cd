"""Adjusted p-values agree with scipy, whatever the order and the gaps."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from detectors.multiplicity import benjamini_hochberg, bonferroni

p_values = hnp.arrays(
    np.float64,
    st.integers(0, 50),
    elements=st.one_of(
        st.floats(0, 1, allow_subnormal=False), st.sampled_from([0.0, 0.01, 0.5, 1.0, np.nan])
    ),
)


@given(p_values)
def test_benjamini_hochberg_is_that_of_scipy_on_the_tests_made(p: np.ndarray) -> None:
    adjusted = benjamini_hochberg(p)
    made = ~np.isnan(p)
    assert np.array_equal(np.isnan(adjusted), ~made)
    if made.any():
        np.testing.assert_allclose(adjusted[made], stats.false_discovery_control(p[made]), rtol=1e-12)


@given(p_values)
def test_bonferroni_multiplies_by_the_tests_made(p: np.ndarray) -> None:
    k = int(np.isfinite(p).sum())
    np.testing.assert_array_equal(bonferroni(p), np.minimum(p * k, 1.0))


@given(p_values)
def test_adjusting_never_lowers_a_p_value_and_bonferroni_raises_it_most(p: np.ndarray) -> None:
    made = np.isfinite(p)
    bh, most = benjamini_hochberg(p)[made], bonferroni(p)[made]
    assert (bh >= p[made] * (1 - 1e-12)).all()
    assert (most >= bh * (1 - 1e-12)).all()


def test_a_matrix_is_one_family() -> None:
    p = np.random.default_rng().random((4, 5))
    np.testing.assert_array_equal(benjamini_hochberg(p).ravel(), benjamini_hochberg(p.ravel()))


def test_without_any_drift_four_hundred_tests_reject_something_once_in_a_hundred_windows() -> None:
    rng = np.random.default_rng()
    windows = 10_000
    alarms = sum(bool((benjamini_hochberg(rng.random(440)) <= 0.01).any()) for _ in range(windows))
    low, high = stats.binom.ppf([1e-6, 1 - 1e-6], windows, 0.01)
    assert low <= alarms <= high
