"""The picture of the quality benchmark: every scenario, every column, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from bench.plots.svg import COLOURS, GRID, INK, opening
from bench.quality.columns import COLUMNS

WIDTH, ROW, LEFT, RIGHT, TOP = 860, 13, 290, 40, 62
GAP = 12
"""Between two scenarios."""


def quality_picture(found: Mapping[str, Any]) -> str:
    """Windows with an alarm, in percent, with 95 % intervals; a dashed line is what is aimed at."""
    lines = found["detection"]
    height = TOP + sum(_height(line) for line in lines) + 40
    parts = opening(
        WIDTH, height, "Windows of 5,000 events with an alarm: false ones above, found ones below"
    )
    for percent in (0, 25, 50, 75, 100):
        x = _x(percent / 100)
        parts.append(f'<path d="M{x} {TOP - 6}V{height - 34}" stroke="{GRID}"/>')
        parts.append(f'<text x="{x}" y="{height - 16}" text-anchor="middle">{percent} %</text>')
    parts += _legend()
    y = TOP
    for line in lines:
        parts += _scenario(line, y)
        y += _height(line)
    return "\n".join([*parts, "</svg>\n"])


def _legend() -> list[str]:
    parts = []
    for number, name in enumerate(COLUMNS):
        x = 14 + 136 * number
        parts.append(f'<rect x="{x}" y="34" width="12" height="8" fill="{COLOURS[number]}"/>')
        parts.append(f'<text x="{x + 18}" y="42">{escape(name)}</text>')
    return parts


def _scenario(line: Mapping[str, Any], y: float) -> list[str]:
    columns = _asked(line)
    middle = y + ROW * len(columns) / 2 + 4
    parts = [f'<text x="{LEFT - 12}" y="{middle:g}" text-anchor="end">{escape(line["scenario"])}</text>']
    if line["aim"] is not None:
        x = _x(line["aim"])
        parts.append(f'<path d="M{x} {y}V{y + ROW * len(columns)}" stroke="{INK}" stroke-dasharray="2 2"/>')
    for number, name in enumerate(columns):
        share = line["columns"][name]["windows"]
        colour = COLOURS[COLUMNS.index(name)]
        at = y + ROW * number + ROW / 2
        parts.append(
            f'<path d="M{_x(share["lower"])} {at:g}H{_x(share["upper"])}" stroke="{colour}"/>'
            f'<circle cx="{_x(share["value"])}" cy="{at:g}" r="4" fill="{colour}"/>'
        )
    return parts


def _asked(line: Mapping[str, Any]) -> Sequence[str]:
    return [name for name in COLUMNS if name in line["columns"] and line["columns"][name]["windows"]["n"]]


def _height(line: Mapping[str, Any]) -> int:
    return ROW * len(_asked(line)) + GAP


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)
