"""Which slices make a change: each metric as the mean of a score, parted by slices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.concentration import concentrated, shares_of_change
from detectors.groups import field_groups, group_counts
from detectors.shares import smoothed_shares
from service.evaluation.frame import Frame
from service.evaluation.ratios import rate_of
from service.evaluation.result import SliceShare

Floats = NDArray[np.float64]
Sums = tuple[Floats, Floats]
"""Of one score and S slices in reference and window, with ``all`` first: how many records, and its sum."""

SLICES = 3
"""So many slices are named."""

OF_GROUPS = frozenset({"psi", "js", "hellinger", "linf", "chi2"})
OF_CELLS = frozenset({"ks"})
OF_MEANS = frozenset({"mean_shift", "mean", "wasserstein"})
OF_SPREADS = frozenset({"std_shift", "std"})


def slice_shares(frame: Frame, feature: str, metric: str) -> tuple[SliceShare, ...]:
    """The slices that make most of a change on all the traffic, and more of it than their own traffic would.

    Dimensions are looked at one by one, and what stands out furthest comes first. Nothing comes of a change
    that is everywhere alike, nor of metrics that are no mean (traffic, latency, reconstruction error).
    """
    sums = _sums(frame, feature, metric)
    if sums is None:
        return ()
    (m, reference), (n, window) = sums
    if not (m[0] > 0 and n[0] > 0):
        return ()
    found = []
    for places in _dimensions(frame.slices).values():
        # What lacks the tag is in no slice of the dimension, and is a part like any other.
        own = np.array(places)
        before, now = _with_rest(reference, own), _with_rest(window, own)
        shares = shares_of_change(before, now, m[0], n[0])
        found += [
            SliceShare(frame.slices[own[part.place]], part.share_of_change, part.share_of_records)
            for part in concentrated(shares[:-1], n[own] / n[0])
        ]
    found.sort(key=lambda part: (part.of_records - part.of_change, part.slice))
    return tuple(found[:SLICES])


def _with_rest(score: Floats, places: NDArray[np.int64]) -> Floats:
    return np.append(score[places], score[0] - score[places].sum())


def _dimensions(slices: Sequence[str]) -> Mapping[tuple[str, ...], list[int]]:
    """The slices of each dimension, by the tags in their names."""
    dimensions: dict[tuple[str, ...], list[int]] = {}
    for place, name in enumerate(slices[1:], 1):
        tags = tuple(part.split("=", 1)[0] for part in name.split(","))
        dimensions.setdefault(tags, []).append(place)
    return dimensions


def _sums(frame: Frame, feature: str, metric: str) -> tuple[Sums, Sums] | None:
    """Records and sums of the metric's score on each slice, in reference and window."""
    place = frame.layout.index.get(feature)
    if place is not None and metric in OF_GROUPS | OF_CELLS:
        reference, window = frame.values(place)
        score = _group_score(frame, place, metric) if metric in OF_GROUPS else _cell_score(frame, place)
        return _scored(reference, score), _scored(window, score)
    if place is not None and metric in OF_MEANS | OF_SPREADS:
        pairs = list(_moments(frame, place, spread=metric in OF_SPREADS))
        return pairs[0], pairs[1]
    before, now = (rate_of(frame, rows, feature, metric) for rows in (frame.reference, frame.totals))
    if before is None or now is None:
        return None
    return (_floats(before.n), _floats(before.successes)), (_floats(now.n), _floats(now.successes))


def _scored(counts: NDArray[np.int64], score: Floats) -> Sums:
    return _floats(counts.sum(axis=-1)), counts @ score


def _group_score(frame: Frame, place: int, metric: str) -> Floats:
    """What a record's cell adds to the distance: its group's term of a sum, or its group alone."""
    reference, window = (counts[0] for counts in frame.values(place))
    groups = field_groups(frame.layout.judged[place], reference)
    a, b = (group_counts(counts, groups) for counts in (reference, window))
    p, q, held = smoothed_shares(a, b)
    if metric == "linf":
        most = int(np.argmax(np.abs(a / max(a.sum(), 1) - b / max(b.sum(), 1))))
        score = np.where(np.arange(len(a)) == most, 1.0, 0.0)
    else:
        score = np.where(held, np.log(q / p), 0.0)
    of_cells: Floats = score[groups]
    return of_cells


def _cell_score(frame: Frame, place: int) -> Floats:
    """1 up to the edge at which the cumulative shares differ most."""
    F, G = (np.cumsum(counts[0]) / max(counts[0].sum(), 1) for counts in frame.values(place))
    return np.where(np.arange(len(F)) <= int(np.argmax(np.abs(F - G))), 1.0, 0.0)


def _moments(frame: Frame, place: int, *, spread: bool) -> Iterator[Sums]:
    """Values and their sums, or for a spread the sums of their squared distance from the window's mean."""
    own = [
        (_floats(counts.sum(axis=-1)), *map(_floats, frame.layout.moments(rows, place)))
        for counts, rows in zip(frame.values(place), (frame.reference, frame.totals), strict=True)
    ]
    n, total, _ = own[1]
    mean = total[0] / max(n[0], 1.0)
    for n, total, squares in own:
        yield n, squares - 2 * mean * total + mean * mean * n if spread else total


def _floats(counts: NDArray[np.int64]) -> Floats:
    return counts.astype(np.float64)
