"""What a replay says and what a service says, over the windows that both have.

A replay ends with its events. To a service the silence after them goes on, and is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec


def within(replayed: Iterable[bytes], told: Iterable[bytes]) -> list[bytes]:
    """Those of the told results whose windows the replay has too, sorted."""
    ends: dict[tuple[str, str, str], str] = {}
    for line in replayed:
        window, end = _window_of(msgspec.json.decode(line))
        ends[window] = max(ends.get(window, ""), end)

    def shared(line: bytes) -> bool:
        window, end = _window_of(msgspec.json.decode(line))
        return end <= ends.get(window, "")

    return sorted(filter(shared, told))


def transitions(replayed: Iterable[bytes], told: Iterable[bytes]) -> list[str]:
    """Ids of the transitions of told alerts about windows that the replay has results of, sorted."""
    alerts = [line for line in told if msgspec.json.decode(line).get("transition")]
    return sorted(msgspec.json.decode(line)["id"] for line in within(replayed, alerts))


def _window_of(told: dict[str, Any]) -> tuple[tuple[str, str, str], str]:
    window = told["window"]
    return (told["model"], told["model_version"], window["name"]), window["end"]
