"""Sums over sliding windows: a grain is added when it enters the window and taken away when it leaves.

All totals are integers, so that what is taken away leaves exactly what is left.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.layout import Rows
from service.windows.codec import add_rows, encode_rows
from service.windows.slicing import ALL

_START = attrgetter("start_ms")


class FoldedPane(msgspec.Struct, frozen=True, gc=False):
    """A pane of all sources merged, or a grain of several such panes, at rest: rows stay encoded."""

    start_ms: int
    digest: str
    slices: tuple[str, ...]
    rows: bytes
    late: int = 0
    cut: int = 0
    incomplete: bool = False
    events: int = 0
    """Predictions and labels on ``all``."""
    unseen: dict[str, dict[str, int]] = {}
    """By categorical field, the names most frequent that the reference does not know."""


class MergedRows:
    """Rows by slice name, added and taken away."""

    def __init__(self, size: int) -> None:
        self._index: dict[str, int] = {ALL: 0}
        self._rows: Rows = np.zeros((8, size), np.int64)

    def add(self, slices: tuple[str, ...], data: bytes, times: int = 1) -> None:
        """Add encoded rows to those of the same names; ``times`` -1 takes them away.

        Raises
        ------
        ValueError
            When the rows are damaged, or of another layout; nothing is added then.
        """
        index = self._index
        places = np.array([index.setdefault(name, len(index)) for name in slices], np.int64)
        if len(index) > len(self._rows):
            # Memory that nothing was written to takes no room.
            grown = np.zeros((2 * len(index), self._rows.shape[1]), np.int64)
            grown[: len(self._rows)] = self._rows
            self._rows = grown
        add_rows(data, self._rows, places, times)

    def snapshot(self) -> tuple[tuple[str, ...], Rows]:
        """Names and rows of the slices that hold anything, ``all`` first, the others by name."""
        names, kept = self._held()
        rows = self._rows[: len(kept)].copy() if _are_first(kept) else self._rows[kept]
        if len(self._index) > 2 * len(kept) + 16:
            self._index = {name: i for i, name in enumerate(names)}
            self._rows = np.concatenate((rows, np.zeros((8, rows.shape[1]), np.int64)))
        return names, rows

    def encoded(self, sums: int) -> tuple[tuple[str, ...], bytes]:
        """Names and encoded rows, of whose columns the first ``sums`` are sums."""
        names, kept = self._held()
        return names, encode_rows(self._rows[: len(kept)] if _are_first(kept) else self._rows[kept], sums)

    def total(self) -> Rows:
        """int64[row size]: the row ``all``."""
        total: Rows = self._rows[0]
        return total

    def _held(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Names of the slices that hold anything, and their rows."""
        used = self._rows[: len(self._index)]
        # What holds anything mostly shows it in its first columns, the counters.
        full = np.asarray(used[:, :_FIRST].any(axis=1))
        unclear = np.flatnonzero(~full)
        full[unclear] = used[unclear].any(axis=1)
        there = full.tolist()
        names = sorted(name for name, i in self._index.items() if there[i] and i)
        return (ALL, *names), np.array([0, *(self._index[name] for name in names)], np.int64)


_FIRST = 8


def _are_first(places: NDArray[np.int64]) -> bool:
    """Whether rows stand at the beginning, in order: then they need not be put together."""
    return np.array_equal(places, np.arange(len(places)))


def between(grains: Sequence[FoldedPane], start_ms: int, end_ms: int) -> Sequence[FoldedPane]:
    """The grains that begin in ``[start_ms, end_ms)``, out of ``grains`` by start."""
    return grains[bisect_left(grains, start_ms, key=_START) : bisect_left(grains, end_ms, key=_START)]


class RunningWindow:
    """The grains of one layout in a window that moves."""

    def __init__(self) -> None:
        self._digest = ""
        self._inside: list[FoldedPane] = []
        self._merged = MergedRows(0)

    def advance(
        self, start_ms: int, end_ms: int, grains: Sequence[FoldedPane], digest: str, size: int
    ) -> None:
        """Move the window to ``[start_ms, end_ms)``, with ``grains`` all those kept, by start.

        Grains counted under another digest than the one now in force are never mixed in.
        """
        if digest != self._digest:
            self._digest, self._inside, self._merged = digest, [], MergedRows(size)
        wanted = [grain for grain in between(grains, start_ms, end_ms) if grain.digest == digest]
        before, after = {grain.start_ms for grain in self._inside}, {grain.start_ms for grain in wanted}
        leaving = [grain for grain in self._inside if grain.start_ms not in after]
        entering = [grain for grain in wanted if grain.start_ms not in before]
        if len(leaving) == len(self._inside):  # nothing stays: to begin anew is cheaper
            self._merged, leaving = MergedRows(size), []
        for times, moving in ((-1, leaving), (1, entering)):
            for grain in moving:
                self._merged.add(grain.slices, grain.rows, times)
        self._inside = wanted

    @property
    def panes(self) -> list[FoldedPane]:
        """The grains inside, by start."""
        return self._inside

    def totals(self) -> tuple[tuple[str, ...], Rows]:
        """Slices and rows of the window."""
        return self._merged.snapshot()
