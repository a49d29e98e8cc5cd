"""Windows for which totals came too late: after their pane was merged."""

from __future__ import annotations

from typing import NamedTuple

from service.config.model import Model
from service.windows.statement import Statement


class LateWindow(NamedTuple):
    """A window that was, or will be, evaluated without something that came too late.

    Attributes
    ----------
    name
        Of the window that slides by the least: others that hold the pane lack the same.
    end_ms
        Where the first such window ends that holds the pane.
    statements
        How many came too late since such a window was named, for whichever windows.
    """

    version: str
    name: str
    end_ms: int
    statements: int


class Late:
    """Remembers the last of the statements of a model that came too late, and how many there were.

    Parameters
    ----------
    model
        Its windows are those that lack something.
    """

    def __init__(self, model: Model) -> None:
        self._spec = min(model.windows, key=lambda spec: spec.slide_ms)
        self._last: Statement | None = None
        self._count = 0

    def add(self, statement: Statement) -> None:
        """Take note of a statement whose pane has been merged."""
        self._last, self._count = statement, self._count + 1

    def take(self) -> LateWindow | None:
        """The window that the last one belonged to, once; None if nothing came too late since."""
        last, count = self._last, self._count
        self._last, self._count = None, 0
        if last is None:
            return None
        slide_ms = self._spec.slide_ms
        end_ms = last.pane_ms // slide_ms * slide_ms + slide_ms
        return LateWindow(last.version, self._spec.name, end_ms, count)
