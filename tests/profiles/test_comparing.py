"""Two profiles side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from detectors.building import Reference, build_profile
from detectors.layout import COUNTERS
from detectors.profile import Profile
from service.profiles.comparing import compare
from service.profiles.summary import CategoricalSummary, NumericSummary, summarise

samples = st.lists(st.one_of(st.floats(-10, 10), st.integers(-3, 3)), min_size=2, max_size=80)


def profile(
    x: Sequence[float] = (1.0,),
    c: Sequence[object] = ("CA",),
    bins: int = 10,
    names: tuple[str, str] = ("x", "c"),
) -> Profile:
    n = max(len(x), len(c))
    numbers = np.full((n, 1), np.nan)
    numbers[: len(x), 0] = x
    counters = np.zeros((n, len(COUNTERS)), np.int64)
    counters[:, 0] = 1
    categories = [[*c, *[None] * (n - len(c))]]
    reference = Reference(names[:1], numbers, names[1:], categories, counters)
    return build_profile("m", "1", reference, bins=bins).profile


def numeric(built: Profile) -> NumericSummary:
    (found,) = (summary for summary in summarise(built) if isinstance(summary, NumericSummary))
    return found


@settings(max_examples=100)
@given(samples, samples, st.integers(1, 20))
def test_the_exact_distance_lies_between_the_bounds(a: list[float], b: list[float], bins: int) -> None:
    (change,) = compare(profile(a, bins=bins), profile(b, bins=bins)).numeric
    exact = stats.ks_2samp(a, b, method="asymp").statistic
    assert change.ks_lower <= exact + 1e-12
    assert change.ks_upper >= exact - 1e-12


def test_with_many_bins_the_bounds_are_close() -> None:
    draw = np.random.default_rng(0)
    a, b = draw.normal(0, 1, 5_000), draw.normal(0.3, 1, 5_000)
    (change,) = compare(profile(list(a), bins=200), profile(list(b), bins=200)).numeric
    assert change.ks_upper - change.ks_lower <= 0.011
    assert change.mean_shift == pytest.approx((b.mean() - a.mean()) / a.std(), abs=0.01)
    assert change.std_ratio == pytest.approx(b.std() / a.std(), rel=0.01)


def test_a_profile_does_not_differ_from_itself() -> None:
    built = profile([1.0, 2.0, 2.0, 5.0], ["CA", "NY"])
    comparison = compare(built, built)
    (change,) = comparison.numeric
    assert (change.ks_lower, change.mean_shift, change.std_ratio) == (0.0, 0.0, 1.0)
    assert comparison.categorical[0].total_variation == 0
    assert (comparison.added, comparison.removed, comparison.retyped) == ((), (), ())


def test_categories_come_and_go_and_the_largest_change_is_named() -> None:
    comparison = compare(profile(c=["CA"] * 8 + ["NY"] * 2), profile(c=["CA"] * 4 + ["WA"] * 6))
    (change,) = comparison.categorical
    assert (change.added, change.removed) == (("WA",), ("NY",))
    assert change.largest == ("WA", 0.0, 0.6)
    assert change.total_variation == pytest.approx(0.6)


def test_features_that_come_go_or_change_type_are_told_apart() -> None:
    comparison = compare(profile(), profile(names=("c", "y")))
    assert (comparison.added, comparison.removed, comparison.retyped) == (("y",), ("x",), ("c",))


def test_fields_without_values_compare_as_unknown() -> None:
    comparison = compare(profile([np.nan], [None]), profile([1.0], ["CA"]))
    assert np.isnan([comparison.numeric[0].ks_lower, comparison.numeric[0].mean_shift]).all()
    assert np.isnan(comparison.categorical[0].total_variation)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_quantiles_are_those_of_the_reference_wherever_they_are_edges(share: float) -> None:
    values = np.arange(1.0, 1001.0)
    summary = numeric(profile(list(values), bins=10))
    expected = max(np.quantile(values, share, method="inverted_cdf"), 100.0)
    assert summary.quantile(share) == expected
    assert (summary.low, summary.high) == (1.0, 1000.0)


def test_states_and_moments_are_those_of_the_column() -> None:
    column: list[Any] = [3.0, 5.0, np.nan, np.inf, -np.inf, -np.inf]
    summary = numeric(profile(column))
    assert (summary.values, summary.null, summary.absent, summary.invalid) == (2, 1, 1, 2)
    assert (summary.mean, summary.std) == (4.0, 1.0)
    assert summary.missing_ratio == pytest.approx(2 / 6)


def test_categories_rank_by_count_then_name() -> None:
    (summary,) = (s for s in summarise(profile(c=list("bbaac"))) if isinstance(s, CategoricalSummary))
    assert summary.ranked() == [("a", 2), ("b", 2), ("c", 1)]
