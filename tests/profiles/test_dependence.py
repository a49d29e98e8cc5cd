"""What a profile says of its dependence: how strong, where, and when the reference is too short to tell."""

from dataclasses import replace

import numpy as np
import pytest

from service.profiles.dependence import dependence_advice, dependence_line, dependences, feature_line
from service.profiles.from_batches import profile_from_batches
from tests.profiles.test_calibrating import MODEL, stream


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    # Fixed, since one fit in a hundred takes chance for dependence.
    return np.random.default_rng(20)


def test_the_most_dependent_features_are_named_first(rng: np.random.Generator) -> None:
    profile = profile_from_batches(MODEL, "1", [stream(rng)])
    found = dependences(profile)
    assert found is not None
    assert [each.feature for each in found][::2] == ["x", "prediction"]
    line = dependence_line(profile)
    assert line.startswith("dependence: records that say as much as one independent record: x ")
    assert "prediction" not in line
    assert "shares" in feature_line(profile, "all", "x")
    assert list(dependence_advice(profile)) == []


def test_independent_records_are_said_to_be_so(rng: np.random.Generator) -> None:
    whole = stream(rng)
    profile = profile_from_batches(MODEL, "1", [replace(whole, event_ms=rng.permutation(whole.event_ms))])
    assert "none found" in dependence_line(profile)


def test_a_reference_too_short_for_its_waves_is_told(rng: np.random.Generator) -> None:
    whole = stream(rng)
    numeric = whole.numeric.copy()
    numeric[:, 0] += np.sin(2 * np.pi * np.arange(len(whole)) / len(whole))
    profile = profile_from_batches(MODEL, "1", [replace(whole, numeric=numeric)])
    (advice,) = dependence_advice(profile)
    assert "still grows" in advice
    assert "(x)" in advice
    assert "longer" in advice


def test_too_few_rows_and_switching_off_are_said(rng: np.random.Generator) -> None:
    few = profile_from_batches(MODEL, "1", [stream(rng, 39)])
    assert "too few values" in dependence_line(few)
    assert "too few values" in feature_line(few, "all", "x")
    assert "too few rows" in next(dependence_advice(few))
    off = replace(few, calibration=None)
    assert "not measured" in dependence_line(off)
    assert feature_line(off, "all", "x") == dependence_line(off)
    assert list(dependence_advice(off)) == []
