"""Reconstruction error from a scatter matrix is that of the records; scatters merge without losing a bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from detectors.fields import GRID_CLAMP, GRID_STEPS, NumericField
from detectors.reconstruction import Components
from detectors.totals.numeric import grid_moments
from detectors.totals.scatter import EXACT_RECORDS, Scatter

Floats = NDArray[np.float64]
M = 6


def scatter_of(values: Floats, fields: tuple[NumericField, ...]) -> Scatter:
    complete = np.isfinite(values.sum(axis=1))
    return Scatter.of(grid_moments(fields, values)[0], complete)


def fields_of(reference: Floats) -> tuple[NumericField, ...]:
    return tuple(
        NumericField(f"x{i}", np.array([0.0]), centre=float(x.mean()), scale=float(x.std()))
        for i, x in enumerate(reference.T)
    )


def draw(rng: np.random.Generator, n: int, mixing: Floats) -> Floats:
    """Two hidden factors behind M features, each with noise of its own and units of its own."""
    units = 10.0 ** np.arange(M)
    values: Floats = (
        rng.standard_normal((n, 2)) @ mixing + 0.5 * rng.standard_normal((n, M))
    ) * units + 7 * units
    return values


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    return np.random.default_rng()


@pytest.fixture(scope="module")
def mixing() -> Floats:
    return np.array([[1.0, 1.0, 1.0, 0.0, 0.0, 0.3], [0.0, 0.0, 0.5, 1.0, 1.0, 1.0]])


grid = st.integers(-GRID_CLAMP, GRID_CLAMP)
some_records = st.integers(0, 8).flatmap(lambda n: hnp.arrays(np.int64, (n, 3), elements=grid))


def plain(q: NDArray[np.int64]) -> Scatter:
    return Scatter.of(q, np.ones(len(q), bool))


def same(a: Scatter, b: Scatter) -> bool:
    return (a.n, a.skipped) == (b.n, b.skipped) and all(
        np.array_equal(x, y) for x, y in ((a.sums, b.sums), (a.products, b.products))
    )


@settings(max_examples=40)
@given(some_records, some_records, some_records)
def test_merging_is_counting_the_concatenation_in_any_order(
    a: NDArray[np.int64], b: NDArray[np.int64], c: NDArray[np.int64]
) -> None:
    whole = plain(np.concatenate([a, b, c]))
    assert same((plain(a) + plain(b)) + plain(c), whole)
    assert same(plain(c) + (plain(a) + plain(b)), whole)
    assert same(whole + Scatter.zero(3), whole)
    assert same(whole - plain(b), plain(a) + plain(c))


@settings(max_examples=40)
@given(some_records)
def test_products_are_those_of_whole_numbers(q: NDArray[np.int64]) -> None:
    exact = [[sum(int(r[i]) * int(r[j]) for r in q) for j in range(3)] for i in range(3)]
    assert plain(q).products.tolist() == exact


def test_products_stay_exact_where_floats_would_round() -> None:
    # Odd products near 2**38, more of them than one chunk: their sum is beyond 2**53.
    q = np.full((EXACT_RECORDS + 3, 2), GRID_CLAMP - 1, np.int64)
    expected = (EXACT_RECORDS + 3) * (GRID_CLAMP - 1) ** 2
    assert expected > 2**53
    assert plain(q).products.tolist() == [[expected, expected], [expected, expected]]


def test_incomplete_records_are_left_out_and_counted(rng: np.random.Generator, mixing: Floats) -> None:
    values = draw(rng, 500, mixing)
    fields = fields_of(values)
    holes = values.copy()
    holes[::5, 2] = np.nan
    holes[1::5, 0] = -np.inf
    found = scatter_of(holes, fields)
    assert (found.n, found.skipped) == (300, 200)
    complete = scatter_of(values[np.arange(500) % 5 > 1], fields)
    assert np.array_equal(found.products, complete.products)
    assert np.array_equal(found.sums, complete.sums)


def test_the_error_is_that_of_projecting_every_record(rng: np.random.Generator, mixing: Floats) -> None:
    reference, window = draw(rng, 5_000, mixing), draw(rng, 400, mixing) + 1e5 * rng.random(M)
    fields = fields_of(reference)
    components = Components.of(scatter_of(reference, fields))

    standard = (reference - reference.mean(axis=0)) / reference.std(axis=0)
    _, lengths, directions = np.linalg.svd(standard, full_matrices=False)
    shares = np.cumsum(lengths**2) / (lengths**2).sum()
    kept = int((shares < 0.65).sum()) + 1
    assert components.kept == kept
    assert components.explained == pytest.approx(shares[kept - 1], rel=1e-4)

    furthest = GRID_CLAMP / GRID_STEPS
    x = np.clip((window - reference.mean(axis=0)) / reference.std(axis=0), -furthest, furthest)
    rebuilt = x @ directions[:kept].T @ directions[:kept]
    direct = ((x - rebuilt) ** 2).sum(axis=1).mean()
    assert components.error(scatter_of(window, fields)) == pytest.approx(direct, rel=1e-3)


def test_on_the_grid_the_trace_is_the_mean_of_squares_to_twelve_digits(rng: np.random.Generator) -> None:
    q = rng.integers(-3000, 3000, (1_000, 4))
    q[:, 3] += q[:, 0]
    components = Components.of(plain(q))
    records = q / GRID_STEPS
    direct = ((records @ components.residual) ** 2).sum(axis=1).mean()
    assert components.error(plain(q)) == pytest.approx(direct, rel=1e-12)


def test_too_few_records_have_no_error(rng: np.random.Generator, mixing: Floats) -> None:
    reference = draw(rng, 1_000, mixing)
    fields = fields_of(reference)
    components = Components.of(scatter_of(reference, fields))
    assert np.isnan(components.error(scatter_of(reference[: 20 * M - 1], fields)))
    assert np.isfinite(components.error(scatter_of(reference[: 20 * M], fields)))


def test_references_without_components_are_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="complete records"):
        Components.of(plain(np.ones((10, 3), np.int64)))
    with pytest.raises(ValueError, match="constant"):
        Components.of(plain(np.ones((100, 3), np.int64)))
    with pytest.raises(ValueError, match="share of variance"):
        Components.of(plain(np.ones((100, 3), np.int64)), explained=1.5)


def test_one_component_is_always_left_out_so_that_something_can_be_seen(rng: np.random.Generator) -> None:
    q = rng.integers(-3000, 3000, (500, 3))
    assert Components.of(plain(q), explained=0.999).kept == 2
