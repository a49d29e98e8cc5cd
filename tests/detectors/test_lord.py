"""LORD++: levels are those of the published formula, and false discoveries stay within the rate."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from detectors.lord import (
    DISCOVERIES_MAX,
    Lord,
    alpha_of_budget,
    alpha_of_stream,
    decide,
    gamma,
    level,
    simes,
)
from detectors.multiplicity import benjamini_hochberg

p_value = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1e-6, 1e-4, 1.0]))


def run(alpha: float, p: list[float]) -> tuple[list[float], list[bool]]:
    state, said = Lord(alpha), []
    for one in p:
        state, decision = decide(state, one)
        said.append(decision)
    return [decision.level for decision in said], [decision.discovery for decision in said]


def spent(j: int) -> float:
    return 0.07720838 * math.log(max(j, 2)) / (j * math.exp(math.sqrt(math.log(j))))


def published(alpha: float, p: list[float]) -> tuple[list[float], list[bool]]:
    """The formula of Ramdas et al. written out, term by term, with all discoveries at every step."""
    w0 = alpha / 10
    levels: list[float] = []
    tau: list[int] = []
    for t, one in enumerate(p, 1):
        terms = [spent(t) * w0]
        for j, at in enumerate(tau, 1):
            terms.append((alpha - w0 if j == 1 else alpha) * spent(t - at))
        levels.append(math.fsum(terms))
        if one <= levels[-1]:
            tau.append(t)
    return levels, [t in set(tau) for t in range(1, len(p) + 1)]


@settings(max_examples=50)
@given(st.lists(p_value, max_size=60), st.sampled_from([0.01, 0.05, 0.3]))
def test_levels_and_discoveries_are_those_of_the_published_formula(p: list[float], alpha: float) -> None:
    levels, found = run(alpha, p)
    expected, discoveries = published(alpha, p)
    np.testing.assert_allclose(levels, expected, rtol=1e-12)
    assert found == discoveries


def test_what_may_be_spent_sums_to_less_than_the_whole() -> None:
    # The sum converges slowly; what is left beyond a million terms is the integral.
    upto = np.arange(1, 1_000_001)
    s = math.sqrt(math.log(upto[-1]))
    rest = 0.07720838 * 2 * math.exp(-s) * (s**3 + 3 * s**2 + 6 * s + 6)
    assert gamma(upto).sum() + rest == pytest.approx(0.9763, abs=1e-4)


def test_without_any_drift_a_stream_ever_alarms_at_most_at_the_rate() -> None:
    rng, streams, alpha = np.random.default_rng(), 1_000, 0.1
    alarmed = sum(any(run(alpha, rng.random(120).tolist())[1]) for _ in range(streams))
    assert alarmed <= stats.binom.ppf(1 - 1e-6, streams, alpha)


def test_with_drift_in_a_tenth_of_the_windows_the_false_ones_among_alarms_stay_at_the_rate() -> None:
    rng, streams, alpha = np.random.default_rng(), 200, 0.1
    shares, alarms = [], 0
    for _ in range(streams):
        drifts = rng.random(300) < 0.1
        p = stats.norm.sf(rng.standard_normal(300) + 4.0 * drifts)
        found = np.array(run(alpha, p.tolist())[1])
        shares.append((found & ~drifts).sum() / max(found.sum(), 1))
        alarms += int((found & drifts).sum())
    error = np.std(shares) / np.sqrt(streams)
    assert np.mean(shares) <= alpha + 5 * error
    assert alarms > 200 * 30 * 0.3  # a procedure that finds nothing would keep any rate


def test_no_test_changes_nothing() -> None:
    state, _ = decide(Lord(0.05), 0.5)
    after, said = decide(state, math.nan)
    assert after == state
    assert not said.discovery


def test_the_state_is_bounded_counts_what_it_cut_and_levels_only_fall_by_it() -> None:
    many = tuple(range(2, 2 + DISCOVERIES_MAX))
    state = Lord(0.1, tests=many[-1], first=1, discoveries=many)
    bounded, said = decide(state, 0.0)
    assert said.discovery
    assert (len(bounded.discoveries), bounded.forgotten) == (DISCOVERIES_MAX, 1)
    assert bounded.discoveries[-1] == bounded.tests
    unbounded = msgspec.structs.replace(bounded, discoveries=(*many, bounded.tests))
    assert level(bounded) < level(unbounded)


def test_a_state_is_kept_as_bytes_and_comes_back() -> None:
    state = Lord(0.05)
    for p in (0.0, 0.4, 0.0, 0.9, 0.0):
        state, _ = decide(state, p)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=Lord) == state


def test_a_windows_p_value_is_uniform_when_nothing_drifts() -> None:
    rng = np.random.default_rng()
    windows = [simes(benjamini_hochberg(rng.random(40))) for _ in range(3_000)]
    assert stats.kstest(windows, "uniform").pvalue > 1e-6


def test_budgets_translate_to_levels_that_keep_them() -> None:
    rng, per_week, hour = np.random.default_rng(), 2.0, 3_600_000
    alpha, weeks = alpha_of_budget(per_week, hour), 150
    false = sum(bool((benjamini_hochberg(row) <= alpha).any()) for row in rng.random((weeks * 168, 20)))
    low, high = stats.poisson.ppf([1e-6, 1 - 1e-6], weeks * per_week)
    assert low <= false <= high
    assert alpha_of_stream(0.5, 0.0) == 0.5
    for wrong in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="false alarms a week"):
            alpha_of_budget(wrong, hour)


def test_a_rate_outside_nought_and_one_is_refused() -> None:
    with pytest.raises(ValueError, match="alpha"):
        Lord(1.5)
