"""A window that closed: all sources and panes merged, ready to be evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from detectors.layout import Layout, Rows
from detectors.profile import Profile


class Totals(NamedTuple):
    """Slice names, ``all`` first, and their rows: int64[slices, row size]."""

    slices: tuple[str, ...]
    rows: Rows


@dataclass(frozen=True, eq=False)
class ClosedWindow:
    """Totals of one model version over one window of event time.

    Attributes
    ----------
    version
        The model version; ``""`` for labels, which carry none.
    name
        The window's name in the configuration, such as ``1h/5m``.
    start_ms, end_ms
        Half-open interval of event time.
    slices, totals
        Slice names (``all`` first) and their rows, int64[slices, row size], in ``layout``.
        Empty windows have the one row ``all`` of zeros.
    profile
        The reference in force, or None while there is none (``layout`` then has single-cell fields).
    incomplete
        Some records of the window are known to be missing.
    lower_bounds
        Slices were cut by the slice budget: all but ``all`` are lower bounds.
    late
        Records that came after their pane was finished, while this window's panes were filling.
    newest
        Totals of the last slide alone, ``[end_ms - slide, end_ms)``, in the same layout; None unless asked.
    baselines
        Totals of the stream's own past in the same layout, by baseline name; only those asked for, and of
        these only those that have any past.
    periods
        By baseline, from how many days or weeks of the past its totals come, or hours of a rolling one.
    unseen
        By categorical feature, the names most frequent in the window that the reference does not know, and
        how often they came at least.
    model_gaps
        Records of the model's sources that are known to be missing and may have belonged to this window.
    last
        The version fell silent and nobody waits for it any more: no window follows until it has data again.
    """

    model: str
    version: str
    name: str
    start_ms: int
    end_ms: int
    slices: tuple[str, ...]
    totals: Rows
    layout: Layout
    profile: Profile | None
    incomplete: bool = False
    lower_bounds: bool = False
    late: int = 0
    newest: Totals | None = None
    baselines: Mapping[str, Totals] = field(default_factory=dict)
    periods: Mapping[str, int] = field(default_factory=dict)
    unseen: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    model_gaps: int = 0
    last: bool = False
