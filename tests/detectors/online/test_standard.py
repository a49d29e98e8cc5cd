"""Standardised values are what detectors expect: mean 0 and standard deviation 1 while nothing changes."""

import numpy as np
import pytest
from scipy import stats

from detectors.online.standard import Z_MAX, Standard, standard_mean, standard_rate, standard_spread
from detectors.shift import Sample

WINDOWS, N, M = 4_000, 200, 10**7


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng()


def sample_of(values: np.ndarray) -> Sample:
    n = np.full(values.shape[0], float(values.shape[1]))
    return Sample(n, values.mean(axis=1), values.var(axis=1, ddof=1))


def is_standard(found: Standard) -> None:
    """Within five standard errors of mean 0 and standard deviation 1."""
    z = found.z
    assert abs(z.mean()) < 5 / np.sqrt(len(z))
    kurtosis = float(stats.kurtosis(z, fisher=False))
    assert abs(z.var() - 1) < 5 * np.sqrt(max(kurtosis - 1, 2.0) / len(z)) + 0.05
    assert np.allclose(found.slack, 2 * np.sqrt(N / M))


def test_means_of_what_does_not_change_are_standard(rng: np.random.Generator) -> None:
    reference = Sample(np.array(float(M)), np.array(1000.0), np.array(1e6))
    is_standard(standard_mean(reference, sample_of(rng.normal(1000.0, 1000.0, (WINDOWS, N)))))


def test_spreads_of_what_does_not_change_are_standard(rng: np.random.Generator) -> None:
    reference = Sample(np.array(float(M)), np.array(1000.0), np.array(1e6))
    newest = sample_of(rng.normal(1000.0, 1000.0, (WINDOWS, N)))
    found = standard_spread(reference, newest, np.array(3.0))
    # The logarithm of a variance is below that of its mean, by 1/n.
    is_standard(found._replace(z=found.z + (1 / N) / np.sqrt(2 / N)))


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.03])
def test_rates_that_do_not_change_are_standard(rng: np.random.Generator, rate: float) -> None:
    k, n = rng.binomial(N, rate, WINDOWS), np.full(WINDOWS, N)
    is_standard(standard_rate(k, n, np.array(int(rate * M)), np.array(M)))


@pytest.mark.parametrize("rate", [0.0, 1e-5, 1e-3])
def test_rates_near_0_stay_centred_and_are_no_wider(rng: np.random.Generator, rate: float) -> None:
    k, n = rng.binomial(N, rate, WINDOWS), np.full(WINDOWS, N)
    z = standard_rate(k, n, np.array(int(rate * M)), np.array(M)).z
    assert abs(z.mean()) < 0.1
    assert z.std() < 1.05


def test_a_rise_and_a_fall_of_a_rate_have_their_signs() -> None:
    n, m = np.array([100, 100, 100]), np.array([1000, 1000, 1000])
    z = standard_rate(np.array([30, 10, 100]), n, np.array([200, 200, 200]), m).z
    assert z[0] > 2
    assert z[1] < -2
    assert 10 < z[2] <= Z_MAX


def test_a_constant_reference_has_no_unit_and_a_constant_window_is_cut_not_infinite() -> None:
    constant = Sample(np.array(100.0), np.array(5.0), np.array(0.0))
    usual = Sample(np.array(100.0), np.array(5.0), np.array(4.0))
    assert np.isnan(standard_mean(constant, usual).z)
    assert np.isnan(standard_spread(constant, usual, np.array(3.0)).z)
    assert standard_spread(usual, constant, np.array(3.0)).z == -Z_MAX


def test_without_records_there_is_no_rate() -> None:
    none = np.array(0)
    assert np.isnan(standard_rate(none, none, np.array(1), np.array(10)).z)
    assert np.isnan(standard_rate(none, np.array(10), none, none).z)
