"""The matrix says of each slice and feature what the statistic says of that slice and feature alone."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import distance

from detectors.building import Reference
from detectors.chi2 import chi2
from detectors.fields import NumericField
from detectors.groups import field_groups, group_counts
from detectors.ks import ks
from detectors.layout import Rows
from detectors.linf import linf
from detectors.multiplicity import benjamini_hochberg
from detectors.profile import Profile
from detectors.psi import psi
from detectors.rates import two_proportions
from detectors.shift import Sample, kurtosis_of_cells, mean_shift, sample, std_shift
from service.evaluation.result import Result
from tests.evaluation.scene import EVERY_METRIC, draw, profile_of, seen, window_of

Expected = dict[tuple[str, str, str], tuple[float, float]]
"""Value and p-value by metric, feature and slice."""


def uneven(rng: np.random.Generator, n: int, drift: float) -> Reference:
    """Slices that differ in everything: in the eu x0 is long-tailed, x1 has ties, and c0 is one-sided."""
    records = draw(rng, n)
    eu = records.slices["region=eu"]
    numeric = records.numeric.copy()
    numeric[eu, 0] = rng.standard_exponential(len(eu)) * 3 + drift
    numeric[eu, 1] = rng.poisson(1.5 + drift, len(eu))
    numeric[rng.random(n) < 0.1 + drift / 10, 1] = np.nan
    names = np.array(records.categorical[0])
    names[eu] = rng.choice(["a", "z"], len(eu), p=[0.995, 0.005])
    return replace(records, numeric=numeric, categorical=[names.tolist()])


def samples(profile: Profile, field: int, *rows: Rows) -> Iterator[Sample]:
    for row in rows:
        yield sample(profile.layout.values(row, field).sum(), *profile.layout.moments(row, field))


def of_groups(name: str, part: str, a: Rows, b: Rows) -> Expected:
    shared = float(psi(a, b).p_value)
    smoothed = ((side[(a > 0) | (b > 0)] + 0.5) for side in (a, b))
    p, q = (side / side.sum() for side in smoothed)
    most, tested = linf(a, b), chi2(a, b)
    return {
        ("js", name, part): (float(distance.jensenshannon(p, q, base=2)), shared),
        ("hellinger", name, part): (float(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)), shared),
        ("linf", name, part): (float(np.abs(a / a.sum() - b / b.sum()).max()), float(most.p_value)),
        ("chi2", name, part): (float(tested.value), float(tested.p_value)),
    }


def of_field(profile: Profile, i: int, part: str, reference: Rows, window: Rows) -> Expected:
    layout, field = profile.layout, profile.layout.judged[i]
    a, b = layout.values(reference, i), layout.values(window, i)
    groups = field_groups(field, a)
    index = psi(group_counts(a, groups), group_counts(b, groups, int(groups.max()) + 1))
    missing = [layout.state(row, i, "null") + layout.state(row, i, "absent") for row in (window, reference)]
    records = [row[layout.starts[i] : layout.starts[i + 1]].sum() for row in (window, reference)]
    p = two_proportions(*(np.array(x) for x in (missing[0], records[0], missing[1], records[1])))
    expected: Expected = {
        ("psi", field.name, part): (float(index.value), float(index.p_value)),
        **of_groups(
            field.name, part, group_counts(a, groups), group_counts(b, groups, int(groups.max()) + 1)
        ),
        ("missing_ratio", field.name, part): (missing[0] / records[0], float(p)),
    }
    if isinstance(field, NumericField):
        known, new = samples(profile, i, reference, window)
        D = ks(a, b)
        mean, std = mean_shift(known, new), std_shift(known, new, kurtosis_of_cells(field, a, known))
        expected["ks", field.name, part] = (float(D.lower), float(D.p_value))
        expected["mean_shift", field.name, part] = (float(mean.value), float(mean.p_value))
        expected["std_shift", field.name, part] = (float(std.value), float(std.p_value))
    return expected


@pytest.mark.parametrize("drift", [0.0, 0.2])
def test_each_line_is_what_its_slice_and_feature_give_alone(rng: np.random.Generator, drift: float) -> None:
    profile = profile_of(uneven(rng, 20_000, 0.0))
    records = uneven(rng, 3_000, drift)
    window = window_of(profile, records)
    found = {
        (line.metric, line.feature, line.slice): line
        for line in seen(profile, records, *EVERY_METRIC).results
    }
    for part, row in zip(window.slices, window.totals, strict=True):
        reference = profile.totals[profile.row[part]]
        for i in range(len(profile.layout.judged)):
            for key, expected in of_field(profile, i, part, reference, row).items():
                assert (found[key].value, found[key].p_value) == pytest.approx(expected, rel=1e-9), key


def test_the_family_of_tests_is_every_line_that_has_a_p_value(rng: np.random.Generator) -> None:
    profile = profile_of(uneven(rng, 20_000, 0.0))
    lines = seen(profile, uneven(rng, 3_000, 0.2), *EVERY_METRIC).results
    tests: list[Result] = [line for line in lines if line.p_value is not None]
    adjusted = benjamini_hochberg(np.array([line.p_value for line in tests], np.float64))
    assert [line.p_adjusted for line in tests] == adjusted.tolist()
    untested = {"traffic", "mean", "std"}
    without_their_totals = {"wasserstein", "reconstruction_error"}
    silent = {line.metric for line in lines} - {line.metric for line in tests}
    assert silent == untested | without_their_totals
