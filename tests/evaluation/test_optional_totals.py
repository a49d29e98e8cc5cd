"""Results that need totals of their own: Wasserstein distance, reconstruction error, latency."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from detectors.building import Reference, build_profile
from detectors.components import fit_components
from detectors.layout import Sections
from detectors.profile import Profile
from detectors.result import Status
from service.evaluation.result import Evaluated
from tests.evaluation.scene import draw, monitor, result, seen, with_number

FULL = Sections(bin_sums=True, multivariate=True)
WATCHED = tuple(
    monitor(metric, 1e9) for metric in ("wasserstein", "reconstruction_error", "latency_p50", "latency_p99")
)


def timed(rng: np.random.Generator, records: Reference, median: float = 20.0) -> Reference:
    return replace(records, latency=rng.lognormal(np.log(median), 0.5, len(records.counters)))


def full_profile(reference: Reference) -> Profile:
    profile = build_profile("credit", "7", reference, sections=FULL).profile
    fitted = fit_components(profile.layout, reference.numeric)
    assert fitted is not None
    return Profile.from_json(replace(profile, components=fitted.to_document()).to_json())


@pytest.fixture(scope="module")
def reference() -> Reference:
    rng = np.random.default_rng(1)
    return timed(rng, together(rng, draw(rng, 20_000)))


@pytest.fixture(scope="module")
def profile(reference: Reference) -> Profile:
    return full_profile(reference)


def together(rng: np.random.Generator, records: Reference) -> Reference:
    """The records with x1 close to x0."""
    return with_number(records, 1, records.numeric[:, 0] + 0.3 * rng.standard_normal(len(records.numeric)))


def lines(evaluated: Evaluated, metric: str) -> list[Any]:
    return [line for line in evaluated.results if line.metric == metric]


def test_the_wasserstein_distance_is_that_of_the_values_in_standard_deviations_of_the_slice(
    reference: Reference, profile: Profile
) -> None:
    rng = np.random.default_rng(2)
    window = timed(rng, together(rng, draw(rng, 3_000)))
    window = with_number(window, 0, window.numeric[:, 0] * 1.3 + 0.2)
    evaluated = seen(profile, window, *WATCHED)
    for part in ("all", "region=eu"):
        chosen, then = (
            (slice(None), slice(None)) if part == "all" else (window.slices[part], reference.slices[part])
        )
        exact = stats.wasserstein_distance(window.numeric[chosen, 0], reference.numeric[then, 0])
        exact /= reference.numeric[then, 0].std(ddof=1)
        found = result(evaluated, "wasserstein", "x0", on=part)
        assert (found.lower, found.upper, found.p_value) != (None, None, None)
        assert found.lower <= exact <= found.upper
        assert found.value == pytest.approx(exact, rel=0.03)
        assert found.p_value < 1e-6  # type: ignore[operator]  # likewise
    assert result(evaluated, "wasserstein", "prediction").p_value > 1e-3  # type: ignore[operator]  # likewise


def test_a_shift_breaches_a_monitor_on_wasserstein_as_drift(profile: Profile) -> None:
    rng = np.random.default_rng(3)
    window = timed(rng, together(rng, draw(rng, 3_000)))
    window = with_number(window, 0, window.numeric[:, 0] + 0.5)
    found = result(seen(profile, window, monitor("wasserstein", 0.3)), "wasserstein", "x0")
    assert found.status is Status.DRIFT


def test_wasserstein_is_computed_only_when_a_monitor_asks(profile: Profile) -> None:
    rng = np.random.default_rng(4)
    assert not lines(seen(profile, timed(rng, draw(rng, 500)), monitor("psi", 0.2)), "wasserstein")


def test_features_that_part_company_raise_the_reconstruction_error_on_all_alone(profile: Profile) -> None:
    rng = np.random.default_rng(5)
    usual, parted = together(rng, draw(rng, 3_000)), draw(rng, 3_000)
    asked = monitor("reconstruction_error", 1.5)
    as_ever = seen(profile, timed(rng, usual), asked)
    broken = seen(profile, timed(rng, parted), asked)
    [before], [after] = (lines(evaluated, "reconstruction_error") for evaluated in (as_ever, broken))
    assert (before.slice, before.feature, before.n, before.reference_n) == ("all", "", 3_000, 20_000)
    assert before.value == pytest.approx(1, abs=0.1)
    assert (before.status, after.status) == (Status.OK, Status.DRIFT)
    assert after.value > before.null_bound > 1
    assert after.p_value < 1e-9


def test_too_few_complete_records_have_no_reconstruction_error(profile: Profile) -> None:
    rng = np.random.default_rng(6)
    window = timed(rng, together(rng, draw(rng, 500)))
    window = with_number(window, 0, np.where(np.arange(500) < 470, np.nan, window.numeric[:, 0]))
    found = result(seen(profile, window, *WATCHED), "reconstruction_error")
    assert (found.status, found.n, found.value, found.p_value) == (Status.INSUFFICIENT, 30, None, None)


def test_a_profile_built_without_the_totals_says_nothing_rather_than_ok() -> None:
    rng = np.random.default_rng(7)
    plain = build_profile("credit", "7", draw(rng, 5_000)).profile
    evaluated = seen(plain, draw(rng, 1_000), *WATCHED)
    for metric, feature in (("wasserstein", "x0"), ("reconstruction_error", "")):
        found = result(evaluated, metric, feature)
        assert (found.status, found.value) == (Status.INSUFFICIENT, None)
    assert not lines(evaluated, "latency_p50")


def test_latency_has_its_quantiles_on_every_slice_with_the_bin_as_bounds(profile: Profile) -> None:
    rng = np.random.default_rng(8)
    window = timed(rng, draw(rng, 3_000), median=80.0)
    assert window.latency is not None
    evaluated = seen(profile, window, *WATCHED)
    for metric, share in (("latency_p50", 0.5), ("latency_p99", 0.99)):
        for part, chosen in (("all", slice(None)), ("region=eu", window.slices["region=eu"])):
            exact = float(np.quantile(window.latency[chosen], share, method="inverted_cdf"))
            found = result(evaluated, metric, on=part)
            assert found.lower <= exact <= found.upper  # type: ignore[operator]  # of so many values it exists
            assert found.upper / found.lower < 1.11  # type: ignore[operator]  # likewise
            assert (found.status, found.p_value) == (Status.OK, None)


def test_latency_beyond_its_threshold_is_a_breach_and_no_drift(profile: Profile) -> None:
    rng = np.random.default_rng(9)
    slow = timed(rng, draw(rng, 3_000), median=80.0)
    assert result(seen(profile, slow, monitor("latency_p50", 50)), "latency_p50").status is Status.BREACH


def test_latency_is_judged_by_nothing_else(profile: Profile) -> None:
    rng = np.random.default_rng(10)
    evaluated = seen(profile, timed(rng, draw(rng, 3_000), median=500.0), *WATCHED)
    assert not [line for line in evaluated.results if line.feature == "latency_ms"]


def test_events_without_latency_have_no_lines_of_it_unless_a_monitor_asks(profile: Profile) -> None:
    rng = np.random.default_rng(11)
    silent = replace(draw(rng, 500), latency=np.full(500, np.inf))
    assert not lines(seen(profile, silent, monitor("psi", 0.2)), "latency_p99")
    assert {line.status for line in lines(seen(profile, silent, *WATCHED), "latency_p99")} == {
        Status.INSUFFICIENT
    }
