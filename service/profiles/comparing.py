"""Two profiles side by side: what the reference was, and what it has become.

Each profile has edges of its own, so counts cannot be compared cell by cell. What each knows exactly are the
shares up to its own edges, which bound the distance between the distributions from below and from above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.layout import COUNTERS
from detectors.profile import Profile
from service.profiles.summary import CategoricalSummary, NumericSummary, summarise


@dataclass(frozen=True, eq=False)
class NumericChange:
    """A numeric field in both profiles.

    Attributes
    ----------
    ks_lower, ks_upper
        The Kolmogorov-Smirnov distance lies between them; NaN without values.
    mean_shift
        Difference of means in standard deviations of the first; NaN when that is 0.
    std_ratio
        Standard deviation of the second over that of the first.
    """

    before: NumericSummary
    after: NumericSummary
    ks_lower: float
    ks_upper: float
    mean_shift: float
    std_ratio: float


@dataclass(frozen=True, eq=False)
class CategoricalChange:
    """A categorical field in both profiles.

    Attributes
    ----------
    added, removed
        Categories with a cell in one profile alone.
    total_variation
        Half the sum of the differences of shares; NaN without values.
    largest
        The category whose share changed most, and its two shares; ``""`` stands for the unseen ones.
    """

    before: CategoricalSummary
    after: CategoricalSummary
    added: tuple[str, ...]
    removed: tuple[str, ...]
    total_variation: float
    largest: tuple[str, float, float]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything that differs, by field in the order of the second profile."""

    numeric: tuple[NumericChange, ...]
    categorical: tuple[CategoricalChange, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    retyped: tuple[str, ...]
    slices_added: tuple[str, ...]
    slices_removed: tuple[str, ...]
    counters: dict[str, tuple[int, int]]


def compare(before: Profile, after: Profile) -> Comparison:
    """Compare the whole traffic (slice ``all``) of two profiles."""
    old = {summary.name: summary for summary in summarise(before)}
    new = {summary.name: summary for summary in summarise(after)}
    pairs = [(old[name], new[name]) for name in new if name in old]
    return Comparison(
        numeric=tuple(
            numeric_change(a, b)
            for a, b in pairs
            if isinstance(a, NumericSummary) and isinstance(b, NumericSummary)
        ),
        categorical=tuple(
            categorical_change(a, b)
            for a, b in pairs
            if isinstance(a, CategoricalSummary) and isinstance(b, CategoricalSummary)
        ),
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        retyped=tuple(a.name for a, b in pairs if type(a) is not type(b)),
        slices_added=tuple(name for name in after.slices if name not in before.row),
        slices_removed=tuple(name for name in before.slices if name not in after.row),
        counters={
            name: (int(before.totals[0, place]), int(after.totals[0, place]))
            for place, name in enumerate(COUNTERS)
        },
    )


def numeric_change(before: NumericSummary, after: NumericSummary) -> NumericChange:
    """What became of a numeric field."""
    lower, upper = ks_bounds(before, after)
    spread = before.std
    known = spread > 0
    return NumericChange(
        before,
        after,
        lower,
        upper,
        (after.mean - before.mean) / spread if known else float("nan"),
        after.std / spread if known else float("nan"),
    )


def ks_bounds(a: NumericSummary, b: NumericSummary) -> tuple[float, float]:
    """Bounds of sup |F − G|, when each is known at its own edges and rises in between.

    At any number, a distribution is at least its share up to the edge before and at most its share up to the
    edge after. NaN when either has no values or no edges.
    """
    if not (a.values and b.values and len(a.edges) and len(b.edges)):
        return float("nan"), float("nan")
    points = np.union1d(a.edges, b.edges)
    (a_low, a_high), (b_low, b_high) = _between(a, points), _between(b, points)
    lower = max(0.0, float((a_low - b_high).max()), float((b_low - a_high).max()))
    # Between two neighbouring points: from the low side of the left one to the high side of the right one.
    lefts = [np.concatenate(([0.0], low)) for low in (a_low, b_low)]
    rights = [np.concatenate((high, [1.0])) for high in (a_high, b_high)]
    upper = max(float((rights[0] - lefts[1]).max()), float((rights[1] - lefts[0]).max()))
    return lower, upper


def categorical_change(before: CategoricalSummary, after: CategoricalSummary) -> CategoricalChange:
    """What became of a categorical field."""
    old, new = _shares(before), _shares(after)
    names = list(dict.fromkeys([*new, *old]))
    gaps = {name: abs(new.get(name, 0.0) - old.get(name, 0.0)) for name in names}
    largest = max(names, key=lambda name: (gaps[name], name))
    known = before.values and after.values
    return CategoricalChange(
        before,
        after,
        added=tuple(name for name in after.categories if name not in set(before.categories)),
        removed=tuple(name for name in before.categories if name not in set(after.categories)),
        total_variation=sum(gaps.values()) / 2 if known else float("nan"),
        largest=(largest, old.get(largest, 0.0), new.get(largest, 0.0)),
    )


def _between(
    summary: NumericSummary, points: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The least and the greatest share of values at or below each point, float64[P] each."""
    upto = np.cumsum(summary.cells) / summary.values
    before = np.searchsorted(summary.edges, points, side="right")
    after = np.searchsorted(summary.edges, points, side="left")
    return np.concatenate(([0.0], upto))[before], upto[after]


def _shares(summary: CategoricalSummary) -> dict[str, float]:
    counted = dict(zip((*summary.categories, ""), summary.cells.tolist(), strict=True))
    return {name: count / max(summary.values, 1) for name, count in counted.items()}
