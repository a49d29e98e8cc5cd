"""Statements of one pane: the best of each source is kept, and in the end they are merged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from service.windows.plan import Counting
from service.windows.running import FoldedPane, MergedRows
from service.windows.statement import Statement
from service.windows.unseen import together


class Merging(NamedTuple):
    """What did not simply merge, so far.

    Attributes
    ----------
    late
        Statements that came when their pane had been folded already.
    mismatched
        Statements left out because they were counted under another profile than the one in force.
    retired
        Versions dropped after a long silence.
    """

    late: int
    mismatched: int
    retired: int


class Heard(msgspec.Struct):
    """The best statement of one pane from one source."""

    hi: int
    digest: str
    late: int
    cut: int
    of: int
    parts: dict[int, tuple[tuple[str, ...], bytes]] = {}
    lost: int = 0
    unseen: dict[str, dict[str, int]] = {}

    @property
    def whole(self) -> bool:
        """Whether all parts have come."""
        return len(self.parts) == self.of

    @property
    def rank(self) -> tuple[int, int]:
        """As that of the statement."""
        return -self.lost, self.hi


def hear(statement: Statement, whole: dict[str, Heard], coming: dict[str, Heard]) -> None:
    """Take a statement in, whatever the order of arrival: the one of the highest rank of a source holds.

    Parameters
    ----------
    whole, coming
        By source, what is known of the pane, and newer statements of which parts are missing: until these
        come, the older one stands.
    """
    source = statement.source
    if source in whole and statement.rank < whole[source].rank:
        return
    known = coming.get(source)
    if known is not None and statement.rank < known.rank:
        return
    if known is None or (statement.rank, statement.digest) != (known.rank, known.digest):
        known = Heard(
            statement.hi,
            statement.digest,
            statement.late,
            statement.cut,
            statement.parts,
            lost=statement.lost,
        )
    known.parts[statement.part] = (statement.slices, statement.rows)
    known.unseen |= statement.unseen
    coming[source] = known
    if known.whole:
        whole[source] = coming.pop(source)


def merged(counting: Counting, pane_ms: int, sources: Sequence[Heard], *, torn: bool) -> FoldedPane:
    """The sum of a pane's sources; what was counted under another digest than the one in force is left out.

    Parameters
    ----------
    sources
        In the order of their names, though sums of integers would not mind.
    torn
        Of some source no statement ever came whole.
    """
    rows = MergedRows(counting.layout.size)
    damaged = False
    for source in sources:
        if source.digest == counting.digest:
            for _, (names, data) in sorted(source.parts.items()):
                try:
                    rows.add(names, data)
                except ValueError:  # an evaluation that stopped at it would stop there again and again
                    damaged = True
    slices, data = rows.encoded(counting.layout.sums)
    total = rows.total()
    events = counting.layout.counter(total, "events") + counting.layout.counter(total, "actuals")
    return FoldedPane(
        pane_ms,
        counting.digest,
        slices,
        data,
        late=sum(source.late for source in sources),
        cut=sum(source.cut for source in sources),
        incomplete=torn or damaged or mismatched(counting, sources) > 0,
        events=int(events),
        unseen=together(source.unseen for source in sources if source.digest == counting.digest),
    )


def mismatched(counting: Counting, sources: Sequence[Heard]) -> int:
    """How many of the sources were counted under another digest than the one in force."""
    return sum(source.digest != counting.digest for source in sources)
