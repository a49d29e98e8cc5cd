"""Groups of a field's value cells, on which PSI is computed; they depend on the reference alone.

Numeric cells are joined to about ten groups of equal reference mass, categories that are rare in the
reference to one. So the groups are frozen by the profile, each slice has its own, and no window can move
them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.fields import Judged, NumericField

Counts = NDArray[np.int64]
Groups = NDArray[np.integer[Any]]
"""Integers [..., C]: the group of each cell, numbered from 0 without gaps."""

DECILES = 10
"""Groups of a numeric field, unless ties leave fewer."""

RARE_SHARE = 0.01
"""A category with a smaller share of the reference is pooled with the unseen ones."""


def field_groups(field: Judged, reference: Counts) -> Groups:
    """The groups of a field's value cells, int64[..., C]: deciles of numbers, categories that are not
    rare.
    """
    return decile_groups(reference) if isinstance(field, NumericField) else category_groups(reference)


def decile_groups(reference: Counts, groups: int = DECILES) -> Groups:
    """Neighbouring cells joined to groups of about equal reference mass.

    Cuts are made where the cumulative count is nearest to a multiple of a ``groups``-th, never within a cell,
    so that ties stay together; every group holds reference mass. When a single cell holds all of it, that
    cell is a group, and what lies below and above are two more; without any mass there is one group.

    Parameters
    ----------
    reference
        int64[..., C]: counts of the value cells, in the order of values.

    Returns
    -------
    int64[..., C]

    >>> decile_groups(np.array([0, 10, 10, 10, 10, 0]), 2).tolist()
    [0, 0, 0, 1, 1, 1]
    >>> decile_groups(np.array([0, 97, 2, 1, 0])).tolist()  # a spike
    [0, 0, 1, 1, 1]
    >>> decile_groups(np.array([0, 50, 0])).tolist()  # a constant
    [0, 1, 2]
    """
    cells = reference.shape[-1]
    if cells == 1:
        return np.zeros(reference.shape, np.int64)
    upto = np.cumsum(reference, axis=-1)
    total = upto[..., -1:]
    upto = upto[..., :-1]
    inside = (upto > 0) & (upto < total)
    cut = np.zeros(upto.shape, bool)
    for k in range(1, groups):
        distance = np.where(inside, np.abs(groups * upto - k * total), np.iinfo(np.int64).max)
        np.put_along_axis(cut, distance.argmin(axis=-1, keepdims=True), values=True, axis=-1)
    place = np.arange(cells - 1)
    only = reference.argmax(axis=-1)[..., None]
    around = ((place == only - 1) | (place == only)) & (total > 0)
    cut = np.where(inside.any(axis=-1, keepdims=True), cut, around)
    return np.concatenate((np.zeros_like(total), np.cumsum(cut, axis=-1)), axis=-1)


def category_groups(reference: Counts, rare_share: float = RARE_SHARE) -> Groups:
    """A group for each category that is not rare in the reference; the last is for rare and unseen ones.

    Parameters
    ----------
    reference
        int64[..., K + 1]: counts of the categories, then of the unseen ones.

    Returns
    -------
    int64[..., K + 1]

    >>> category_groups(np.array([600, 3, 396, 1])).tolist()
    [0, 2, 1, 2]
    """
    common = (reference > 0) & (reference >= rare_share * reference.sum(axis=-1, keepdims=True))
    common[..., -1] = False
    return np.where(common, np.cumsum(common, axis=-1) - 1, common.sum(axis=-1, keepdims=True))


def group_counts(counts: Counts, groups: Groups, size: int | None = None) -> Counts:
    """Counts summed by group.

    Parameters
    ----------
    counts, groups
        int64[..., C] of the same shape; counts below 2**53.
    size
        Groups in the result; default: the most that any row has. Rows with fewer are filled up with zeros.

    Returns
    -------
    int64[..., size]

    >>> group_counts(np.array([[1, 2, 3], [4, 5, 6]]), np.array([[0, 0, 1], [0, 1, 2]])).tolist()
    [[3, 3, 0], [4, 5, 6]]
    """
    assert counts.shape == groups.shape, "a group a cell"
    size = int(groups.max(initial=0)) + 1 if size is None else size
    lead = counts.shape[:-1]
    rows = np.arange(int(np.prod(lead, dtype=np.int64))).reshape((*lead, 1))
    positions = (rows * size + groups).ravel()
    sums = np.bincount(positions, weights=counts.ravel(), minlength=rows.size * size)
    return sums.astype(np.int64).reshape((*lead, size))
