"""Components of a reference: what a profile stores, and what windows without drift look like by it."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.components import BLOCKS_MAX, Fitted, fit_components
from detectors.fields import NumericField
from detectors.layout import Layout
from detectors.totals.numeric import grid_moments
from detectors.totals.scatter import Scatter

Floats = NDArray[np.float64]
M = 5
MIXING = np.array([[1.0, 1.0, 1.0, 0.0, 0.3], [0.0, 0.5, 0.0, 1.0, 1.0]])


def draw(rng: np.random.Generator, n: int, memory: float = 0.0) -> Floats:
    """Two hidden factors behind M features; with ``memory`` the noise of neighbouring records is alike."""
    noise = rng.standard_normal((n, M))
    for i in range(1, n if memory else 0):
        noise[i] = memory * noise[i - 1] + np.sqrt(1 - memory**2) * noise[i]
    values: Floats = rng.standard_normal((n, 2)) @ MIXING + 0.5 * noise
    return values


def layout_of(reference: Floats) -> Layout:
    known = np.where(np.isfinite(reference), reference, np.nan)
    fields = [
        NumericField(f"x{i}", np.array([0.0]), float(np.nanmean(x)), float(np.nanstd(x)) or 1.0)
        for i, x in enumerate(known.T)
    ]
    return Layout((*fields, NumericField("prediction", np.array([0.5]))), multivariate=True)


def fitted(reference: Floats) -> tuple[Fitted, Layout]:
    layout = layout_of(reference)
    found = fit_components(layout, np.column_stack([reference, np.zeros(len(reference))]))
    assert found is not None
    return found, layout


def scatter_of(layout: Layout, values: Floats) -> Scatter:
    q = grid_moments(layout.numeric[:-1], values)[0]
    return Scatter.of(q, np.asarray(np.isfinite(values).all(axis=1)))


def p_of(found: Fitted, layout: Layout, window: Floats) -> float:
    scatter = scatter_of(layout, window)
    return found.p_value(found.relative_error(scatter), scatter.n)


def test_what_is_stored_in_json_says_the_same_to_the_bit() -> None:
    rng = np.random.default_rng(1)
    found, layout = fitted(draw(rng, 20_000))
    again = Fitted.from_document(json.loads(json.dumps(found.to_document())))
    scatter = scatter_of(layout, draw(rng, 700))
    assert again.relative_error(scatter) == found.relative_error(scatter)
    assert again.p_value(1.1, 700) == found.p_value(1.1, 700)
    assert again.null_bound(700, 0.001) == found.null_bound(700, 0.001)
    assert (again.features, again.blocks, again.records) == (found.features, BLOCKS_MAX, 20_000)


@pytest.mark.parametrize("n", [200, 1_000, 5_000])
def test_of_windows_without_drift_one_in_twenty_has_a_p_value_below_a_twentieth(n: int) -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(12):
        model, layout = fitted(draw(rng, 20_000))
        found += [p_of(model, layout, draw(rng, n)) for _ in range(25)]
    # Windows share a reference, so their number counts for less: three times the binomial deviation is one.
    assert float(np.mean(np.array(found) < 0.05)) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300) * 1.5
    assert float(np.mean(found)) > 0.35


def test_dependent_records_widen_what_counts_as_noise() -> None:
    rng = np.random.default_rng(3)
    independent, dependent = fitted(draw(rng, 20_000))[0], fitted(draw(rng, 20_000, memory=0.9))[0]
    assert dependent.variance > 2 * independent.variance
    assert dependent.null_bound(1_000, 0.001) > independent.null_bound(1_000, 0.001) > 1


def test_features_that_part_company_are_seen_though_none_changes_by_itself() -> None:
    rng = np.random.default_rng(4)
    found, layout = fitted(draw(rng, 20_000))
    window = draw(rng, 1_000)
    shuffled = rng.permuted(window, axis=0)
    assert sorted(shuffled[:, 0]) == sorted(window[:, 0])
    assert found.relative_error(scatter_of(layout, shuffled)) > 1.5 > found.null_bound(1_000, 0.001)
    assert p_of(found, layout, shuffled) < 1e-6 < p_of(found, layout, window)


def test_without_drift_the_error_is_about_that_of_the_reference() -> None:
    rng = np.random.default_rng(5)
    found, layout = fitted(draw(rng, 20_000))
    assert found.relative_error(scatter_of(layout, draw(rng, 20_000))) == pytest.approx(1, abs=0.03)


def test_records_without_some_number_serve_for_nothing() -> None:
    rng = np.random.default_rng(6)
    reference = draw(rng, 20_000)
    holes = reference.copy()
    holes[::2, 1] = np.inf
    found, _ = fitted(holes)
    assert found.records == 10_000


def test_a_short_reference_has_components_and_no_test() -> None:
    rng = np.random.default_rng(7)
    found, layout = fitted(draw(rng, 500))
    assert found.blocks == 0
    assert np.isnan([p_of(found, layout, draw(rng, 500)), found.null_bound(500, 0.001)]).all()
    assert np.isfinite(found.relative_error(scatter_of(layout, draw(rng, 500))))


@pytest.mark.parametrize("columns", [0, 1, 3])
def test_fewer_than_two_features_or_constant_ones_have_no_components(columns: int) -> None:
    reference = np.ones((5_000, columns))
    layout = layout_of(reference)
    assert fit_components(layout, np.column_stack([reference, np.zeros(5_000)])) is None
