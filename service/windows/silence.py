"""Which windows of a version are due: those that hold data, and how many empty ones after them.

    data       █ █ . . . . . . . . █          . no record of this version
    stated     █ █ 0 0 L           █          its run of empty windows is :data:`EMPTY_RUN`
    expected   █ █ 0 0 0 0 0 0 0 0 █          up to :data:`SILENT_RUN`, then it is retired
    replaced   █ █ 0 0 0 0 0 L     █          L another version has come: the last window
    lost       █ █ ? ? ? ? ? L     █          ? what it may have had is gone: incomplete, and no silence

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
    left
        Nobody waited for more at that window: it was the last, unless there is data again.
    """

    end_ms: int
    empty: int = 0
    left: bool = False

    def over(self, *, known: bool) -> bool:
        """Whether the version may be forgotten; one that is known may be expected again."""
        return self.empty >= SILENT_RUN or (self.left and not known)


def due(
    run: Run,
    starts: Sequence[int],
    length_ms: int,
    slide_ms: int,
    watermark_ms: int,
    expected: Callable[[int], bool],
    replaced: Callable[[int], int | None] = lambda _: None,
    lost: Callable[[int], bool] = lambda _: False,
) -> Iterator[tuple[Run, bool]]:
    """The windows that ended, each as the state after it and whether it is to be evaluated.

    Parameters
    ----------
    starts
        Where the grains begin that hold anything, sorted.
    expected
        Whether the version is expected to have data in the window that ends at a time: then its silence is a
        finding for longer.
    replaced
        Where the first window ends, from a time on, in which another version has taken its place.
    lost
        Whether records are gone that may belong to the window that ends at a time: whoever was there before
        is waited for.
    """
    end, empty, left = run.end_ms + slide_ms, run.empty, run.left
    while end <= watermark_ms:
        following = bisect_left(starts, end)
        filled = bisect_left(starts, end - length_ms) < following
        if empty >= SILENT_RUN and not filled:
            back = starts[following] // slide_ms * slide_ms + slide_ms if following < len(starts) else None
            at = None if left else replaced(end - slide_ms)
            if at is not None and at <= watermark_ms and (back is None or at < back):
                left = True
                yield Run(at, empty, left), True
            if back is None:
                return
            end = back
            continue
        empty = 0 if filled else empty + 1
        awaited = empty < EMPTY_RUN or expected(end) or (not left and empty < SILENT_RUN and lost(end))
        yield Run(end, empty, not awaited), awaited or empty == EMPTY_RUN or not left
        left = not awaited
        end += slide_ms
