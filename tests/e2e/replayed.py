"""What a replay says and what a service says, over the windows that both have.

A replay ends with its events. To a service the silence after them goes on, and is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


def within(replayed: Iterable[bytes], told: Iterable[bytes]) -> list[bytes]:
    """Those of the told results whose windows the replay has too, sorted."""
    ends: dict[tuple[str, str, str], str] = {}
    for line in replayed:
        window, end = _window_of(line)
        ends[window] = max(ends.get(window, ""), end)
    return sorted(line for line in told if _window_of(line)[1] <= ends.get(_window_of(line)[0], ""))


def _window_of(line: bytes) -> tuple[tuple[str, str, str], str]:
    result = msgspec.json.decode(line)
    window = result["window"]
    return (result["model"], result["model_version"], window["name"]), window["end"]
