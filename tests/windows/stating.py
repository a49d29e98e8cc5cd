"""Statements of one model made by hand, and windows over raw events counted in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from service.config.model import Model
from service.windows.closed import ClosedWindow
from service.windows.closing import ModelWindows
from service.windows.codec import encode_rows
from service.windows.control import Control
from service.windows.plan import Plan
from service.windows.statement import Statement
from tests.windows.making import START_MS

MODEL = Model.model_validate(
    {
        "name": "fast",
        "features": {"x": {"type": "numeric"}},
        "slices": [["region"]],
        "windows": [{"length": "10s"}, {"length": "40s", "every": "20s"}],
        "lateness": "0s",
    }
)
PANE_MS = MODEL.pane_ms
SLICES = ("all", "region=eu", "region=us")


@dataclass(frozen=True)
class Pane:
    """What one source holds of one pane: how many events in each slice."""

    source: str
    version: str
    number: int
    counts: tuple[int, int, int]
    late: int = 0

    @property
    def start_ms(self) -> int:
        return START_MS + self.number * PANE_MS


def plan(control: Control | None = None) -> Plan:
    return Plan(MODEL, control or Control())


def statements(pane: Pane, hi: int, counting_plan: Plan, *, parts: int = 1) -> list[Statement]:
    """The statement of a pane, in one record or one a slice."""
    counting = counting_plan.counting(pane.version, pane.start_ms)
    rows = counting.layout.zeros(len(SLICES))
    rows[:, 0] = pane.counts
    rows[:, -1] = pane.counts
    kept = [0, *(i for i in (1, 2) if pane.counts[i])]
    groups = [kept] if parts == 1 else [[row] for row in kept]
    return [
        Statement(
            source=pane.source, model="fast", version=pane.version, pane_ms=pane.start_ms, hi=hi,
            digest=counting.digest, slices=tuple(SLICES[row] for row in group),
            rows=encode_rows(rows[np.array(group)], counting.layout.sums), late=pane.late, clamped=0, cut=0,
            part=part, parts=len(groups),
        )
        for part, group in enumerate(groups)
    ]  # fmt: skip


Said = dict[tuple[str, str, int, int], tuple[dict[str, int], int, bool]]
"""By name, version, start and end of a window: events by slice, late ones, and whether it is incomplete."""


def said(windows: Sequence[ClosedWindow]) -> Said:
    result: Said = {}
    for window in windows:
        key = (window.name, window.version, window.start_ms, window.end_ms)
        assert key not in result, "a window closes once"
        events = window.layout.counter(window.totals, "events").tolist()
        result[key] = (dict(zip(window.slices, events, strict=True)), window.late, window.incomplete)
    return result


def by_hand(panes: Sequence[Pane], watermark_ms: int) -> Said:
    """Every window that holds a pane and has ended, summed over the panes one by one."""
    result: Said = {}
    for spec in MODEL.windows:
        for version in {pane.version for pane in panes}:
            own = [pane for pane in panes if pane.version == version]
            ends = {
                end
                for pane in own
                for end in range(START_MS - 10 * spec.length, watermark_ms + 1, spec.slide_ms)
                if end - spec.length <= pane.start_ms < end and pane.start_ms + PANE_MS <= watermark_ms
            }
            for end in ends:
                inside = [pane for pane in own if end - spec.length <= pane.start_ms < end]
                counts = {
                    name: total
                    for i, name in enumerate(SLICES)
                    if (total := sum(pane.counts[i] for pane in inside)) or not i
                }
                late = sum(pane.late for pane in inside)
                result[spec.name, version, end - spec.length, end] = (counts, late, False)
    return result


def filled(windows: Said, panes: Sequence[Pane]) -> Said:
    """The windows that hold a pane."""
    return {
        key: value
        for key, value in windows.items()
        if any(pane.version == key[1] and key[2] <= pane.start_ms < key[3] for pane in panes)
    }


def windows_of(
    panes: Sequence[Statement], watermarks: Sequence[int], counting_plan: Plan
) -> list[ClosedWindow]:
    """All windows, when everything is stated before the first watermark."""
    model = ModelWindows(counting_plan)
    for statement in panes:
        model.state(statement)
    return [window for watermark in sorted(watermarks) for window in model.close(watermark)]


@st.composite
def pane(draw: st.DrawFn) -> Pane:
    eu, us = draw(st.integers(0, 3)), draw(st.integers(0, 300))
    return Pane(
        draw(st.sampled_from(["events/0", "events/1"])),
        draw(st.sampled_from(["1", "2"])),
        draw(st.one_of(st.integers(0, 12), st.integers(0, 60))),
        (eu + us + draw(st.integers(0, 2)), eu, us),
        draw(st.integers(0, 2)),
    )


PANES = st.lists(pane(), max_size=14, unique_by=lambda p: (p.source, p.version, p.number))
LAST_MS = START_MS + 80 * PANE_MS
WATERMARKS = st.lists(st.integers(START_MS, LAST_MS), max_size=6).map(sorted)
