"""What the demo says: lines with event times, a progress bar on a terminal, a table at the end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from service.demo.flights import DAY_MS, HOUR_MS
from service.demo.scorecard import Line

PIPE_WIDTH = 10_000
"""In a pipe no line is wrapped, so that lines can be searched."""

_STYLES = {
    "STAGED": "bold magenta",
    "over": "magenta",
    "REAL": "bold cyan",
    "ALERT": "bold red",
    "resolved": "green",
    "webhook": "dim",
    "RETRAIN": "bold yellow",
    "note": "yellow",
}


class Screen:
    """Prints to a terminal or a pipe.

    Parameters
    ----------
    quiet
        Only where to look, what is worth a warning, and the table.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        console = Console(highlight=False)
        self.is_terminal = console.is_terminal
        self._console = console if self.is_terminal else Console(highlight=False, width=PIPE_WIDTH)
        self._quiet = quiet
        self._progress: Progress | None = None
        self._task = TaskID(0)

    def say(self, text: str, style: str = "") -> None:
        """A line, whatever the mode."""
        self._console.print(Text(text, style=style))

    def step(self, text: str) -> None:
        """A line about what is being prepared."""
        if not self._quiet:
            self._console.print(Text(text, style="dim"))

    def event(self, at_ms: int, tag: str, text: str, *more: str) -> None:
        """What happened at an event time, under a tag; ``more`` are lines below."""
        if self._quiet and tag != "note":
            return
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True, width=12)
        grid.add_column(no_wrap=True, width=8)
        grid.add_column(overflow="fold")
        style = _STYLES[tag]
        body = style if tag in {"STAGED", "webhook"} else ""
        grid.add_row(Text(moment(at_ms), style="dim"), Text(tag, style=style), Text(text, style=body))
        for line in more:
            grid.add_row("", "", Text(line, style="italic"))
        self._console.print(grid)

    def begin(self, hours: int) -> None:
        """Show the progress bar, on a terminal."""
        if not self.is_terminal:
            return
        self._progress = Progress(
            BarColumn(bar_width=None),
            TextColumn("{task.fields[date]}"),
            TextColumn("{task.fields[events]:,} events"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            expand=True,
        )
        self._task = self._progress.add_task("", total=hours, date="", events=0)
        self._progress.start()

    def advance(self, at_ms: int, events: int) -> None:
        """Another hour is played."""
        if self._progress is not None:
            self._progress.update(self._task, advance=1, date=moment(at_ms), events=events)

    def end(self) -> None:
        """Take the progress bar away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def table(self, lines: list[Line]) -> None:
        """What became of each incident."""
        table = Table(title="Staged incidents", title_justify="left", title_style="bold", show_edge=False)
        for name in ("incident", "found", "feature", "slice", "after", "resolved", "also in"):
            table.add_column(name, overflow="fold")
        for line in lines:
            table.add_row(*_cells(line))
        self._console.print()
        self._console.print(table)


def _cells(line: Line) -> list[Any]:
    incident = line.incident
    after_ms = line.found_after_ms
    found = Text("yes", style="green") if line.fired else Text("no", style="red")
    return [
        incident.name,
        found,
        incident.feature,
        incident.slice,
        "-" if after_ms is None else span(after_ms),
        _resolved(line),
        ", ".join(line.also_in) or "-",
    ]


def _resolved(line: Line) -> Text:
    if line.resolved_ms is None:
        return Text("not yet", style="red" if line.fired else "")
    late_ms = line.resolved_ms - line.incident.end_ms
    if late_ms < 0:
        return Text("before it ended", style="red")
    return Text(f"{moment(line.resolved_ms)}, {span(late_ms)} after its end", style="green")


def moment(at_ms: int) -> str:
    """An event time to the minute, in UTC.

    >>> moment(1_383_631_200_000)
    '05 Nov 06:00'
    """
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%d %b %H:%M")


def span(ms: int) -> str:
    """A stretch of event time in days and hours.

    >>> span(36 * 3_600_000), span(18 * 3_600_000)
    ('1 d 12 h', '18 h')
    """
    days, hours = divmod(round(ms / HOUR_MS), DAY_MS // HOUR_MS)
    return " ".join(part for part in (f"{days} d" * bool(days), f"{hours} h" * bool(hours)) if part) or "0 h"
