"""One source partition: events in, finished panes out, and from where a restart would read again.

Everything here is a function of the log's prefix and of the remembered ends of the log. Two readers that read
the same records finish the same panes with the same totals, however the records were split into batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.events.batch import Batch
from service.windows.clock import FOREVER_MS, NEVER_MS, Clock
from service.windows.grouping import Group, groups, slice_columns
from service.windows.homes import Limits, Placed, placed
from service.windows.pane import Pane
from service.windows.plan import Counting, Plan
from service.windows.resume import Resume
from service.windows.slicing import OTHER, SliceNames
from service.windows.unseen import note

JUMPS = 100
"""Known ends of the log that are remembered at full grain: more would not fit the metadata of a commit."""

Key = tuple[str, str, int]
"""Model, version, start of a pane in ms."""

Share = tuple[Pane, NDArray[np.int64]]
"""A pane, and which events of a batch (ascending indices) count in it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits within which a source counts."""

    future_ms: int
    slices: int
    versions: int


@dataclass(slots=True)
class Tally:
    """Events of a model that did not simply count, since the last look."""

    late: int = 0
    clamped: int = 0
    skipped: int = 0
    """Read again after a restart, and already in a finished pane."""
    cut: int = 0
    """Sent to a shared slice or version by a budget."""


class First(NamedTuple):
    """A record: its offset, and the largest event time before it."""

    offset: int
    newest_ms: int


@dataclass(slots=True)
class _Open:
    pane: Pane
    newest_ms: int
    """The clock before the pane's first record."""


