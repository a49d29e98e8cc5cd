"""Distributions as text: bars and lines of block characters, one cell of a terminal each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.profiles.summary import NumericSummary

_HEIGHTS = " ▁▂▃▄▅▆▇█"
_WIDTHS = " ▏▎▍▌▋▊▉█"
_NAME_MAX = 40
_NOUGHT = 1e-300
_HUGE = 1e300

SPIKE = 0.03
"""A cell with a larger share of the values is drawn, even at the end of a histogram."""


def sparkline(counts: Sequence[float] | NDArray[np.float64]) -> str:
    """A character a count, as high as its share of the largest; only nothing at all is a blank.

    >>> sparkline([0, 1, 50, 100])
    ' ▁▄█'
    """
    top = max(counts, default=0)
    if top <= 0:
        return " " * len(counts)
    return "".join(_HEIGHTS[max(int(8 * count / top), 1) if count > 0 else 0] for count in counts)


def bar(share: float, width: int) -> str:
    """A bar of ``share`` of ``width`` cells, to an eighth of a cell; only nothing at all is empty.

    >>> bar(0.5, 5), bar(0.001, 5), bar(0.0, 5)
    ('██▌', '▏', '')
    """
    eighths = min(max(round(8 * width * share), 1 if share > 0 else 0), 8 * width)
    return "█" * (eighths // 8) + (_WIDTHS[eighths % 8] if eighths % 8 else "")


def printable(text: str, width: int = _NAME_MAX) -> str:
    r"""Text from data, safe for a terminal: control characters escaped, and cut to ``width``.

    >>> printable("a\tb"), printable("abcdef", 4)
    ('a\\tb', 'abc…')
    """
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return safe if len(safe) <= width else safe[: width - 1] + "…"


def number(value: float) -> str:
    """A number as short as four digits tell it, without an exponent up to a million.

    >>> number(41.25), number(33677.6), number(3e9), number(float("nan"))
    ('41.25', '33,678', '3e+09', '–')
    """
    if np.isnan(value):
        return "–"
    if abs(value) < _NOUGHT:
        return "0"
    return f"{value:,.0f}" if 1_000 <= abs(value) < 1_000_000 else f"{value:.4g}"


def shape(summary: NumericSummary, buckets: int) -> list[float]:
    """The distribution for a sparkline: the used cells when they are few, else evenly spaced buckets.

    The buckets span the 1st to the 99th percentile, so that one far value does not flatten the rest.
    """
    used = np.flatnonzero(summary.cells)
    if len(used) <= buckets:
        return [float(count) for count in summary.cells[used]]
    return [float(count) for count in histogram(summary, buckets)[1]]


def histogram(summary: NumericSummary, buckets: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Evenly spaced marks, float64[buckets + 1], and the counts between them, float64[buckets].

    Each cell counts as evenly filled. What lies beyond the outer marks, the 1st and the 99th percentile, is
    left out, unless the first percentile lies in a spike.
    """
    # The span of two doubles may be too large for one; a quarter of the smallest would be nothing.
    unit = 4.0 if np.abs(summary.edges).max() > _HUGE else 1.0
    edges = summary.edges / unit
    upto = np.cumsum(summary.cells[:-1]).astype(np.float64)
    first = int(np.searchsorted(summary.edges, summary.quantile(0.01)))
    if 0 < first < len(edges) and summary.cells[first] > SPIKE * summary.values:
        first -= 1
    last = int(np.searchsorted(summary.edges, summary.quantile(0.99)))
    ends = edges[[min(first, len(edges) - 1), min(last, len(edges) - 1)]]
    marks = np.linspace(ends[0], ends[1], buckets + 1)
    return marks * unit, np.diff(np.interp(marks, edges, upto))
