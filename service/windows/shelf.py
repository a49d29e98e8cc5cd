"""Panes rolled up into grains: a window is made of grains of its own slide, and no finer pane outlives that.

A window of 7 days that ends every day keeps 7 rows of a day for each slice, and not the 10,080 panes of a
minute that another window of the model may ask for. Panes are added to the grain in which they lie as soon as
they are folded, so that what is kept does not depend on how far the watermark moved at once.

    panes      ▁▁▁▁▁▁▁▁▁▁▁▁   gcd of all slides
    grains 1h  ████████████
    grains 1d  ████████████   the same totals, in fewer rows

Panes counted under different profiles never share a grain: where a profile changes within a grain, there are
two of the same start, told apart by their digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from service.windows.codec import columns_of
from service.windows.running import FoldedPane, MergedRows
from service.windows.unseen import together


class Grain(NamedTuple):
    """A length of event time, aligned to the epoch of a clock that is ``offset_ms`` ahead of UTC."""

    ms: int
    offset_ms: int = 0

    def start_of(self, time_ms: int) -> int:
        """Where the grain begins that holds a time.

        >>> Grain(3_600_000).start_of(5_400_000), Grain(3_600_000, 1_800_000).start_of(5_400_000)
        (3600000, 5400000)
        """
        return (time_ms + self.offset_ms) // self.ms * self.ms - self.offset_ms


def rolled_up(
    shelf: Sequence[FoldedPane], panes: Iterable[FoldedPane], grain: Grain, pane_ms: int
) -> list[FoldedPane]:
    """The grains of ``shelf`` with ``panes`` added, by start and digest.

    Parameters
    ----------
    pane_ms
        Length of the panes; where it is that of the grain, panes are grains.
    """
    if grain.ms == pane_ms:
        return sorted([*shelf, *panes], key=_order)
    added: dict[tuple[int, str], list[FoldedPane]] = {}
    for pane in panes:
        added.setdefault((grain.start_of(pane.start_ms), pane.digest), []).append(pane)
    kept = []
    for known in shelf:
        more = added.pop(_order(known), None)
        kept.append(known if more is None else _merged(known.start_ms, [known, *more]))
    kept += [_merged(start_ms, parts) for (start_ms, _), parts in added.items()]
    return sorted(kept, key=_order)


def total_of(grains: Iterable[FoldedPane], size: int) -> MergedRows:
    """The sum of grains of one layout with rows of ``size`` columns."""
    rows = MergedRows(size)
    for grain in grains:
        rows.add(grain.slices, grain.rows)
    return rows


def _order(grain: FoldedPane) -> tuple[int, str]:
    return grain.start_ms, grain.digest


def _merged(start_ms: int, parts: Sequence[FoldedPane]) -> FoldedPane:
    size, sums = columns_of(parts[0].rows)
    slices, rows = total_of(parts, size).encoded(sums)
    return FoldedPane(
        start_ms,
        parts[0].digest,
        slices,
        rows,
        late=sum(part.late for part in parts),
        cut=sum(part.cut for part in parts),
        incomplete=any(part.incomplete for part in parts),
        events=sum(part.events for part in parts),
        unseen=together(part.unseen for part in parts),
    )
