"""Geometry of the page's drawings: pure functions from numbers to points of an SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from service.web.board import Point
from service.web.distribution import Bar, Distribution
from service.web.text import format_number, format_share

WIDTH, HEIGHT = 460.0, 190.0
TOP, BASE = 10.0, HEIGHT - 22.0
TAIL = 30.0
"""Width of an open tail; its area means the same as that of any bar."""


@dataclass(frozen=True, slots=True)
class Box:
    """One range of a histogram: where it is, and what to say of it."""

    x: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on the axis."""

    x: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Histogram:
    """A step histogram of reference and current; areas are shares."""

    reference: str | None
    current: str
    outline: str
    boxes: tuple[Box, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """One category or state: two bars as parts of the widest, and the shares as text."""

    label: str
    reference_width: float | None
    current_width: float
    reference: str
    current: str
    title: str


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through windows, and the heights of the threshold and of 0."""

    path: str
    mark: float | None
    zero: float


def histogram(distribution: Distribution) -> Histogram:
    """Steps of a numeric distribution, in ``WIDTH`` × ``HEIGHT``."""
    bars = _with_counts(distribution)
    spans = _spans(bars, discrete=distribution.kind == "discrete")
    now = _densities([bar.current for bar in bars], spans)
    then = (
        None if distribution.reference_n is None else _densities([bar.reference or 0 for bar in bars], spans)
    )
    highest = max([*now, *(then or []), 1e-12])
    boxes = tuple(
        Box(x, width, _title(bar, distribution)) for bar, (x, width) in zip(bars, spans, strict=True)
    )
    return Histogram(
        reference=None if then is None else _steps(then, spans, highest, closed=True),
        current=_steps(now, spans, highest, closed=True),
        outline=_steps(now, spans, highest, closed=False),
        boxes=boxes,
        ticks=_ticks(bars, spans, discrete=distribution.kind == "discrete"),
    )


def pairs(bars: Sequence[Bar], n: int, reference_n: int | None, width: float = 1.0) -> tuple[Pair, ...]:
    """Two bars a category, the widest of all ``width`` wide."""
    shares = [_share(bar.current, n) for bar in bars]
    before = [0.0 if reference_n is None else _share(bar.reference or 0, reference_n) for bar in bars]
    widest = max([*shares, *before, 1e-12])
    return tuple(
        Pair(
            label=bar.label,
            reference_width=None if reference_n is None else past / widest * width,
            current_width=share / widest * width,
            reference="–" if reference_n is None else format_share(past),
            current=format_share(share),
            title=_said(bar, share, None if reference_n is None else past),
        )
        for bar, share, past in zip(bars, shares, before, strict=True)
    )


def line(
    points: Sequence[Point], width: float, height: float, threshold: float | None = None
) -> Trend | None:
    """A trend; None with fewer than two values.

    The vertical axis reaches 0, and leaves room for the threshold unless that is far away from every value.
    Windows without a value leave a gap.
    """
    values = [value for _, value in points if value is not None and math.isfinite(value)]
    if len(values) < 2:
        return None
    farthest = max(abs(value) for value in values)
    shown = threshold is not None and not abs(threshold) > 4 * farthest > 0
    reach = [*values, 0.0, threshold] if shown and threshold is not None else [*values, 0.0]
    low, high = min(reach), max(reach)
    high = high if high > low else low + 1.0
    first, last = points[0][0], points[-1][0]

    def y(value: float) -> float:
        return round(height - 2 - (value - low) / (high - low) * (height - 4), 1)

    path, pen = [], "M"
    for end_ms, value in points:
        if value is None or not math.isfinite(value):
            pen = "M"
            continue
        x = 2 + (end_ms - first) / max(last - first, 1) * (width - 4)
        path.append(f"{pen}{x:.1f} {y(value):.1f}")
        pen = "L"
    mark = y(threshold) if shown and threshold is not None else None
    return Trend("".join(path), mark, y(0.0))


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between ``low`` and ``high``, both included.

    >>> nice_ticks(0, 10)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low]
    raw = span / (most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((power * unit for unit in (1, 2, 2.5, 5) if power * unit >= raw * 0.999), power * 10)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [(first + i) * step for i in range(min(count, 2 * most))]


def _with_counts(distribution: Distribution) -> list[Bar]:
    """The bars without tails that nobody fell in."""
    return [
        bar
        for bar in distribution.bars
        if bar.current or bar.reference or (bar.lower is not None and bar.upper is not None)
    ] or list(distribution.bars[:1])


def _spans(bars: Sequence[Bar], *, discrete: bool) -> list[tuple[float, float]]:
    """Left end and width of each bar."""
    closed = [bar for bar in bars if bar.lower is not None and bar.upper is not None]
    low = min((bar.lower for bar in closed if bar.lower is not None), default=0.0)
    high = max((bar.upper for bar in closed if bar.upper is not None), default=0.0)
    if discrete or not closed or not math.isfinite(high - low):
        step = WIDTH / len(bars)
        gap = step * 0.12
        return [(round(i * step + gap / 2, 2), round(step - gap, 2)) for i in range(len(bars))]
    before = TAIL + 3 if bars[0].lower is None else 0.0
    after = TAIL + 3 if bars[-1].upper is None else 0.0
    scale = (WIDTH - before - after) / (high - low)
    spans = []
    for bar in bars:
        if bar.lower is None:
            spans.append((0.0, TAIL))
        elif bar.upper is None:
            spans.append((WIDTH - TAIL, TAIL))
        else:
            spans.append((before + (bar.lower - low) * scale, (bar.upper - bar.lower) * scale))
    return spans


def _densities(counts: Sequence[int], spans: Sequence[tuple[float, float]]) -> list[float]:
    total = max(sum(counts), 1)
    return [count / total / max(width, 1e-9) for count, (_, width) in zip(counts, spans, strict=True)]


def _steps(
    densities: Sequence[float], spans: Sequence[tuple[float, float]], highest: float, *, closed: bool
) -> str:
    """A path along the tops; closed at the base line wherever bars do not touch."""
    path, right = [], -math.inf
    for density, (x, width) in zip(densities, spans, strict=True):
        y = BASE - density / highest * (BASE - TOP)
        if x - right > 0.05:
            path.append(f"{'' if right == -math.inf else f'V{BASE:.1f}'}M{x:.1f} {BASE:.1f}")
        path.append(f"V{y:.1f}H{x + width:.1f}")
        right = x + width
    path.append(f"V{BASE:.1f}{'Z' if closed else ''}")
    return "".join(path)


def _ticks(bars: Sequence[Bar], spans: Sequence[tuple[float, float]], *, discrete: bool) -> tuple[Tick, ...]:
    if discrete:
        each = max(1, math.ceil(len(bars) / 10))
        return tuple(
            Tick(x + width / 2, _end(bar)) for bar, (x, width) in list(zip(bars, spans, strict=True))[::each]
        )
    inner = [
        (bar.lower, bar.upper, *span)
        for bar, span in zip(bars, spans, strict=True)
        if bar.lower is not None and bar.upper is not None
    ]
    if not inner:
        return ()
    low, high, left = inner[0][0], inner[-1][1], inner[0][2]
    scale = (inner[-1][2] + inner[-1][3] - left) / (high - low)
    ticks = [Tick(left + (value - low) * scale, format_number(value)) for value in nice_ticks(low, high)]
    if bars[0].lower is None:
        ticks = [
            Tick(0.0, f"≤ {format_number(low)}", "start"),
            *(tick for tick in ticks if tick.x > TAIL + 40),
        ]
    if bars[-1].upper is None:
        ticks = [
            *(tick for tick in ticks if tick.x < WIDTH - TAIL - 40),
            Tick(WIDTH, f"> {format_number(high)}", "end"),
        ]
    return tuple(Tick(min(max(tick.x, 2.0), WIDTH - 2), tick.text, _anchor(tick)) for tick in ticks)


def _anchor(tick: Tick) -> str:
    if tick.x < 12:
        return "start"
    return "end" if tick.x > WIDTH - 12 else tick.anchor


def _end(bar: Bar) -> str:
    if bar.upper is not None:
        return format_number(bar.upper)
    return "all" if bar.lower is None else f"> {format_number(bar.lower)}"


def _share(count: int, total: int) -> float:
    return count / total if total else 0.0


def _title(bar: Bar, distribution: Distribution) -> str:
    past = None
    if distribution.reference_n is not None:
        past = _share(bar.reference or 0, distribution.reference_n)
    return _said(bar, _share(bar.current, distribution.n), past)


def _said(bar: Bar, share: float, past: float | None) -> str:
    said = f"{bar.label}: now {format_share(share)} ({bar.current:,})"
    return said if past is None else f"{said}, reference {format_share(past)} ({bar.reference or 0:,})"
