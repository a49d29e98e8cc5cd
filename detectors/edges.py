"""Edges of a numeric field's cells: quantiles of the reference, frozen before anything else is counted.

A value that holds many of the records gets a cell of its own, so that a spike (the zeros of a rarely used
counter) is compared by itself, and the other cells share the rest evenly. When the reference has no more
distinct values than there are bins, each is an edge, and statistics on the cells are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LARGEST = float(np.finfo(np.float64).max)
"""Stands for an end that nothing bounds."""

SMALLEST_SCALE = 1e-300
"""A smaller standard deviation counts as none: the grid's unit, its inverse, would not be finite."""


@dataclass(frozen=True, eq=False)
class Distinct:
    """The finite values of a column, each once.

    Attributes
    ----------
    values
        float64[D], strictly increasing; -0.0 is 0.0.
    counts
        int64[D]: how often each came.
    """

    values: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, column: NDArray[np.float64]) -> Distinct:
        """Sort and count a column; NaN and infinities are left out.

        >>> Distinct.of(np.array([2.0, 1.0, np.nan, 2.0]))
        Distinct(values=array([1., 2.]), counts=array([1, 2]))
        """
        values, counts = np.unique(column[np.isfinite(column)] + 0.0, return_counts=True)
        return cls(values, counts.astype(np.int64))


def quantile_edges(
    values: NDArray[np.float64], bins: int, minimum: float | None = None, maximum: float | None = None
) -> NDArray[np.float64]:
    """Edges at quantiles of the reference, with a cell of their own for values out of range on either side.

    Without a declared range the range is the reference's own: the first edge is the number just below its
    smallest value, the last edge its largest value. A declared end takes the place of the reference's, which
    stays as an edge within. With neither values nor a declared end, a side is open.

    Parameters
    ----------
    values
        float64[N], in any order; NaN and infinities are ignored.
    bins
        At most so many cells hold the reference's values, at least 1.
    minimum, maximum
        The declared range, both ends valid values.

    Returns
    -------
    float64[E]
        Strictly increasing and finite, for :class:`~detectors.fields.NumericField`; ``E ≤ bins + 3``.

    Raises
    ------
    ValueError
        When the declared range is empty or one of its ends is not finite.

    Notes
    -----
    The most negative double has no number below it, so it counts as out of range.

    >>> quantile_edges(np.array([1.0, 2.0, 2.0, 5.0]), 10)[1:].tolist()
    [1.0, 2.0, 5.0]
    >>> quantile_edges(np.array([1.0, 2.0, 2.0, 5.0]), 10, maximum=9.0)[1:].tolist()
    [1.0, 2.0, 5.0, 9.0]
    """
    return edges_of(Distinct.of(values), bins, minimum, maximum)


def edges_of(
    distinct: Distinct, bins: int, minimum: float | None = None, maximum: float | None = None
) -> NDArray[np.float64]:
    """:func:`quantile_edges` of values that are already sorted and counted.

    Parameters
    ----------
    bins, minimum, maximum
        As there.

    Raises
    ------
    ValueError
        When the declared range is empty.

    >>> edges_of(Distinct.of(np.array([1.0, 2.0, 3.0, 4.0])), 2, None, None).tolist()
    [0.9999999999999999, 2.0, 4.0]
    """
    assert bins >= 1, "a field has at least one bin"
    low = -LARGEST if minimum is None else float(minimum)
    high = LARGEST if maximum is None else float(maximum)
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(
            f"the declared range {low:g} to {high:g} holds no number, so every value would be out of range; "
            "declare a finite minimum that is at most the maximum"
        )
    inside = (distinct.values >= low) & (distinct.values <= high)
    values, counts = distinct.values[inside], distinct.counts[inside]
    cuts = values[_cuts(counts, bins)]
    lowest = values[:1] if minimum is None and len(values) else np.array([low])
    highest = cuts[-1:] if maximum is None and len(values) else np.array([high])
    return np.unique(np.concatenate([_below(lowest), _below(values[:1]), cuts, highest]))


def centre_and_scale(distinct: Distinct) -> tuple[float, float]:
    """Mean and population standard deviation of the values; the scale is 1 when there is no spread.

    Sums are exact (Shewchuk 1997, by ``math.fsum``) and taken in units of a power of two, so that neither the
    order of the values changes them nor their size overflows them.

    >>> centre_and_scale(Distinct.of(np.array([1e308, -1e308, np.nan])))
    (0.0, 1e+308)
    >>> centre_and_scale(Distinct.of(np.array([7.0, 7.0])))
    (7.0, 1.0)
    """
    if not len(distinct.values):
        return 0.0, 1.0
    total = int(distinct.counts.sum())
    exponent = math.frexp(max(abs(float(distinct.values[0])), abs(float(distinct.values[-1]))))[1]
    scaled = np.ldexp(distinct.values, -exponent)
    mean = math.fsum((scaled * distinct.counts).tolist()) / total
    mean = min(max(mean, float(scaled[0])), float(scaled[-1]))
    variance = math.fsum((np.square(scaled - mean) * distinct.counts).tolist()) / total
    scale = math.ldexp(math.sqrt(variance), exponent)
    return math.ldexp(mean, exponent), scale if scale >= SMALLEST_SCALE else 1.0


def _below(values: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        return np.maximum(np.nextafter(values, -np.inf), -LARGEST)


def _cuts(counts: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    """The places of the distinct values that end a bin; the last value always does.

    Heavy values have a bin of their own. The light ones between two heavy ones are a run, and the runs share
    the bins that are left, at least one each as long as there are enough; a run without one joins the heavy
    value after it.
    """
    if len(counts) <= bins:
        return np.arange(len(counts))
    heavy = _heavy(counts, bins)
    light = np.where(heavy, 0, counts)
    upto = np.cumsum(light)
    stops = [*np.flatnonzero(heavy).tolist(), len(counts)]
    left, start = bins - len(stops) + 1, 0
    runs = sum(after > before + 1 for before, after in zip([-1, *stops], stops, strict=False))
    ends: list[int] = []
    for stop in stops:
        if start < stop:
            runs -= 1
            run = _run_ends(upto, start, stop, left, left - runs)
            left -= len(run)
            ends += run
        ends.append(stop)
        start = stop + 1
    # The last stop is beyond the last value, which ends its bin in any case.
    return np.unique(np.append(ends[:-1], len(counts) - 1))


def _heavy(counts: NDArray[np.int64], bins: int) -> NDArray[np.bool_]:
    """bool[D]: values that alone fill the even share of a bin, when such values have bins of their own."""
    heavy = np.zeros(len(counts), dtype=np.bool_)
    while True:
        share = counts[~heavy].sum() / (bins - np.count_nonzero(heavy))
        more = ~heavy & (counts >= share)
        if not more.any():
            return heavy
        heavy |= more


def _run_ends(upto: NDArray[np.int64], start: int, stop: int, left: int, own: int) -> list[int]:
    """The ends of the bins of one run, at most ``own``; each takes its even share among all ``left`` bins.

    Parameters
    ----------
    upto
        int64[D]: how many light records lie at or below each value.
    start, stop
        The run's values, half-open.
    """
    ends: list[int] = []
    last = stop - 1
    while start < stop and len(ends) < own:
        done = int(upto[start - 1]) if start else 0
        share = (int(upto[-1]) - done) / (left - len(ends))
        end = min(int(np.searchsorted(upto, done + share, side="left")), last)
        ends.append(last if len(ends) == own - 1 else end)
        start = ends[-1] + 1
    return ends
