"""The inflation that windows of many lengths tell is the one that is known for a series."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import stats
from scipy.signal import lfilter

from detectors.dependence import (
    WINDOWS_MIN,
    Weights,
    choose,
    inflations,
    ladder,
    weights,
    window_records,
)

Floats = NDArray[np.float64]
RECORDS = 40_000


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng()


def autoregression(rng: np.random.Generator, phi: float, records: int = RECORDS, columns: int = 1) -> Floats:
    """float64[records, columns]: stationary series with variance 1."""
    noise = rng.standard_normal((records + 300, columns)) * np.sqrt(1 - phi**2)
    series: Floats = lfilter([1.0], [1.0, -phi], noise, axis=0)[300:]
    return series


def inflation_of(x: Floats) -> tuple[Floats, NDArray[np.int64]]:
    x = x - x.mean(axis=0)
    size = window_records(len(x))
    windows = x[: len(x) // size * size].reshape(-1, size, x.shape[1])
    return inflations(windows.sum(axis=1), (windows**2).sum(axis=1))


def weights_of(x: Floats) -> Weights:
    """Of the deciles of one series."""
    size = window_records(len(x))
    group = np.searchsorted(np.quantile(x, np.arange(1, 10) / 10), x[: len(x) // size * size, 0])
    counts = (group.reshape(-1, size, 1) == np.arange(10)).sum(axis=1).astype(float)
    return weights(counts[:, None, :], counts.sum(axis=0)[None] / counts.sum())


@pytest.mark.parametrize("phi", [0.2, 0.5, 0.8, 0.95])
def test_the_inflation_of_a_mean_is_that_of_the_autoregression(rng: np.random.Generator, phi: float) -> None:
    found, windows = inflation_of(autoregression(rng, phi, columns=30))
    expected = (1 + phi) / (1 - phi)
    # Each is worth so many windows, whose mean square has the relative variance 2/K; bias is a few per cent.
    error = np.sqrt(2 / windows.min() / 30)
    assert found.mean() == pytest.approx(expected, rel=0.06 + 5 * error)
    assert (np.abs(found / expected - 1) < 0.1 + 5 * np.sqrt(2 / windows)).all()


@pytest.mark.parametrize("phi", [0.5, 0.8])
def test_the_inflation_of_a_spread_is_that_of_the_squared_autoregression(
    rng: np.random.Generator, phi: float
) -> None:
    # Squares of a Gaussian series correlate by the square of its correlation.
    found, windows = inflation_of(autoregression(rng, phi, columns=30) ** 2)
    assert found.mean() == pytest.approx(
        (1 + phi**2) / (1 - phi**2), rel=0.06 + np.sqrt(50 / windows.min() / 30)
    )


def test_independent_records_pay_next_to_nothing(rng: np.random.Generator) -> None:
    found, windows = inflation_of(rng.standard_t(4, (RECORDS, 200)))
    assert (found >= 1).all()
    assert found.mean() < 1.05
    # One in hundreds takes chance for dependence.
    assert np.quantile(found, 0.95) < 1.2
    assert np.quantile(windows, 0.1) > 500


def test_rare_events_that_come_alone_pay_next_to_nothing(rng: np.random.Generator) -> None:
    found, _ = inflation_of((rng.random((RECORDS, 100)) < 0.001).astype(float))
    assert np.quantile(found, 0.9) < 1.3


def test_an_outage_makes_errors_dependent(rng: np.random.Generator) -> None:
    errors = (rng.random((RECORDS, 1)) < 0.001).astype(float)
    errors[20_000:20_500] = 1.0
    found, _ = inflation_of(errors)
    assert found > 100


def test_a_slow_wave_takes_the_longest_windows(rng: np.random.Generator) -> None:
    day = np.linspace(0, 2 * np.pi, RECORDS)[:, None]
    found, windows = inflation_of(rng.standard_normal((RECORDS, 1)) + 0.3 * np.sin(day))
    # Windows of an eighth of a day at least: the wave moves their means by 0.2 standard deviations and more.
    assert found > 50
    assert windows <= 4 * WINDOWS_MIN


def test_the_weights_of_independent_shares_are_ones(rng: np.random.Generator) -> None:
    found = weights_of(rng.standard_normal((RECORDS, 1)))
    assert [float(total[0]) for total in found[:2]] == pytest.approx([9, 9], rel=0.15)
    assert 1 <= float(found.largest[0]) < 1.3
    assert float(found.below[0]) < 1.3


def test_the_weights_of_dependent_shares_are_the_eigenvalues_of_their_long_run_covariance(
    rng: np.random.Generator,
) -> None:
    phi, lags = 0.8, 60
    # Of both in given deciles at each lag, from the bivariate normal distribution.
    edges = np.concatenate(([-8.0], stats.norm.ppf(np.arange(1, 10) / 10), [8.0]))
    covariance = np.diag(np.full(10, 0.1)) - 0.01
    for lag in range(1, lags):
        rho = phi**lag
        upto = np.array(
            [
                stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([[a, b] for b in edges])
                for a in edges
            ]
        )
        cells = np.diff(np.diff(upto, axis=0), axis=1)
        covariance += 2 * (cells - 0.01)
    true = np.linalg.eigvalsh(covariance / 0.1)
    found = [weights_of(autoregression(rng, phi)) for _ in range(12)]
    for name, expected, tolerance in (
        ("first", true.sum(), 0.1),
        ("second", (true**2).sum(), 0.2),
        ("largest", true.max(), 0.15),
    ):
        mean = np.mean([float(getattr(each, name)[0]) for each in found])
        assert mean == pytest.approx(expected, rel=tolerance), name
    below = np.cumsum(np.cumsum(covariance, axis=0), axis=1).diagonal().max() * 4
    assert np.mean([float(each.below[0]) for each in found]) == pytest.approx(below, rel=0.12)


@settings(max_examples=60)
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=st.floats(0.0, 1e3)),
    st.integers(WINDOWS_MIN, 40),
)
def test_whatever_is_chosen_is_one_of_the_lengths(inflation: Floats, fewest: int) -> None:
    windows = fewest * 2 ** np.arange(len(inflation))[::-1]
    found = choose(inflation, windows)
    assert ((found.level >= 0) & (found.level < len(inflation))).all()
    assert ((found.windows >= 1) & (found.windows <= windows[0])).all()
    assert (~found.further | (found.level < len(inflation) - 1)).all()


def test_a_plateau_is_taken_from_its_shortest_windows() -> None:
    windows = np.array([1000, 500, 250, 125, 62])
    assert choose(np.array([[1.01], [0.98], [1.1], [0.9], [1.3]]), windows).level.tolist() == [0]
    grows = choose(np.array([[2.0], [3.0], [4.0], [8.0], [16.0]]), windows)
    assert (grows.level.tolist(), grows.windows.tolist()) == ([4], [62])


def test_longer_windows_are_sums_of_neighbours() -> None:
    levels = ladder(np.arange(67.0)[:, None])
    assert [len(level) for level in levels] == [67, 33, 16]
    assert levels[1][:2].ravel().tolist() == [1, 5]
    assert levels[2][-1].tolist() == [60 + 61 + 62 + 63]


def test_a_column_of_zeros_is_not_calibrated() -> None:
    found, windows = inflations(np.zeros((64, 1)), np.zeros((64, 1)))
    assert (found.tolist(), windows.tolist()) == ([1.0], [0])
