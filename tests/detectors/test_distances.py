"""Distances between groups: by their definitions, as scipy has them, and in their order of size."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from scipy.spatial import distance

from detectors.hellinger import hellinger, hellinger_of_psi
from detectors.js import js, js_of_psi
from detectors.linf import linf
from detectors.psi import psi
from detectors.shares import shares, smoothed_shares
from detectors.total_variation import total_variation

SIMULATIONS = 20_000
Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]

ALL: list[Distance] = [js, hellinger, total_variation, lambda a, b: linf(a, b).value]
pairs = hnp.arrays(np.int64, st.tuples(st.just(2), st.integers(1, 12)), elements=st.integers(0, 1000))
every_distance = pytest.mark.parametrize("of", ALL, ids=["js", "hellinger", "total_variation", "linf"])


def held(pair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sides without the groups that neither holds."""
    assume(pair.sum(axis=1).all())
    return tuple(pair[:, pair.any(axis=0)])


@given(pairs)
def test_js_is_that_of_scipy_on_smoothed_counts(pair: np.ndarray) -> None:
    a, b = held(pair)
    assert js(a, b) == pytest.approx(distance.jensenshannon(a + 0.5, b + 0.5, base=2), rel=1e-6, abs=1e-7)


@given(pairs)
def test_hellinger_is_the_root_of_what_the_affinity_lacks_to_one(pair: np.ndarray) -> None:
    a, b = ((side + 0.5) / (side + 0.5).sum() for side in held(pair))
    affinity = math.fsum(math.sqrt(p * q) for p, q in zip(a.tolist(), b.tolist(), strict=True))
    assert hellinger(*pair) ** 2 == pytest.approx(1 - affinity, rel=1e-9, abs=1e-14)


@given(pairs)
def test_total_variation_is_the_largest_difference_over_all_sets_of_groups(pair: np.ndarray) -> None:
    a, b = held(pair)
    difference = (a / a.sum() - b / b.sum()).tolist()
    sets = range(2 ** min(len(difference), 10))
    largest = max(sum(x for i, x in enumerate(difference) if chosen >> i & 1) for chosen in sets)
    found = float(total_variation(a, b))
    assert found == pytest.approx(largest, abs=1e-12) if len(difference) <= 10 else found >= largest - 1e-12


@given(pairs)
def test_linf_is_the_largest_difference_and_names_its_group(pair: np.ndarray) -> None:
    a, b = held(pair)
    difference = np.abs(a / a.sum() - b / b.sum())
    result = linf(a, b)
    assert result.value == difference.max()
    assert difference[result.group] == difference.max()


@given(pairs)
def test_each_distance_bounds_the_next_one(pair: np.ndarray) -> None:
    held(pair)
    # Jensen-Shannon, Hellinger and PSI of the same shares: JSD <= H^2 <= PSI / 8, in nats.
    nats, squared, index = js(*pair) ** 2 * math.log(2), hellinger(*pair) ** 2, psi(*pair).value
    assert nats <= squared * (1 + 1e-9) + 1e-15
    assert 8 * squared <= index * (1 + 1e-9) + 1e-15
    assert linf(*pair).value <= total_variation(*pair) + 1e-12


