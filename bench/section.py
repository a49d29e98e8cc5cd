"""What every section of the benchmark is given, and what it hands back."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.topic import Filled
from tests.parts.kafka import KafkaBroker

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; ``met`` is None where nothing is aimed at."""

    name: str
    value: str
    aim: str = ""
    met: bool | None = None
    why: str = ""
    """Why it is missed, where that is known."""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A broker with a filled topic, a profile of its traffic, a folder.

    Attributes
    ----------
    quick
        Whether to find out if it runs, not how fast.
    kept
        What a section made and another uses.
    """

    folder: Path
    broker: KafkaBroker
    profile: Path
    filled: Filled
    rounds: int
    quick: bool
    kept: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Lines of the table, and everything that was measured, for the file."""

    figures: Sequence[Figure]
    measured: Mapping[str, Any] = field(default_factory=dict)


Section = Callable[[Stage], Awaitable[Outcome]]


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)
