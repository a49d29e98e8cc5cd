"""The scale of a series: mean, spread, dependence, and what gives none."""

import numpy as np
import pytest
from scipy.signal import lfilter

from detectors.online.scale import DEPENDENCE_MAX, Scale


def test_a_standardised_reference_has_mean_nought_and_spread_one() -> None:
    values = np.random.default_rng().normal(40.0, 3.0, 200)
    values[7] = np.nan
    scale = Scale.of(values)
    z = np.array([scale.standard(x) for x in values.tolist()])
    assert np.nanmean(z) == pytest.approx(0, abs=1e-9)
    assert np.nanstd(z, ddof=1) == pytest.approx(1)
    assert np.isnan(z[7])


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8])
def test_the_dependence_of_an_autoregression_is_found(phi: float) -> None:
    values = lfilter([1.0], [1.0, -phi], np.random.default_rng().standard_normal(20_000))
    assert Scale.of(values, whiten=True).dependence == pytest.approx(phi, abs=6 / np.sqrt(20_000))


def test_a_random_walk_is_whitened_no_further_than_the_bound() -> None:
    walk = np.cumsum(np.random.default_rng().standard_normal(50_000))
    assert Scale.of(walk, whiten=True).dependence == DEPENDENCE_MAX


def test_after_a_gap_a_value_stands_by_itself() -> None:
    assert Scale(0.0, 1.0, 0.8).standard(2.0) == 2.0


def test_references_without_a_spread_or_with_too_few_values_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        Scale.of(np.ones(5))
    with pytest.raises(ValueError, match="no spread"):
        Scale.of(np.ones(50))
