"""Every series that online detectors follow in a model's windows, from window to window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec
import numpy as np

from detectors.lord import WEEK_MS
from service.config.model import Model
from service.config.monitor import CHANGE, CHANGES, Monitor
from service.evaluation.block import ENOUGH, TOO_FEW, Block, block
from service.evaluation.followed import Followed, Kept
from service.evaluation.frame import frame_of
from service.evaluation.plan import applies, matches
from service.evaluation.series import TRAFFIC, Values, newest_of, values_of
from service.events.schema import ACTUAL
from service.windows.closed import ClosedWindow

SERIES_MAX = 1_000
"""Series followed in all windows of a model; what comes on top is counted window by window."""

SILENT_MAX = 1_000
"""Values in a row that were none, after which a series is given up."""

_Series = tuple[str, str, str]
"""Feature, metric, slice."""


class Measured(NamedTuple):
    """What detectors say of a window, and how many series were not followed for want of room."""

    blocks: tuple[Block, ...]
    cut: int


class _Kept(msgspec.Struct, frozen=True):
    version: str
    window: str
    reference_id: str | None
    end_ms: int
    series: list[Kept]


class _Stream:
    """The series of one model version and window name."""

    def __init__(self, reference_id: str | None, end_ms: int) -> None:
        self.reference_id = reference_id
        self.end_ms = end_ms
        self.series: dict[_Series, Followed] = {}

    def turn(self, reference_id: str | None) -> None:
        """Another reference is another unit: what was measured in the old one is forgotten."""
        if reference_id != self.reference_id:
            self.reference_id = reference_id
            self.series = {key: known for key, known in self.series.items() if key[1] == TRAFFIC}


class Changes:
    """Follows what the ``change:`` monitors of a model name."""

    def __init__(self, model: Model, monitors: Sequence[Monitor]) -> None:
        self._model = model.name
        self._classified = model.task != "regression"
        self._rules = tuple(rule for rule in monitors if rule.metric.startswith(CHANGE))
        self._kept_ms = WEEK_MS + 3 * max(spec.length for spec in model.windows)
        self._streams: dict[tuple[str, str], _Stream] = {}

    def take(self, window: ClosedWindow) -> Measured:
        """Feed the newest slide of a window; windows of one version and name come in order of their ends."""
        rules = [rule for rule in self._rules if applies(rule, self._model, window.name)]
        if not rules:
            return Measured((), 0)
        stream = self._stream(window)
        blocks, visited, cut = [], set[_Series](), 0
        slices, found = self._values(window, rules)
        for values in found:
            feature, metric = values.key
            judging = [rule for rule in rules if rule.metric == metric and matches(rule.features, feature)]
            if judging:
                detectors = _detectors(judging, slices)
                made, over = self._follow(stream, values, slices, detectors, visited)
                blocks.append(made)
                cut += over
        _pass_over(stream, visited)
        return Measured(tuple(blocks), cut)

    def dump(self) -> bytes:
        """All state; equal ones give equal bytes."""
        return msgspec.msgpack.encode(
            [
                _Kept(version, name, stream.reference_id, stream.end_ms,
                      [known.keep(*key) for key, known in sorted(stream.series.items())])
                for (version, name), stream in sorted(self._streams.items())
            ]
        )  # fmt: skip

    def load(self, data: bytes) -> None:
        """Take up what ``dump`` gave."""
        self._streams = {}
        for kept in msgspec.msgpack.decode(data, type=list[_Kept]):
            stream = _Stream(kept.reference_id, kept.end_ms)
            stream.series = {(s.feature, s.metric, s.slice): Followed.of(s) for s in kept.series}
            self._streams[kept.version, kept.window] = stream

    def _stream(self, window: ClosedWindow) -> _Stream:
        reference_id = window.profile.id if window.profile else None
        oldest_ms = window.end_ms - self._kept_ms
        self._streams = {key: known for key, known in self._streams.items() if known.end_ms >= oldest_ms}
        key = (window.version, window.name)
        stream = self._streams.setdefault(key, _Stream(reference_id, window.end_ms))
        stream.turn(reference_id)
        stream.end_ms = window.end_ms
        return stream

    def _values(self, window: ClosedWindow, rules: Sequence[Monitor]) -> tuple[tuple[str, ...], list[Values]]:
        """The window's slices, and the values of every series that exists in such a window."""
        frame = frame_of(window)
        newest = newest_of(frame, window.newest)
        labels = window.version == ""
        predictions = not labels or bool(frame.layout.counter(frame.present, "events").any())
        asked = frozenset(rule.metric for rule in rules)
        found = [values for metric in CHANGES if metric in asked for values in values_of(newest, metric)]
        there = [
            values
            for values in found
            if (labels if values.key[0] == ACTUAL else predictions)
            and (self._classified or values.key[1] != "change:positive_rate")
        ]
        if window.newest is None:
            there = [replace(values, z=np.full_like(values.z, np.nan)) for values in there]
        return frame.slices, there

    def _follow(
        self,
        stream: _Stream,
        values: Values,
        slices: Sequence[str],
        detectors: Sequence[str | None],
        visited: set[_Series],
    ) -> tuple[Block, int]:
        ratio, direction = np.full((2, len(slices)), np.nan)
        cut = 0
        room = SERIES_MAX - sum(len(known.series) for known in self._streams.values())
        numbers = zip(slices, detectors, values.z.tolist(), values.slack.tolist(), strict=True)
        for column, (name, detector, z, slack) in enumerate(numbers):
            if detector is None:
                continue
            series = (*values.key, name)
            known = stream.series.get(series)
            if known is None and room <= 0:
                cut += 1
                continue
            if known is None or known.name != detector:
                room -= known is None
                known = stream.series[series] = Followed(detector, values.key[1])
            visited.add(series)
            seen = known.take(z, slack)
            if seen is not None:
                ratio[column], direction[column] = seen
        data = np.where(np.isnan(ratio), TOO_FEW, ENOUGH)
        made = block([values.key], ratio[None], data, values.n, np.where(values.m > 0, values.m, -1),
                     change=direction)  # fmt: skip
        return made, cut


def _detectors(rules: Sequence[Monitor], slices: Sequence[str]) -> list[str | None]:
    """The detector of each slice, that of the first monitor which names it."""
    return [next((r.detector for r in rules if matches(r.slices, name)), None) for name in slices]


def _pass_over(stream: _Stream, visited: set[_Series]) -> None:
    """A slice that did not appear gave no value; a series without any for very long is given up."""
    for key, known in list(stream.series.items()):
        if key not in visited:
            known.take(math.nan, 0.0)
        if known.silent >= SILENT_MAX:
            del stream.series[key]
