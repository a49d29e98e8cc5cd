"""Which groups of values make a feature's PSI: the beginning of an explanation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.fields import CategoricalField, Judged, NumericField
from detectors.groups import Groups, field_groups, group_counts
from detectors.layout import Rows
from detectors.profile import Profile
from detectors.psi import psi_terms

LABEL_CATEGORIES = 3
"""So many categories are named in the label of a pooled group; then it says how many more."""


class Contribution(NamedTuple):
    """One group's part in a PSI.

    Attributes
    ----------
    label
        The group's range of values, or its category.
    reference_share, window_share
        The group's share of the values in reference and window, as counted.
    share_of_psi
        Its term of the sum over the whole sum, in [0, 1].
    """

    label: str
    reference_share: float
    window_share: float
    share_of_psi: float

    @property
    def direction(self) -> str:
        """Whether the window has ``more`` or ``fewer`` values in the group than the reference."""
        return "more" if self.window_share > self.reference_share else "fewer"


def top_contributions(
    profile: Profile, field: str, reference_row: Rows, window_row: Rows, k: int = 3
) -> tuple[Contribution, ...]:
    """The groups that make most of a feature's PSI, largest first.

    Parameters
    ----------
    field
        Name of a field of the profile.
    reference_row, window_row
        int64[row size]: totals of one slice, in the profile's layout.
    k
        At most so many.

    Returns
    -------
    tuple
        Empty when reference or window holds no value of the field, or their shares are equal.

    Raises
    ------
    KeyError
        When the profile has no such field.

    Notes
    -----
    Terms are those of :func:`detectors.psi.psi`: each is positive, and they sum to the index.
    """
    place = profile.layout.index[field]
    what = profile.layout.judged[place]
    reference, window = profile.layout.values(reference_row, place), profile.layout.values(window_row, place)
    groups = field_groups(what, reference)
    size = int(groups.max()) + 1
    a, b = group_counts(reference, groups, size), group_counts(window, groups, size)
    m, n = int(a.sum()), int(b.sum())
    if not m or not n:
        return ()
    terms = psi_terms(a, b)
    if not terms.sum() > 0:
        return ()
    best = np.argsort(-terms, kind="stable")[:k]
    return tuple(
        Contribution(
            _label(what, groups, int(i)), float(a[i] / m), float(b[i] / n), float(terms[i] / terms.sum())
        )
        for i in best
        if terms[i] > 0
    )


def _label(field: Judged, groups: Groups, group: int) -> str:
    cells = np.flatnonzero(groups == group)
    if isinstance(field, NumericField):
        return range_label(field, int(cells[0]), int(cells[-1]))
    return _category_label(field, cells)


def range_label(field: NumericField, first: int, last: int) -> str:
    """The values in a run of value cells, in words.

    >>> field = NumericField("age", np.array([np.nextafter(0.0, -1.0), 0.0, 10.0, 20.0]))
    >>> [range_label(field, *cells) for cells in ((0, 0), (0, 2), (1, 1), (2, 3), (3, 4), (0, 4))]
    ['< 0', '<= 10', '0', '0 to 20', '> 10', 'any']
    """
    edges = field.edges
    low = None if first == 0 else float(edges[first - 1])
    high = None if last == len(edges) else float(edges[last])
    if low is None and high is None:
        return "any"
    if low is None:
        assert high is not None
        # The first edge is the number just below the smallest valid value.
        return f"< {np.nextafter(high, np.inf) + 0.0:.6g}" if last == 0 else f"<= {high:.6g}"
    if high is None:
        return f"> {low:.6g}"
    return f"{high:.6g}" if np.nextafter(low, np.inf) == high else f"{low:.6g} to {high:.6g}"


def _category_label(field: CategoricalField, cells: NDArray[np.int64]) -> str:
    names = [field.categories[i] for i in cells if i < len(field.categories)]
    if len(cells) == len(names):
        return ", ".join(names)
    if not names:
        return "unseen"
    named, rest = names[:LABEL_CATEGORIES], len(names) - LABEL_CATEGORIES
    return "rare or unseen (" + ", ".join(named) + (f" and {rest} more" if rest > 0 else "") + ")"
