"""Line charts as plain SVG: same numbers, same bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 176, 34, 44
COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a")
"""Told apart by the colour-blind too, with dashes beside them."""

DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 3", "10 4")
INK, GRID, PAPER = "#24292f", "#d0d7de", "#ffffff"


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes
    ----------
    ticks
        Where a number stands; the outermost are the ends of the axis unless ``low`` or ``high`` say else.
    log
        Whether equal steps are equal ratios.
    """

    title: str
    ticks: Sequence[float]
    log: bool = False
    low: float | None = None
    high: float | None = None
    labels: Sequence[str] = ()

    def place(self, value: float) -> float:
        """0 at the lower end, 1 at the upper one; values beyond are cut there."""
        scale: Callable[[float], float] = math.log10 if self.log else float
        low = scale(self.ticks[0] if self.low is None else self.low)
        high = scale(self.ticks[-1] if self.high is None else self.high)
        if self.log and value <= 0:
            return 0.0
        return min(max((scale(value) - low) / (high - low), 0.0), 1.0)

    def label(self, number: int) -> str:
        """The text at a tick."""
        return self.labels[number] if self.labels else f"{self.ticks[number]:,g}"


@dataclass
class Chart:
    """A chart to which lines and points are added, and then drawn."""

    title: str
    x: Axis
    y: Axis
    _parts: list[str] = field(default_factory=list)
    _legend: list[tuple[str, int, str]] = field(default_factory=list)

    def line(self, name: str, xs: Iterable[float], ys: Iterable[float], *, steps: bool = False) -> None:
        """A named line; values that are NaN leave a gap."""
        number = len(self._legend)
        path, pen, before = [], "M", 0.0
        for x, y in zip(xs, ys, strict=True):
            if not math.isfinite(y):
                pen = "M"
                continue
            if steps and pen == "L":
                path.append(f"L{self._x(x)} {before}")
            before = self._y(y)
            path.append(f"{pen}{self._x(x)} {before}")
            pen = "L"
        self._parts.append(
            f'<path d="{"".join(path)}" fill="none" stroke="{COLOURS[number % 6]}" stroke-width="2"'
            f"{_dash(number)}/>"
        )
        self._legend.append((name, number, "line"))

    def points(self, name: str, xs: Iterable[float], ys: Iterable[float], radius: float = 2.5) -> None:
        """Named points."""
        number = len(self._legend)
        dots = (
            f'<circle cx="{self._x(x)}" cy="{self._y(y)}" r="{radius:g}"/>'
            for x, y in zip(xs, ys, strict=True)
        )
        self._parts.append(f'<g fill="{COLOURS[number % 6]}" fill-opacity="0.7">{"".join(dots)}</g>')
        self._legend.append((name, number, "point"))

    def mark_y(self, value: float, text: str) -> None:
        """A level across the chart."""
        y = self._y(value)
        self._parts.append(
            f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{INK}" stroke-dasharray="3 3"/>'
            f'<text x="{WIDTH - RIGHT - 4}" y="{y - 4:.1f}" text-anchor="end">{escape(text)}</text>'
        )

    def mark_x(self, value: float, text: str) -> None:
        """A moment, or a place, of the horizontal axis."""
        x = self._x(value)
        self._parts.append(
            f'<path d="M{x} {TOP}V{HEIGHT - BOTTOM}" stroke="{INK}" stroke-dasharray="3 3"/>'
            f'<text x="{x + 4:.1f}" y="{TOP + 11}">{escape(text)}</text>'
        )

    def drawn(self) -> str:
        """The picture."""
        return "\n".join(
            [
                *opening(WIDTH, HEIGHT, self.title),
                *self._grid(),
                *self._parts,
                *self._keys(),
                "</svg>\n",
            ]
        )

    def _x(self, value: float) -> float:
        return round(LEFT + self.x.place(value) * (WIDTH - LEFT - RIGHT), 1)

    def _y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - self.y.place(value) * (HEIGHT - TOP - BOTTOM), 1)

    def _grid(self) -> list[str]:
        base, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        parts = [f'<path d="M{LEFT} {base}H{right}" stroke="{INK}"/>']
        for i, tick in enumerate(self.x.ticks):
            parts.append(
                f'<text x="{self._x(tick)}" y="{base + 16}" text-anchor="middle">{self.x.label(i)}</text>'
            )
        for i, tick in enumerate(self.y.ticks):
            y = self._y(tick)
            parts.append(f'<path d="M{LEFT} {y}H{right}" stroke="{GRID}"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{self.y.label(i)}</text>')
        middle = (LEFT + right) / 2
        parts.append(
            f'<text x="{middle:g}" y="{HEIGHT - 8}" text-anchor="middle">{escape(self.x.title)}</text>'
        )
        height = (TOP + base) / 2
        parts.append(
            f'<text x="14" y="{height:g}" text-anchor="middle" '
            f'transform="rotate(-90 14 {height:g})">{escape(self.y.title)}</text>'
        )
        return parts

    def _keys(self) -> list[str]:
        parts = []
        x = WIDTH - RIGHT + 12
        for place, (name, number, kind) in enumerate(self._legend):
            y = TOP + 12 + 20 * place
            colour = COLOURS[number % 6]
            if kind == "line":
                parts.append(f'<path d="M{x} {y - 4}h20" stroke="{colour}" stroke-width="2"{_dash(number)}/>')
            else:
                parts.append(f'<circle cx="{x + 10}" cy="{y - 4}" r="3" fill="{colour}"/>')
            parts.append(f'<text x="{x + 26}" y="{y}">{escape(name)}</text>')
        return parts


def opening(width: int, height: int, title: str) -> list[str]:
    """The start of a picture: paper, and the title at the top."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"',
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12" fill="{INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        f'<text x="14" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]


def _dash(number: int) -> str:
    dash = DASHES[number % len(DASHES)]
    return f' stroke-dasharray="{dash}"' if dash else ""
