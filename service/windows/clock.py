"""The clock of a source: a watermark that is a function of the log's prefix alone.

The watermark of record ``i`` is the largest of two things, both known from what stands before ``i``: the
largest event time less the model's lateness, and the last time at which the log was known to be read to its
end. The latter comes from a wall clock, so every jump is remembered with the offset at which it took effect;
whoever reads the log again repeats it.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

NEVER_MS = -(2**62)
FOREVER_MS = 2**62


class Jump(msgspec.Struct, frozen=True, array_like=True):
    """From ``offset`` on, everything before ``until_ms`` is known to have been read."""

    offset: int
    until_ms: int


class Clock(msgspec.Struct, array_like=True):
    """Where the clock of a source stands at an offset.

    Attributes
    ----------
    newest_ms
        Largest event time before the offset.
    jumps
        Known ends of the log, in the order of their offsets; the first stands for all earlier ones.
    """

    newest_ms: int = NEVER_MS
    jumps: list[Jump] = []

    def advance(self, times_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Take N event times in; int64[N]: the largest event time before each of them."""
        before = np.maximum.accumulate(np.concatenate(([self.newest_ms], times_ms)))
        self.newest_ms = int(before[-1])
        return before[:-1]

    def jump(self, offset: int, until_ms: int) -> bool:
        """Know that the log was read to its end at ``offset``; whether that is news."""
        if self.jumps and until_ms <= self.jumps[-1].until_ms:
            return False
        if self.jumps and self.jumps[-1].offset == offset:
            self.jumps.pop()
        self.jumps.append(Jump(offset, until_ms))
        return True

    def caught_up_ms(self, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[N]: up to when everything was known to be read, as of each offset."""
        if not self.jumps:
            return np.full(len(offsets), NEVER_MS)
        at = np.array([jump.offset for jump in self.jumps])
        until = np.array([NEVER_MS, *(jump.until_ms for jump in self.jumps)])
        return until[np.searchsorted(at, offsets, side="right")]

    def known_to_ms(self, offset: int) -> int:
        """Up to when everything was known to be read, as of one offset.

        Whoever reads again knows of jumps that are still ahead of it: those hold only from their offset on.
        """
        return max((jump.until_ms for jump in self.jumps if jump.offset <= offset), default=NEVER_MS)

    def watermark_ms(self, lateness_ms: int, offset: int) -> int:
        """The watermark before the record at ``offset``: earlier events no longer count in their panes."""
        return max(self.newest_ms - lateness_ms, self.known_to_ms(offset))

    def move(self, offset: int, to: int) -> None:
        """What was known at ``offset`` is known at ``to``, in a log that begins again."""
        known_ms = self.known_to_ms(offset)
        self.jumps = [Jump(to, known_ms)] if known_ms > NEVER_MS else []

    def since(self, offset: int) -> list[Jump]:
        """The jumps that a reader beginning at ``offset`` must know of, earlier ones folded into one."""
        earlier = [jump for jump in self.jumps if jump.offset <= offset][-1:]
        return earlier + [jump for jump in self.jumps if jump.offset > offset]

    def forget(self, offset: int) -> None:
        """Nobody will begin before ``offset`` any more."""
        self.jumps = self.since(offset)
