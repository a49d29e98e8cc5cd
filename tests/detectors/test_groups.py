"""Groups: neighbours joined to equal reference mass, ties kept together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from detectors.groups import DECILES, category_groups, decile_groups, group_counts

counts = hnp.arrays(np.int64, st.integers(2, 40), elements=st.integers(0, 500))


@given(counts)
def test_deciles_are_runs_of_neighbours_numbered_without_gaps(reference: np.ndarray) -> None:
    steps = np.diff(decile_groups(reference))
    assert decile_groups(reference)[0] == 0
    assert set(steps.tolist()) <= {0, 1}


@given(counts)
def test_there_are_at_most_ten_groups_and_each_holds_reference_mass_unless_one_cell_holds_all(
    reference: np.ndarray,
) -> None:
    groups = decile_groups(reference)
    mass = group_counts(reference, groups)
    assert len(mass) <= DECILES
    if (reference > 0).sum() > 1:
        assert len(mass) > 1
        assert mass.min() > 0


@given(counts)
def test_a_cut_is_never_further_from_its_decile_than_any_other_place(reference: np.ndarray) -> None:
    total = reference.sum()
    upto = np.cumsum(reference)[:-1]
    inside = upto[(upto > 0) & (upto < total)]
    if not len(inside):
        return
    nearest = {int(inside[np.abs(10 * inside - k * total).argmin()]) for k in range(1, 10)}
    groups = decile_groups(reference)
    cuts = {int(upto[i]) for i in np.flatnonzero(np.diff(groups))}
    assert cuts == nearest


def test_equal_cells_make_groups_of_equal_mass() -> None:
    reference = np.concatenate(([0], np.full(100, 50), [0]))
    assert group_counts(reference, decile_groups(reference)).tolist() == [500] * 10


def test_a_spike_is_a_group_of_its_own_and_its_neighbours_are_not_lost() -> None:
    #                      below  spike  above
    reference = np.array([0, 20, 960, 10, 10, 0])
    assert group_counts(reference, decile_groups(reference)).tolist() == [20, 960, 20]


def test_a_constant_reference_still_has_groups_below_and_above_it() -> None:
    reference = np.array([0, 0, 70, 0, 0])
    assert decile_groups(reference).tolist() == [0, 0, 1, 2, 2]


def test_an_empty_reference_has_one_group() -> None:
    assert decile_groups(np.zeros(7, np.int64)).tolist() == [0] * 7


def test_each_row_has_groups_of_its_own() -> None:
    rows = np.random.default_rng().multinomial(1000, np.full(30, 1 / 30), size=(2, 3))
    together = decile_groups(rows)
    for i in range(2):
        for j in range(3):
            assert np.array_equal(together[i, j], decile_groups(rows[i, j]))


def test_rare_categories_are_pooled_with_unseen_ones() -> None:
    #                     a    b    c    d  unseen
    reference = np.array([700, 9, 280, 10, 1])
    assert category_groups(reference).tolist() == [0, 3, 1, 2, 3]


def test_a_category_that_the_reference_lacks_is_pooled_even_when_everything_is() -> None:
    assert category_groups(np.zeros(4, np.int64)).tolist() == [0, 0, 0, 0]


@given(counts)
def test_grouping_loses_no_record(reference: np.ndarray) -> None:
    for groups in (decile_groups(reference), category_groups(reference)):
        assert group_counts(reference, groups).sum() == reference.sum()
