"""The state machine of one alert: a pure function of monitor, memory, verdict and event time.

::

                      a breach, too few yet,               M of the last N breached,
                      or cooling down                      this window among them
        ┌────── idle ────────────────────────► pending ──────────────────────────► firing ──────┐
        │        ▲                                │                                   ▲         │
        │        └──── none of the last N ────────┘                                   │         │
        │                                                                             │         │
        └──────────────────────── M of N at once (M = 1) ─────────────────────────────┘         │
                 ▲                                                                              │
                 └────────────── `resolve_after` clear windows in a row ────────────────────────┘

A window without data changes nothing, wherever the alert stands.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from service.alerts.notice import Reason
from service.config.monitor import Monitor
from service.evaluation.result import Verdict

_BREACH = "x"
_OTHER = "."


class Phase(StrEnum):
    """Where an alert stands; an idle one with nothing to remember is forgotten."""

    IDLE = "idle"
    PENDING = "pending"
    FIRING = "firing"


class Memory(msgspec.Struct, frozen=True):
    """What the next window's decision needs of the past.

    Attributes
    ----------
    history
        The last windows with data, oldest first: ``x`` breached, ``.`` did not; at most ``hysteresis.of``.
    good_windows
        Clear windows in a row while firing.
    quiet_until_ms
        End of the cooldown: windows that end before it cannot fire.
    """

    phase: Phase = Phase.IDLE
    history: str = ""
    good_windows: int = 0
    quiet_until_ms: int = 0


class Decision(NamedTuple):
    """The new memory, and the reason for it; None when the alert is idle and was."""

    memory: Memory
    reason: Reason | None


def decide(monitor: Monitor, memory: Memory, verdict: Verdict, end_ms: int) -> Decision:
    """What one more window makes of an alert.

    Parameters
    ----------
    monitor
        Its hysteresis, ``resolve_after`` and ``cooldown`` are used.
    memory
        As the window before left it; ``Memory()`` at first.
    verdict
        What the monitor says of this window.
    end_ms
        End of the window, event time.
    """
    if verdict is Verdict.NO_DATA:
        return Decision(memory, None if memory.phase is Phase.IDLE else Reason.NO_DATA)
    mark = _BREACH if verdict is Verdict.BREACH else _OTHER
    history = (memory.history + mark)[-monitor.hysteresis.of :]
    if memory.phase is Phase.FIRING:
        return _firing(monitor, memory, verdict, history, end_ms)
    return _not_firing(monitor, memory, verdict, history, end_ms)


def _firing(monitor: Monitor, memory: Memory, verdict: Verdict, history: str, end_ms: int) -> Decision:
    if verdict is Verdict.BREACH:
        return Decision(Memory(Phase.FIRING, history), Reason.STILL_BREACHING)
    good_windows = memory.good_windows + 1 if verdict is Verdict.CLEAR else 0
    if good_windows < monitor.resolve_after:
        return Decision(Memory(Phase.FIRING, history, good_windows), Reason.NOT_YET_GOOD)
    # The history is forgotten: breaches that made it fire once must not make it fire again.
    return Decision(Memory(quiet_until_ms=end_ms + monitor.cooldown), Reason.RECOVERED)


def _not_firing(monitor: Monitor, memory: Memory, verdict: Verdict, history: str, end_ms: int) -> Decision:
    breaches = history.count(_BREACH)
    until = memory.quiet_until_ms
    if breaches == 0:
        reason = Reason.LAPSED if memory.phase is Phase.PENDING else None
        return Decision(Memory(quiet_until_ms=until), reason)
    enough = breaches >= monitor.hysteresis.windows
    # After a cooldown only a fresh breach fires, not the memory of one.
    if enough and verdict is Verdict.BREACH and end_ms >= until:
        return Decision(Memory(Phase.FIRING, history), Reason.BREACH)
    reason = Reason.COOLDOWN if enough else Reason.TOO_FEW_BREACHES
    return Decision(Memory(Phase.PENDING, history, 0, until), reason)
