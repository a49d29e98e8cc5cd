"""Contributions: which groups make a PSI, in words a reader of an alert understands."""

import numpy as np
import pytest

from detectors.building import Reference, build_profile, count
from detectors.contribution import top_contributions
from detectors.layout import COUNTERS, Rows
from detectors.profile import Profile


def reference_of(numbers: np.ndarray, names: list[str]) -> Reference:
    return Reference(
        ("age",), numbers[:, None], ("state",), [names], np.ones((len(names), len(COUNTERS)), np.int64)
    )


def profile_of(numbers: np.ndarray, names: list[str]) -> Profile:
    return build_profile("credit", "7", reference_of(numbers, names)).profile


def row_of(profile: Profile, numbers: np.ndarray, names: list[str]) -> Rows:
    row: Rows = count(profile.layout, reference_of(numbers, names), ("all",))[0]
    return row


AGES = np.arange(1000.0)
STATES = ["CA"] * 600 + ["NY"] * 395 + ["WA"] * 5


def test_the_group_that_grew_comes_first_with_its_range_and_direction() -> None:
    profile = profile_of(AGES, STATES)
    window = row_of(profile, np.concatenate([AGES, np.full(500, 950.0)]), [*STATES, *["CA"] * 500])
    first, *rest = top_contributions(profile, "age", profile.totals[0], window)
    assert first.label == "> 899"
    assert first.direction == "more"
    assert (first.reference_share, first.window_share) == (0.1, 0.4)
    assert first.share_of_psi > max(part.share_of_psi for part in rest)
    assert {part.direction for part in rest} == {"fewer"}


def test_shares_of_all_groups_sum_to_one() -> None:
    profile = profile_of(AGES, STATES)
    window = row_of(profile, AGES * 0.9, STATES)
    parts = top_contributions(profile, "age", profile.totals[0], window, k=100)
    assert sum(part.share_of_psi for part in parts) == pytest.approx(1.0)
    assert len(parts) == 10


def test_categories_are_named_and_unseen_ones_are_pooled_with_rare_ones() -> None:
    profile = profile_of(AGES, STATES)
    window = row_of(profile, AGES, ["CA"] * 300 + ["NY"] * 395 + ["TX"] * 305)
    parts = top_contributions(profile, "state", profile.totals[0], window)
    assert [part.label for part in parts] == ["rare or unseen (WA)", "CA"]
    assert parts[0].window_share == 0.305


def test_equal_or_empty_windows_have_nothing_to_explain() -> None:
    profile = profile_of(AGES, STATES)
    for window in (profile.totals[0], profile.layout.zeros(1)[0]):
        assert top_contributions(profile, "age", profile.totals[0], window) == ()
        assert top_contributions(profile, "state", profile.totals[0], window) == ()


def test_an_unknown_field_is_a_mistake_of_the_caller() -> None:
    profile = profile_of(AGES, STATES)
    with pytest.raises(KeyError):
        top_contributions(profile, "height", profile.totals[0], profile.totals[0])