class Source:
    """The counting state of one partition of one topic."""

    def __init__(
        self, name: str, plans: Mapping[str, Plan], bounds: Bounds, resume: Resume | None = None
    ) -> None:
        self.name = name
        self.position = resume.offset if resume else 0
        self.lost = resume.lost if resume else 0
        self._tallies = {name: Tally() for name in plans}
        self._plans = plans
        self._bounds = bounds
        self._clock = resume.clock() if resume else Clock()
        self._finished_ms: dict[str, int] = dict(resume.finished_ms) if resume else {}
        self._open: dict[Key, _Open] = {}
        self._stated: dict[Key, _Open] = {}
        self._versions: dict[tuple[str, int], set[str]] = {}
        self._stating_ms: dict[str, int] = {}
        self._names = {
            plan.model.name: [SliceNames(dimension) for dimension in plan.model.slices]
            for plan in plans.values()
        }
        # Ends of the log are known on the grid of the shortest pane, so that few jumps need remembering.
        models = [plan.model for plan in plans.values()]
        self._pane_ms = {model.name: model.pane_ms for model in models}
        self._grid_ms = int(np.gcd.reduce([*self._pane_ms.values()]))
        self._coarse_ms = max(self._pane_ms.values())
        self._longest_lateness_ms = max(model.lateness for model in models)

    @property
    def newest_ms(self) -> int:
        """Largest event time so far."""
        return self._clock.newest_ms

    @property
    def caught_up_ms(self) -> int:
        """Everything before this time is known to have been read."""
        return self._clock.known_to_ms(self.position)

    def open_by_model(self) -> dict[str, int]:
        """How many panes of each model are unfinished."""
        return dict(Counter(key[0] for key in self._open))

    @property
    def unbegun_ms(self) -> int:
        """From here on no pane has been begun."""
        ends = (start_ms + self._pane_ms[model] for model, _, start_ms in self._open)
        return max(ends, default=NEVER_MS)

    def watermark_ms(self, model: str) -> int:
        """The model's watermark in this source."""
        return self._clock.watermark_ms(self._plans[model].model.lateness, self.position)

    def add(self, batches: Sequence[Batch], position: int) -> None:
        """Count the events of consecutive records; ``position`` is the offset after the last record read."""
        batches = [batch for batch in batches if len(batch)]
        limits = [self._limits(batch.model) for batch in batches]
        found = placed(batches, limits, self._clock, self._bounds.future_ms)
        for batch, (part, skipped) in zip(batches, found, strict=True):
            tally = self._tallies[batch.model]
            tally.skipped += skipped.events
            tally.clamped += skipped.clamped
            if part is not None:
                tally.late += int(part.late.sum())
                tally.clamped += int(part.clamped.sum())
                self._count(part)
        self.position = position

    def _limits(self, name: str) -> Limits:
        lateness_ms = self._plans[name].model.lateness
        return Limits(lateness_ms, self._pane_ms[name], self._finished_ms.get(name, NEVER_MS))

    def skip(self, offset: int) -> None:
        """Go on at ``offset``: what stands before it is gone, or another topic has taken the place of this.

        Panes keep what they hold. The clock stands where it stood, since what has been finished stays so.
        """
        self.lost += max(1, offset - self.position)
        if offset < self.position:
            self._clock.move(self.position, offset)
            for entry in (*self._open.values(), *self._stated.values()):
                entry.pane.first_offset, entry.newest_ms = offset, self._clock.newest_ms
        self.position = offset

    def caught_up(self, until_ms: int) -> bool:
        """Know that the log was read to its end, with all before ``until_ms`` in it; whether that is news."""
        # Jumps stand in the commit until the panes begun before them are finished: many need a coarser grid.
        grid_ms = self._grid_ms if len(self._clock.jumps) < JUMPS else self._coarse_ms
        until_ms = until_ms // grid_ms * grid_ms if until_ms < FOREVER_MS else until_ms
        # One that no model's watermark would feel need not be remembered.
        felt = until_ms > self._clock.newest_ms - self._longest_lateness_ms
        return felt and self._clock.jump(self.position, until_ms)

    def tallies(self) -> dict[str, Tally]:
        """What did not simply count, by model, since the last call."""
        told = self._tallies
        self._tallies = {name: Tally() for name in self._plans}
        return told

    def finish(self) -> Iterator[tuple[Key, Pane]]:
        """Panes that ended, oldest first. They stay unfinished for ``resume`` until ``acknowledge``."""
        for key in sorted(self._open, key=lambda key: (key[2], key[0], key[1])):
            model, _, start_ms = key
            if start_ms + self._pane_ms[model] <= self.watermark_ms(model):
                self._stating_ms[model] = self._ended_ms(model)
                self._versions.pop((model, start_ms), None)
                self._stated[key] = self._open.pop(key)
                yield key, self._stated[key].pane
        # Models that finished nothing just now have nothing left to finish either. Saying so for all of them
        # lets a commit name each time once, however many models share the source.
        for model in self._finished_ms.keys() & self._plans.keys():
            self._stating_ms[model] = max(self._finished_ms[model], self._ended_ms(model))

    def _ended_ms(self, model: str) -> int:
        """Up to where the model's panes have ended."""
        pane_ms = self._pane_ms[model]
        return self.watermark_ms(model) // pane_ms * pane_ms

    def acknowledge(self) -> None:
        """All that ``finish`` gave is safe downstream: it need not be read again."""
        self._finished_ms |= self._stating_ms
        self._stating_ms.clear()
        self._stated.clear()
        self._clock.forget(self._first().offset)

    def resume(self) -> Resume:
        """From where a restart must read, and the state in force there."""
        first = self._first()
        jumps = self._clock.since(first.offset)
        return Resume(first.offset, self.position, first.newest_ms, jumps, dict(self._finished_ms), self.lost)

    def _first(self) -> First:
        """The first record of any unfinished pane."""
        unfinished = (*self._open.values(), *self._stated.values())
        firsts = (First(entry.pane.first_offset, entry.newest_ms) for entry in unfinished)
        return min(firsts, default=First(self.position, self._clock.newest_ms))

    def outdated(self) -> bool:
        """Whether an open pane was begun under another profile than the one that now holds for it."""
        return any(
            self._plans[model].counting(version, start_ms).digest != entry.pane.counting.digest
            for (model, version, start_ms), entry in self._open.items()
        )

    def _count(self, part: Placed) -> None:
        batch, homes, newest, late, clamped = part
        plan = self._plans[batch.model]
        tally = self._tallies[batch.model]
        shares: dict[Counting, list[Share]] = {}
        for version, start_ms, members in self._admitted(batch, homes, tally):
            first = members[0]
            pane = self._pane(plan, version, start_ms, int(batch.offsets[first]), int(newest[first]))
            is_late = late[members]
            pane.late += int(is_late.sum())
            pane.clamped += int(clamped[members].sum())
            on_time = members[~is_late] if is_late.any() else members
            if len(on_time):
                shares.setdefault(pane.counting, []).append((pane, on_time))
        for counting, parts in shares.items():
            tally.cut += self._add(batch, counting, parts, alone=len(shares) == 1)

    def _add(self, batch: Batch, counting: Counting, parts: Sequence[Share], *, alone: bool) -> int:
        """Count the events of panes under one counting; how many a slice budget cut."""
        if not alone:
            counted = np.sort(np.concatenate([members for _, members in parts]))
            batch = batch.take(counted)
            parts = [(pane, np.searchsorted(counted, members)) for pane, members in parts]
        measured = counting.measured(batch)
        slices = slice_columns(self._names[batch.model], batch)
        if counting.profile is not None and measured.unseen:
            for pane, own in parts:
                note(pane.unseen, counting.layout, batch, measured.cells, own)
        if len(parts) == 1 and len(parts[0][1]) == len(batch):
            return parts[0][0].add(measured, slices, batch.is_label)
        return sum(
            pane.add(measured.only(own), [column.only(own) for column in slices], batch.is_label)
            for pane, own in parts
        )

    def _admitted(self, batch: Batch, homes: NDArray[np.int64], tally: Tally) -> Iterable[Group]:
        """The groups of a batch, where in each pane the first versions by offset keep their names."""
        rest: dict[int, list[NDArray[np.int64]]] = {}
        for version, start_ms, members in groups(batch.versions, homes):
            known = self._versions.setdefault((batch.model, start_ms), set())
            if not version:  # of labels, and of predictions in no order to them
                yield version, start_ms, members
            elif version in known or len(known) < self._bounds.versions:
                known.add(version)
                yield version, start_ms, members
            else:
                rest.setdefault(start_ms, []).append(members)
                tally.cut += len(members)
        for start_ms, parts in rest.items():
            yield OTHER, start_ms, np.sort(np.concatenate(parts))

    def _pane(self, plan: Plan, version: str, start_ms: int, offset: int, newest_ms: int) -> Pane:
        key = (plan.model.name, version, start_ms)
        entry = self._open.get(key)
        if entry is None:
            pane = Pane(plan.counting(version, start_ms), plan.model.slices, self._bounds.slices, offset)
            entry = self._open[key] = _Open(pane, newest_ms)
        elif offset < entry.pane.first_offset:
            # Predictions and labels without a version share panes, and come in batches of their own.
            entry.pane.first_offset, entry.newest_ms = offset, newest_ms
        return entry.pane
