"""Stage 2 of one model: statements are merged into panes, and windows close as the watermark passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import msgspec

from service.config.model import Model, WindowSpec
from service.windows.asked import Asked
from service.windows.clock import FOREVER_MS, NEVER_MS
from service.windows.closed import ClosedWindow, Totals
from service.windows.gaps import Missing, lacking, missing_in
from service.windows.late import Late
from service.windows.merging import Heard, Merging, hear, merged, mismatched
from service.windows.past import Past
from service.windows.plan import Counting, Plan
from service.windows.reach import start_of
from service.windows.running import FoldedPane, RunningWindow, between
from service.windows.shelf import Grain, rolled_up, total_of
from service.windows.silence import Run, due
from service.windows.statement import Statement
from service.windows.unseen import ranked, together

Shelves = dict[Grain, list[FoldedPane]]


class _State(msgspec.Struct):
    """Everything that a snapshot must hold."""

    heard: dict[tuple[str, int], dict[str, Heard]] = {}
    coming: dict[tuple[str, int], dict[str, Heard]] = {}
    shelves: dict[str, Shelves] = {}
    """By version the grains of each length, by their start."""
    runs: dict[tuple[str, str], Run] = {}
    """By version and window, how far it has come."""
    watermark_ms: int = NEVER_MS
    began_ms: int = NEVER_MS
    """The first watermark: whoever was silent since then was so for certain."""
    stated_ms: int = NEVER_MS
    late_at_merge: int = 0
    mismatched: int = 0
    retired: int = 0


class ModelWindows:
    """The windows of one model, over all its versions.

    Parameters
    ----------
    asked
        What is computed besides totals.
    """

    def __init__(self, plan: Plan, asked: Asked | None = None) -> None:
        self.late = Late(plan.model)
        """What came too late, for those who tell of it; no part of the state."""
        self._plan = plan
        self._asked = asked or Asked()
        self._state = _State()
        self._past = Past(plan.model.past, plan.model.pane_ms)
        self._grains = [Grain(spec.slide_ms) for spec in plan.model.windows]
        if self._asked.baselines:
            self._grains.append(self._past.grain)
        self._running: dict[tuple[str, str], RunningWindow] = {}
        self._known_pasts: dict[tuple[str, str, str], tuple[object, Totals]] = {}

    @property
    def model(self) -> Model:
        """The model's configuration."""
        return self._plan.model

    @property
    def watermark_ms(self) -> int:
        """Everything before it has closed."""
        return self._state.watermark_ms

    @property
    def needed_from_ms(self) -> int:
        """No window to come holds anything from before this."""
        return min(map(self._earliest_ms, self.model.windows))

    @property
    def stated_ms(self) -> int:
        """Where the newest pane ends that any source has stated."""
        return self._state.stated_ms

    @property
    def merging(self) -> Merging:
        """What did not simply merge so far."""
        return Merging(self._state.late_at_merge, self._state.mismatched, self._state.retired)

    def state(self, statement: Statement) -> None:
        """Take a statement in: the one of the highest rank of a source holds, whatever came first."""
        end_ms = statement.pane_ms + self.model.pane_ms
        self._state.stated_ms = max(self._state.stated_ms, end_ms)
        if end_ms <= self._state.watermark_ms:
            self._state.late_at_merge += 1
            self.late.add(statement)
            return
        key = (statement.version, statement.pane_ms)
        hear(statement, self._state.heard.setdefault(key, {}), self._state.coming.setdefault(key, {}))

    def close(self, watermark: int, gaps: Sequence[Missing] = ()) -> Iterator[ClosedWindow]:
        """The windows that the model's watermark (ms) has passed, by end, then version, then name.

        Parameters
        ----------
        gaps
            Which event times lack records for certain: windows that meet one are incomplete.
        """
        if watermark <= self._state.watermark_ms:
            return
        self._fold(watermark)
        self._state.watermark_ms = watermark
        if self._state.began_ms == NEVER_MS and watermark < FOREVER_MS:
            self._state.began_ms = watermark
        ends = {
            (end, version, spec.name): (spec, last)
            for version in sorted(self._state.shelves.keys() | self._plan.known_versions().keys())
            for spec in self.model.windows
            for end, last in self._due(version, spec, gaps)
        }
        for (end, version, _), (spec, last) in sorted(ends.items(), key=lambda item: item[0]):
            window = self._window(version, spec, end, gaps)
            yield replace(window, last=True) if last else window
        for version in sorted(self._state.shelves):
            self._forget(version)

    def dump(self) -> bytes:
        """The state as bytes, for a snapshot."""
        return msgspec.msgpack.encode(self._state)

    def load(self, data: bytes) -> None:
        """Take up the state that ``dump`` gave."""
        self._state = msgspec.msgpack.decode(data, type=_State)
        self._running.clear()
        self._known_pasts.clear()

    def _fold(self, watermark_ms: int) -> None:
        """Merge the sources of every pane that ended, and roll it up into the grains of every window."""
        ended = [key for key in self._state.heard if key[1] + self.model.pane_ms <= watermark_ms]
        folded: dict[str, list[FoldedPane]] = {}
        for version, pane_ms in sorted(ended):
            heard = self._state.heard.pop((version, pane_ms))
            torn = self._state.coming.pop((version, pane_ms), {}).keys() - heard.keys()
            counting = self._plan.counting(version, pane_ms)
            sources = [heard[name] for name in sorted(heard)]
            self._state.mismatched += mismatched(counting, sources)
            folded.setdefault(version, []).append(merged(counting, pane_ms, sources, torn=bool(torn)))
        for version, panes in folded.items():
            shelves = self._state.shelves.setdefault(version, {})
            for grain in dict.fromkeys(self._grains):
                shelves[grain] = rolled_up(shelves.get(grain, ()), panes, grain, self.model.pane_ms)

    def _due(self, version: str, spec: WindowSpec, gaps: Sequence[Missing]) -> list[tuple[int, bool]]:
        """Ends of the windows to evaluate, with data or in a run without, and whether it ends with them."""
        key, slide = (version, spec.name), spec.slide_ms
        starts = [grain.start_ms for grain in self._shelf(version, Grain(slide))]
        run = self._state.runs.get(key)
        if run is None and starts:
            run = Run(starts[0] // slide * slide)
        elif run is None:
            since_ms = max(self._state.began_ms, self._plan.known_versions().get(version, FOREVER_MS))
            if not NEVER_MS < since_ms < FOREVER_MS:
                return []
            run = Run(-(-since_ms // slide) * slide + spec.length - slide)
        ends = []
        waiting = self._expects(version, spec), self._replaced(version, spec), lacking(gaps, spec.length)
        for after, wanted in due(run, starts, spec.length, slide, self.watermark_ms, *waiting):
            self._state.runs[key] = after
            # A replay ends with its events: what it lacks after them is no silence, and no fall of traffic.
            told_ms = after.end_ms if after.empty else after.end_ms - slide + 1
            if wanted and not self._after_replay(told_ms):
                # Labels come when they come.
                left = after.left and version != "" and not self._after_replay(after.end_ms + 1)
                ends.append((after.end_ms, left))
        return ends

    def _after_replay(self, time_ms: int) -> bool:
        """Whether a replay has ended, and not even a pane that any source stated reaches so far."""
        return self.watermark_ms >= FOREVER_MS and time_ms > self.stated_ms

    def _expects(self, version: str, spec: WindowSpec) -> Callable[[int], bool]:
        """Whether silence of a version is a finding: not when another version has taken its place."""
        known = version in self._plan.known_versions()
        replaced = self._replaced(version, spec)

        def expected(end_ms: int) -> bool:
            return known and not self._after_replay(end_ms) and replaced(end_ms - spec.slide_ms) != end_ms

        return expected

    def _replaced(self, version: str, spec: WindowSpec) -> Callable[[int], int | None]:
        """Where the slide ends, from a time on, in which another version first has data."""
        if version in (self.model.versions or ()):
            return lambda _: None
        grain = Grain(spec.slide_ms)
        others = [self._shelf(other, grain) for other in self._state.shelves if other not in {"", version}]

        def replaced(from_ms: int) -> int | None:
            found = [between(shelf, from_ms, FOREVER_MS)[:1] for shelf in others]
            starts = [grains[0].start_ms for grains in found if grains]
            return min(starts) + spec.slide_ms if starts else None

        return replaced

    def _shelf(self, version: str, grain: Grain) -> list[FoldedPane]:
        return self._state.shelves.get(version, {}).get(grain, [])

    def _window(self, version: str, spec: WindowSpec, end_ms: int, gaps: Sequence[Missing]) -> ClosedWindow:
        counting = self._plan.counting(version, end_ms - self.model.pane_ms)
        shelf = self._shelf(version, Grain(spec.slide_ms))
        start_ms = start_of(spec, end_ms, shelf, counting.digest)
        running = self._running.setdefault((version, spec.name), RunningWindow())
        running.advance(start_ms, end_ms, shelf, counting.digest, counting.layout.size)
        slices, totals = running.totals()
        inside = running.panes
        missing = missing_in(gaps, start_ms, end_ms)
        strange = len(between(shelf, start_ms, end_ms)) > len(inside)
        baselines, periods = self._baselines(version, spec, (start_ms, end_ms), counting)
        return ClosedWindow(
            model=self.model.name,
            version=version,
            name=spec.name,
            start_ms=start_ms,
            end_ms=end_ms,
            slices=slices,
            totals=totals,
            layout=counting.layout,
            profile=counting.profile,
            incomplete=missing > 0 or strange or any(pane.incomplete for pane in inside),
            lower_bounds=any(pane.cut for pane in inside),
            late=sum(pane.late for pane in inside),
            newest=self._newest(shelf, end_ms - spec.slide_ms, end_ms, counting),
            baselines=baselines,
            periods=periods,
            unseen=ranked(together(pane.unseen for pane in inside)),
            model_gaps=missing,
        )

    def _newest(
        self, shelf: Sequence[FoldedPane], start_ms: int, end_ms: int, counting: Counting
    ) -> Totals | None:
        if not self._asked.newest:
            return None
        grains = [grain for grain in between(shelf, start_ms, end_ms) if grain.digest == counting.digest]
        return Totals(*total_of(grains, counting.layout.size).snapshot())

    def _baselines(
        self, version: str, spec: WindowSpec, span: tuple[int, int], counting: Counting
    ) -> tuple[dict[str, Totals], dict[str, int]]:
        """Totals and periods of each baseline that is asked for and has any past."""
        totals, periods = {}, {}
        shelf = self._shelf(version, self._past.grain)
        for name in sorted(self._asked.baselines):
            part = self._past.of(name, *span, shelf, counting.digest)
            if not part.periods:
                continue
            # Windows slide within an hour: most of them have the past of the one before.
            key, place = (counting.digest, [g.start_ms for g in part.grains]), (version, spec.name, name)
            known = self._known_pasts.get(place)
            if known is None or known[0] != key:
                sums = Totals(*total_of(part.grains, counting.layout.size).snapshot())
                known = self._known_pasts[place] = (key, sums)
            totals[name], periods[name] = known[1], part.periods
        return totals, periods

    def _earliest_ms(self, spec: WindowSpec) -> int:
        """Where the next window of the specification may begin."""
        slide = spec.slide_ms
        return self.watermark_ms // slide * slide + slide - spec.longest_ms

    def _forget(self, version: str) -> None:
        """Drop grains that no window to come can hold, and a version that fell silent long ago."""
        shelves = self._state.shelves[version]
        needed = {grain: [FOREVER_MS] for grain in shelves}
        for spec in self.model.windows:
            needed.setdefault(Grain(spec.slide_ms), []).append(self._earliest_ms(spec))
        for name in self._asked.baselines:
            earliest = self.needed_from_ms - self._past.span_ms(name)
            needed.setdefault(self._past.grain, []).append(earliest)
        for grain, from_ms in needed.items():
            shelves[grain] = list(between(shelves.get(grain, ()), min(from_ms), FOREVER_MS))
        known = version in self._plan.known_versions()
        keys = [(version, spec.name) for spec in self.model.windows]
        runs = [self._state.runs.get(key, Run(0)) for key in keys]
        if any(shelves.values()) or not all(run.over(known=known) for run in runs):
            return
        self._state.retired += 1
        del self._state.shelves[version]
        for key in keys:
            self._running.pop(key, None)
            if not known:
                del self._state.runs[key]