@given(pairs)
def test_beyond_the_null_bound_of_a_distance_the_shared_p_value_is_below_a_thousandth(
    pair: np.ndarray,
) -> None:
    held(pair)
    test = psi(*pair)
    for value, bound in (
        (js(*pair), js_of_psi(test.null_bound)),
        (hellinger(*pair), hellinger_of_psi(test.null_bound)),
    ):
        assert value <= bound + 1e-9 or test.p_value <= 0.001 + 1e-9


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_near_no_drift_psi_is_eight_times_either_square(groups: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference = rng.integers(100_000, 200_000, groups)
    window = reference + rng.integers(-2_000, 2_000, groups)
    index = psi(reference, window).value
    assume(index > 1e-8)
    assert hellinger_of_psi(index) == pytest.approx(hellinger(reference, window), rel=1e-3)
    assert js_of_psi(index) == pytest.approx(js(reference, window), rel=1e-3)


@every_distance
@given(pair=pairs)
def test_a_distance_is_between_zero_and_one_and_zero_from_itself(of: Distance, pair: np.ndarray) -> None:
    if not pair.sum(axis=1).all():
        assert np.isnan(of(*pair))
        return
    assert 0 <= of(*pair) <= 1
    assert of(pair[0], pair[0]) == 0


@every_distance
@given(pair=pairs, seed=st.integers(0, 2**32 - 1))
def test_sides_and_groups_may_change_places_and_empty_groups_change_nothing(
    of: Distance, pair: np.ndarray, seed: int
) -> None:
    held(pair)
    expected = pytest.approx(of(*pair), rel=1e-9, abs=1e-12)
    assert of(pair[1], pair[0]) == expected
    assert of(*np.random.default_rng(seed).permutation(pair, axis=1)) == expected
    assert of(*np.pad(pair, ((0, 0), (1, 2)))) == expected


@every_distance
def test_shares_without_a_common_group_are_as_far_apart_as_can_be(of: Distance) -> None:
    assert of(np.array([10_000, 0, 0]), np.array([0, 20_000, 0])) == pytest.approx(1, abs=0.01)


@every_distance
def test_a_matrix_gives_what_its_rows_give(of: Distance) -> None:
    a, b = np.random.default_rng().integers(0, 50, (2, 3, 4, 6))
    together = of(a, b)
    for place in np.ndindex(3, 4):
        assert together[place] == pytest.approx(of(a[place], b[place]))


@given(pairs)
def test_smoothed_shares_sum_to_one_and_none_is_zero(pair: np.ndarray) -> None:
    p, q, some = smoothed_shares(*pair)
    assert some.tolist() == pair.any(axis=0).tolist()
    for side in (p, q):
        assert (side[some] > 0).all()
        assert side[some].sum() == pytest.approx(1 if some.any() else 0)
    assert np.nansum(shares(pair), axis=1) == pytest.approx(pair.any(axis=1).astype(float))


@pytest.mark.parametrize(
    "likely", [[0.1] * 10, [0.6, 0.3, 0.09, 0.01], [0.99, 0.01]], ids=["deciles", "uneven", "two"]
)
@pytest.mark.parametrize(("n", "m"), [(200, 2_000), (5_000, 50_000)])
def test_without_drift_linf_alarms_at_most_as_often_as_it_says(likely: list[float], n: int, m: int) -> None:
    rng = np.random.default_rng()
    p = linf(rng.multinomial(m, likely, SIMULATIONS), rng.multinomial(n, likely, SIMULATIONS)).p_value
    for alpha in (0.05, 0.01):
        assert (p <= alpha).sum() <= stats.binom.ppf(1 - 1e-6, SIMULATIONS, alpha)


@pytest.mark.parametrize("likely", [[0.1] * 10, [0.5] + [0.01] * 50], ids=["deciles", "many"])
def test_without_drift_one_window_in_a_thousand_passes_the_bounds_of_js_and_hellinger(
    likely: list[float],
) -> None:
    rng = np.random.default_rng()
    window, reference = (rng.multinomial(size, likely, SIMULATIONS) for size in (1_100, 20_000))
    bound = psi(reference, window).null_bound
    most = stats.binom.ppf(1 - 1e-6, SIMULATIONS, 0.0015)
    assert (js(reference, window) > js_of_psi(bound)).sum() <= most
    assert (hellinger(reference, window) > hellinger_of_psi(bound)).sum() <= most


def test_one_group_that_jumps_is_what_linf_sees_best() -> None:
    rng = np.random.default_rng()
    likely, jumped = np.full(50, 0.02), np.full(50, 0.966 / 49)
    jumped[7] = 0.034
    window, reference = rng.multinomial(5_000, jumped, 500), rng.multinomial(50_000, likely, 500)
    result = linf(reference, window)
    assert ((result.p_value <= 0.001) & (result.group == 7)).mean() > 0.85
    assert np.median(result.p_value) < np.median(psi(reference, window).p_value)
