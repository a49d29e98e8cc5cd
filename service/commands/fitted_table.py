"""A table that fits the terminal: columns of little weight are left out rather than all of them cut short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

_GAP = 2


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    left
        Text, set to the left; numbers are set to the right.
    drop
        When there is no room, columns go in descending order of this; 0 stays.
    """

    title: str
    cells: Sequence[Text]
    left: bool = False
    drop: int = 0

    @property
    def width(self) -> int:
        """Terminal cells it takes, the gap after it included."""
        return max((cell.cell_len for cell in (Text(self.title), *self.cells)), default=0) + _GAP


def numbers(title: str, cells: Sequence[str], drop: int = 0) -> Column:
    """A column set to the right."""
    return Column(title, [Text(cell) for cell in cells], drop=drop)


def fitted_table(columns: Sequence[Column], width: int) -> RenderableType:
    """The columns that fit in ``width``, and a line that names those left out."""
    shown = list(columns)
    while sum(column.width for column in shown) > width and any(column.drop for column in shown):
        shown.remove(max(shown, key=lambda column: column.drop))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in shown:
        table.add_column(column.title, justify="left" if column.left else "right", no_wrap=True)
    for cells in zip(*(column.cells for column in shown), strict=True):
        table.add_row(*cells)
    left_out = [column.title for column in columns if column not in shown]
    if not left_out:
        return table
    return Group(table, Text(f"A wider terminal also shows: {', '.join(left_out)}", style="dim"))
