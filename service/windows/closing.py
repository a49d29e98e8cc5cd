"""Stage 2 of one model: statements are merged into panes, and windows close as the watermark passes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from service.config.model import Model, WindowSpec
from service.windows.clock import NEVER_MS
from service.windows.closed import ClosedWindow
from service.windows.codec import decode_rows
from service.windows.plan import Counting, Plan
from service.windows.running import FoldedPane, MergedRows, RunningWindow
from service.windows.statement import Statement

EMPTY_RUN = 3
"""Windows in a row without a record that are still evaluated: silence is seen, a long jump costs little."""


class _Heard(msgspec.Struct):
    """The best statement of one pane from one source."""

    hi: int
    digest: str
    late: int
    cut: int
    of: int
    parts: dict[int, tuple[tuple[str, ...], bytes]] = {}

    @property
    def whole(self) -> bool:
        """Whether all parts have come."""
        return len(self.parts) == self.of


class _State(msgspec.Struct):
    """Everything that a snapshot must hold."""

    heard: dict[tuple[str, int], dict[str, _Heard]] = {}
    coming: dict[tuple[str, int], dict[str, _Heard]] = {}
    """Newer statements of which parts are missing: until these come, the older one stands."""
    folded: dict[str, list[FoldedPane]] = {}
    closed_ms: dict[tuple[str, str], int] = {}
    empty: dict[tuple[str, str], int] = {}
    watermark_ms: int = NEVER_MS
    stated_ms: int = NEVER_MS
    late_at_merge: int = 0
    mismatched: int = 0


class ModelWindows:
    """The windows of one model, over all its versions."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._state = _State()
        self._running: dict[tuple[str, str], RunningWindow] = {}

    @property
    def model(self) -> Model:
        """The model's configuration."""
        return self._plan.model

    @property
    def watermark_ms(self) -> int:
        """Everything before it has closed."""
        return self._state.watermark_ms

    @property
    def stated_ms(self) -> int:
        """Where the newest pane ends that any source has stated."""
        return self._state.stated_ms

    @property
    def late_at_merge(self) -> int:
        """Statements that came when their pane had been folded already."""
        return self._state.late_at_merge

    def state(self, statement: Statement) -> None:
        """Take a statement in: the highest ``hi`` of a source wins, whatever the order of arrival."""
        end_ms = statement.pane_ms + self.model.pane_ms
        self._state.stated_ms = max(self._state.stated_ms, end_ms)
        if end_ms <= self._state.watermark_ms:
            self._state.late_at_merge += 1
            return
        key, source = (statement.version, statement.pane_ms), statement.source
        whole, coming = self._state.heard.setdefault(key, {}), self._state.coming.setdefault(key, {})
        if source in whole and statement.hi < whole[source].hi:
            return
        known = coming.get(source)
        if known is not None and statement.hi < known.hi:
            return
        if known is None or (statement.hi, statement.digest) != (known.hi, known.digest):
            known = _Heard(statement.hi, statement.digest, statement.late, statement.cut, statement.parts)
        known.parts[statement.part] = (statement.slices, statement.rows)
        coming[source] = known
        if known.whole:
            whole[source] = coming.pop(source)

    def close(self, watermark: int) -> Iterator[ClosedWindow]:
        """The windows that the model's watermark (ms) has passed, by end, then version, then name."""
        if watermark <= self._state.watermark_ms:
            return
        self._fold(watermark)
        self._state.watermark_ms = watermark
        versions = sorted(self._state.folded)
        ends = {
            (end, version, spec.name): spec
            for version in versions
            for spec in self.model.windows
            for end in self._due(version, spec, watermark)
        }
        for (end, version, _), spec in sorted(ends.items(), key=lambda item: item[0]):
            yield self._window(version, spec, end)
        for version in versions:
            self._forget(version, watermark)

    def dump(self) -> bytes:
        """The state as bytes, for a snapshot."""
        return msgspec.msgpack.encode(self._state)

    def load(self, data: bytes) -> None:
        """Take up the state that ``dump`` gave."""
        self._state = msgspec.msgpack.decode(data, type=_State)
        self._running.clear()

    def _fold(self, watermark_ms: int) -> None:
        """Merge the sources of every pane that ended; sorted, though sums of integers would not mind."""
        due = [key for key in self._state.heard if key[1] + self.model.pane_ms <= watermark_ms]
        for version, pane_ms in sorted(due):
            sources = self._state.heard.pop((version, pane_ms))
            torn = self._state.coming.pop((version, pane_ms), {}).keys() - sources.keys()
            counting = self._plan.counting(version, pane_ms)
            folded = self._merge(counting, pane_ms, [sources[name] for name in sorted(sources)])
            if torn:
                folded = msgspec.structs.replace(folded, incomplete=True)
            self._state.folded.setdefault(version, []).append(folded)
        for panes in self._state.folded.values():
            panes.sort(key=lambda pane: pane.start_ms)

    def _merge(self, counting: Counting, pane_ms: int, sources: list[_Heard]) -> FoldedPane:
        merged = MergedRows(counting.layout.size)
        strange = [source for source in sources if source.digest != counting.digest]
        self._state.mismatched += len(strange)
        for source in sources:
            if source.digest == counting.digest:
                for _, (names, data) in sorted(source.parts.items()):
                    merged.add(names, decode_rows(data))
        slices, rows = merged.encoded(counting.layout.sums)
        late, cut = sum(s.late for s in sources), sum(s.cut for s in sources)
        return FoldedPane(pane_ms, counting.digest, slices, rows, late, cut, incomplete=bool(strange))

    def _due(self, version: str, spec: WindowSpec, watermark_ms: int) -> Iterator[int]:
        """Ends of the windows to evaluate: those that hold a pane, and a few empty ones after them."""
        key = (version, spec.name)
        slide = spec.slide_ms
        starts = [pane.start_ms for pane in self._state.folded[version]]
        done = self._state.closed_ms.get(key)
        end = starts[0] // slide * slide + slide if done is None else done + slide
        last = watermark_ms // slide * slide
        while end <= last:
            filled = [start for start in starts if end - spec.length <= start < end]
            if filled:
                self._state.empty[key] = 0
            else:
                self._state.empty[key] = self._state.empty.get(key, 0) + 1
            if filled or self._state.empty[key] <= EMPTY_RUN:
                self._state.closed_ms[key] = end
                yield end
                end += slide
                continue
            coming = [start for start in starts if start >= end]
            if not coming:
                break
            end = coming[0] // slide * slide + slide
            self._state.closed_ms[key] = end - slide

    def _window(self, version: str, spec: WindowSpec, end_ms: int) -> ClosedWindow:
        counting = self._plan.counting(version, end_ms - self.model.pane_ms)
        key = (version, spec.name)
        if key not in self._running:
            self._running[key] = RunningWindow(spec.length)
        running = self._running[key]
        panes = self._state.folded[version]
        running.advance(end_ms, panes, counting.digest, counting.layout.size)
        slices, totals = running.totals()
        inside = running.panes
        present = sum(end_ms - spec.length <= pane.start_ms < end_ms for pane in panes)
        return ClosedWindow(
            model=self.model.name,
            version=version,
            name=spec.name,
            start_ms=end_ms - spec.length,
            end_ms=end_ms,
            slices=slices,
            totals=totals,
            layout=counting.layout,
            profile=counting.profile,
            incomplete=present > len(inside) or any(pane.incomplete for pane in inside),
            lower_bounds=any(pane.cut for pane in inside),
            late=sum(pane.late for pane in inside),
        )

    def _forget(self, version: str, watermark_ms: int) -> None:
        """Drop panes that no window to come can hold; a silent version keeps its last."""
        longest = max(spec.length for spec in self.model.windows)
        panes = self._state.folded[version]
        kept = [pane for pane in panes if pane.start_ms >= watermark_ms - longest - self.model.pane_ms]
        self._state.folded[version] = kept or panes[-1:]
