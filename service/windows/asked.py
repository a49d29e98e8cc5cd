"""What the monitors of a model ask of its windows, besides their totals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from service.config.monitor import Monitor

REFERENCE = "reference"
"""The baseline that needs no past: the profile."""
_CHANGE = "change:"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is computed only on demand.

    Attributes
    ----------
    newest
        The totals of the last slide alone, of which online detectors see a series.
    baselines
        The pasts of the stream with which windows are compared: ``rolling``, ``hour_of_day``,
        ``hour_of_week``.
    """

    newest: bool = False
    baselines: frozenset[str] = frozenset()

    @classmethod
    def of(cls, model: str, monitors: Iterable[Monitor]) -> Asked:
        """What the monitors that watch ``model`` ask for."""
        own = [m for m in monitors if any(fnmatchcase(model, pattern) for pattern in m.models)]
        return cls(
            newest=any(monitor.metric.startswith(_CHANGE) for monitor in own),
            baselines=frozenset(monitor.baseline for monitor in own) - {REFERENCE},
        )
