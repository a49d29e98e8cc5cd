"""What one field looks like in the reference and now: counts by bar, ready to be drawn or sent.

Numeric bars are runs of whole cells of the profile, joined until they are wide enough to see, so every count
is exact. Cells far out, whose width says nothing of where their values lie, become the two open tails. Where
the profile has few cells, as for small integers, each is a bar.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.edges import LARGEST
from detectors.fields import CategoricalField, NumericField
from detectors.layout import Layout, Rows
from service.events.schema import ACTUAL
from service.windows.closed import ClosedWindow

BARS = 40
"""A numeric bar is at least this part of the drawn range wide."""

DISCRETE = 26
"""With at most so many edges each cell is a bar."""

CATEGORIES = 16
"""Categories drawn one by one; the rest are one bar."""

_STATES = ("null", "absent", "invalid")


class Bar(msgspec.Struct, frozen=True, gc=False):
    """Counts of one range or category; ``lower`` and ``upper`` are None where a range is open."""

    label: str
    current: int
    reference: int | None
    lower: float | None = None
    upper: float | None = None


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """A field on one slice in one window, beside its reference.

    ``kind`` is ``categorical``, ``numeric`` (bars as wide as their range) or ``discrete`` (numeric, each cell
    a bar). ``states`` count what is no value (``null``, ``absent``, ``invalid``); ``n`` and ``reference_n``
    are the values counted in ``bars``. ``reference_slice`` is None without a reference.
    """

    feature: str
    slice: str
    kind: str
    n: int
    reference_n: int | None
    reference_slice: str | None
    bars: tuple[Bar, ...]
    states: tuple[Bar, ...]


def distribution(window: ClosedWindow, feature: str, slice_name: str) -> Distribution | None:
    """The distribution of a field, or of ``actual``, on a slice; None where nothing of it is counted."""
    if slice_name not in window.slices:
        return None
    current = window.totals[window.slices.index(slice_name)]
    profile = window.profile
    reference_slice = None
    reference = None
    if profile is not None:
        reference_slice = slice_name if slice_name in profile.row else "all"
        reference = profile.totals[profile.row[reference_slice]]
    bars: tuple[Bar, ...]
    states: tuple[Bar, ...]
    if feature == ACTUAL:
        kind, bars, states = "categorical", _actual_bars(window.layout, current, reference), ()
    elif feature in window.layout.index:
        kind, bars, states = _field_bars(window.layout, feature, current, reference)
    else:
        return None
    return Distribution(
        feature=feature,
        slice=slice_name,
        kind=kind,
        n=sum(bar.current for bar in bars),
        reference_n=None if reference is None else sum(bar.reference or 0 for bar in bars),
        reference_slice=reference_slice,
        bars=bars,
        states=states,
    )


def _field_bars(
    layout: Layout, feature: str, current: Rows, reference: Rows | None
) -> tuple[str, tuple[Bar, ...], tuple[Bar, ...]]:
    place = layout.index[feature]
    field = layout.judged[place]
    now = layout.values(current, place)
    then = None if reference is None else layout.values(reference, place)
    states = tuple(
        Bar(
            state,
            int(layout.state(current, place, state)),
            None if reference is None else int(layout.state(reference, place, state)),
        )
        for state in _STATES
    )
    if isinstance(field, CategoricalField):
        return "categorical", _category_bars(field, now, then), states
    kind = "discrete" if len(field.edges) <= DISCRETE else "numeric"
    return kind, _numeric_bars(field, now, then), states


def _actual_bars(layout: Layout, current: Rows, reference: Rows | None) -> tuple[Bar, ...]:
    def split(rows: Rows) -> tuple[int, int]:
        labels, positive = int(layout.counter(rows, "actuals")), int(layout.counter(rows, "actual_positive"))
        return positive, labels - positive

    now = split(current)
    then = (None, None) if reference is None else split(reference)
    return tuple(
        Bar(name, count, before)
        for name, count, before in zip(("positive", "negative"), now, then, strict=True)
    )


def _category_bars(field: CategoricalField, now: Rows, then: Rows | None) -> tuple[Bar, ...]:
    before = now * 0 if then is None else then
    share = now / max(int(now.sum()), 1) + before / max(int(before.sum()), 1)
    known = len(field.categories)
    drawn = set(range(known))
    if known > CATEGORIES:
        drawn = set(np.argsort(-share[:known], kind="stable")[: CATEGORIES - 1].tolist())
    rest = [i for i in range(known) if i not in drawn]

    def bar(label: str, cells: list[int]) -> Bar:
        return Bar(label, int(now[cells].sum()), None if then is None else int(then[cells].sum()))

    bars = [bar(field.categories[i], [i]) for i in sorted(drawn)]
    if rest:
        bars.append(bar(f"{len(rest)} others", rest))
    unseen = bar("unseen", [known])
    return (*bars, unseen) if unseen.current or unseen.reference or not bars else tuple(bars)


def _numeric_bars(field: NumericField, now: Rows, then: Rows | None) -> tuple[Bar, ...]:
    edges = field.edges
    starts = np.arange(field.value_cells) if len(edges) <= DISCRETE else _runs(edges)
    counts = np.add.reduceat(now, starts)
    before = None if then is None else np.add.reduceat(then, starts)
    bounds: list[float | None] = [None, *(float(edges[i - 1]) for i in starts[1:]), None]
    return tuple(
        Bar(
            _range_label(bounds[i], bounds[i + 1]),
            int(count),
            None if before is None else int(before[i]),
            bounds[i],
            bounds[i + 1],
        )
        for i, count in enumerate(counts)
    )


def _runs(edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """The first value cell of each bar; the first and the last bar are the tails."""
    first, last = drawn_range(edges)
    starts, begin = [0, first + 1], float(edges[first])
    with np.errstate(over="ignore"):
        width = float(edges[last] - edges[first]) / BARS * (1 - 1e-9)
        for i in range(first + 1, last):
            # Cell i + 1 begins at edge i: a bar ends there once it is wide enough, unless too little is left.
            if edges[i] - begin >= width and edges[last] - edges[i] >= width:
                starts.append(i + 1)
                begin = float(edges[i])
    return np.array([*starts, last + 1], dtype=np.int64)


def drawn_range(edges: NDArray[np.float64]) -> tuple[int, int]:
    """The first and last edge between which bars are drawn; what lies beyond is a tail.

    An outer cell as wide as a third of everything within it would squeeze the rest, so it joins the tail.

    >>> drawn_range(np.array([0.0, 1.0, 2.0, 3.0, 4.0, 100.0]))
    (0, 4)
    """
    first, last = int(edges[0] <= -LARGEST), len(edges) - 1 - int(edges[-1] >= LARGEST)
    with np.errstate(over="ignore"):
        for _ in range(max(1, len(edges) // 20)):
            if last - first >= 4 and edges[last] - edges[last - 1] > (edges[last - 1] - edges[first]) / 3:
                last -= 1
            if last - first >= 4 and edges[first + 1] - edges[first] > (edges[last] - edges[first + 1]) / 3:
                first += 1
    return first, last


def _range_label(lower: float | None, upper: float | None) -> str:
    if lower is None:
        return "any" if upper is None else f"≤ {upper:g}"
    return f"> {lower:g}" if upper is None else f"{lower:g} – {upper:g}"
