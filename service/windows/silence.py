"""Which windows of a version are due: those that hold data, and how many empty ones after them.

    data       █ █ . . . . . . . . █          . no record of this version
    stated     █ █ 0 0 0           █          its run of empty windows is :data:`EMPTY_RUN`
    expected   █ █ 0 0 0 0 0 0 0 0 █          up to :data:`SILENT_RUN`, then it is retired

How the watermark moved makes no difference, and a long jump over years of silence costs no more than a run.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

EMPTY_RUN = 3
"""Windows in a row without a record that are evaluated of any version."""
SILENT_RUN = 100
"""The same of a version that is expected: so many that the longest hysteresis of a monitor can be met."""


@dataclass(frozen=True, slots=True)
class Run:
    """How far the windows of one version and one specification have come.

    Attributes
    ----------
    end_ms
        The last window that was due, or was passed over.
    empty
        Windows in a row without a record, up to there.
    """

    end_ms: int
    empty: int = 0


def due(
    run: Run,
    starts: Sequence[int],
    length_ms: int,
    slide_ms: int,
    watermark_ms: int,
    expected: Callable[[int], bool],
) -> Iterator[tuple[Run, bool]]:
    """The windows that ended, each as the state after it and whether it is to be evaluated.

    Parameters
    ----------
    starts
        Where the grains begin that hold anything, sorted.
    expected
        Whether the version is expected to have data in the window that ends at a time: then its silence is a
        finding for longer.
    """
    end, empty = run.end_ms + slide_ms, run.empty
    while end <= watermark_ms:
        following = bisect_left(starts, end)
        filled = bisect_left(starts, end - length_ms) < following
        if empty >= SILENT_RUN and not filled:
            if following == len(starts):
                return
            end = starts[following] // slide_ms * slide_ms + slide_ms
            continue
        empty = 0 if filled else empty + 1
        yield Run(end, empty), empty <= EMPTY_RUN or expected(end)
        end += slide_ms
